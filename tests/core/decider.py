"""What policies allow, decided by the few lines of :func:`allows`, and what a grant means, by :meth:`Granted.means`.

They share nothing with the code under test.
"""

import fnmatch
from dataclasses import dataclass
from typing import Any

from ssm_securestring.core.access import Verb
from ssm_securestring.core.tiers import Tier

PREFIX = "arn:aws:ssm:eu-west-1:111122223333:parameter"
VIA = "ssm.eu-west-1.amazonaws.com"
KEYS = [f"arn:aws:kms:eu-west-1:111122223333:key/{digit * 8}-12ab-34cd-56ef-1234567890ab" for digit in "ab"]
NAMES = ["/a", "/a/b", "/a/b/c", "/a/bc", "/ab", "/b/a"]
ACTIONS = [
    "ssm:GetParameter",
    "ssm:GetParameters",
    "ssm:GetParameterHistory",
    "ssm:GetParametersByPath",
    "ssm:PutParameter",
    "ssm:DeleteParameter",
    "ssm:AddTagsToResource",
    "ssm:DescribeParameters",
]
KEY_ACTIONS = ["kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey", "kms:CreateGrant"]


def allows(statements: list[dict[str, Any]], action: str, resource: str, context: dict[str, str]) -> bool:
    """Decide a request by statements with Allow, StringEquals and StringLike, as IAM does."""

    def listed(value: Any) -> list[str]:  # noqa: ANN401 - JSON
        return value if isinstance(value, list) else [value]

    def holds(operator: str, key: str, wanted: Any) -> bool:  # noqa: ANN401 - JSON
        if key not in context:
            return False
        if operator == "StringEquals":
            return context[key] in listed(wanted)
        assert operator == "StringLike"
        return any(fnmatch.fnmatchcase(context[key], pattern) for pattern in listed(wanted))

    return any(
        action in listed(each["Action"])
        and any(fnmatch.fnmatchcase(resource, pattern) for pattern in listed(each["Resource"]))
        and all(
            holds(operator, key, wanted)
            for operator, block in each.get("Condition", {}).items()
            for key, wanted in block.items()
        )
        for each in statements
    )


def requests() -> list[tuple[str, str, dict[str, str]]]:
    """Return every request that the grants below could be about, and some that none of them is about."""
    on_parameters: list[tuple[str, str, dict[str, str]]] = [
        (action, f"{PREFIX}{name}", {}) for action in ACTIONS for name in NAMES
    ]
    on_keys = [
        (action, key, {"kms:EncryptionContext:PARAMETER_ARN": f"{PREFIX}{name}"} | via)
        for action in KEY_ACTIONS
        for key in KEYS
        for name in NAMES
        for via in ({"kms:ViaService": VIA}, {"kms:ViaService": "ssm.eu-west-2.amazonaws.com"}, {})
    ]
    return [*on_parameters, *on_keys, ("kms:Decrypt", KEYS[0], {"kms:ViaService": VIA}), ("kms:Decrypt", KEYS[0], {})]


ALLOWED = {
    Verb.READ: {"ssm:GetParameter", "ssm:GetParameters", "kms:Decrypt"},
    Verb.WRITE: {"ssm:PutParameter", "encrypt"},
    Verb.READ_WRITE: {"ssm:GetParameter", "ssm:GetParameters", "kms:Decrypt", "ssm:PutParameter", "encrypt"},
    Verb.READ_HISTORY: {"ssm:GetParameterHistory", "kms:Decrypt"},
    Verb.READ_METADATA: {"ssm:DescribeParameters"},
    Verb.DELETE: {"ssm:DeleteParameter"},
    Verb.MANAGE: {
        "ssm:GetParameter",
        "ssm:GetParameters",
        "ssm:GetParameterHistory",
        "ssm:PutParameter",
        "ssm:DeleteParameter",
        "ssm:AddTagsToResource",
        "kms:Decrypt",
        "encrypt",
    },
}
ENCRYPT = {
    Tier.STANDARD: {"kms:Encrypt"},
    Tier.ADVANCED: {"kms:GenerateDataKey"},
    Tier.INTELLIGENT_TIERING: {"kms:Encrypt", "kms:GenerateDataKey"},
}


@dataclass(frozen=True, kw_only=True)
class Granted:
    """One grant: what it is told, and what it is meant to allow."""

    verb: Verb
    name: str
    key: str
    tier: Tier
    below: bool
    direct: bool

    def means(self, action: str, resource: str, context: dict[str, str]) -> bool:
        """Tell whether it is meant to allow a request; spelled by hand, without a policy."""
        allowed = ALLOWED[self.verb]
        if action == "ssm:DescribeParameters":
            return action in allowed
        if action == "ssm:GetParametersByPath":
            asked = resource == f"{PREFIX}{self.name}" or self._names(resource)
            return self.below and "ssm:GetParameter" in allowed and asked
        if action.startswith("ssm:"):
            return action in allowed and self._names(resource)
        is_encryption = "encrypt" in allowed and action in ENCRYPT[self.tier]
        return (
            (action in allowed or is_encryption)
            and resource == self.key
            and self._names(context.get("kms:EncryptionContext:PARAMETER_ARN", ""))
            and (self.direct or context.get("kms:ViaService") == VIA)
        )

    def _names(self, arn: str) -> bool:
        return arn.startswith(f"{PREFIX}{self.name}/") if self.below else arn == f"{PREFIX}{self.name}"
