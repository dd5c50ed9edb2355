"""How Parameter Store uses KMS: the encryption context, the permissions, the conditions. Written once, here.

Source:
    KMS Developer Guide, "How AWS Systems Manager Parameter Store uses AWS KMS".
"""

from collections.abc import Sequence
from typing import Any, Final

from ssm_securestring.core.tiers import Tier

# The one pair of the encryption context that Parameter Store sends: this key, the parameter's ARN as value.
CONTEXT_KEY: Final = "PARAMETER_ARN"
# The AWS managed key of an account. Its policy lets every principal of the account decrypt through SSM.
AWS_MANAGED_KEY_ALIAS: Final = "alias/aws/ssm"

DECRYPT_ACTION: Final = "kms:Decrypt"
_ENCRYPT_ACTIONS: Final = {
    Tier.STANDARD: ("kms:Encrypt",),
    Tier.ADVANCED: ("kms:GenerateDataKey",),
    # Which of the two it will be depends on the value, and on settings of the account.
    Tier.INTELLIGENT_TIERING: ("kms:Encrypt", "kms:GenerateDataKey"),
}

Conditions = dict[str, dict[str, str | list[str]]]
"""The ``Condition`` block of a policy statement."""


def encryption_context(parameter_arn: str) -> dict[str, str]:
    """Return the encryption context of a parameter."""
    return {CONTEXT_KEY: parameter_arn}


def encrypt_actions(tier: Tier) -> tuple[str, ...]:
    """Return the KMS actions that writing a parameter of this tier needs."""
    return _ENCRYPT_ACTIONS[tier]


def via_parameter_store(region: str) -> str:
    """Return what ``kms:ViaService`` holds when Parameter Store makes the call.

    The suffix is ``amazonaws.com`` in every partition, China included.

    Source:
        KMS Developer Guide, "AWS KMS condition keys", kms:ViaService.
    """
    return f"ssm.{region}.amazonaws.com"


def exact_conditions(parameter_arns: Sequence[str], *, region: str) -> Conditions:
    """Return the conditions that bind a KMS permission to exactly these parameters, through Parameter Store only."""
    return context_conditions(parameter_arns, region=region)


def context_conditions(parameter_arns: Sequence[str], *, region: str | None, pattern: bool = False) -> Conditions:
    """Return the conditions that bind a KMS permission to these parameters.

    No ``kms:EncryptionContextKeys``: a signing suite of the Encryption SDK adds a second pair to the context.

    Args:
        parameter_arns: ARNs of parameters, or patterns of them.
        region: Region of the Parameter Store that makes the call. ``None``: whoever makes it.
        pattern: The ARNs may have wildcards.
    """
    arns = list(parameter_arns)
    context: dict[str, str | list[str]] = {f"kms:EncryptionContext:{CONTEXT_KEY}": arns[0] if len(arns) == 1 else arns}
    via: dict[str, str | list[str]] = {} if region is None else {"kms:ViaService": via_parameter_store(region)}
    if not pattern:
        return {"StringEquals": {**via, **context}}
    return {**({"StringEquals": via} if via else {}), "StringLike": context}


def aws_managed_key_policy(*, partition: str, account: str, region: str) -> dict[str, Any]:
    """Return the policy of ``alias/aws/ssm``, which admits every principal of the account through Parameter Store.

    Source:
        Known from accounts, not from a page; KMS Developer Guide, "AWS managed keys", says what it amounts to.
    """
    return {
        "Version": "2012-10-17",
        "Id": "auto-ssm-1",
        "Statement": [
            {
                "Sid": "Allow access through SSM for all principals in the account that are authorized to use SSM",
                "Effect": "Allow",
                "Principal": {"AWS": "*"},
                "Action": ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey"],
                "Resource": "*",
                "Condition": {
                    "StringEquals": {
                        "kms:CallerAccount": account,
                        "kms:ViaService": via_parameter_store(region),
                    }
                },
            },
            {
                "Sid": "Allow direct access to key metadata to the account",
                "Effect": "Allow",
                "Principal": {"AWS": f"arn:{partition}:iam::{account}:root"},
                "Action": ["kms:Describe*", "kms:Get*", "kms:List*", "kms:RevokeGrant"],
                "Resource": "*",
            },
        ],
    }


def default_key_policy(*, partition: str, account: str) -> dict[str, Any]:
    """Return the policy of a key that is made without one: it leaves everything to the account's IAM policies.

    Source:
        KMS Developer Guide, "Default key policy".
    """
    return {
        "Version": "2012-10-17",
        "Id": "key-default-1",
        "Statement": [
            {
                "Sid": "Enable IAM User Permissions",
                "Effect": "Allow",
                "Principal": {"AWS": f"arn:{partition}:iam::{account}:root"},
                "Action": "kms:*",
                "Resource": "*",
            }
        ],
    }
