"""The wheel as a stranger uses it: in a new environment, from a CDK app that knows nothing of this repository."""

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest

pytestmark = pytest.mark.e2e

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = "ssm_securestring"

FOREIGN_APP = """
import aws_cdk as cdk
import ssm_securestring
from ssm_securestring.cdk import SecureStringParameter

app = cdk.App(outdir="assembly")
stack = cdk.Stack(app, "Foreign")
SecureStringParameter(stack, "Secret")
app.synth()
print(ssm_securestring.__file__)
"""


@dataclass(frozen=True, slots=True)
class Synthesized:
    """What the foreign app left: where it had the package from, its template, and the assets beside that."""

    package_file: Path
    template: dict[str, dict[str, dict[str, object]]]
    assets: tuple[Path, ...]


def run(*command: str | Path, cwd: Path) -> str:
    """Run a program and return what it printed; PYTHONPATH does not lead back to the checkout."""
    environment = {name: text for name, text in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel from a copy, so that nothing left in the checkout gets into it and nothing is left there."""
    source = tmp_path_factory.mktemp("source")
    for name in ("LICENSE", "README.md", "pyproject.toml"):
        shutil.copy(ROOT / name, source)
    shutil.copytree(
        ROOT / "constructs", source / "constructs", ignore=shutil.ignore_patterns("*.egg-info", "__pycache__")
    )
    run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", source / "dist", source, cwd=source)
    (built,) = (source / "dist").glob("*.whl")
    return built


@pytest.fixture(scope="module")
def python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the wheel into a new environment, which borrows other people's packages from this one."""
    home = tmp_path_factory.mktemp("environment")
    venv.create(home, with_pip=False, symlinks=True)
    executable = home / "bin" / "python"
    pip = (sys.executable, "-m", "pip", "--python", executable, "--quiet", "--disable-pip-version-check")
    run(*pip, "install", "--no-deps", "--no-index", wheel, cwd=home)
    site_packages = Path(
        run(executable, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", cwd=home).strip()
    )
    # A path file found on a borrowed path is not read, so the checkout's editable install stays out.
    (site_packages / "borrowed.pth").write_text(sysconfig.get_path("purelib"), encoding="utf-8")
    return executable


@pytest.fixture(scope="module")
def synthesized(python: Path, tmp_path_factory: pytest.TempPathFactory) -> Synthesized:
    """Synthesize the foreign app."""
    folder = tmp_path_factory.mktemp("foreign")
    (folder / "app.py").write_text(FOREIGN_APP, encoding="utf-8")
    printed = run(python, "app.py", cwd=folder)
    template = json.loads((folder / "assembly" / "Foreign.template.json").read_text(encoding="utf-8"))
    assets = tuple(sorted(each for each in (folder / "assembly").glob("asset.*") if each.is_dir()))
    return Synthesized(Path(printed.splitlines()[-1]), template, assets)


def test_the_wheel_holds_the_package_and_nothing_else(wheel: Path) -> None:
    """One importable name, typed, with its licence; no test, no tool, no example."""
    names = zipfile.ZipFile(wheel).namelist()
    sources = {
        path.relative_to(ROOT / "constructs").as_posix()
        for pattern in ("*.py", "py.typed")
        for path in (ROOT / "constructs" / PACKAGE).rglob(pattern)
    }

    assert {name for name in names if ".dist-info/" not in name} == sources
    assert f"{PACKAGE}/py.typed" in sources
    assert {name.partition("/")[0] for name in names} == {PACKAGE, f"{PACKAGE}-0.1.0.dist-info"}
    assert f"{PACKAGE}-0.1.0.dist-info/licenses/LICENSE" in names


def test_the_wheel_requires_nothing_unless_an_extra_is_named(wheel: Path) -> None:
    """An application that imports the helper installs no other package."""
    metadata = zipfile.ZipFile(wheel).read(f"{PACKAGE}-0.1.0.dist-info/METADATA").decode()
    required = [line for line in metadata.splitlines() if line.startswith("Requires-Dist:")]

    assert required
    assert [line for line in required if "extra ==" not in line] == []
    assert "License-Expression: Apache-2.0" in metadata


def test_a_foreign_app_imports_the_installed_copy(synthesized: Synthesized, python: Path) -> None:
    """What is tested here is the wheel, not the checkout."""
    assert synthesized.package_file.is_relative_to(python.parent.parent)
    assert not synthesized.package_file.is_relative_to(ROOT)


def test_a_foreign_app_of_three_lines_synthesizes_a_secret(synthesized: Synthesized) -> None:
    """The defaults suffice: a custom resource, its function, and a key of the customer's own."""
    types = [resource["Type"] for resource in synthesized.template["Resources"].values()]

    assert types.count("Custom::SsmSecureString") == 1
    assert types.count("AWS::Lambda::Function") == 1
    assert types.count("AWS::KMS::Key") == 1


def test_the_functions_asset_holds_what_the_function_needs_and_no_more(synthesized: Synthesized) -> None:
    """Only core and handler, at their real import paths, as they are in the wheel; no bytecode."""
    (asset,) = synthesized.assets
    packed = {path.relative_to(asset).as_posix() for path in asset.rglob("*") if path.is_file()}
    installed = synthesized.package_file.parent
    wanted = {
        path.relative_to(installed.parent).as_posix()
        for layer in ("core", "handler")
        for path in (installed / layer).rglob("*.py")
    }

    assert packed == wanted | {f"{PACKAGE}/__init__.py"}


def test_the_functions_handler_loads_from_its_asset_alone(synthesized: Synthesized, python: Path) -> None:
    """The function imports nothing that its asset leaves out."""
    (asset,) = synthesized.assets
    (function,) = [
        resource
        for resource in synthesized.template["Resources"].values()
        if resource["Type"] == "AWS::Lambda::Function"
    ]
    properties = function["Properties"]
    assert isinstance(properties, dict)
    module, _, name = properties["Handler"].rpartition(".")
    program = (
        f"import sys; sys.path.insert(0, {str(asset)!r}); from {module} import {name} as entry; print(callable(entry))"
    )

    assert run(python, "-I", "-B", "-c", program, cwd=asset).strip() == "True"


def test_a_foreign_project_tests_its_stack_with_the_pytest_plugin(python: Path, tmp_path: Path) -> None:
    """Installed, the plugin is found by itself: a stack with a secret and a function, deployed and called by tests."""
    shutil.copytree(ROOT / "tests" / "local" / "example_project", tmp_path / "project")

    printed = run(python, "-m", "pytest", "-q", "-p", "no:cacheprovider", cwd=tmp_path / "project")

    assert "2 passed" in printed
