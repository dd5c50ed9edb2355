"""The resources of an assembly that have to do with access, with everything in them resolved."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from ssm_securestring.core.access import ACCESS_METADATA, KEY_METADATA, PRINCIPAL_METADATA, PROVIDER_METADATA
from ssm_securestring.core.spec import RESOURCE_TYPE
from ssm_securestring.iam.assembly import Assembly, Stack, mapping
from ssm_securestring.iam.intrinsics import Resolver
from ssm_securestring.iam.model import Text, Unknown
from ssm_securestring.iam.standins import partition_of

ROLE: Final = "AWS::IAM::Role"
USER: Final = "AWS::IAM::User"
GROUP: Final = "AWS::IAM::Group"
POLICY: Final = "AWS::IAM::Policy"
MANAGED_POLICY: Final = "AWS::IAM::ManagedPolicy"
ROLE_POLICY: Final = "AWS::IAM::RolePolicy"
USER_POLICY: Final = "AWS::IAM::UserPolicy"
GROUP_POLICY: Final = "AWS::IAM::GroupPolicy"
MEMBERSHIP: Final = "AWS::IAM::UserToGroupAddition"
KEY: Final = "AWS::KMS::Key"
REPLICA_KEY: Final = "AWS::KMS::ReplicaKey"
ALIAS: Final = "AWS::KMS::Alias"
SHARE: Final = "AWS::RAM::ResourceShare"
FUNCTION: Final = "AWS::Lambda::Function"
PARAMETER: Final = "AWS::SSM::Parameter"
_RECORDED: Final = (ACCESS_METADATA, KEY_METADATA, PRINCIPAL_METADATA, PROVIDER_METADATA)
# The properties that are read, where not all are.
_PROPERTIES: Final[Mapping[str, tuple[str, ...]]] = {
    ROLE: ("RoleName", "Path", "Policies", "ManagedPolicyArns", "PermissionsBoundary", "Tags"),
    USER: ("UserName", "Path", "Policies", "ManagedPolicyArns", "PermissionsBoundary", "Tags", "Groups"),
    SHARE: (),
    FUNCTION: ("Role",),
    PARAMETER: ("Name", "Type"),
}
_READ: Final = frozenset(
    {
        *(ROLE, USER, GROUP, POLICY, MANAGED_POLICY, ROLE_POLICY, USER_POLICY, GROUP_POLICY, MEMBERSHIP),
        *(KEY, REPLICA_KEY, ALIAS, SHARE, FUNCTION, PARAMETER, RESOURCE_TYPE),
    }
)
# They give access as well, in ways that are not read here.
_NOT_READ: Final = frozenset(
    {
        "AWS::IAM::ServiceLinkedRole",
        "AWS::Organizations::Policy",
        "AWS::SSM::ResourcePolicy",
        "AWS::SSO::PermissionSet",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Resource:
    """One resource.

    Args:
        stack: Its stack.
        logical_id: Its logical id.
        type: Its type.
        properties: Its properties, all leaves texts or unknown.
        metadata: What the constructs recorded about access, in the same form.
        ref: What ``Ref`` gives.
        arn: Its ARN, where that is another text.
    """

    stack: Stack
    logical_id: str
    type: str
    properties: Mapping[str, object]
    metadata: Mapping[str, object]
    ref: Text
    arn: Text

    @property
    def place(self) -> str:
        """Where it stands: stack and logical id."""
        return f"{self.stack.title}/{self.logical_id}"

    @property
    def name(self) -> str:
        """How reports call it: its construct path, else its place."""
        path = self.stack.paths.get(self.logical_id, self.place)
        while path.endswith("/Resource"):
            path = path.removesuffix("/Resource")
        return path

    @property
    def partition(self) -> str:
        """Partition of its stack."""
        return partition_of(self.stack.region).name

    def items(self, name: str) -> Iterator[tuple[object, str]]:
        """Return the items of a property that is a list, each with its place; one that is no list is one item."""
        value = self.properties.get(name, [])
        if not isinstance(value, list):
            yield value, f"{self.place}, Properties.{name}"
            return
        for index, each in enumerate(value):
            yield each, f"{self.place}, Properties.{name}[{index}]"


@dataclass(slots=True)
class Resources:
    """The resources of an assembly by type, and what could not be read."""

    by_type: dict[str, list[Resource]] = field(default_factory=dict)
    unknown: list[Unknown] = field(default_factory=list)

    def of(self, *types: str) -> Iterator[Resource]:
        """Return those of some types, in the order of the assembly."""
        for each in types:
            yield from self.by_type.get(each, [])


def read_resources(assembly: Assembly) -> Resources:
    """Resolve the resources that have to do with access; those that a condition leaves out are left out."""
    found = Resources(unknown=list(assembly.unknown))
    resolver = Resolver(assembly)
    for stack in assembly.stacks:
        for logical_id in stack.section("Resources"):
            resource_type = stack.resource(logical_id).get("Type")
            place = f"{stack.title}/{logical_id}"
            if resource_type in _NOT_READ:
                found.unknown.append(Unknown(place=place, reason=f"{resource_type} is not read"))
            if resource_type not in _READ:
                continue
            exists = resolver.exists(stack, logical_id)
            if isinstance(exists, Unknown):
                reason = f"whether it is made is not known: {exists.reason}"
                found.unknown.append(Unknown(place=place, reason=reason))
            if exists is not False:
                resource = _resolved(resolver, stack, logical_id, found.unknown)
                found.by_type.setdefault(resource.type, []).append(resource)
    return found


def _resolved(resolver: Resolver, stack: Stack, logical_id: str, unknown: list[Unknown]) -> Resource:
    written = stack.resource(logical_id)
    resource_type = str(written["Type"])
    place = f"{stack.title}/{logical_id}"
    properties = written.get("Properties", {})
    if isinstance(properties, dict) and resource_type in _PROPERTIES:
        wanted = _PROPERTIES[resource_type]
        properties = {name: each for name, each in properties.items() if name in wanted or name.startswith("Fn::")}
    resolved = resolver.plain(properties, stack, f"{place}, Properties")
    if isinstance(resolved, Unknown):
        unknown.append(resolved)
    recorded = mapping(written.get("Metadata"))
    metadata = {key: recorded[key] for key in _RECORDED if key in recorded}
    ref = resolver.plain({"Ref": logical_id}, stack, place)
    arn = ref if resource_type in {POLICY, ALIAS} else _arn(resolver, stack, logical_id, ref)
    return Resource(
        stack=stack,
        logical_id=logical_id,
        type=resource_type,
        properties=mapping(resolved),
        metadata=mapping(resolver.plain(metadata, stack, f"{place}, Metadata")),
        ref=_text(ref, place),
        arn=_text(arn, place),
    )


def _arn(resolver: Resolver, stack: Stack, logical_id: str, ref: object) -> object:
    if isinstance(ref, str) and ref.startswith("arn:"):
        return ref
    return resolver.plain({"Fn::GetAtt": [logical_id, "Arn"]}, stack, f"{stack.title}/{logical_id}")


def _text(value: object, place: str) -> Text:
    return value if isinstance(value, str | Unknown) else Unknown(place=place, reason="it is no text")
