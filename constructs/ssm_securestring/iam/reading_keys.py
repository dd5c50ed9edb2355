"""The KMS keys that an assembly makes, and those that its parameters and grants name."""

from typing import Final

from ssm_securestring.core.encryption import AWS_MANAGED_KEY_ALIAS, aws_managed_key_policy, default_key_policy
from ssm_securestring.iam.assembly import Stack
from ssm_securestring.iam.documents import read_document
from ssm_securestring.iam.model import Policy, Text, Unknown
from ssm_securestring.iam.policy import parse_policy
from ssm_securestring.iam.resources import ALIAS, KEY, REPLICA_KEY, Resource, Resources
from ssm_securestring.iam.standins import partition_of, stable_uuid
from ssm_securestring.iam.world import Key

_ALIAS_PREFIX: Final = "alias/"


class Keys:
    """The keys, found by ARN, id and alias.

    Args:
        resources: The resources of the assembly; what is not known of aliases is added to what is unknown there.
    """

    def __init__(self, resources: Resources) -> None:
        self._keys: dict[str, Key] = {}
        self._aliases: dict[str, list[str]] = {}
        self._alias_arns: dict[str, str] = {}
        for each in resources.of(KEY, REPLICA_KEY):
            self._add(each)
        for each in resources.of(ALIAS):
            self._name(each, resources)

    def all(self) -> tuple[Key, ...]:
        """Return the keys that are known by now."""
        return tuple(
            Key(
                name=each.name,
                arn=each.arn,
                policy=each.policy,
                aliases=(*each.aliases, *self._aliases.get(each.arn, ())),
                stack=each.stack,
                unknown=each.unknown,
            )
            for each in self._keys.values()
        )

    def named(self, key_id: Text, stack: Stack) -> Text:
        """Make a key known that something names, and return its ARN; ``alias/aws/ssm`` stays what it is."""
        if isinstance(key_id, Unknown):
            return key_id
        arn = key_id
        if key_id in (AWS_MANAGED_KEY_ALIAS, _arn(stack, AWS_MANAGED_KEY_ALIAS)):
            self._add_aws_managed(stack)
            return AWS_MANAGED_KEY_ALIAS
        if key_id.startswith(_ALIAS_PREFIX) or f":{_ALIAS_PREFIX}" in key_id:
            arn = self._alias_arns.get(key_id if key_id.startswith("arn:") else _arn(stack, key_id), "")
            if not arn:
                return Unknown(place=stack.title, reason=f"which key {key_id} names is not known")
        elif not key_id.startswith("arn:"):
            arn = _arn(stack, f"key/{key_id}")
        self._keys.setdefault(arn, Key(name=arn, arn=arn, policy=None))
        return arn

    def _add(self, resource: Resource) -> None:
        policy, unknown = _policy(resource)
        # Only the primary of a replica can be unknown; the replica then has no ARN to be found by.
        arn = resource.arn if isinstance(resource.arn, str) else resource.place
        self._keys[arn] = Key(name=resource.name, arn=arn, policy=policy, stack=resource.stack.title, unknown=unknown)

    def _name(self, resource: Resource, resources: Resources) -> None:
        name, target = resource.properties.get("AliasName"), resource.properties.get("TargetKeyId")
        if not isinstance(name, str) or not isinstance(target, str):
            resources.unknown += [each for each in (name, target) if isinstance(each, Unknown)]
            return
        arn = target if target.startswith("arn:") else _arn(resource.stack, f"key/{target}")
        self._alias_arns[_arn(resource.stack, name)] = arn
        self._aliases.setdefault(arn, []).append(name)

    def _add_aws_managed(self, stack: Stack) -> None:
        arn = _arn(stack, f"key/{stable_uuid(AWS_MANAGED_KEY_ALIAS, stack.account, stack.region)}")
        if arn in self._keys:
            return
        document = aws_managed_key_policy(
            partition=partition_of(stack.region).name, account=stack.account, region=stack.region
        )
        self._keys[arn] = Key(
            name=AWS_MANAGED_KEY_ALIAS,
            arn=arn,
            policy=parse_policy(document, place=AWS_MANAGED_KEY_ALIAS),
            aliases=(AWS_MANAGED_KEY_ALIAS,),
        )


def _policy(resource: Resource) -> tuple[Policy | None, tuple[Unknown, ...]]:
    place = f"{resource.place}, key policy"
    if "KeyPolicy" not in resource.properties:
        document = default_key_policy(partition=resource.partition, account=resource.stack.account)
        return parse_policy(document, place=place), ()
    return read_document(resource.properties["KeyPolicy"], place=place, at=f"{resource.place}, Properties.KeyPolicy")


def _arn(stack: Stack, resource: str) -> str:
    return f"arn:{partition_of(stack.region).name}:kms:{stack.region}:{stack.account}:{resource}"
