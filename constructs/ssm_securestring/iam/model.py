"""What policies, requests and decisions are made of."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum


@dataclass(frozen=True, slots=True, kw_only=True)
class Unknown:
    """A text of a template whose value is not known before the deployment.

    Args:
        place: Where it stands, for people: ``Shop/OrdersPolicy, statement 2, Resource``.
        reason: Why its value is not known: ``Fn::Cidr is not supported``.
        pattern: Glob pattern (``*`` and ``?``) that the value matches whatever it turns out to be, so that what cannot
            match is still decided. Default: anything.
    """

    place: str
    reason: str
    pattern: str = "*"


Text = str | Unknown
"""A text of a policy: known, or the place of one that is not."""


class Effect(Enum):
    """What a statement does."""

    ALLOW = "Allow"
    DENY = "Deny"


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """One condition key of one operator, with the values of which one has to fit.

    Args:
        operator: As written, for example ``StringEquals`` or ``ForAnyValue:StringLikeIfExists``.
        key: As written, for example ``kms:ViaService``; its case does not matter.
        values: What the operator compares with.
    """

    operator: str
    key: str
    values: tuple[Text, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One statement of a policy.

    Args:
        effect: What it does.
        actions: ``Action`` or ``NotAction``; patterns.
        not_actions: It is ``NotAction``.
        resources: ``Resource`` or ``NotResource``; patterns.
        not_resources: It is ``NotResource``.
        principals: ``Principal`` or ``NotPrincipal`` by kind (``AWS``, ``Service``, ``Federated``, ``CanonicalUser``);
            ``"*"`` alone is ``{"*": ("*",)}``. ``None``: it has neither, as in an identity policy.
        not_principals: It is ``NotPrincipal``.
        conditions: All of them have to hold.
        place: Where it stands, for people: ``Shop/OrdersPolicy, statement 2``.
        sid: Its ``Sid``.
        variables: ``${...}`` is a policy variable in it, as in documents of the version of 2012; otherwise plain text.
    """

    effect: Effect
    actions: tuple[Text, ...]
    resources: tuple[Text, ...]
    not_actions: bool = False
    not_resources: bool = False
    principals: Mapping[str, tuple[Text, ...]] | None = field(default=None, hash=False)
    not_principals: bool = False
    conditions: tuple[Condition, ...] = ()
    place: str = ""
    sid: str | None = None
    variables: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """A policy document.

    Args:
        place: Where it stands, for people: ``Shop/OrdersPolicy``.
        statements: Its statements, in order.
    """

    place: str
    statements: tuple[Statement, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who makes a request.

    Args:
        arn: ARN of the role, user, account root or service (``lambda.amazonaws.com``); what ``aws:PrincipalArn`` holds.
        account: Account of the caller, 12 digits.
        session_arn: ARN of the session where a role is assumed (``arn:…:sts::…:assumed-role/name/session``).
            Default: none; policies are then compared with ``arn`` alone.
        context: Condition keys that depend on the caller alone, such as ``aws:PrincipalTag/team`` or ``aws:username``.
            The keys that follow from the other arguments are added by the evaluator and need not be here.
    """

    arn: str
    account: str
    session_arn: str | None = None
    context: Mapping[str, str | tuple[str, ...]] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One action on one resource.

    Args:
        caller: Who asks.
        action: For example ``kms:Decrypt``.
        resource: ARN, or ``*`` for actions without a resource.
        context: Condition keys, in any case, with one value or several; those that depend on the caller alone are
            added from it.
    """

    caller: Caller
    action: str
    resource: str
    context: Mapping[str, str | tuple[str, ...]] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """The policies on the side of the caller.

    Args:
        policies: Identity policies, those of its groups included.
        boundary: Permissions boundary. Default: none.
        session: Session policies. Default: none.
        service_control: Service control policies of each level of the organization, root first; each level has to
            allow. Default: no organization.
    """

    policies: tuple[Policy, ...] = ()
    boundary: Policy | None = None
    session: tuple[Policy, ...] | None = None
    service_control: tuple[tuple[Policy, ...], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyGrant:
    """A grant on a KMS key.

    Args:
        grantee: ARN of the principal that it is for.
        operations: Operations that it allows, as KMS names them: ``Decrypt``.
        context_equals: The whole encryption context that a request has to have. Default: any.
        context_subset: Pairs that the encryption context has to have. Default: none.
    """

    grantee: str
    operations: frozenset[str]
    context_equals: Mapping[str, str] | None = None
    context_subset: Mapping[str, str] | None = None


class Verdict(Enum):
    """What was decided."""

    ALLOWED = "allowed"
    DENIED = "denied"
    UNKNOWN = "unknown"
    """It depends on something that is not known before the deployment."""


class Reason(Enum):
    """Why it was decided so; the first that applies."""

    EXPLICIT_DENY = "a statement denies it"
    NOT_ALLOWED_BY_IDENTITY = "no identity policy allows it"
    NOT_ALLOWED_BY_RESOURCE = "the resource's own policy does not allow it"
    NOT_ALLOWED_BY_BOUNDARY = "the permissions boundary does not allow it"
    NOT_ALLOWED_BY_SESSION = "the session policy does not allow it"
    NOT_ALLOWED_BY_ORGANIZATION = "a service control policy does not allow it"
    ALLOWED_BY_IDENTITY = "an identity policy allows it"
    ALLOWED_BY_RESOURCE = "the resource's own policy allows it"
    ALLOWED_BY_BOTH = "an identity policy and the resource's own policy allow it"
    ALLOWED_BY_GRANT = "a grant on the key allows it"
    DEPENDS_ON_UNKNOWN = "it depends on what is not known before the deployment"


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """The outcome for one request.

    Args:
        verdict: What was decided.
        reason: Why.
        statements: Those that decided it: what allows it, or what denies it.
        unknown: What it depends on where that is not known.
    """

    verdict: Verdict
    reason: Reason
    statements: tuple[Statement, ...] = ()
    unknown: tuple[Unknown, ...] = ()

    @property
    def allowed(self) -> bool:
        """Whether it is allowed for certain."""
        return self.verdict is Verdict.ALLOWED
