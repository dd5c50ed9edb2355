"""Bring the checkout into a state in which everything runs; do nothing where that is so already.

Each step leaves a stamp with a digest of what it was made from, as its last act. An interrupted step leaves none and is
done again, and a changed input makes the steps that read it run again. Standard library only: this runs before anything
is installed.

Example:
    $ python3 tools/set_up.py           # .venv and node_modules, for everything but checkov
    $ python3 tools/set_up.py checkov   # .venv-checkov
"""

import contextlib
import fcntl
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MAIN_VENV = ROOT / ".venv"
CHECKOV_VENV = ROOT / ".venv-checkov"
CDK_LINK = MAIN_VENV / "bin" / "cdk"

# The versions that aws-cdk-lib's runtime (jsii) supports; on others it prints a banner or fails.
# Source: https://docs.aws.amazon.com/cdk/v2/guide/node-versions.html
SUPPORTED_NODE_MAJORS = ("22", "24")
OUTPUT_TAIL_LINES = 25


class SetUpError(Exception):
    """A step failed; the message says which, why, and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing that must be in place.

    Args:
        title: What the step does, as it is printed.
        venv: The virtual environment that holds the step's stamp.
        stamp: The stamp's file name.
        inputs: Files that decide the result.
        probe: A path that exists when the result is there.
        act: Brings the result about.
    """

    title: str
    venv: Path
    stamp: str
    inputs: tuple[Path, ...]
    probe: Path
    act: Callable[[], None]

    @property
    def stamp_path(self) -> Path:
        """Where the stamp lies: within the environment, so that it vanishes together with it."""
        return self.venv / ".set-up" / self.stamp

    def digest(self) -> str:
        """Digest what the result depends on: its inputs and its place, because environments hold absolute paths."""
        state = hashlib.sha256(str(ROOT).encode())
        for path in self.inputs:
            state.update(path.read_bytes())
        return state.hexdigest()

    def is_done(self) -> bool:
        """Tell whether the result is there and was made from today's inputs."""
        if not (self.stamp_path.is_file() and self.probe.exists()):
            return False
        return self.stamp_path.read_text(encoding="ascii") == self.digest()

    def run(self) -> None:
        """Bring the result about, and say so with the time it took."""
        print(f"set-up: {self.title} ... ", end="", flush=True)
        begin = time.monotonic()
        self.stamp_path.unlink(missing_ok=True)
        try:
            self.act()
        except BaseException:
            print("not done", flush=True)
            raise
        self.stamp_path.parent.mkdir(exist_ok=True)
        partial = self.stamp_path.with_suffix(".partial")
        partial.write_text(self.digest(), encoding="ascii")
        partial.replace(self.stamp_path)
        print(f"{time.monotonic() - begin:.1f} s", flush=True)


def call(*command: str | Path, fix: str) -> None:
    """Run a program quietly; when it fails, show the end of what it said, and the fix.

    Raises:
        SetUpError: The program could not be started or failed.
    """
    environment = {**os.environ, "PATH": f"{MAIN_VENV / 'bin'}{os.pathsep}{os.environ['PATH']}"}
    try:
        done = subprocess.run(
            command,
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
    except OSError as error:
        message = f"{command[0]} could not be started ({error.strerror}): {fix}"
        raise SetUpError(message) from error
    if done.returncode != 0:
        tail = "\n".join(done.stdout.splitlines()[-OUTPUT_TAIL_LINES:])
        message = f"{tail}\nset-up: {Path(command[0]).name} failed with exit code {done.returncode}: {fix}"
        raise SetUpError(message)


def make_venv(venv: Path) -> None:
    """Make an empty virtual environment, in place of whatever is there."""
    fix = "install Python's venv module (Debian, Ubuntu: apt-get install python3-venv), then run make again"
    if importlib.util.find_spec("venv") is None or importlib.util.find_spec("ensurepip") is None:
        message = f"{sys.executable} cannot make virtual environments: {fix}"
        raise SetUpError(message)
    call(sys.executable, "-m", "venv", "--clear", venv, fix=fix)


def install_requirements(venv: Path, requirements: Path) -> None:
    """Install exactly what the file pins, then let pip check that nothing is missing or at odds."""
    pip = (venv / "bin" / "python", "-m", "pip", "--quiet", "--disable-pip-version-check")
    online = "check that this machine reaches a Python package index (pip's settings), then run make again"
    # Compiling all of aws-cdk-lib takes longer than installing it; Python compiles what is imported when it is.
    call(*pip, "install", "--no-deps", "--no-compile", "--requirement", requirements, fix=online)
    call(*pip, "check", fix=f"{requirements.name} is not complete: run `make lock`")


def install_project() -> None:
    """Make the checkout importable and put its command on the environment's PATH."""
    call(
        *(MAIN_VENV / "bin" / "python", "-m", "pip", "--quiet", "--disable-pip-version-check", "install"),
        *("--no-deps", "--no-build-isolation", "--editable", ROOT),
        fix="pyproject.toml is not valid: see above",
    )


def install_cdk() -> None:
    """Install the pinned CDK CLI and put it on the environment's PATH."""
    call(
        *("npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts", "--no-update-notifier", "--loglevel=error"),
        fix="check that this machine reaches an npm registry (npm's settings), then run make again",
    )
    CDK_LINK.unlink(missing_ok=True)
    CDK_LINK.symlink_to(Path("..") / ".." / "node_modules" / ".bin" / "cdk")


def machine_has_node() -> bool:
    """Tell whether the machine itself, without our environment, has npm and a Node.js that the CDK supports."""
    ours = str(MAIN_VENV / "bin")
    path = os.pathsep.join(entry for entry in os.environ["PATH"].split(os.pathsep) if entry != ours)
    node = shutil.which("node", path=path)
    if node is None or shutil.which("npm", path=path) is None:
        return False
    answer = subprocess.run([node, "--version"], capture_output=True, text=True, check=False)
    return answer.stdout.strip().removeprefix("v").partition(".")[0] in SUPPORTED_NODE_MAJORS


def is_other_python(venv: Path) -> bool:
    """Tell whether the caller asked by PYTHON for another version than the environment has."""
    if not os.environ.get("PYTHON"):
        return False
    return not (venv / "lib" / f"python{sys.version_info.major}.{sys.version_info.minor}").is_dir()


def venv_step(venv: Path) -> Step:
    """Describe the making of a virtual environment."""
    return Step(
        title=f"make {venv.name} with Python {sys.version.partition(' ')[0]}",
        venv=venv,
        stamp="venv",
        inputs=(),
        probe=venv / "bin" / "python",
        act=lambda: make_venv(venv),
    )


def requirements_step(requirements: Path, *, title: str, probe: Path) -> Step:
    """Describe the installation of a requirements file into the environment that the probe lies in."""
    venv = probe.parent.parent
    return Step(
        title=f"install {title} into {venv.name}",
        venv=venv,
        stamp=requirements.stem,
        inputs=(requirements,),
        probe=probe,
        act=lambda: install_requirements(venv, requirements),
    )


def main_steps() -> Iterator[Step]:
    """List what the checkout needs, in order."""
    requirements = ROOT / "requirements.txt"
    count = requirements.read_text(encoding="utf-8").count("==")
    yield venv_step(MAIN_VENV)
    yield requirements_step(requirements, title=f"{count} pinned Python packages", probe=MAIN_VENV / "bin" / "pytest")
    yield Step(
        title="install ssm-securestring itself, editable",
        venv=MAIN_VENV,
        stamp="project",
        inputs=(ROOT / "pyproject.toml",),
        probe=MAIN_VENV / "bin" / "ssm-securestring",
        act=install_project,
    )
    node = requirements_step(
        ROOT / "tools" / "requirements-node.txt",
        title="Node.js (the machine's is missing or not supported)",
        probe=MAIN_VENV / "bin" / "node",
    )
    if node.is_done() or not machine_has_node():
        yield node
    yield Step(
        title="install the pinned CDK CLI into node_modules",
        venv=MAIN_VENV,
        stamp="cdk",
        inputs=(ROOT / "package.json", ROOT / "package-lock.json"),
        probe=CDK_LINK,
        act=install_cdk,
    )


def checkov_steps() -> Iterator[Step]:
    """List what the checkov check needs, in order."""
    requirements = ROOT / "tools" / "requirements-checkov.txt"
    yield venv_step(CHECKOV_VENV)
    yield requirements_step(requirements, title="checkov", probe=CHECKOV_VENV / "bin" / "checkov")


@contextlib.contextmanager
def one_at_a_time() -> Iterator[None]:
    """Let two set-ups of one checkout wait for each other; the lock ends with the process, however that ends."""
    with Path(__file__).open(encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def set_up(venv: Path, steps: Iterator[Step]) -> None:
    """Do every step that is not done."""
    begin = time.monotonic()
    if is_other_python(venv):
        (venv / ".set-up" / "venv").unlink(missing_ok=True)
    ran = 0
    for step in steps:
        if not step.is_done():
            step.run()
            ran += 1
    if ran:
        print(f"set-up: done in {time.monotonic() - begin:.1f} s", flush=True)


def main() -> None:
    """Set up what the command line names."""
    target = sys.argv[1:] or ["main"]
    plans = {"main": (MAIN_VENV, main_steps), "checkov": (CHECKOV_VENV, checkov_steps)}
    if target[0] not in plans:
        raise SystemExit(f"set-up: {target[0]!r} is not one of {', '.join(plans)}")
    venv, steps = plans[target[0]]
    try:
        with one_at_a_time():
            set_up(venv, steps())
    except SetUpError as error:
        raise SystemExit(str(error)) from error
    except KeyboardInterrupt as error:
        raise SystemExit("set-up: interrupted; run make again to finish it") from error


if __name__ == "__main__":
    main()
