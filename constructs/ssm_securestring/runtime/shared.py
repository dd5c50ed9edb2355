"""One helper for a whole script."""

from typing import Final

from ssm_securestring.runtime.locked import Once
from ssm_securestring.runtime.secret import SecretValue
from ssm_securestring.runtime.secure_strings import SecureStrings

_SHARED: Final = Once(SecureStrings)


def shared() -> SecureStrings:
    """Return the helper that this process shares."""
    return _SHARED.get()


def get(name: str) -> SecretValue:
    """Return the value of one parameter: :meth:`SecureStrings.get` of a helper that this process shares.

    Args:
        name: Name or ARN of the parameter.

    Raises:
        ParameterReadError: It could not be read.

    Example:
        >>> import ssm_securestring
        >>> password = ssm_securestring.get("/shop/db/password").reveal()
    """
    return shared().get(name)
