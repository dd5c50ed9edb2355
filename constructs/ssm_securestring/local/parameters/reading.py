"""Reading parameters: by name, by path, their history and their metadata."""

import base64
import binascii
from collections.abc import Iterable, Sequence
from typing import Any, Final, TypeVar

from ssm_securestring.core.limits import GET_PARAMETERS_BATCH
from ssm_securestring.local.parameters import rules
from ssm_securestring.local.parameters.filters import Filters
from ssm_securestring.local.parameters.sharing import name_in, owner_of
from ssm_securestring.local.parameters.store import ParameterStore
from ssm_securestring.local.parameters.values import ValueCipher
from ssm_securestring.local.parameters.writing import not_found, version_not_found
from ssm_securestring.local.protocol import Caller, JsonObject, Payload, ServiceError, validation_error

# SSM API reference: results on a page.
_PATH_PAGE: Final = 10
_METADATA_PAGE: Final = 50
_DEFAULT_METADATA_PAGE: Final = 10
_READ_FIELDS: Final = ("Name", "Type", "Version", "ARN", "LastModifiedDate", "DataType")
_METADATA_FIELDS: Final = (
    *("Name", "ARN", "Type", "KeyId", "LastModifiedDate", "LastModifiedUser", "Description", "AllowedPattern"),
    *("Version", "Tier", "Policies", "DataType"),
)
_HISTORY_FIELDS: Final = tuple(field for field in _METADATA_FIELDS if field != "ARN")
_ARN_COLONS: Final = 5
_ARN_REGION: Final = 3
_T = TypeVar("_T")


class ParameterReader:
    """Reads parameters.

    Args:
        store: Keeps them.
        cipher: Decrypts values.
    """

    def __init__(self, store: ParameterStore, cipher: ValueCipher) -> None:
        """Keep the collaborators."""
        self._store = store
        self._cipher = cipher

    def get(self, caller: Caller, payload: Payload) -> JsonObject:
        """Return one parameter.

        Raises:
            ServiceError: There is none, or KMS refuses to decrypt it.
        """
        version = self.select(payload.required_text("Name"), caller)
        return {"Parameter": self._shown(caller, version, decrypt=payload.flag("WithDecryption"))}

    def get_many(self, caller: Caller, payload: Payload) -> JsonObject:
        """Return up to ten parameters, in alphabetical order; names that lead nowhere are listed."""
        names = payload.texts("Names")
        if not 1 <= len(names) <= GET_PARAMETERS_BATCH:
            raise validation_error(
                "1 validation error detected: Value at 'names' failed to satisfy constraint: "
                f"Member must have length between 1 and {GET_PARAMETERS_BATCH}"
            )
        found, invalid = [], []
        for name in names:
            try:
                found.append(self.select(name, caller))
            except ServiceError:
                invalid.append(name)
        decrypt = payload.flag("WithDecryption")
        shown = [self._shown(caller, each, decrypt=decrypt) for each in sorted(found, key=lambda each: each["Name"])]
        return {"Parameters": shown, "InvalidParameters": invalid}

    def get_by_path(self, caller: Caller, payload: Payload) -> JsonObject:
        """Return a page of the parameters below a path."""
        path = payload.required_text("Path")
        rules.check_path(path)
        prefix = path if path.endswith("/") else f"{path}/"
        recursive, filters = payload.flag("Recursive"), Filters.of_path(payload)
        below = [
            each
            for each in self._store.all()
            if _is_below(each["Name"], prefix, recursive=recursive) and filters.admit(each)
        ]
        page, more = _page(below, payload, default=_PATH_PAGE, maximum=_PATH_PAGE)
        decrypt = payload.flag("WithDecryption")
        return {"Parameters": [self._shown(caller, each, decrypt=decrypt) for each in page], **more}

    def history(self, caller: Caller, payload: Payload) -> JsonObject:
        """Return a page of a parameter's versions, oldest first."""
        name = payload.required_text("Name")
        versions = self._versions(name, caller)
        page, more = _page(versions, payload, default=_METADATA_PAGE, maximum=_METADATA_PAGE)
        decrypt = payload.flag("WithDecryption")
        shown = [
            {
                **_fields(version, _HISTORY_FIELDS),
                "Labels": version["Labels"],
                "Value": self._value(caller, version, decrypt=decrypt),
            }
            for version in page
        ]
        return {"Parameters": shown, **more}

    def describe(self, payload: Payload) -> JsonObject:
        """Return a page of metadata; no value is in it."""
        filters = Filters.of_describe(payload, self._store.tags)
        if payload.flag("Shared"):
            return {"Parameters": []}
        admitted = [each for each in self._store.all() if filters.admit(each)]
        page, more = _page(admitted, payload, default=_DEFAULT_METADATA_PAGE, maximum=_METADATA_PAGE)
        return {"Parameters": [_fields(each, _METADATA_FIELDS) for each in page], **more}

    def select(self, text: str, caller: Caller) -> JsonObject:
        """Return the version that a name or ARN stands for, with or without a version number or label after it.

        Raises:
            ServiceError: There is none.
        """
        name, selector = split_selector(text)
        versions = self._versions(name, caller)
        if selector is None:
            return versions[-1]
        for version in versions:
            if selector == str(version["Version"]) or selector in version["Labels"]:
                return {**version, "Selector": f":{selector}"}
        raise version_not_found(selector, name)

    def value(self, caller: Caller, version: JsonObject, *, decrypt: bool) -> str:
        """Return the value of a version, or its ciphertext."""
        return self._value(caller, version, decrypt=decrypt)

    def _versions(self, text: str, caller: Caller) -> list[JsonObject]:
        """Return all versions of a parameter, oldest first; an ARN may be one of another account."""
        owner, name = caller.account, text
        if text.startswith("arn:"):
            owner = owner_of(text) or ""
            name = name_in(text) if owner and text.split(":")[_ARN_REGION] == caller.region else ""
        with self._store.in_account(owner, caller.region):
            current = self._store.find(name)
            if current is not None:
                return self._store.versions(current)
        public = self._store.public(name) if name else None
        if public is None:
            raise not_found(text)
        return [public]

    def _shown(self, caller: Caller, version: JsonObject, *, decrypt: bool) -> JsonObject:
        shown: JsonObject = {field: version[field] for field in _READ_FIELDS if field in version}
        if "Selector" in version:
            shown["Selector"] = version["Selector"]
        return shown | {"Value": self._value(caller, version, decrypt=decrypt)}

    def _value(self, caller: Caller, version: JsonObject, *, decrypt: bool) -> str:
        if decrypt and version["Type"] == rules.SECURE_STRING:
            return self._cipher.decrypt(caller, version)
        return str(version["Value"])


def split_selector(text: str) -> tuple[str, str | None]:
    """Take the version number or label from a name or ARN."""
    colons = _ARN_COLONS if text.startswith("arn:") else 0
    if text.count(":") <= colons:
        return text, None
    name, selector = text.rsplit(":", 1)
    return name, selector


def _is_below(name: str, prefix: str, *, recursive: bool) -> bool:
    full = name if name.startswith("/") else f"/{name}"
    return full.startswith(prefix) and (recursive or "/" not in full[len(prefix) :])


def _fields(version: JsonObject, names: Iterable[str]) -> JsonObject:
    """Return the fields that have something in them, and the list of policies in any case."""
    return {name: version[name] for name in names if version[name] != ""}


def _page(
    results: Sequence[_T], payload: Payload, *, default: int, maximum: int
) -> tuple[Sequence[_T], dict[str, Any]]:
    size = rules.page_size(payload, default=default, maximum=maximum)
    start = _start(payload.text("NextToken"))
    end = start + size
    more = {"NextToken": base64.b64encode(f"from:{end}".encode()).decode()} if end < len(results) else {}
    return results[start:end], more


def _start(token: str | None) -> int:
    if not token:
        return 0
    try:
        word, _, number = base64.b64decode(token, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError, ValueError) as error:
        raise ServiceError("InvalidNextToken", "The specified token isn't valid.") from error
    if word != "from" or not number.isdecimal():
        raise ServiceError("InvalidNextToken", "The specified token isn't valid.")
    return int(number)
