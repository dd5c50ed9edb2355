"""The helper that applications import: fetch and decrypt parameters at run time."""

from typing import TYPE_CHECKING

from ssm_securestring.runtime.secret import SecretValue
from ssm_securestring.runtime.secure_strings import SecureStrings
from ssm_securestring.runtime.shared import get
from ssm_securestring.runtime.values import SecretValues

if TYPE_CHECKING:
    from ssm_securestring.runtime.asynchronous import AsyncSecureStrings

__all__ = ["AsyncSecureStrings", "SecretValue", "SecretValues", "SecureStrings", "get"]


def __getattr__(name: str) -> object:
    """Load the helper for asyncio when it is first used: asyncio is slow to import."""
    if name == "AsyncSecureStrings":
        from ssm_securestring.runtime.asynchronous import AsyncSecureStrings

        return AsyncSecureStrings
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
