"""Policy documents of templates, in which whole parts may be unknown."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Final

from ssm_securestring.core.errors import PolicyError
from ssm_securestring.iam.model import Effect, Policy, Statement, Unknown
from ssm_securestring.iam.policy import parse_policy

# What every request has, so that a comparison with something unknown is unknown, not false.
_ALWAYS_THERE: Final = "aws:PrincipalArn"


def read_document(document: object, *, place: str, at: str) -> tuple[Policy | None, tuple[Unknown, ...]]:
    """Read a policy document.

    Args:
        document: Its JSON, resolved.
        place: What the policy is called: ``Shop/OrdersPolicy``.
        at: Where the document stands: ``Shop/OrdersPolicy, Properties.PolicyDocument``.

    Returns:
        The policy, without the statements that are not known. ``None``: it is not known at all. And what is not known.
    """
    if isinstance(document, Unknown):
        return None, (document,)
    written = _parsed(document)
    if not isinstance(written, Mapping):
        return None, (Unknown(place=at, reason="it is no policy document"),)
    listed = written.get("Statement", [])
    statements = listed if isinstance(listed, list) else [listed]
    unknown = tuple(_unknown_statements(statements))
    known = {number: each for number, each in enumerate(statements, start=1) if not _is_unknown(each)}
    try:
        policy = parse_policy(
            {**written, "Statement": [_with_conditions(each) for each in known.values()]}, place=place
        )
    except PolicyError as error:
        return None, (*unknown, Unknown(place=at, reason=str(error)))
    numbered = [
        replace(each, place=f"{place}, statement {number}")
        for number, each in zip(known, policy.statements, strict=True)
    ]
    return replace(policy, statements=tuple(numbered)), unknown


def unknown_policy(unknown: Unknown) -> Policy:
    """Return a policy that stands for one that is not known: it may allow everything or nothing."""
    statement = Statement(effect=Effect.ALLOW, actions=(unknown,), resources=(unknown,), place=unknown.place)
    return Policy(place=unknown.place, statements=(statement,))


def _parsed(document: object) -> object:
    if not isinstance(document, str):
        return document
    try:
        return json.loads(document)
    except (ValueError, RecursionError):
        return None


def _is_unknown(statement: object) -> bool:
    return isinstance(statement, Unknown) or (
        isinstance(statement, Mapping) and isinstance(statement.get("Effect"), Unknown)
    )


def _unknown_statements(statements: list[object]) -> Iterator[Unknown]:
    for each in statements:
        if isinstance(each, Unknown):
            yield each
        elif isinstance(each, Mapping) and isinstance(each.get("Effect"), Unknown):
            yield each["Effect"]


def _with_conditions(statement: object) -> object:
    """Return a statement in which a whole condition that is not known is one that compares with something unknown."""
    if not isinstance(statement, Mapping) or "Condition" not in statement:
        return statement
    conditions = statement["Condition"]
    if isinstance(conditions, Unknown):
        return {**statement, "Condition": {"StringLike": {_ALWAYS_THERE: conditions}}}
    if not isinstance(conditions, Mapping):
        return statement
    opened = {
        operator: {_ALWAYS_THERE: keys} if isinstance(keys, Unknown) else keys for operator, keys in conditions.items()
    }
    return {**statement, "Condition": opened}
