"""What a cloud assembly says about access: principals with their policies, keys, parameters, and what was granted."""

from dataclasses import dataclass

from ssm_securestring.core.access import Verb
from ssm_securestring.core.encryption import AWS_MANAGED_KEY_ALIAS
from ssm_securestring.core.tiers import Tier
from ssm_securestring.iam.model import Caller, Identity, KeyGrant, Policy, Text, Unknown


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """A role, user or group of the assembly, or one from elsewhere that the assembly attaches policies to.

    Args:
        name: How reports call it: its construct path, ``ShopService/OrdersRole``, else its ARN.
        kind: ``role``, ``user`` or ``group`` (a group stands for a user that is in this group alone).
        caller: How it makes requests.
        identity: All policies of the assembly that are attached to it, from whichever stack.
        stack: The stack that defines it, else the first that attaches a policy.
        in_assembly: It is defined here; otherwise it may have more policies than is known.
        is_provider: It is the role of the function behind SecureString parameters.
        unknown: What of its policies is not known (managed policies of AWS whose text is not known, for example).
    """

    name: str
    kind: str
    caller: Caller
    identity: Identity
    stack: str
    in_assembly: bool = True
    is_provider: bool = False
    unknown: tuple[Unknown, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """A KMS key.

    Args:
        name: How reports call it.
        arn: Its ARN, or a stand-in for it.
        policy: Its policy. ``None``: it is not of this assembly, and its policy is not known.
        aliases: ``alias/...`` names that the assembly gives it.
        grants: Grants of the assembly on it.
        stack: The stack that defines it. ``None``: none does.
        administrators: ARNs of who was named as its administrator.
        break_glass: ARN of the role that may decrypt without having been granted anything.
        patterns: Patterns of the ARNs of parameters that it was made for.
        unknown: What of its policy is not known.
    """

    name: str
    arn: str
    policy: Policy | None
    aliases: tuple[str, ...] = ()
    grants: tuple[KeyGrant, ...] = ()
    stack: str | None = None
    administrators: tuple[str, ...] = ()
    break_glass: str | None = None
    patterns: tuple[str, ...] = ()
    unknown: tuple[Unknown, ...] = ()

    @property
    def managed(self) -> bool:
        """Whether it is the AWS managed key, whose policy admits everybody of the account through Parameter Store."""
        return AWS_MANAGED_KEY_ALIAS in self.aliases


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """A SecureString parameter that a stack of the assembly keeps in place.

    Args:
        arn: Its ARN.
        name: Its name, with the leading slash that it was written with.
        tier: Its tier.
        key: ARN of its key, ``alias/aws/ssm``, or what is not known.
        stack: The stack that keeps it.
        stack_id: Id of that stack, or a stand-in.
        provider: ARN of the role of the function that keeps it.
        adopts: It may have been there before.
        replaceable: It may be deleted and created anew, by way of a copy of its value in a second parameter.
        copied_from: ARN of the parameter that its value is copied from. ``None``: it is not copied.
        sealing_key: ARN of the key that its value is sealed with. ``None``: it is not sealed.
        from_secret: Its value comes from a secret of Secrets Manager.
    """

    arn: str
    name: str
    tier: Tier
    key: Text
    stack: str
    stack_id: str = ""
    provider: str | None = None
    adopts: bool = False
    replaceable: bool = False
    copied_from: str | None = None
    sealing_key: Text | None = None
    from_secret: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """One grant, as the constructs recorded it in the template.

    Args:
        principal: ARN of the principal that it is for.
        verb: What was granted.
        parameter: ARN of the parameter; or a pattern, ``arn:…:parameter/shop/*``, where a path was granted; or ``*``.
        path: It is a pattern.
        tier: Tier that writing was granted for.
        key: ARN of the key.
        direct: The principal may call KMS by itself.
        stack: The stack that records it.
    """

    principal: str
    verb: Verb
    parameter: str
    path: bool = False
    tier: Tier | None = None
    key: str | None = None
    direct: bool = False
    stack: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """Everything that the proof is about.

    Args:
        principals: Who is known.
        keys: The keys that are known, those that parameters or grants name included.
        parameters: The parameters that the stacks keep.
        declared: What was granted.
        plain: ARNs of parameters of the assembly that are no SecureStrings; who may read or write those is not proved.
        unknown: What could not be read anywhere, with its place.
        partition: Partition of the assembly.
    """

    principals: tuple[Principal, ...]
    keys: tuple[Key, ...]
    parameters: tuple[Parameter, ...]
    declared: tuple[Declared, ...]
    plain: frozenset[str] = frozenset()
    unknown: tuple[Unknown, ...] = ()
    partition: str = "aws"

    @property
    def parameter_keys(self) -> list[Key]:
        """The keys that have to do with parameters, besides the AWS managed one: all others are other people's affair.

        Those that were made for parameters, that one is encrypted or sealed with, or that a grant names; where it is
        not known which key a parameter is under, all.
        """
        named = {text for each in self.parameters for text in (each.key, each.sealing_key)}
        named |= {each.key for each in self.declared}
        every = any(isinstance(each, Unknown) for each in named)
        return [each for each in self.keys if not each.managed and (every or each.patterns or each.arn in named)]
