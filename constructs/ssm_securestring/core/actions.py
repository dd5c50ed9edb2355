"""Names of the actions that policies about parameters and their keys are made of.

Source:
    Service Authorization Reference, "Actions, resources, and condition keys for AWS Key Management Service" and "...
    for AWS Systems Manager".
"""

from typing import Final

# All actions of KMS. There is no kms:ReEncrypt: the operation is authorised as ReEncryptFrom and ReEncryptTo.
KMS_ACTIONS: Final = frozenset(
    f"kms:{name}"
    for name in (
        "CancelKeyDeletion",
        "ConnectCustomKeyStore",
        "CreateAlias",
        "CreateCustomKeyStore",
        "CreateGrant",
        "CreateKey",
        "Decrypt",
        "DeleteAlias",
        "DeleteCustomKeyStore",
        "DeleteImportedKeyMaterial",
        "DeriveSharedSecret",
        "DescribeCustomKeyStores",
        "DescribeKey",
        "DisableKey",
        "DisableKeyRotation",
        "DisconnectCustomKeyStore",
        "EnableKey",
        "EnableKeyRotation",
        "Encrypt",
        "GenerateDataKey",
        "GenerateDataKeyPair",
        "GenerateDataKeyPairWithoutPlaintext",
        "GenerateDataKeyWithoutPlaintext",
        "GenerateMac",
        "GenerateRandom",
        "GetKeyLastUsage",
        "GetKeyPolicy",
        "GetKeyRotationStatus",
        "GetParametersForImport",
        "GetPublicKey",
        "ImportKeyMaterial",
        "ListAliases",
        "ListGrants",
        "ListKeyPolicies",
        "ListKeyRotations",
        "ListKeys",
        "ListResourceTags",
        "ListRetirableGrants",
        "PutKeyPolicy",
        "ReEncryptFrom",
        "ReEncryptTo",
        "ReplicateKey",
        "RetireGrant",
        "RevokeGrant",
        "RotateKeyOnDemand",
        "ScheduleKeyDeletion",
        "Sign",
        "SynchronizeMultiRegionKey",
        "TagResource",
        "UntagResource",
        "UpdateAlias",
        "UpdateCustomKeyStore",
        "UpdateKeyDescription",
        "UpdatePrimaryRegion",
        "Verify",
        "VerifyMac",
    )
)
# The actions of KMS whose resource is an alias; for all others it is a key, by its ARN.
ALIAS_ACTIONS: Final = frozenset({"kms:CreateAlias", "kms:DeleteAlias", "kms:UpdateAlias"})

# What reads the value of a parameter; each is authorised by itself.
READ_ACTIONS: Final = ("ssm:GetParameter", "ssm:GetParameters", "ssm:GetParametersByPath", "ssm:GetParameterHistory")
# Every action whose resource is a parameter, or a path of them.
PARAMETER_ACTIONS: Final = (
    *READ_ACTIONS,
    "ssm:AddTagsToResource",
    "ssm:DeleteParameter",
    "ssm:DeleteParameters",
    "ssm:DeleteResourcePolicy",
    "ssm:GetResourcePolicies",
    "ssm:LabelParameterVersion",
    "ssm:ListTagsForResource",
    "ssm:PutParameter",
    "ssm:PutResourcePolicy",
    "ssm:RemoveTagsFromResource",
    "ssm:UnlabelParameterVersion",
)
# It is about parameters and has no resource type, so its resource is always ``*``.
ACCOUNT_ACTIONS: Final = ("ssm:DescribeParameters",)

# What uses a symmetric key, with an encryption context, or gives its use away with one.
KEY_USE_ACTIONS: Final = (
    "kms:CreateGrant",
    "kms:Decrypt",
    "kms:Encrypt",
    "kms:GenerateDataKey",
    "kms:GenerateDataKeyPair",
    "kms:GenerateDataKeyPairWithoutPlaintext",
    "kms:GenerateDataKeyWithoutPlaintext",
    "kms:ReEncryptFrom",
    "kms:ReEncryptTo",
)
# KMS Developer Guide, "Key policies": who may do this can give the use of the key to anybody, themselves included.
KEY_OPENING_ACTIONS: Final = ("kms:PutKeyPolicy",)
