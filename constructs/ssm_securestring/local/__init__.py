"""An AWS on this machine: Parameter Store that really uses KMS, with IAM and key policies enforced.

Importing this module loads the standard library only; the engine runs in a process of its own.
"""

from typing import TYPE_CHECKING, Any

from ssm_securestring.local.errors import EmbeddedAwsError
from ssm_securestring.local.handle import UNSET, EmbeddedAws
from ssm_securestring.local.settings import AdvancedSuite, OmittedKey, Settings
from ssm_securestring.local.trail import TrailRecord

if TYPE_CHECKING:
    from ssm_securestring.local.accounts import EmbeddedAccount
    from ssm_securestring.local.deployments import DeployedStack

__all__ = [
    "UNSET",
    "AdvancedSuite",
    "DeployedStack",
    "EmbeddedAccount",
    "EmbeddedAws",
    "EmbeddedAwsError",
    "OmittedKey",
    "Settings",
    "TrailRecord",
]


def __getattr__(name: str) -> Any:  # noqa: ANN401 - any attribute of a module
    """Load what needs boto3 when it is asked for."""
    if name == "EmbeddedAccount":
        from ssm_securestring.local.accounts import EmbeddedAccount  # noqa: PLC0415 - see the docstring

        return EmbeddedAccount
    if name == "DeployedStack":
        from ssm_securestring.local.deployments import DeployedStack  # noqa: PLC0415 - see the docstring

        return DeployedStack
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
