"""Set-up: what counts as done, what does not, and what is said to someone whose machine lacks a part."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tools import set_up
from tools.set_up import SetUpError, Step

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def step_in(tmp_path: Path) -> Callable[[Callable[[], None]], Step]:
    """Make a step with one input and one result in a temporary folder."""
    (tmp_path / "input").write_text("1", encoding="ascii")

    def make(act: Callable[[], None]) -> Step:
        return Step(
            title="try",
            venv=tmp_path,
            stamp="try",
            inputs=(tmp_path / "input",),
            probe=tmp_path / "result",
            act=act,
        )

    return make


def test_a_step_is_done_until_its_input_changes(tmp_path: Path, step_in: Callable[[Callable[[], None]], Step]) -> None:
    """Editing requirements.txt makes the next set-up install again; nothing else does."""
    step = step_in((tmp_path / "result").touch)
    before = step.is_done()
    step.run()
    after = step.is_done()

    (tmp_path / "input").write_text("2", encoding="ascii")

    assert (before, after, step.is_done()) == (False, True, False)


def test_a_step_whose_result_was_removed_is_not_done(
    tmp_path: Path, step_in: Callable[[Callable[[], None]], Step]
) -> None:
    """Removing node_modules, or the Python that an environment was made with, is noticed."""
    step = step_in((tmp_path / "result").touch)
    step.run()

    (tmp_path / "result").unlink()

    assert not step.is_done()


def test_an_interrupted_step_is_not_done_though_its_result_looks_complete(
    tmp_path: Path, step_in: Callable[[Callable[[], None]], Step]
) -> None:
    """Ctrl-C during an installation over an older one leaves no state that looks complete."""
    step_in((tmp_path / "result").touch).run()

    def interrupted() -> None:
        raise KeyboardInterrupt

    step = step_in(interrupted)
    with pytest.raises(KeyboardInterrupt):
        step.run()

    assert (tmp_path / "result").exists()
    assert not step.is_done()


def test_fails_with_the_programs_last_words_and_the_fix() -> None:
    """A failed installation shows what the installer said and what to do."""
    with pytest.raises(SetUpError, match=r"(?s)no route.*failed with exit code 3: plug it in"):
        set_up.call("sh", "-c", "echo no route; exit 3", fix="plug it in")


@pytest.mark.parametrize(
    ("version", "with_npm", "supported"),
    [("v22.20.0", True, True), ("v24.1.0", True, True), ("v20.20.2", True, False), ("v24.1.0", False, False)],
)
def test_the_machines_node_is_used_when_the_cdk_supports_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str, *, with_npm: bool, supported: bool
) -> None:
    """An old Node.js, or one without npm, is not used."""
    for name in ["node", "npm"] if with_npm else ["node"]:
        (tmp_path / name).write_text(f"#!/bin/sh\necho {version}\n", encoding="ascii")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))

    assert set_up.machine_has_node() is supported


@pytest.mark.parametrize(
    ("python", "problem"),
    [("python-that-is-not-there", "was not found"), ("./old", "is Python 3.9.1, which is too old")],
)
def test_fails_without_a_python_that_is_new_enough(tmp_path: Path, python: str, problem: str) -> None:
    """A missing or too old Python is one clear message with the fix."""
    old = tmp_path / "old"
    old.write_text('#!/bin/sh\n[ "$1" = --version ] && echo Python 3.9.1 && exit 0\nexit 1\n', encoding="ascii")
    old.chmod(0o755)

    done = subprocess.run(
        [ROOT / "tools" / "with_python.sh", "-c", "print('ran')"],
        cwd=tmp_path,
        env={**os.environ, "PYTHON": python},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"set-up: {python} {problem}: Python 3.11 or newer is needed.")
    assert "make setup PYTHON=" in done.stderr
