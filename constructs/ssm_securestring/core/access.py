"""What can be allowed on parameters, and the smallest policies that allow exactly that, within IAM's limits.

Source:
    Systems Manager User Guide, "Restricting access to parameters"; Service Authorization Reference, "AWS Systems
    Manager"; KMS Developer Guide, "How AWS Systems Manager Parameter Store uses AWS KMS".
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

from ssm_securestring.core.encryption import DECRYPT_ACTION, context_conditions, encrypt_actions
from ssm_securestring.core.tiers import Tier

Statement = dict[str, Any]
"""A statement of a policy, as JSON."""

# Each read operation is authorised by its own action.
_READ: Final = ("ssm:GetParameter", "ssm:GetParameters")
_WRITE: Final = ("ssm:PutParameter",)
_DELETE: Final = ("ssm:DeleteParameter", "ssm:DeleteParameters")
_HISTORY: Final = ("ssm:GetParameterHistory",)
_LABELS_AND_TAGS: Final = (
    "ssm:AddTagsToResource",
    "ssm:LabelParameterVersion",
    "ssm:ListTagsForResource",
    "ssm:RemoveTagsFromResource",
    "ssm:UnlabelParameterVersion",
)
BY_PATH_ACTION: Final = "ssm:GetParametersByPath"
# What RAM's managed permissions give another account on a parameter, the default one first.
# SSM User Guide, "Working with shared parameters in Parameter Store".
SHARE_PERMISSIONS: Final = {
    "AWSRAMDefaultPermissionSSMParameterReadOnly": ("ssm:DescribeParameters", *_READ),
    "AWSRAMPermissionSSMParameterReadOnlyWithHistory": ("ssm:DescribeParameters", *_READ, *_HISTORY),
}
DEFAULT_SHARE_PERMISSION: Final = next(iter(SHARE_PERMISSIONS))

# Keys of the ``Metadata`` of resources in a template: what was granted, in which words; to whom; whom a key was made to
# admit without a grant; and that a role is that of the function which keeps parameters in place.
ACCESS_METADATA: Final = "ssm-securestring:access"
PRINCIPAL_METADATA: Final = "ssm-securestring:principal"
KEY_METADATA: Final = "ssm-securestring:key"
PROVIDER_METADATA: Final = "ssm-securestring:provider"


class Verb(Enum):
    """What a grant can allow on a parameter or a path; each names its actions, and whether it needs the key."""

    READ = (_READ, True, False)
    WRITE = (_WRITE, False, True)
    READ_WRITE = (_READ + _WRITE, True, True)
    READ_HISTORY = (_HISTORY, True, False)
    READ_METADATA = ((), False, False)
    DELETE = (_DELETE, False, False)
    MANAGE = (_READ + _WRITE + _HISTORY + _DELETE + _LABELS_AND_TAGS, True, True)

    def __init__(self, parameter_actions: tuple[str, ...], decrypts: bool, encrypts: bool) -> None:  # noqa: FBT001 - Enum passes its values by position
        """Keep what the verb allows."""
        self.parameter_actions = parameter_actions
        self.decrypts = decrypts
        self.encrypts = encrypts

    @property
    def reads_values(self) -> bool:
        """Whether it reads current values; on a path, ``GetParametersByPath`` then goes along."""
        return "ssm:GetParameter" in self.parameter_actions

    @property
    def account_actions(self) -> tuple[str, ...]:
        """Actions that AWS cannot bind to one parameter, so that their resource has to be ``*``.

        Source:
            Service Authorization Reference, "AWS Systems Manager", DescribeParameters: no resource type.
        """
        return ("ssm:DescribeParameters",) if self is Verb.READ_METADATA else ()

    def key_actions(self, tier: Tier | None) -> tuple[str, ...]:
        """Return the actions of KMS that Parameter Store performs in the principal's name.

        Args:
            tier: Tier of the parameter; only what encrypts needs it.
        """
        encrypt = encrypt_actions(tier) if self.encrypts and tier is not None else ()
        return ((DECRYPT_ACTION,) if self.decrypts else ()) + encrypt


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class KeyUse:
    """How a key may be used: which, through Parameter Store of which Region, and how the context is compared.

    Args:
        key_arn: The key.
        region: Region of the parameters.
        pattern: The context is compared with a pattern (``StringLike``) instead of a full ARN (``StringEquals``).
        direct: The principal calls KMS itself, so that ``kms:ViaService`` is left out.
    """

    key_arn: str
    region: str
    pattern: bool = False
    direct: bool = False

    def conditions(self, parameter_arns: Sequence[str]) -> Mapping[str, Any]:
        """Return the condition that binds the use to these parameters."""
        region = None if self.direct else self.region
        return context_conditions(parameter_arns, region=region, pattern=self.pattern)


@dataclass(frozen=True, slots=True, kw_only=True)
class Granted:
    """One grant as it was asked for, to be held against what the policies come to.

    Args:
        verb: What was granted.
        parameter_arn: ARN of the parameter, or the pattern of those below a path.
        path: Whether it is such a pattern.
        tier: Tier of the parameter. ``None``: not known.
        key_arn: The key that encrypts it. ``None``: the AWS managed key.
        direct: Whether use of the key is bound to Parameter Store or not.
    """

    verb: Verb
    parameter_arn: str
    path: bool = False
    tier: Tier | None
    key_arn: str | None
    direct: bool = False

    def to_metadata(self) -> dict[str, Any]:
        """Return the form that it has in a template, without what is ``None``: a template has no null."""
        form = {
            "verb": self.verb.name,
            "parameter": self.parameter_arn,
            "path": self.path,
            "tier": None if self.tier is None else self.tier.value,
            "key": self.key_arn,
            "direct": self.direct,
        }
        return {name: value for name, value in form.items() if value is not None}


@dataclass(frozen=True, slots=True)
class _Group:
    """Everything that takes the same actions, and thus one statement."""

    use: KeyUse | None
    actions: tuple[str, ...]
    arns: tuple[str, ...]

    def statement(self, arns: Sequence[str]) -> Statement:
        statement: Statement = {"Effect": "Allow", "Action": _one_or_list(self.actions)}
        if self.use is None:
            return {**statement, "Resource": _one_or_list(arns)}
        return {**statement, "Resource": self.use.key_arn, "Condition": self.use.conditions(arns)}

    def order(self, rank: Callable[[str], str]) -> tuple[Any, ...]:
        """Return what it is sorted by; what is about Parameter Store comes first."""
        use = self.use
        return (use is not None, use and (rank(use.key_arn), use.region, use.pattern, use.direct), self.actions)

    def frame_chars(self, measure: Callable[[str], int]) -> int:
        """Return the size of its statement without ARNs of parameters, and of the comma behind it."""
        return size_chars(self.statement(("", "")), measure) - len('"",""') + len(",")


class Access:
    """All that one principal is allowed; renders the same policies in whichever order it was told.

    Attributes:
        on_parameters: Actions of Parameter Store by ARN, pattern of ARNs, or ``*``.
        on_keys: Actions of KMS by use of a key, and ARN or pattern of the parameters that it is for.
        granted: The grants behind them.
    """

    def __init__(self) -> None:
        """Start with nothing allowed."""
        self.on_parameters: dict[str, set[str]] = {}
        self.on_keys: dict[tuple[KeyUse, str], set[str]] = {}
        self.granted: set[Granted] = set()

    def allow(self, actions: Iterable[str], *, resource: str) -> None:
        """Allow actions of Parameter Store on an ARN, a pattern of ARNs, or ``*``."""
        self.on_parameters.setdefault(resource, set()).update(actions)

    def allow_key(self, actions: Iterable[str], *, use: KeyUse, parameter_arn: str) -> None:
        """Allow actions of KMS for a parameter, or for those that a pattern matches."""
        self.on_keys.setdefault((use, parameter_arn), set()).update(actions)

    def update(self, other: "Access") -> None:
        """Allow everything that ``other`` allows, too."""
        for resource, actions in other.on_parameters.items():
            self.allow(actions, resource=resource)
        for (use, arn), actions in other.on_keys.items():
            self.allow_key(actions, use=use, parameter_arn=arn)
        self.granted |= other.granted

    def metadata(self, rank: Callable[[str], str] = str) -> list[dict[str, Any]]:
        """Return each grant once, in an order that does not depend on that of the calls.

        Args:
            rank: What ARNs of keys are sorted by. Default: their text.
        """
        order = ("parameter", "verb", "tier", "direct")
        records = [each.to_metadata() for each in self.granted]
        return sorted(records, key=lambda each: [*(str(each.get(name)) for name in order), rank(each.get("key", ""))])

    def parameter_arns(self) -> list[str]:
        """Return what it allows something on, sorted."""
        return sorted(self.on_parameters)

    def statements(self) -> list[Statement]:
        """Return one statement for each set of actions, those of Parameter Store first."""
        return [group.statement(group.arns) for group in self._groups()]

    def pages(
        self,
        *,
        first_chars: int,
        further_chars: int,
        measure: Callable[[str], int] = len,
        rank: Callable[[str], str] = str,
    ) -> list[list[Statement]]:
        """Return the statements cut into policies that hold so many characters.

        Each policy is filled before the next one begins. So what more ARNs push out of one goes to a later one, and
        never back.

        Args:
            first_chars: Room of the first policy. It takes one ARN even if that is more, since a policy is never empty.
            further_chars: Room of each further one.
            measure: Characters that a text has in the end; not those of its tokens.
            rank: What ARNs of keys are sorted by. Default: their text.
        """
        pages = [_Page(first_chars)]
        for group in self._groups(rank):
            frame = group.frame_chars(measure)
            held: list[str] = []
            for arn in group.arns:
                # Two quotation marks and a comma.
                needed = measure(arn) + 3
                if not pages[-1].takes(needed if held else needed + frame):
                    _close(pages[-1], group, held)
                    held = []
                    pages.append(_Page(further_chars))
                    pages[-1].takes(needed + frame)
                held.append(arn)
            _close(pages[-1], group, held)
        return [page.statements for page in pages if page.statements]

    def _groups(self, rank: Callable[[str], str] = str) -> list[_Group]:
        grouped: dict[tuple[KeyUse | None, tuple[str, ...]], list[str]] = {}
        for arn, actions in self.on_parameters.items():
            if actions:
                grouped.setdefault((None, tuple(sorted(actions))), []).append(arn)
        for (use, arn), actions in self.on_keys.items():
            if actions:
                grouped.setdefault((use, tuple(sorted(actions))), []).append(arn)
        groups = [_Group(use, actions, tuple(sorted(arns))) for (use, actions), arns in grouped.items()]
        return sorted(groups, key=lambda each: each.order(rank))


def policy_document(statements: Sequence[Statement]) -> dict[str, Any]:
    """Return a policy with these statements."""
    return {"Version": "2012-10-17", "Statement": list(statements)}


def size_chars(value: object, measure: Callable[[str], int] = len) -> int:
    """Return the characters of JSON that IAM counts, which leaves out white space between its parts."""
    return measure(json.dumps(value, separators=(",", ":"), ensure_ascii=False))


class _Page:
    """One policy, filled until it is full."""

    def __init__(self, chars: int) -> None:
        self._room = chars - size_chars(policy_document([]))
        self._is_empty = True
        self.statements: list[Statement] = []

    def takes(self, chars: int) -> bool:
        if chars > self._room and not self._is_empty:
            return False
        self._room -= chars
        self._is_empty = False
        return True


def _close(page: _Page, group: _Group, arns: list[str]) -> None:
    if arns:
        page.statements.append(group.statement(arns))


def _one_or_list(texts: Sequence[str]) -> str | list[str]:
    return texts[0] if len(texts) == 1 else list(texts)
