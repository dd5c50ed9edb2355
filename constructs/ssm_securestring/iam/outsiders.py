"""Who is looked at beside the principals of the assembly: anybody else, whom key policies name, and strangers."""

import re
from collections.abc import Iterator
from typing import Final

from ssm_securestring.iam.model import Caller, Effect, Identity, Policy, Statement
from ssm_securestring.iam.world import Principal, World

UNNAMED: Final = "any other role of the account"
STRANGER: Final = "anybody of another account"
ADMINISTRATOR: Final = "an administrator of the account"
# Of an account that no assembly is for: none is all nines.
_FOREIGN_ACCOUNT: Final = "999999999999"
_ARN_COLONS: Final = 5
_WILDCARD: Final = re.compile(r"[*?]")
_ACCOUNT_KEYS: Final = frozenset({"aws:principalaccount", "kms:calleraccount"})
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
    known = {each.caller.arn for each in world.principals}
    for name, caller in sorted(dict(_named(world)).items()):
        if caller.session_arn is not None or caller.arn not in known:
            # Somebody of another account has whatever that account gives; of this one, only what is known.
            identity = Identity() if caller.account in accounts else _EVERYTHING
            yield Principal(name=name, kind="role", caller=caller, identity=identity, stack="", in_assembly=False)


def _named(world: World) -> Iterator[tuple[str, Caller]]:
    """Return whom key policies, grants and shares name, each with what reports call it."""
    for declared in world.declared:
        yield declared.principal, _caller(declared.principal)
    for key in world.parameter_keys:
        account = key.arn.split(":")[4]
        for grant in key.grants:
            yield grant.grantee, _caller(grant.grantee)
        for statement in key.policy.statements if key.policy is not None else ():
            if statement.effect is Effect.ALLOW and statement.principals is not None:
                yield from _named_in(statement, account, world.partition)


def _named_in(statement: Statement, account: str, partition: str) -> Iterator[tuple[str, Caller]]:
    """Return whom a statement of a key's policy names, by its principals and by conditions on who asks."""
    for kind, texts in (statement.principals or {}).items():
        for text in (each for each in texts if isinstance(each, str) and each != "*"):
            if kind != "AWS":
                yield text, Caller(arn=text, account=account)  # a service, or somebody whom another service vouches for
            else:
                yield from _somebody(text, account, partition)
    for condition in statement.conditions:
        values = [each for each in condition.values if isinstance(each, str)]
        if condition.key.lower() == "aws:principalarn":
            # A pattern is tried with one that it matches.
            for each in values:
                found = _somebody(_WILDCARD.sub("x", each), account, partition)
                yield from ((each if name == caller.arn else name, caller) for name, caller in found)
        if condition.key.lower() in _ACCOUNT_KEYS:
            for each in values:
                yield from _somebody(each, account, partition)


def _somebody(text: str, account: str, partition: str) -> Iterator[tuple[str, Caller]]:
    """Return whom a principal means that is none of the assembly: itself, or somebody of the account that it is."""
    if text.count(":") == _ARN_COLONS and not text.endswith(":root"):
        yield text, _caller(text)
        return
    named = text.split(":")[4] if text.endswith(":root") else text
    if named.isdigit() and named != account:
        yield f"somebody of {named}", _caller(f"arn:{partition}:iam::{named}:role/somebody")


def _caller(arn: str) -> Caller:
    """Return who has an ARN: a user or role, or a session of one."""
    parts = arn.split(":")
    if parts[2] != "sts":
        return Caller(arn=arn, account=parts[4])
    role = parts[5].split("/")[1]
    return Caller(arn=f"arn:{parts[1]}:iam::{parts[4]}:role/{role}", account=parts[4], session_arn=arn)


def _outsider(name: str, arn: str, identity: Identity) -> Principal:
    return Principal(name=name, kind="role", caller=_caller(arn), identity=identity, stack="", in_assembly=False)
