"""Finding keys: by id, ARN, alias name or alias ARN, with AWS's words when there is none."""

import base64
import json
import os
import re
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from threading import RLock
from typing import Final

from ssm_securestring.core.encryption import AWS_MANAGED_KEY_ALIAS, aws_managed_key_policy
from ssm_securestring.local.protocol import Caller, JsonObject, Payload, ServiceError, validation_error
from ssm_securestring.local.seam import Seam

SYMMETRIC: Final = "SYMMETRIC_DEFAULT"
_ARN_PARTS: Final = 6
_KEY_ID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|mrk-[0-9a-f]{32}")
_EXAMPLE_ID: Final = "1234abcd-12ab-34cd-56ef-1234567890ab"
_ALIAS_PREFIX: Final = "alias/"
# KMS Developer Guide, "AWS managed keys": the description that Parameter Store's key has.
_MANAGED_DESCRIPTION: Final = "Default key that protects my SSM parameters when no other key is defined"
# A key that is made with this tag gets its value as id. On AWS, which chooses ids itself, the tag is a tag.
KEY_ID_TAG: Final = "ssm-securestring:key-id"
# Fields that we add to ministack's record of a key.
_MANAGER: Final = "_ssm_securestring_manager"
_OLDER_MATERIAL: Final = "_ssm_securestring_older_material"
_ROTATIONS: Final = "_ssm_securestring_rotations"


@dataclass(frozen=True, slots=True)
class Key:
    """A key, over ministack's record of it."""

    record: JsonObject

    @property
    def arn(self) -> str:
        """Its ARN."""
        return str(self.record["Arn"])

    @property
    def account(self) -> str:
        """The account that owns it."""
        return self.arn.split(":")[4]

    @property
    def region(self) -> str:
        """The Region that it is in."""
        return self.arn.split(":")[3]

    @property
    def key_id(self) -> str:
        """Its id."""
        return str(self.record["KeyId"])

    @property
    def state(self) -> str:
        """Its state, for example ``Enabled``."""
        return str(self.record["KeyState"])

    @property
    def spec(self) -> str:
        """Its spec, for example ``SYMMETRIC_DEFAULT``."""
        return str(self.record["KeySpec"])

    @property
    def usage(self) -> str:
        """What it may be used for, for example ``ENCRYPT_DECRYPT``."""
        return str(self.record["KeyUsage"])

    @property
    def policy(self) -> str:
        """Its key policy."""
        policy = self.record.get("Policy") or ""
        return policy if isinstance(policy, str) else json.dumps(policy)

    @property
    def tags(self) -> dict[str, str]:
        """Its tags."""
        return {each["TagKey"]: each["TagValue"] for each in self.record.get("Tags") or []}

    @property
    def is_symmetric(self) -> bool:
        """Whether it is a symmetric encryption key, the only kind that Parameter Store can use."""
        return self.spec == SYMMETRIC

    @property
    def is_managed_by_aws(self) -> bool:
        """Whether it is a service's key, which nobody can change."""
        return self.record.get(_MANAGER) == "AWS"

    @property
    def generation(self) -> int:
        """Number of its current material: how often it was rotated."""
        return len(self.record.get(_OLDER_MATERIAL, ()))

    def material(self, generation: int) -> bytes | None:
        """Return the material of a generation; ``None`` if there is no such generation."""
        older: list[str] = self.record.get(_OLDER_MATERIAL, [])
        if generation < len(older):
            return base64.b64decode(older[generation])
        current: bytes | None = self.record.get("_symmetric_key")
        return current if generation == len(older) else None

    @property
    def rotations(self) -> list[float]:
        """When its material was rotated on demand, in seconds since 1970."""
        rotations: list[float] = self.record.get(_ROTATIONS, [])
        return rotations

    def rotate(self) -> None:
        """Make new material; older ciphertexts stay readable."""
        older = [*self.record.get(_OLDER_MATERIAL, []), base64.b64encode(self.record["_symmetric_key"]).decode()]
        self.record[_OLDER_MATERIAL] = older
        self.record[_ROTATIONS] = [*self.rotations, time.time()]
        self.record["_symmetric_key"] = os.urandom(32)


class KeyDirectory:
    """The keys of the account and Region that is being served, and those of other accounts by their full ARNs.

    Args:
        seam: ministack.
    """

    def __init__(self, seam: Seam) -> None:
        """Keep the way to ministack's records."""
        self._seam = seam
        self._lock = RLock()

    def find(self, identifier: str, caller: Caller) -> Key:
        """Return the key of an id, ARN, alias name or alias ARN.

        Raises:
            ServiceError: There is none.
        """
        if identifier.startswith("arn:"):
            return self._find_by_arn(identifier, caller)
        if identifier.startswith(_ALIAS_PREFIX):
            return self._find_by_alias(identifier, caller)
        if not _KEY_ID.fullmatch(identifier):
            raise _not_found(f"Invalid keyId '{identifier}'")
        return self._find_by_id(identifier, caller)

    def find_for_management(self, identifier: str, caller: Caller) -> Key:
        """Return the key of an id or ARN; operations that manage a key take no alias."""
        if _ALIAS_PREFIX in identifier:
            raise _not_found(f"Invalid keyId '{identifier}'")
        return self.find(identifier, caller)

    def by_id(self, key_id: str) -> Key | None:
        """Return the key of an id; ``None`` if there is none."""
        record = self._seam.keys.get(key_id)
        return Key(record) if record else None

    def by_id_anywhere(self, key_id: str, caller: Caller) -> Key | None:
        """Return the key that a ciphertext names; the caller's own account goes before others."""
        own = self.by_id(key_id)
        if own:
            return own
        for (_, region, other_id), record in self._seam.keys.all_items():
            if (region, other_id) == (caller.region, key_id):
                return Key(record)
        return None

    def alias_target(self, name: str, caller: Caller) -> Key | None:
        """Return the key that an alias stands for; ``None`` if there is no such alias."""
        key_id = self._seam.aliases.get(_arn(caller, name))
        return self.by_id(key_id) if key_id else None

    def aliases_of(self, key: Key) -> list[str]:
        """Return the names of the aliases that stand for a key."""
        aliases = self._seam.aliases.items_scoped(key.account, key.region)
        return [arn.split(":", 5)[5] for arn, key_id in aliases if key_id == key.key_id]

    def home_of(self, key: Key) -> AbstractContextManager[None]:
        """Serve what happens inside where a key is at home, so that ministack finds it."""
        return self._seam.in_account(key.account, key.region)

    def grants_on(self, key: Key) -> Iterator[JsonObject]:
        """Yield the grants on a key."""
        for grant in self._seam.grants.values_scoped(key.account, key.region):
            if grant["KeyId"] == key.arn:
                yield grant

    def check_free(self, key_id: str) -> None:
        """Refuse an id that a key has already.

        Raises:
            ServiceError: One has it.
        """
        if self.by_id(key_id):
            raise ServiceError("AlreadyExistsException", f"A key with the id {key_id} exists.")

    def give_id(self, key_id: str, *, made: JsonObject) -> JsonObject:
        """Let a key that was just made have this id; returns CreateKey's answer for it."""
        before = made["KeyMetadata"]["KeyId"]
        record = self._seam.keys.pop(before)
        record["KeyId"], record["Arn"] = key_id, record["Arn"].replace(before, key_id)
        self._seam.keys[key_id] = record
        return {"KeyMetadata": {**made["KeyMetadata"], "KeyId": key_id, "Arn": record["Arn"]}}

    def managed_key(self, caller: Caller) -> Key:
        """Return ``alias/aws/ssm``, which is made on first use."""
        with self._lock:
            return self.alias_target(AWS_MANAGED_KEY_ALIAS, caller) or self._make_managed_key(caller)

    def _make_managed_key(self, caller: Caller) -> Key:
        policy = json.dumps(aws_managed_key_policy(partition="aws", account=caller.account, region=caller.region))
        _, _, body = self._seam.create_key({"Description": _MANAGED_DESCRIPTION, "Policy": policy})
        key_id = Payload.parse(body).data["KeyMetadata"]["KeyId"]
        record = self._seam.keys.get(key_id)
        record[_MANAGER] = "AWS"
        record["KeyRotationEnabled"] = True
        alias_arn = _arn(caller, AWS_MANAGED_KEY_ALIAS)
        self._seam.aliases[alias_arn] = key_id
        self._seam.stamp_alias(alias_arn)
        return Key(record)

    def _find_by_arn(self, arn: str, caller: Caller) -> Key:
        parts = arn.split(":", 5)
        if len(parts) != _ARN_PARTS or parts[2] != "kms":
            raise _not_found(f"Invalid keyId '{arn}'")
        if parts[3] != caller.region:
            raise _not_found(f"Invalid arn {parts[3]}")
        if parts[4] == caller.account and parts[5].startswith(_ALIAS_PREFIX):
            return self._find_by_alias(parts[5], caller)
        record, what = None, "Key"
        if parts[5].startswith(_ALIAS_PREFIX):
            what = "Alias"
            key_id = self._seam.aliases.get_scoped(parts[4], parts[3], arn)
            record = self._seam.keys.get_scoped(parts[4], parts[3], key_id)
        elif parts[5].startswith("key/"):
            record = self._seam.keys.get_scoped(parts[4], parts[3], parts[5].removeprefix("key/"))
        if not record:
            raise _not_found(f"Alias {arn} is not found." if what == "Alias" else f"Key '{arn}' does not exist")
        return Key(record)

    def _find_by_alias(self, name: str, caller: Caller) -> Key:
        if name == AWS_MANAGED_KEY_ALIAS:
            return self.managed_key(caller)
        key = self.alias_target(name, caller)
        if key is None:
            raise _not_found(f"Alias {_arn(caller, name)} is not found.")
        return key

    def _find_by_id(self, key_id: str, caller: Caller) -> Key:
        key = self.by_id(key_id)
        if key is None:
            raise _not_found(f"Key '{_arn(caller, f'key/{key_id}')}' does not exist")
        return key


def chosen_key_id(payload: Payload) -> str | None:
    """Return the id that a request to make a key asks for; ``None`` to let KMS choose.

    Raises:
        ServiceError: It is no key id, or the key would be a multi-Region key.
    """
    for tag in payload.objects("Tags"):
        if tag.text("TagKey") == KEY_ID_TAG:
            key_id = tag.text("TagValue") or ""
            if not _KEY_ID.fullmatch(key_id) or key_id.startswith("mrk-") or payload.flag("MultiRegion"):
                raise validation_error(f"{KEY_ID_TAG} takes the id of a single-Region key, for example {_EXAMPLE_ID}.")
            return key_id
    return None


def alias_arn(name: str, caller: Caller) -> str:
    """Return the ARN of an alias."""
    return _arn(caller, name)


def _arn(caller: Caller, resource: str) -> str:
    return f"arn:aws:kms:{caller.region}:{caller.account}:{resource}"


def _not_found(message: str) -> ServiceError:
    return ServiceError("NotFoundException", message)
