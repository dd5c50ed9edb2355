"""Key states: which operation each of them refuses, and with which words.

Source:
    KMS Developer Guide, "Key states of AWS KMS keys".
"""

from typing import Final

from ssm_securestring.local.protocol import ServiceError

ENABLED: Final = "Enabled"
DISABLED: Final = "Disabled"
PENDING_IMPORT: Final = "PendingImport"
PENDING_DELETION: Final = frozenset({"PendingDeletion", "PendingReplicaDeletion"})

# Operations that use the key or let others use it.
_USE: Final = frozenset(
    {
        *("Encrypt", "Decrypt", "ReEncrypt", "GenerateDataKey", "GenerateDataKeyWithoutPlaintext"),
        *("GenerateDataKeyPair", "GenerateDataKeyPairWithoutPlaintext", "CreateGrant", "ReplicateKey"),
        *("Sign", "Verify", "GenerateMac", "VerifyMac", "DeriveSharedSecret"),
    }
)
_SWITCH: Final = frozenset({"EnableKey", "DisableKey"})
_ROTATION: Final = frozenset({"EnableKeyRotation", "DisableKeyRotation", "RotateKeyOnDemand"})
_REFUSED_WHILE_PENDING_DELETION: Final = frozenset(
    {
        *_USE,
        *_SWITCH,
        *_ROTATION,
        *("CreateAlias", "UpdateAlias", "TagResource", "UntagResource", "UpdateKeyDescription"),
        *("ScheduleKeyDeletion", "ImportKeyMaterial", "GetParametersForImport"),
    }
)


def state_refusal(operation: str, *, state: str, arn: str) -> ServiceError | None:
    """Return why a key in this state refuses an operation; ``None`` if it does not."""
    if operation == "CancelKeyDeletion":
        if state in PENDING_DELETION:
            return None
        return ServiceError("KMSInvalidStateException", f"{arn} is not pending deletion.")
    if state in PENDING_DELETION and operation in _REFUSED_WHILE_PENDING_DELETION:
        # AWS documents DisabledException for some calls as well; this is the class seen in reports from accounts.
        return ServiceError("KMSInvalidStateException", f"{arn} is pending deletion.")
    if state == PENDING_IMPORT:
        return _import_refusal(operation, arn)
    if state == DISABLED and operation in _USE | _ROTATION:
        return ServiceError("DisabledException", f"{arn} is disabled.")
    return None


def _import_refusal(operation: str, arn: str) -> ServiceError | None:
    if operation in _ROTATION:
        return ServiceError(
            "UnsupportedOperationException", f"{arn} origin is EXTERNAL which is not valid for this operation."
        )
    if operation in _USE | _SWITCH:
        return ServiceError("KMSInvalidStateException", f"{arn} is pending import.")
    return None
