"""SecureString parameters in AWS Systems Manager Parameter Store: what applications need at run time.

The constructs are in :mod:`ssm_securestring.cdk`. Importing this module loads neither boto3 nor aws-cdk-lib, and the
names below only when they are used: the function of the custom resource is packed without :mod:`.runtime`.
"""

from typing import TYPE_CHECKING

from ssm_securestring.core.errors import (
    ParameterAccessDeniedError,
    ParameterKeyError,
    ParameterNameError,
    ParameterNotFoundError,
    ParameterReadError,
    ParameterThrottledError,
    SecureStringError,
)

if TYPE_CHECKING:
    from ssm_securestring.runtime import SecretValue, SecretValues, SecureStrings

__all__ = [
    "ParameterAccessDeniedError",
    "ParameterKeyError",
    "ParameterNameError",
    "ParameterNotFoundError",
    "ParameterReadError",
    "ParameterThrottledError",
    "SecretValue",
    "SecretValues",
    "SecureStringError",
    "SecureStrings",
]


def __getattr__(name: str) -> object:
    """Load the helper when it is first used."""
    if name in {"SecretValue", "SecretValues", "SecureStrings"}:
        from ssm_securestring import runtime

        return getattr(runtime, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
