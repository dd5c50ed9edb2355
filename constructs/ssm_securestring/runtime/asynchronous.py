"""The helper for asyncio: the same cache, the same calls, the same errors; waiting happens in threads."""

import asyncio
from collections.abc import Iterable

from ssm_securestring.runtime.secret import SecretValue
from ssm_securestring.runtime.secure_strings import SecureStrings
from ssm_securestring.runtime.values import SecretValues


class AsyncSecureStrings:
    """Fetches and decrypts parameters without holding up the event loop.

    Args:
        secrets: The helper to use, which others may use at the same time. Default: a new one.

    Example:
        >>> secrets = AsyncSecureStrings()
        >>> password = (await secrets.get("/shop/db/password")).reveal()
    """

    def __init__(self, secrets: SecureStrings | None = None) -> None:
        """Remember the helper; no call is made yet."""
        self._secrets = secrets or SecureStrings()

    async def get(self, name: str) -> SecretValue:
        """Return what :meth:`SecureStrings.get` does; a value that is known costs no thread.

        Raises:
            ParameterReadError: It could not be read.
        """
        known = self._secrets.known(name)
        return known if known is not None else await asyncio.to_thread(self._secrets.get, name)

    async def get_many(self, names: Iterable[str]) -> SecretValues:
        """Return what :meth:`SecureStrings.get_many` does."""
        return await asyncio.to_thread(self._secrets.get_many, list(names))

    async def get_by_path(self, path: str, *, recursive: bool = True) -> SecretValues:
        """Return what :meth:`SecureStrings.get_by_path` does.

        Raises:
            ParameterReadError: The path could not be listed.
        """
        return await asyncio.to_thread(self._secrets.get_by_path, path, recursive=recursive)

    async def refresh(self, name: str) -> SecretValue:
        """Return what :meth:`SecureStrings.refresh` does.

        Raises:
            ParameterReadError: It could not be read.
        """
        return await asyncio.to_thread(self._secrets.refresh, name)

    def invalidate(self, *names: str) -> None:
        """Forget parameters, see :meth:`SecureStrings.invalidate`."""
        self._secrets.invalidate(*names)
