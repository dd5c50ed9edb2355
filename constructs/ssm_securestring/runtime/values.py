"""What asking for several parameters brings: values and errors, apart."""

from collections.abc import Iterator, Mapping

from ssm_securestring.core.errors import ParameterReadError
from ssm_securestring.runtime.secret import SecretValue


class SecretValues(Mapping[str, SecretValue]):
    """What :meth:`SecureStrings.get_many` found, by name as it was asked for.

    Good values are usable whatever happened to others: looking up a name that failed raises its own error, and
    ``errors`` has them all.

    Attributes:
        errors: Why a name has no value.
    """

    def __init__(self, values: Mapping[str, SecretValue], errors: Mapping[str, ParameterReadError]) -> None:
        """Keep values and errors apart."""
        self._values = dict(values)
        self.errors = dict(errors)

    def __getitem__(self, name: str) -> SecretValue:
        """Return a value.

        Raises:
            ParameterReadError: This one could not be read.
            KeyError: It was not asked for.
        """
        if name in self.errors:
            raise self.errors[name]
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        """Iterate over the names that have a value."""
        return iter(self._values)

    def __len__(self) -> int:
        """Count the names that have a value."""
        return len(self._values)

    def __repr__(self) -> str:
        """Show names only."""
        return f"SecretValues(values={list(self._values)}, errors={list(self.errors)})"
