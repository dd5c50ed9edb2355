"""SecureString parameters in AWS Systems Manager Parameter Store: what applications need at run time.

The constructs are in :mod:`ssm_securestring.cdk`. Importing this module loads neither boto3 nor aws-cdk-lib, and the
names below only when they are used: the function of the custom resource is packed without :mod:`.runtime`.
"""

from ssm_securestring.core.errors import (
    ParameterAccessDeniedError,
    ParameterContextError,
    ParameterCredentialsError,
    ParameterKeyDisabledError,
    ParameterKeyError,
    ParameterKeyNotFoundError,
    ParameterKeyPendingDeletionError,
    ParameterKeyPendingImportError,
    ParameterNameError,
    ParameterNotFoundError,
    ParameterReadError,
    ParameterThrottledError,
    ParameterTooLargeError,
    ParameterUnreachableError,
    ParameterVersionNotFoundError,
    ParameterWriteError,
    SecretFormatError,
    SecureStringError,
)

TYPE_CHECKING = False  # typing itself is slow to import
if TYPE_CHECKING:
    from ssm_securestring.runtime import AsyncSecureStrings, SecretValue, SecretValues, SecureStrings, get

__all__ = [
    "AsyncSecureStrings",
    "ParameterAccessDeniedError",
    "ParameterContextError",
    "ParameterCredentialsError",
    "ParameterKeyDisabledError",
    "ParameterKeyError",
    "ParameterKeyNotFoundError",
    "ParameterKeyPendingDeletionError",
    "ParameterKeyPendingImportError",
    "ParameterNameError",
    "ParameterNotFoundError",
    "ParameterReadError",
    "ParameterThrottledError",
    "ParameterTooLargeError",
    "ParameterUnreachableError",
    "ParameterVersionNotFoundError",
    "ParameterWriteError",
    "SecretFormatError",
    "SecretValue",
    "SecretValues",
    "SecureStringError",
    "SecureStrings",
    "get",
]


def __getattr__(name: str) -> object:
    """Load the helper when it is first used."""
    if name in {"AsyncSecureStrings", "SecretValue", "SecretValues", "SecureStrings", "get"}:
        from ssm_securestring import runtime

        return getattr(runtime, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
