"""The filters of DescribeParameters and GetParametersByPath.

Source:
    SSM API reference, ParameterStringFilter and ParametersFilter.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Self

from ssm_securestring.local.protocol import JsonObject, Payload, ServiceError, validation_error

_DESCRIBE_KEYS: Final = frozenset({"Name", "Type", "KeyId", "Path", "Tier", "DataType"})
_PATH_KEYS: Final = frozenset({"Type", "KeyId", "Label"})
_OPTIONS: Final = {
    "Name": ("Equals", "BeginsWith", "Contains"),
    "Path": ("Recursive", "OneLevel"),
    "Label": ("Equals",),
}
_DEFAULT_OPTIONS: Final = ("Equals", "BeginsWith")
_MAX_VALUES: Final = 50
_TAG_PREFIX: Final = "tag:"

TagLookup = Callable[[str], dict[str, str]]
"""Returns the tags of a parameter's ARN."""


@dataclass(frozen=True, slots=True)
class _Filter:
    key: str
    option: str
    values: tuple[str, ...]

    def admits(self, version: JsonObject, tags: TagLookup) -> bool:
        """Return whether a parameter passes."""
        if self.key.startswith(_TAG_PREFIX):
            value = tags(version["ARN"]).get(self.key.removeprefix(_TAG_PREFIX))
            return value is not None and (not self.values or value in self.values)
        if self.key == "Path":
            return any(_is_in(version["Name"], path, self.option) for path in self.values)
        if self.key == "Label":
            return any(label in version["Labels"] for label in self.values)
        text = str(version[self.key])
        if self.key == "Name":
            return any(_text_matches(_full(text), _full(value), self.option) for value in self.values) or any(
                _text_matches(text, value, self.option) for value in self.values
            )
        return any(_text_matches(text, value, self.option) for value in self.values)


@dataclass(frozen=True, slots=True)
class Filters:
    """All filters of a request; a parameter must pass every one."""

    filters: tuple[_Filter, ...]
    tags: TagLookup

    @classmethod
    def of_describe(cls, payload: Payload, tags: TagLookup) -> Self:
        """Read the filters of DescribeParameters.

        Raises:
            ServiceError: One is malformed.
        """
        old, new = payload.objects("Filters"), payload.objects("ParameterFilters")
        if old and new:
            raise validation_error("You can use either Filters or ParameterFilters in a single request.")
        if old:
            return cls(tuple(_read_old(each) for each in old), tags)
        return cls(tuple(_read(each, _DESCRIBE_KEYS, tags=True) for each in new), tags)

    @classmethod
    def of_path(cls, payload: Payload) -> Self:
        """Read the filters of GetParametersByPath.

        Raises:
            ServiceError: One is malformed.
        """
        filters = tuple(_read(each, _PATH_KEYS, tags=False) for each in payload.objects("ParameterFilters"))
        return cls(filters, lambda _: {})

    def admit(self, version: JsonObject) -> bool:
        """Return whether a parameter passes all of them."""
        return all(each.admits(version, self.tags) for each in self.filters)


def _read(payload: Payload, keys: frozenset[str], *, tags: bool) -> _Filter:
    key = payload.required_text("Key")
    is_tag = tags and key.startswith(_TAG_PREFIX) and len(key) > len(_TAG_PREFIX)
    if key not in keys and not is_tag:
        raise ServiceError("InvalidFilterKey", f"The following filter key is not valid: {key}.")
    allowed = _OPTIONS.get(key, _DEFAULT_OPTIONS)
    option = payload.text("Option") or ("OneLevel" if key == "Path" else "Equals")
    if option not in allowed:
        raise ServiceError("InvalidFilterOption", f"The following filter option is not valid for {key}: {option}.")
    return _Filter(key, option, _values(payload, key, required=not is_tag))


def _read_old(payload: Payload) -> _Filter:
    key = payload.required_text("Key")
    if key not in ("Name", "Type", "KeyId"):
        raise ServiceError("InvalidFilterKey", f"The following filter key is not valid: {key}.")
    # SSM API reference, ParametersFilter: names are compared from their beginning.
    return _Filter(key, "BeginsWith" if key == "Name" else "Equals", _values(payload, key, required=True))


def _values(payload: Payload, key: str, *, required: bool) -> tuple[str, ...]:
    values: Sequence[str] = payload.texts("Values")
    if (required and not values) or len(values) > _MAX_VALUES:
        raise ServiceError("InvalidFilterValue", f"The filter {key} takes 1 to {_MAX_VALUES} values.")
    return tuple(values)


def _text_matches(text: str, value: str, option: str) -> bool:
    if option == "BeginsWith":
        return text.startswith(value)
    if option == "Contains":
        return value in text
    return text == value


def _is_in(name: str, path: str, option: str) -> bool:
    prefix = path if path.endswith("/") else f"{path}/"
    full = _full(name)
    return full.startswith(prefix) and (option == "Recursive" or "/" not in full[len(prefix) :])


def _full(name: str) -> str:
    return name if name.startswith("/") else f"/{name}"
