"""What is packed for Lambda: parts of this very package, at their real import paths, without Docker."""

import shutil
from pathlib import Path
from typing import Final

import aws_cdk as cdk
import jsii
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

import ssm_securestring

# Lambda Developer Guide, "Lambda runtimes": the newest Python runtime. The code runs on Python 3.11 too.
PYTHON_RUNTIME: Final = lambda_.Runtime.PYTHON_3_14

_PACKAGE: Final = Path(ssm_securestring.__file__).parent
# The helper, and what it imports of `core`: the rest is of use to the constructs and their function only.
_HELPER: Final = (
    "runtime",
    *(f"core/{name}.py" for name in ("__init__", "encryption", "errors", "limits", "name_rules", "names", "tiers")),
)


def function_code() -> lambda_.AssetCode:
    """Return the code of the custom resource's function: the layers ``core`` and ``handler``."""
    return lambda_.Code.from_asset(
        str(_PACKAGE.parent), exclude=_only("core", "handler"), ignore_mode=cdk.IgnoreMode.GIT
    )


class SecureStringsLayer(lambda_.LayerVersion):
    """A Lambda layer that holds the runtime helper, so that a function can ``import ssm_securestring``.

    It has no dependency: the runtime brings boto3.

    Args:
        scope: Where to define it.
        construct_id: Its id within ``scope``.

    Example:
        >>> function.add_layers(SecureStringsLayer(self, "SecureStrings"))
    """

    def __init__(self, scope: Construct, construct_id: str) -> None:
        """Define the layer version."""
        super().__init__(
            scope,
            construct_id,
            description="ssm-securestring: fetches and decrypts SecureString parameters",
            code=lambda_.Code.from_asset(
                str(_PACKAGE.parent),
                exclude=_only(*_HELPER),
                ignore_mode=cdk.IgnoreMode.GIT,
                # A layer wants its packages below python/. The image is never pulled: the copy is made locally.
                bundling=cdk.BundlingOptions(
                    image=cdk.DockerImage.from_registry("not-used"),
                    local=_BelowPython(*_HELPER),  # type: ignore[arg-type]  # its options come as one object
                ),
            ),
            compatible_runtimes=[
                lambda_.Runtime.PYTHON_3_11,
                lambda_.Runtime.PYTHON_3_12,
                lambda_.Runtime.PYTHON_3_13,
                PYTHON_RUNTIME,
            ],
        )


@jsii.implements(cdk.ILocalBundling)
class _BelowPython:
    """Copies parts of the package to where a layer wants them."""

    def __init__(self, *parts: str) -> None:
        self._parts = parts

    def try_bundle(self, output_dir: str, options: object) -> bool:
        del options  # they describe a container, which is not used
        target = Path(output_dir) / "python" / _PACKAGE.name
        target.mkdir(parents=True)
        shutil.copy(_PACKAGE / "__init__.py", target)
        for part in self._parts:
            if (_PACKAGE / part).is_dir():
                shutil.copytree(_PACKAGE / part, target / part, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                (target / part).parent.mkdir(exist_ok=True)
                shutil.copy(_PACKAGE / part, target / part)
        return True


def _only(*parts: str) -> list[str]:
    """Return ignore rules that leave only these parts of the package; the last rule that matches wins.

    An allow-list: the folder above the package may be a whole site-packages.
    """
    root = f"/{_PACKAGE.name}"
    rules = ["/*", f"!{root}", f"{root}/*", f"!{root}/__init__.py"]
    for folder in dict.fromkeys(part.rpartition("/")[0] for part in parts if "/" in part):
        rules += [f"!{root}/{folder}", f"{root}/{folder}/*"]
    return [*rules, *(f"!{root}/{part}" for part in parts), "__pycache__"]
