"""Who is looked at beside the principals of the assembly: anybody else, whom key policies name, and strangers."""

from collections.abc import Iterator
from itertools import chain
from typing import Final

from ssm_securestring.iam.model import Caller, Effect, Identity, Policy, Statement
from ssm_securestring.iam.world import Principal, World

UNNAMED: Final = "any other role of the account"
STRANGER: Final = "anybody of another account"
ADMINISTRATOR: Final = "an administrator of the account"
# Of an account that no assembly is for: none is all nines.
_FOREIGN_ACCOUNT: Final = "999999999999"
# What somebody may have by policies that are not up to this assembly.
_EVERYTHING: Final = Identity(
    policies=(
        Policy(
            place="policies elsewhere",
            statements=(Statement(effect=Effect.ALLOW, actions=("*",), resources=("*",), place="policies elsewhere"),),
        ),
    )
)


def outsiders_of(world: World, *, open_world: bool) -> Iterator[Principal]:
    """Return who is looked at beside the principals of the assembly.

    Args:
        world: What is known.
        open_world: Whether an administrator of the account is among them.
    """
    arns = [*(each.arn for each in world.keys), *(each.arn for each in world.parameters)]
    accounts = sorted({each.split(":")[4] for each in arns})
    for account in accounts:
        role = f"arn:{world.partition}:iam::{account}:role/"
        yield _outsider(UNNAMED, f"{role}unnamed", Identity())
        if open_world:
            yield _outsider(ADMINISTRATOR, f"{role}administrator", _EVERYTHING)
    yield _outsider(STRANGER, f"arn:{world.partition}:iam::{_FOREIGN_ACCOUNT}:role/stranger", _EVERYTHING)
    for arn in sorted(set(_named(world)) - {each.caller.arn for each in world.principals}):
        # Somebody of another account has whatever policies that account gives; of this one, only those that are known.
        at_home = arn.split(":")[4] in accounts
        yield _outsider(arn, arn, Identity() if at_home else _EVERYTHING)


def _named(world: World) -> Iterator[str]:
    """Return the roles and users that key policies, grants and shares name."""
    yield from (each.principal for each in world.declared)
    for key in (each for each in world.keys if not each.managed):
        yield from (each.grantee for each in key.grants)
        for statement in key.policy.statements if key.policy is not None else ():
            if statement.effect is Effect.ALLOW and statement.principals is not None:
                yield from (each for each in _texts(statement) if ":role/" in each or ":user/" in each)
                yield from (_somebody_of(each) for each in _texts(statement) if _is_foreign_root(each, key.arn))


def _texts(statement: Statement) -> Iterator[str]:
    named = [each for each in chain(*(statement.principals or {}).values()) if isinstance(each, str)]
    compared = [
        value
        for condition in statement.conditions
        if condition.key.lower() == "aws:principalarn"
        for value in condition.values
        if isinstance(value, str) and not set("*?") & set(value)
    ]
    yield from (*named, *compared)


def _is_foreign_root(principal: str, key_arn: str) -> bool:
    return principal.endswith(":root") and principal.split(":")[4] != key_arn.split(":")[4]


def _somebody_of(root: str) -> str:
    return f"{root.removesuffix(':root')}:role/somebody"


def _outsider(name: str, arn: str, identity: Identity) -> Principal:
    caller = Caller(arn=arn, account=arn.split(":")[4])
    return Principal(name=name, kind="role", caller=caller, identity=identity, stack="", in_assembly=False)
