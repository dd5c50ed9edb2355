"""pydantic-settings: a source that fills fields from Parameter Store. Needs the extra ``settings``.

Source:
    https://docs.pydantic.dev/latest/concepts/pydantic_settings/#customise-settings-sources
"""

import types
from collections.abc import Iterator
from typing import Any, Final, NamedTuple, Union, get_args, get_origin

from pydantic import AliasChoices, BaseModel, SecretBytes, SecretStr
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource

from ssm_securestring.core.errors import ParameterNotFoundError, SettingError
from ssm_securestring.runtime.record import Record
from ssm_securestring.runtime.reference import parse
from ssm_securestring.runtime.secret import SecretValue
from ssm_securestring.runtime.secure_strings import SecureStrings
from ssm_securestring.runtime.shared import shared

_SECURE_STRING: Final = "SecureString"


class FromParameter(NamedTuple):
    """Says which parameter a field is filled from, where its name is not path and field: goes into ``Annotated``.

    Args:
        name: Name or ARN, with version or label if wanted.
    """

    name: str


class _Wanted(NamedTuple):
    """One field to fill: where it goes, and from which parameter."""

    keys: tuple[str, ...]
    name: str
    field: FieldInfo
    annotation: Any


class SecureStringsSource(PydanticBaseSettingsSource):
    """Fills fields from parameters: ten names a call, in parallel, and known ones without a call.

    With the path ``/shop``, the field ``password`` comes from ``/shop/password``, and the field ``password`` of a model
    in the field ``db`` from ``/shop/db/password``. A parameter that does not exist leaves the field to other sources
    and its default; any other failure is raised, so that no default stands in for a secret that could not be read.

    Args:
        settings_cls: The settings.
        path: Path of the parameters. Default: only fields with :class:`FromParameter` are filled.
        secrets: The helper to use. Default: the one that this process shares.

    Raises:
        SettingError: ``path`` is none.
        ParameterNameError: A parameter of such a name cannot exist.

    Example:
        >>> class Settings(BaseSettings):
        ...     password: SecretStr
        ...
        ...     @classmethod
        ...     def settings_customise_sources(cls, settings_cls, init_settings, env_settings, **_):
        ...         return init_settings, env_settings, SecureStringsSource(settings_cls, path="/shop")
    """

    def __init__(
        self, settings_cls: type[BaseSettings], *, path: str | None = None, secrets: SecureStrings | None = None
    ) -> None:
        """Find out which parameters are wanted; no call is made yet."""
        super().__init__(settings_cls)
        if path is not None and not path.startswith("/"):
            raise SettingError("path", problem=f"is {path!r}", fix=f"write {'/' + path!r}")
        self._secrets = secrets or shared()
        self._wanted = list(_wanted(settings_cls, () if path is None else (path.rstrip("/"),), ()))
        for each in self._wanted:
            parse(each.name)

    def __call__(self) -> dict[str, Any]:
        """Return what the settings are made of.

        Raises:
            ParameterReadError: A parameter that exists could not be read.
            SettingError: A secret would go into a field that shows it.
        """
        found: dict[str, Any] = {}
        errors = self._secrets.get_many([each.name for each in self._wanted]).errors
        for each in self._wanted:
            error = errors.get(each.name)
            if error is not None:
                if isinstance(error, ParameterNotFoundError):
                    continue
                raise error
            inner = found
            for key in each.keys[:-1]:
                inner = inner.setdefault(key, {})
            inner[each.keys[-1]] = self._fitting(each, self._secrets.record(each.name))
        return found

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """Return the value of one field of the settings themselves, its key, and that it needs no decoding."""
        key = _key(field_name, field)
        for each in self._wanted:
            if each.keys == (key,):
                return self._fitting(each, self._secrets.record(each.name)), key, False
        return None, key, False

    def __repr__(self) -> str:
        """Show names only."""
        return f"SecureStringsSource({[each.name for each in self._wanted]})"

    def _fitting(self, wanted: _Wanted, record: Record) -> Any:  # noqa: ANN401 - what the field is made of
        """Wrap a secret, so that a validation error does not show it; decode a setting."""
        value = record.value
        if wanted.annotation is SecretValue:
            return value
        if wanted.annotation is SecretStr:
            return SecretStr(value.reveal())
        if wanted.annotation is SecretBytes:
            return SecretBytes(value.reveal().encode())
        if record.type == _SECURE_STRING:
            fix = "write pydantic.SecretStr, pydantic.SecretBytes or ssm_securestring.SecretValue as its type"
            problem = f"would show the SecureString {wanted.name} in repr() and in validation errors"
            raise SettingError(".".join(wanted.keys), problem=problem, fix=fix)
        return self.prepare_field_value(wanted.keys[-1], wanted.field, value.reveal(), value_is_complex=False)


def _wanted(model: type[BaseModel], path: tuple[str, ...], keys: tuple[str, ...]) -> Iterator[_Wanted]:
    for field_name, field in model.model_fields.items():
        key, annotation = _key(field_name, field), _without_none(field.annotation)
        named = next((each for each in field.metadata if isinstance(each, FromParameter)), None)
        if isinstance(annotation, type) and issubclass(annotation, BaseModel) and named is None:
            yield from _wanted(annotation, (*path, key) if path else (), (*keys, key))
        elif named is not None or path:
            name = named.name if named is not None else "/".join((*path, key))
            yield _Wanted((*keys, key), name, field, annotation)


def _key(field_name: str, field: FieldInfo) -> str:
    alias = field.validation_alias
    choices = alias.choices if isinstance(alias, AliasChoices) else [alias]
    return next((each for each in choices if isinstance(each, str)), field_name)


def _without_none(annotation: Any) -> Any:  # noqa: ANN401 - any annotation
    if get_origin(annotation) in {Union, types.UnionType}:
        kinds = [each for each in get_args(annotation) if each is not type(None)]
        return kinds[0] if len(kinds) == 1 else annotation
    return annotation
