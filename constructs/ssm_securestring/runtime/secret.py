"""A value that shows itself only when it is asked to."""

import hmac
from typing import Any, Final, NoReturn, final

from ssm_securestring.core.errors import SecretFormatError

_MASK: Final = "SecretValue(***)"


@final
class SecretValue:
    """The decrypted value of a parameter. :meth:`reveal` is the only way out.

    Printing, formatting and logging show a mask; pickling is refused; two values compare in constant time.

    Example:
        >>> str(SecretValue("correct horse"))
        'SecretValue(***)'
    """

    __slots__ = ("__text",)
    __text: str

    def __init__(self, text: str) -> None:
        """Wrap a text."""
        object.__setattr__(self, "_SecretValue__text", text)

    def reveal(self) -> str:
        """Return the value. Hand it on at once; do not keep, print or log it."""
        return self.__text

    def json(self) -> Any:  # noqa: ANN401 - any JSON
        """Return what the value says as JSON. What comes back is bare: hand it on at once.

        Raises:
            SecretFormatError: It is no JSON. The value is neither in the error nor in its causes.
        """
        import json

        try:
            return json.loads(self.__text)
        except ValueError:
            pass
        # Outside of the except block: a JSONDecodeError holds the whole text.
        raise SecretFormatError("the value is not JSON: look at what was stored, or use reveal()")

    def base64(self) -> bytes:
        """Return the bytes that the value stands for in base64. They are bare: hand them on at once.

        Raises:
            SecretFormatError: It is not base64. The value is neither in the error nor in its causes.
        """
        from base64 import b64decode

        try:
            return b64decode(self.__text, validate=True)
        except ValueError:
            pass
        raise SecretFormatError("the value is not base64: look at what was stored, or use reveal()")

    def __repr__(self) -> str:
        """Return a mask of constant length."""
        return _MASK

    __str__ = __repr__

    def __format__(self, format_spec: str) -> str:
        """Return the mask, whatever the format."""
        del format_spec
        return _MASK

    def __eq__(self, other: object) -> bool:
        """Compare in constant time; never equal to a plain text, so that no such comparison is written."""
        if not isinstance(other, SecretValue):
            return NotImplemented
        # A text that UTF-8 cannot hold would be in the error.
        mine, theirs = (each.reveal().encode("utf-8", "surrogatepass") for each in (self, other))
        return hmac.compare_digest(mine, theirs)

    __hash__ = None  # type: ignore[assignment]  # a hash table would compare, and a hash would tell of, the value

    def __setattr__(self, name: str, value: object) -> NoReturn:
        """Refuse: the value does not change."""
        raise AttributeError(f"SecretValue is immutable: {name} cannot be set")

    def __delattr__(self, name: str) -> NoReturn:
        """Refuse: the value does not change."""
        raise AttributeError(f"SecretValue is immutable: {name} cannot be deleted")

    def __reduce__(self) -> NoReturn:
        """Refuse: a pickle would hold the value in clear."""
        raise TypeError("SecretValue cannot be pickled or copied: pass the parameter's name and fetch it there")
