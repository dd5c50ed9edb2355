"""What may import what, and what importing the package costs; design and reasons are in docs/decisions.md."""

import ast
import importlib.util
import json
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SOURCE_ROOT = ROOT / "constructs"
PACKAGE = "ssm_securestring"
EVERYTHING = frozenset({"*"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """What the modules of one layer may import, beside the standard library and their own layer.

    Args:
        layers: Other layers.
        packages: Packages imported when the module is.
        lazy: Layers and packages imported only inside functions, by who calls them.
        typing: Packages of types, imported under TYPE_CHECKING and thus never at run time.
    """

    layers: frozenset[str] = frozenset()
    packages: frozenset[str] = frozenset()
    lazy: frozenset[str] = frozenset()
    typing: frozenset[str] = frozenset()


# The one copy of the table of layers. "" is the package's own __init__.
LAYERS = {
    # The function of the custom resource is packed without the helper, so the package loads it late.
    "": Layer(layers=frozenset({"core"}), lazy=frozenset({"runtime"}), typing=frozenset({"runtime"})),
    "core": Layer(),
    "runtime": Layer(
        layers=frozenset({"core"}),
        lazy=frozenset({"attr", "aws_encryption_sdk", "boto3", "botocore", "cryptography", "snapshot_restore_py"}),
        typing=frozenset({"botocore", "types_boto3_ssm", "types_boto3_kms"}),
    ),
    "handler": Layer(
        layers=frozenset({"core"}),
        packages=frozenset({"boto3", "botocore"}),
        typing=frozenset(
            {"types_boto3_ssm", "types_boto3_kms", "types_boto3_secretsmanager", "types_boto3_cloudformation"}
        ),
    ),
    "iam": Layer(layers=frozenset({"core"})),
    "cdk": Layer(layers=frozenset({"core", "iam"}), packages=frozenset({"aws_cdk", "constructs", "jsii"})),
    "local": Layer(
        layers=frozenset({"core"}),
        packages=frozenset(
            {
                "attr",
                "aws_encryption_sdk",
                "boto3",
                "botocore",
                "cryptography",
                "hypercorn",
                "ministack",
                "pytest",
                "regex",
            }
        ),
        typing=frozenset({"types_boto3_kms"}),
    ),
    "cli": Layer(layers=frozenset({"core"}), lazy=EVERYTHING, typing=EVERYTHING),
}

# Modules that fit the helper into a framework. Each imports that one when it is imported itself, and nothing of ours
# imports it: only who uses the framework has it installed.
ADAPTERS = {
    f"{PACKAGE}.runtime.powertools": frozenset({"aws_lambda_powertools"}),
    f"{PACKAGE}.runtime.settings": frozenset({"pydantic", "pydantic_settings"}),
}

# The only module that may touch the inside of ministack, so that an upgrade is read in one place. It alone imports by
# computed names, which no reading of the source can judge.
COMPUTED = "a computed name"
SEAM = f"{PACKAGE}.local.seam"

HEAVY = (
    *("aws_cdk", "aws_encryption_sdk", "aws_lambda_powertools", "boto3", "botocore", "constructs", "cryptography"),
    *("jsii", "ministack", "pydantic"),
)


@dataclass(frozen=True, slots=True)
class Import:
    """One imported module: its full name, where it stands, and when it is loaded (module, function, typing)."""

    target: str
    line: int
    when: str


def imports_of(source: str, module: str) -> Iterator[Import]:
    """Find every import of a module's source, those by name in a string included."""
    yield from _walk(ast.parse(source), module.split("."), when="module")


def _walk(node: ast.AST, module: list[str], *, when: str) -> Iterator[Import]:
    for child in ast.iter_child_nodes(node):
        inner = when
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) and when == "module":
            inner = "function"
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            inner = "typing"
        yield from (Import(target, getattr(child, "lineno", 0), inner) for target in _targets(child, module))
        yield from _walk(child, module, when=inner)


def _targets(node: ast.AST, module: list[str]) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        start = [*module[: len(module) - node.level], *([node.module] if node.module else [])]
        base = ".".join(start) if node.level else str(node.module)
        names = [f"{base}.{alias.name}" for alias in node.names]
        return names if base == PACKAGE else [base, *(name for name in names if name in ADAPTERS)]
    if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] in {"import_module", "__import__"}:
        return [str(each.value) if isinstance(each, ast.Constant) else COMPUTED for each in node.args[:1]]
    return []


def layer_of(module: str) -> str:
    """Return the layer's name; empty for the package's own __init__."""
    return [*module.split("."), ""][1]


def is_allowed(each: Import, module: str) -> bool:
    """Tell whether the table of layers lets a module have this import."""
    if module == SEAM and each.target == COMPUTED:
        return True
    layer = LAYERS[layer_of(module)]
    top, _, inner = each.target.partition(".")
    if top in ADAPTERS.get(module, frozenset()):
        return True
    if each.target in ADAPTERS:
        return False
    if top == PACKAGE:
        # Importing any module of a package loads the package's own __init__ too, so that one is never an arrow.
        name, allowed = layer_of(each.target), {"", layer_of(module), *layer.layers}
    else:
        name, allowed = top, {*sys.stdlib_module_names, *layer.packages}
    if each.when != "module":
        allowed |= layer.typing if each.when == "typing" else layer.lazy
    reaches_inside = top == "ministack" and inner != "" and module != SEAM
    return bool({name, "*"} & allowed) and not reaches_inside


def violations(source: str, module: str) -> list[str]:
    """Return every import that the table of layers does not allow, as one line of text each."""
    return [
        f"{module}:{each.line} ({layer_of(module) or PACKAGE}) may not import {each.target} here ({each.when})"
        for each in imports_of(source, module)
        if not is_allowed(each, module)
    ]


def modules() -> dict[str, Path]:
    """Map the full name of every module of the package to its file."""
    names = {}
    for path in sorted((SOURCE_ROOT / PACKAGE).rglob("*.py")):
        parts = path.relative_to(SOURCE_ROOT).with_suffix("").parts
        names[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return names


def test_every_import_follows_the_table_of_layers() -> None:
    """No module imports what its layer may not."""
    found = [line for name, path in modules().items() for line in violations(path.read_text(encoding="utf-8"), name)]

    assert found == []


def test_every_folder_of_the_package_is_a_layer_of_the_table() -> None:
    """A new layer is entered into the table before it holds a module."""
    assert {layer_of(name) for name in modules()} <= LAYERS.keys()


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("core.names", "import boto3"),
        ("core.names", "from ssm_securestring.cdk import keys"),
        ("core.names", "from ssm_securestring import cdk"),
        ("core.names", "from ..cdk import keys"),
        ("core.names", "import importlib\nimportlib.import_module('boto3')"),
        ("core.names", "def late():\n    import boto3"),
        ("local.handle", "import importlib\nimportlib.import_module(name)"),
        ("runtime.client", "import boto3"),
        ("runtime.client", "class Client:\n    import boto3"),
        ("runtime.client", "try:\n    import boto3\nexcept ImportError:\n    pass"),
        ("runtime.client", "import aws_lambda_powertools"),
        ("runtime.client", "def late():\n    from pydantic_settings import BaseSettings"),
        ("runtime.settings", "import aws_lambda_powertools"),
        ("runtime.shared", "def late():\n    from ssm_securestring.runtime.settings import SecureStringsSource"),
        ("cli.get", "def late():\n    from ssm_securestring.runtime import powertools"),
        ("handler.on_event", "import aws_cdk"),
        ("handler.on_event", "from ssm_securestring.runtime import secret"),
        ("iam.policy", "import botocore"),
        ("cdk.keys", "from ssm_securestring.local import handle"),
        ("cdk.keys", "import boto3"),
        ("local.handle", "from ssm_securestring.cdk import keys"),
        ("local.handle", "from ministack.services import ssm"),
        ("cli.main", "import ministack"),
        ("cli.main", "from ssm_securestring.local import handle"),
        ("core.names", "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import types_boto3_ssm"),
    ],
)
def test_a_forbidden_import_is_found(module: str, source: str) -> None:
    """The check above can fail: each of these arrows is reported, once."""
    assert len(violations(source, f"{PACKAGE}.{module}")) == 1


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("core.names", "import re\nfrom ssm_securestring.core import limits"),
        ("runtime.client", "def call():\n    import boto3\n    from botocore.exceptions import ClientError"),
        (
            "runtime.client",
            "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from types_boto3_ssm import SSMClient",
        ),
        ("handler.on_event", "import boto3"),
        ("cdk.assets", "import ssm_securestring\nimport aws_cdk as cdk\nfrom constructs import Construct"),
        ("runtime.powertools", "from aws_lambda_powertools.utilities.parameters.base import BaseProvider"),
        ("runtime.settings", "import pydantic\nfrom ssm_securestring.runtime.shared import shared"),
        ("local.seam", "from ministack.services import ssm"),
        ("local.seam", "import importlib\nimportlib.import_module(name)"),
        ("cli.main", "import argparse\ndef main():\n    from ssm_securestring.local import handle\n    import aws_cdk"),
    ],
)
def test_an_allowed_import_passes(module: str, source: str) -> None:
    """The check does not refuse what the table allows."""
    assert violations(source, f"{PACKAGE}.{module}") == []


def test_the_source_root_is_no_package() -> None:
    """constructs/__init__.py would hide the package `constructs` that aws-cdk-lib needs."""
    assert not (SOURCE_ROOT / "__init__.py").exists()


def loaded_after(statement: str) -> list[str]:
    """Run a statement in a new interpreter and return which heavy packages it has loaded."""
    report = f"import json, sys; print(json.dumps([name for name in {HEAVY!r} if name in sys.modules]))"
    command = [
        sys.executable,
        "-I",
        "-c",
        f"import sys; sys.path.insert(0, {str(SOURCE_ROOT)!r}); {statement}; {report}",
    ]
    answer: list[str] = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    return answer


def test_importing_the_package_loads_nothing_heavy() -> None:
    """A Lambda function that imports the helper pays for neither boto3 nor the CDK."""
    assert loaded_after("import ssm_securestring") == []


def test_the_probe_sees_what_is_loaded() -> None:
    """The check above can fail."""
    assert loaded_after("import ssm_securestring, botocore") == ["botocore"]


def recommended_flags() -> dict[str, object]:
    """Read the feature flags that aws-cdk-lib recommends for new apps from the archive it ships."""
    spec = importlib.util.find_spec("aws_cdk")
    assert spec is not None
    assert spec.origin is not None
    (archive,) = (Path(spec.origin).parent / "_jsii").glob("aws-cdk-lib@*.tgz")
    with tarfile.open(archive) as files:
        member = files.extractfile("package/recommended-feature-flags.json")
        assert member is not None
        flags: dict[str, object] = json.load(member)
    return flags


def test_cdk_json_holds_the_feature_flags_that_the_pinned_library_recommends() -> None:
    """The example behaves like an app that `cdk init` makes with this version."""
    settings = json.loads((ROOT / "cdk.json").read_text(encoding="utf-8"))

    assert settings["context"] == recommended_flags()


def test_no_lock_file_names_a_registry() -> None:
    """Set-up uses the registry that the machine is configured for."""
    for name in ("package-lock.json", "requirements.txt"):
        assert "://" not in (ROOT / name).read_text(encoding="utf-8")
