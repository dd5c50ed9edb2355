"""The helper for asyncio: the same cache, the same calls, the same errors; waiting happens in threads."""

import asyncio
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from ssm_securestring.runtime.record import Record
from ssm_securestring.runtime.secret import SecretValue
from ssm_securestring.runtime.secure_strings import SecureStrings
from ssm_securestring.runtime.values import SecretValues

if TYPE_CHECKING:
    from ssm_securestring.core.tiers import Tier


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

    async def record(self, name: str) -> Record:
        """Return what :meth:`SecureStrings.record` does.

        Raises:
            ParameterReadError: It could not be read.
        """
        return await asyncio.to_thread(self._secrets.record, name)

    async def prefetch(self, names: Iterable[str]) -> None:
        """Do what :meth:`SecureStrings.prefetch` does."""
        await asyncio.to_thread(self._secrets.prefetch, list(names))

    async def decrypt(self, ciphertext: str, *, parameter_arn: str) -> SecretValue:
        """Return what :meth:`SecureStrings.decrypt` does.

        Raises:
            ParameterReadError: KMS refuses, or does not answer.
        """
        return await asyncio.to_thread(self._secrets.decrypt, ciphertext, parameter_arn=parameter_arn)

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

    async def put(
        self,
        name: str,
        value: str | SecretValue,
        *,
        key_id: str | None = None,
        tier: "Tier | str | None" = None,
        description: str | None = None,
        create: bool = False,
    ) -> int:
        """Do what :meth:`SecureStrings.put` does.

        Raises:
            ParameterReadError: It could not be stored.
        """
        return await asyncio.to_thread(
            self._secrets.put, name, value, key_id=key_id, tier=tier, description=description, create=create
        )

    async def rotate(
        self,
        name: str,
        make: Callable[[SecretValue], str | SecretValue],
        *,
        key_id: str | None = None,
        tier: "Tier | str | None" = None,
        description: str | None = None,
    ) -> int:
        """Do what :meth:`SecureStrings.rotate` does; ``make`` runs in a thread, not in the event loop.

        Raises:
            ParameterReadError: It could not be read or stored.
        """
        return await asyncio.to_thread(
            self._secrets.rotate, name, make, key_id=key_id, tier=tier, description=description
        )

    def known(self, name: str, *, max_age_seconds: float | None = None) -> SecretValue | None:
        """Return what :meth:`SecureStrings.known` does."""
        return self._secrets.known(name, max_age_seconds=max_age_seconds)

    def invalidate(self, *names: str) -> None:
        """Forget parameters, see :meth:`SecureStrings.invalidate`."""
        self._secrets.invalidate(*names)
