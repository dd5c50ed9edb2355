"""A handle on one parameter."""

from typing import TYPE_CHECKING, final

from ssm_securestring.runtime.secret import SecretValue

if TYPE_CHECKING:
    from ssm_securestring.runtime.secure_strings import SecureStrings


@final
class ParameterHandle:
    """One parameter, fetched when its value is wanted. Made by :meth:`SecureStrings.parameter`.

    Attributes:
        name: Its name or ARN.

    Example:
        >>> password = secrets.parameter("/shop/db/password")
        >>> connect(password=password.value.reveal())
    """

    __slots__ = ("_secrets", "name")

    def __init__(self, secrets: "SecureStrings", name: str) -> None:
        """Remember which; nothing is fetched."""
        self._secrets = secrets
        self.name = name

    @property
    def value(self) -> SecretValue:
        """Its value: see :meth:`SecureStrings.get`."""
        return self._secrets.get(self.name)

    def refresh(self) -> SecretValue:
        """Fetch it now: see :meth:`SecureStrings.refresh`."""
        return self._secrets.refresh(self.name)

    def __repr__(self) -> str:
        """Show the name only."""
        return f"ParameterHandle({self.name!r})"
