"""Powertools for AWS Lambda, "parameters": a provider that reads Parameter Store with this helper.

Needs the extra ``powertools``. What changes for code that uses Powertools: SecureStrings are always decrypted, by name,
by path and singly ask one cache, threads share calls, the last good value stands in for an outage, a JSON value is
decoded anew for each caller, and the cause of an error says what is wrong and holds no value.

Source:
    https://docs.powertools.aws.dev/lambda/python/latest/utilities/parameters/#create-your-own-provider
"""

import math
import os
import time
from collections.abc import Mapping
from typing import Any, Final, NoReturn, Self

from aws_lambda_powertools.shared.constants import PARAMETERS_MAX_AGE_ENV
from aws_lambda_powertools.shared.functions import resolve_max_age
from aws_lambda_powertools.utilities.parameters.base import BaseProvider, transform_value
from aws_lambda_powertools.utilities.parameters.constants import DEFAULT_MAX_AGE_SECS, DEFAULT_PROVIDERS
from aws_lambda_powertools.utilities.parameters.exceptions import (
    GetParameterError,
    SetParameterError,
    TransformParameterError,
)
from aws_lambda_powertools.utilities.parameters.types import TransformOptions

from ssm_securestring.core.errors import SecureStringError
from ssm_securestring.runtime.secret import SecretValue
from ssm_securestring.runtime.secure_strings import SecureStrings

_ERRORS: Final = "_errors"


class SecureStringsProvider(BaseProvider):
    """Does what Powertools' ``SSMProvider`` does for reading.

    Args:
        secrets: The helper to use, which others may use at the same time. ``max_age`` can shorten its time to live, not
            prolong it. Default: a new one that lives as long as Powertools says, which is 300 s unless
            ``POWERTOOLS_PARAMETERS_MAX_AGE`` is set.

    Example:
        >>> SecureStringsProvider.install()
        >>> parameters.get_parameter("/shop/db/login", transform="json")["password"]
    """

    def __init__(self, secrets: SecureStrings | None = None) -> None:
        """Remember the helper; no call is made yet."""
        super().__init__()  # type: ignore[no-untyped-call]  # Powertools types it by half
        self._secrets = secrets or SecureStrings(ttl_seconds=_max_age(None))
        self._listed: dict[tuple[str, bool], tuple[list[str], float, float]] = {}

    @classmethod
    def install(cls, secrets: SecureStrings | None = None) -> Self:
        """Let ``get_parameter``, ``get_parameters`` and ``get_parameters_by_name`` of Powertools use this provider.

        Powertools' ``clear_caches()`` removes it again.

        Args:
            secrets: The helper to use.
        """
        provider = cls(secrets)
        DEFAULT_PROVIDERS["ssm"] = provider
        return provider

    def get(  # type: ignore[override]  # in the order of SSMProvider.get, which does the same
        self,
        name: str,
        max_age: int | None = None,
        transform: TransformOptions = None,
        decrypt: bool | None = None,  # noqa: FBT001 - as above
        force_fetch: bool = False,  # noqa: FBT001, FBT002 - as above
        **sdk_options: object,
    ) -> Any:  # noqa: ANN401 - text, bytes or any JSON
        """Return a value.

        Args:
            name: Name or ARN, with version or label if wanted.
            max_age: Longest age of the value, in seconds. 0 fetches it now.
            transform: ``"json"``, ``"binary"``, or ``"auto"`` by the end of the name.
            decrypt: Ignored: it is decrypted.
            force_fetch: Fetch it now.
            sdk_options: Ignored.

        Raises:
            GetParameterError: It could not be read; the cause is a :class:`ParameterReadError`.
            TransformParameterError: It is not what it was to be transformed from. The value is not in the error.
        """
        del decrypt, sdk_options
        value = self._value(name, 0 if force_fetch else _max_age(max_age))
        return _transformed(name, value, transform)

    def get_multiple(  # type: ignore[override]  # noqa: PLR0917 - in the order of SSMProvider.get_multiple
        self,
        path: str,
        max_age: int | None = None,
        transform: TransformOptions = None,
        raise_on_transform_error: bool = False,  # noqa: FBT001, FBT002 - as above
        decrypt: bool | None = None,  # noqa: FBT001 - as above
        force_fetch: bool = False,  # noqa: FBT001, FBT002 - as above
        recursive: bool = False,  # noqa: FBT001, FBT002 - as above
        **sdk_options: object,
    ) -> dict[str, Any]:
        """Return the values below a path, by what follows the path in their names.

        Args:
            path: The path.
            max_age: Longest age of the values and of the list of names, in seconds. 0 fetches them now.
            transform: ``"json"``, ``"binary"``, or ``"auto"`` by the end of each name.
            raise_on_transform_error: Raise if one cannot be transformed. Default: it becomes ``None``.
            decrypt: Ignored: they are decrypted.
            force_fetch: Fetch them now.
            recursive: Also what is more than one level below. Default: not, as in ``SSMProvider``.
            sdk_options: Ignored.

        Raises:
            GetParameterError: One of them could not be read; the cause is a :class:`ParameterReadError`.
            TransformParameterError: As asked for. The value is not in the error.
        """
        del decrypt, sdk_options
        values = self._below(path, recursive=recursive, max_age=0 if force_fetch else _max_age(max_age))
        found: dict[str, Any] = {}
        for name, value in values.items():
            short = name.removeprefix(path).lstrip("/")
            try:
                found[short] = _transformed(short, value, transform)
            except TransformParameterError:
                if raise_on_transform_error:
                    raise
                found[short] = None
        return found

    def get_parameters_by_name(
        self,
        parameters: dict[str, dict[str, Any]],
        transform: TransformOptions = None,
        decrypt: bool | None = None,  # noqa: FBT001 - as SSMProvider's
        max_age: int | None = None,
        raise_on_error: bool = True,  # noqa: FBT001, FBT002 - as SSMProvider's
    ) -> dict[str, Any]:
        """Return several values, ten a call, in parallel.

        Args:
            parameters: Names, each with ``transform`` and ``max_age`` of its own where wanted.
            transform: For those that have none.
            decrypt: Ignored: they are decrypted.
            max_age: For those that have none.
            raise_on_error: Raise if one cannot be read or transformed. Default: yes; otherwise the key ``_errors`` has
                the names of those.

        Raises:
            GetParameterError: One could not be read; the cause is a :class:`ParameterReadError`.
            TransformParameterError: One is not what it was to be transformed from. The value is not in the error.
        """
        del decrypt
        if not raise_on_error and _ERRORS in parameters:
            raise GetParameterError(f"{_ERRORS!r} cannot be a parameter's name here: use raise_on_error=True")
        options = {name: given or {} for name, given in parameters.items()}
        try:
            self._forget_old(options, max_age)
            values = self._secrets.get_many(options)
        except SecureStringError as error:
            raise GetParameterError(str(error)) from error
        found, failed = {}, []
        for name, given in options.items():
            try:
                found[name] = _transformed(name, _good(values, name), given.get("transform") or transform)
            except (GetParameterError, TransformParameterError):
                if raise_on_error:
                    raise
                failed.append(name)
        return found if raise_on_error else {_ERRORS: failed, **found}

    def set(self, name: str, value: object, *, overwrite: bool = False, **kwargs: object) -> NoReturn:
        """Refuse: :meth:`SecureStrings.put` keeps key, tier and description, which Powertools does not know.

        Raises:
            SetParameterError: Always.
        """
        del value, overwrite, kwargs
        raise SetParameterError(f"parameter {name} is not written through Powertools: use SecureStrings.put")

    def clear_cache(self) -> None:
        """Forget everything."""
        super().clear_cache()  # type: ignore[no-untyped-call]  # Powertools types it by half
        self._listed.clear()
        self._secrets.invalidate()

    def _get(self, name: str, **sdk_options: object) -> str:
        del sdk_options
        return self._secrets.get(name).reveal()

    def _get_multiple(self, path: str, **sdk_options: object) -> dict[str, str]:
        values = self._below(path, recursive=bool(sdk_options.get("recursive")), max_age=0)
        return {name.removeprefix(path).lstrip("/"): value.reveal() for name, value in values.items()}

    def _value(self, name: str, max_age: float) -> SecretValue:
        try:
            known = self._secrets.known(name)
            if known is not None and self._secrets.known(name, max_age_seconds=max_age) is None:
                return self._secrets.refresh(name)
            return known or self._secrets.get(name)
        except SecureStringError as error:
            raise GetParameterError(str(error)) from error

    def _forget_old(self, options: Mapping[str, Mapping[str, Any]], max_age: int | None) -> None:
        for name, given in options.items():
            limit = _max_age(given.get("max_age", max_age))
            if self._secrets.known(name) and not self._secrets.known(name, max_age_seconds=limit):
                self._secrets.invalidate(name)

    def _below(self, path: str, *, recursive: bool, max_age: float) -> Mapping[str, SecretValue]:
        """Return values by name; of a list of names that is young enough, values come out of the one cache."""
        names, asked_at, asked_at_wall = self._listed.get((path, recursive), ([], -math.inf, -math.inf))
        now, now_wall = time.monotonic(), time.time()
        try:
            if now < asked_at + max_age and now_wall < asked_at_wall + max_age:
                values = self._secrets.get_many(names)
                if not values.errors:
                    return values
            values = self._secrets.get_by_path(path, recursive=recursive)
        except SecureStringError as error:
            raise GetParameterError(str(error)) from error
        found = {name: _good(values, name) for name in [*values, *values.errors]}
        self._listed[path, recursive] = (list(found), now, now_wall)
        return found


def _max_age(given: int | None) -> float:
    return resolve_max_age(env=os.getenv(PARAMETERS_MAX_AGE_ENV, DEFAULT_MAX_AGE_SECS), choice=given)


def _good(values: Mapping[str, SecretValue], name: str) -> SecretValue:
    try:
        return values[name]
    except SecureStringError as error:
        raise GetParameterError(str(error)) from error


def _transformed(name: str, value: SecretValue, transform: TransformOptions) -> Any:  # noqa: ANN401 - any JSON
    if transform is None:
        return value.reveal()
    try:
        return transform_value(value.reveal(), transform, raise_on_transform_error=True, key=name)
    except TransformParameterError:
        pass
    # Outside of the except block: the cause would be a JSONDecodeError, which holds the whole value.
    raise TransformParameterError(f"parameter {name} cannot be transformed by {transform!r}: look at what was stored")
