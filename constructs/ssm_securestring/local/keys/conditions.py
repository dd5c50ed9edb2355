"""The condition keys of KMS: what a request offers to policies.

Source:
    KMS Developer Guide, "AWS KMS condition keys".
"""

from typing import Any, Final

from ssm_securestring.core.encryption import via_parameter_store
from ssm_securestring.local.authorization import tag_context
from ssm_securestring.local.keys.directory import SYMMETRIC, Key
from ssm_securestring.local.protocol import Caller, Payload

# Request fields that are condition keys by themselves, with the key's name.
_FIELDS: Final = {
    "RotationPeriodInDays": "kms:RotationPeriodInDays",
    "PendingWindowInDays": "kms:ScheduleKeyDeletionPendingWindowInDays",
    "GranteePrincipal": "kms:GranteePrincipal",
    "RetiringPrincipal": "kms:RetiringPrincipal",
    "Operations": "kms:GrantOperations",
    "KeySpec": "kms:KeySpec",
    "KeyUsage": "kms:KeyUsage",
    "Origin": "kms:KeyOrigin",
    "BypassPolicyLockoutSafetyCheck": "kms:BypassPolicyLockoutSafetyCheck",
    "KeyPairSpec": "kms:DataKeyPairSpec",
}
_CONTEXT_FIELDS: Final = ("EncryptionContext", "SourceEncryptionContext", "DestinationEncryptionContext")


def call_conditions(caller: Caller, payload: Payload) -> dict[str, Any]:
    """Return the keys that every request offers, and those of its fields."""
    context: dict[str, Any] = {
        "kms:CallerAccount": caller.account,
        "aws:ViaAWSService": str(caller.invoked_by is not None).lower(),
    }
    if caller.invoked_by == "ssm.amazonaws.com":
        context["kms:ViaService"] = via_parameter_store(caller.region)
    for field, name in _FIELDS.items():
        value = payload.data.get(field)
        if value is not None:
            context[name] = value if isinstance(value, list) else str(value)
    alias = _alias_in(payload.data.get("KeyId"))
    if alias:
        context["kms:RequestAlias"] = alias
    return context


def key_conditions(key: Key, aliases: list[str]) -> dict[str, Any]:
    """Return the keys that describe a key."""
    return {
        "kms:KeySpec": key.spec,
        "kms:KeyUsage": key.usage,
        "kms:KeyOrigin": str(key.record["Origin"]),
        "kms:MultiRegion": str(bool(key.record.get("MultiRegion"))).lower(),
        **({"kms:ResourceAliases": aliases} if aliases else {}),
        **tag_context(key.tags),
    }


def context_conditions(encryption_context: dict[str, str]) -> dict[str, Any]:
    """Return the keys for an encryption context; a request without one offers none."""
    context: dict[str, Any] = {f"kms:EncryptionContext:{name}": value for name, value in encryption_context.items()}
    if encryption_context:
        context["kms:EncryptionContextKeys"] = list(encryption_context)
    return context | {"kms:EncryptionAlgorithm": SYMMETRIC}


def encryption_context(payload: Payload) -> dict[str, str]:
    """Return the encryption context of a request, whichever field holds it."""
    for field in _CONTEXT_FIELDS:
        pairs = payload.mapping(field)
        if pairs:
            return pairs
    return {}


def _alias_in(identifier: object) -> str | None:
    if not isinstance(identifier, str):
        return None
    if identifier.startswith("arn:"):
        identifier = identifier.split(":", 5)[-1]
    return identifier if identifier.startswith("alias/") else None
