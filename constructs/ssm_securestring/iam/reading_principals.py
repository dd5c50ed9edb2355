"""The principals of an assembly, with all policies that its stacks attach to them."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from ssm_securestring.core.access import PRINCIPAL_METADATA, PROVIDER_METADATA
from ssm_securestring.iam.assembly import mapping
from ssm_securestring.iam.documents import read_document, unknown_policy
from ssm_securestring.iam.managed_policies import managed_policy
from ssm_securestring.iam.model import Caller, Identity, Policy, Text, Unknown
from ssm_securestring.iam.resources import (
    GROUP,
    GROUP_POLICY,
    MANAGED_POLICY,
    MEMBERSHIP,
    POLICY,
    ROLE,
    ROLE_POLICY,
    USER,
    USER_POLICY,
    Resource,
    Resources,
)
from ssm_securestring.iam.world import Principal

_KINDS: Final = {ROLE: "role", USER: "user", GROUP: "group"}
_NAMES: Final = {ROLE: "RoleName", USER: "UserName", GROUP: "GroupName"}
# The properties that say whom a policy is attached to, by the kind of principal.
_LISTS: Final = {"role": "Roles", "user": "Users", "group": "Groups"}
_ONE: Final = {
    ROLE_POLICY: ("role", "RoleName"),
    USER_POLICY: ("user", "UserName"),
    GROUP_POLICY: ("group", "GroupName"),
}
# Stands for whatever name a session has.
_SESSION: Final = "session"


@dataclass(slots=True, kw_only=True, eq=False)
class _Draft:
    """A principal while its policies are collected."""

    name: str
    kind: str
    arn: str
    account: str
    stack: str
    session_arn: str | None = None
    in_assembly: bool = True
    is_provider: bool = False
    context: dict[str, str] = field(default_factory=dict)
    policies: list[Policy] = field(default_factory=list)
    boundary: Policy | None = None
    groups: list["_Draft"] = field(default_factory=list)
    unknown: list[Unknown] = field(default_factory=list)

    def attach(self, read: tuple[Policy | None, tuple[Unknown, ...]]) -> None:
        policy, unknown = read
        if policy is not None and policy not in self.policies:
            self.policies.append(policy)
        self.unknown += unknown

    def finished(self) -> Principal:
        groups = [policy for group in self.groups for policy in group.policies]
        unknown = [*self.unknown, *(each for group in self.groups for each in group.unknown)]
        return Principal(
            name=self.name,
            kind=self.kind,
            caller=Caller(arn=self.arn, account=self.account, session_arn=self.session_arn, context=self.context),
            identity=Identity(policies=(*self.policies, *groups), boundary=self.boundary),
            stack=self.stack,
            in_assembly=self.in_assembly,
            is_provider=self.is_provider,
            unknown=tuple(dict.fromkeys(unknown)),
        )


class Principals:
    """The principals, found by kind and name as IAM attaches policies.

    Args:
        resources: The resources of the assembly; what cannot be attached is added to what is unknown there.
    """

    def __init__(self, resources: Resources) -> None:
        self._unknown = resources.unknown
        self._by_name: dict[tuple[str, str, str], _Draft] = {}
        self._managed = {
            each.ref: read_document(
                each.properties.get("PolicyDocument"), place=each.place, at=f"{each.place}, Properties.PolicyDocument"
            )
            for each in resources.of(MANAGED_POLICY)
            if isinstance(each.ref, str)
        }
        own = [(each, self._add(each)) for each in resources.of(ROLE, USER, GROUP)]
        for each, draft in own:
            self._read_own(each, draft)
        self._attach(resources)
        for each, draft in own:
            for item, place in each.items("Groups"):
                self._join(draft, item, place, each)
        for each in resources.of(MEMBERSHIP):
            for user, place in each.items("Users"):
                member = self._named("user", user, place, each)
                if member:
                    self._join(member, each.properties.get("GroupName"), f"{each.place}, Properties.GroupName", each)

    def all(self) -> tuple[Principal, ...]:
        """Return the principals, those of the assembly first."""
        drafts = sorted(self._by_name.values(), key=lambda each: not each.in_assembly)
        return tuple(each.finished() for each in drafts)

    def mark_providers(self, arns: set[str]) -> None:
        """Mark the roles of functions that parameters name as the ones that keep them."""
        for each in self._by_name.values():
            each.is_provider = each.is_provider or each.arn in arns

    def attached_to(self, policy: Resource) -> Iterator[str]:
        """Return the ARNs of those that a policy is attached to."""
        for draft in self._targets(policy):
            yield draft.arn

    def granted_in(self, policy: Resource) -> list[str]:
        """Return the ARNs of whom the grants in a policy were for: the one recorded, else those it is attached to.

        A role from elsewhere is attached by its name alone. Where that is the name of the one recorded, it is that one,
        and the record tells its path.
        """
        recorded = policy.metadata.get(PRINCIPAL_METADATA)
        if not isinstance(recorded, str):
            return list(self.attached_to(policy))
        for draft in self._targets(policy):
            if not draft.in_assembly and _without_path(draft.arn) == _without_path(recorded):
                draft.arn = draft.name = recorded
        return [recorded]

    def _add(self, resource: Resource) -> _Draft:
        kind = _KINDS[resource.type]
        draft = _Draft(
            name=resource.name,
            kind=kind,
            # Names and paths of IAM that are not known are replaced by stand-ins, so both are texts.
            arn=str(resource.arn),
            account=resource.stack.account,
            stack=resource.stack.title,
            is_provider=resource.metadata.get(PROVIDER_METADATA) == "true",
        )
        name = str(resource.ref)
        if kind == "role":
            draft.session_arn = _session(resource, name)
        draft = self._by_name.setdefault((resource.stack.account, kind, name), draft)
        if draft.name != resource.name:
            reason = (
                f"{draft.name} is a {kind} of the same name in the same account: give stages that are deployed to "
                "accounts of their own an env, or read the folder of each stage alone"
            )
            draft.unknown.append(Unknown(place=resource.place, reason=reason))
        for written in (_NAMES[resource.type], "Path"):
            value = resource.properties.get(written)
            if isinstance(value, Unknown):
                draft.unknown.append(Unknown(place=value.place, reason=f"a stand-in is used: {value.reason}"))
        return draft

    def _read_own(self, resource: Resource, draft: _Draft) -> None:
        for written, place in resource.items("Policies"):
            if isinstance(written, Unknown):
                draft.unknown.append(written)
                continue
            policy = mapping(written)
            called = f"{resource.place}, policy {policy.get('PolicyName')}"
            draft.attach(read_document(policy.get("PolicyDocument"), place=called, at=f"{place}.PolicyDocument"))
        for arn, place in resource.items("ManagedPolicyArns"):
            draft.attach(self._managed_policy(arn, place))
        if "PermissionsBoundary" in resource.properties:
            place = f"{resource.place}, Properties.PermissionsBoundary"
            policy_read, unknown = self._managed_policy(resource.properties["PermissionsBoundary"], place)
            draft.boundary = policy_read or unknown_policy(unknown[0])
            draft.unknown += unknown
        for tag, place in resource.items("Tags"):
            self._tag(tag, place, draft)
        draft.context = {
            **{f"aws:PrincipalTag/{key}": value for key, value in resource.stack.tags.items()},
            **draft.context,
        }

    def _tag(self, tag: object, place: str, draft: _Draft) -> None:
        key, value = mapping(tag).get("Key"), mapping(tag).get("Value")
        if isinstance(key, str) and isinstance(value, str):
            draft.context[f"aws:PrincipalTag/{key}"] = value
        else:
            draft.unknown.append(Unknown(place=place, reason="this tag of the principal is not known"))

    def _managed_policy(self, arn: object, place: str) -> tuple[Policy | None, tuple[Unknown, ...]]:
        if isinstance(arn, Unknown):
            return None, (arn,)
        if not isinstance(arn, str):
            return None, (Unknown(place=place, reason="it is no ARN of a policy"),)
        document = managed_policy(arn)
        if document is not None:
            return read_document(document, place=arn, at=place)
        not_known = Unknown(place=place, reason=f"the text of {arn} is not known")
        return self._managed.get(arn, (None, (not_known,)))

    def _attach(self, resources: Resources) -> None:
        for each in resources.of(POLICY, MANAGED_POLICY, ROLE_POLICY, USER_POLICY, GROUP_POLICY):
            if each.type == MANAGED_POLICY and isinstance(each.ref, str):
                read = self._managed[each.ref]
            else:
                at = f"{each.place}, Properties.PolicyDocument"
                read = read_document(each.properties.get("PolicyDocument"), place=each.place, at=at)
            targets = list(self._targets(each))
            for draft in targets:
                draft.attach(read)
            if not targets and each.type != MANAGED_POLICY:
                self._unknown += read[1]

    def _targets(self, policy: Resource) -> Iterator[_Draft]:
        if policy.type in _ONE:
            kind, written = _ONE[policy.type]
            named = [(kind, policy.properties.get(written), f"{policy.place}, Properties.{written}")]
        else:
            named = [(kind, item, place) for kind, written in _LISTS.items() for item, place in policy.items(written)]
        for kind, name, place in named:
            draft = self._named(kind, name, place, policy)
            if draft:
                yield draft

    def _join(self, user: _Draft, name: object, place: str, resource: Resource) -> None:
        group = self._named("group", name, place, resource)
        if group and group not in user.groups:
            user.groups.append(group)
            if not group.in_assembly:
                reason = f"group {name} is not of this assembly, and its other policies are not known"
                user.unknown.append(Unknown(place=place, reason=reason))

    def _named(self, kind: str, name: object, place: str, resource: Resource) -> _Draft | None:
        """Return the principal of a name; one from elsewhere is made known by it."""
        if not isinstance(name, str):
            reason = name.reason if isinstance(name, Unknown) else "it is no name"
            problem = Unknown(place=place, reason=f"which {kind} this is, is not known: {reason}")
            if problem not in self._unknown:
                self._unknown.append(problem)
            return None
        account = resource.stack.account
        draft = self._by_name.get((account, kind, name))
        if draft is None:
            arn = f"arn:{resource.partition}:iam::{account}:{kind}/{name}"
            draft = _Draft(name=arn, kind=kind, arn=arn, account=account, stack=resource.stack.title, in_assembly=False)
            if kind == "role":
                draft.session_arn = _session(resource, name)
            self._by_name[account, kind, name] = draft
        return draft


def _without_path(arn: str) -> tuple[str, str, str]:
    """Return account, kind and name of a principal."""
    kind, _, name = arn.split(":", 5)[-1].partition("/")
    return arn.split(":")[4], kind, name.rpartition("/")[2]


def _session(resource: Resource, name: Text) -> str:
    return f"arn:{resource.partition}:sts::{resource.stack.account}:assumed-role/{name}/{_SESSION}"
