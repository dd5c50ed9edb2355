"""Reads policy documents."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from ssm_securestring.core.errors import PolicyError
from ssm_securestring.iam.model import Condition, Effect, Policy, Statement, Text, Unknown

# IAM User Guide, "IAM JSON policy elements: Version": in the older one, which is the default, "${" has no meaning.
_WITH_VARIABLES: Final = "2012-10-17"
_ELEMENTS: Final = frozenset(
    {"Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Principal", "NotPrincipal", "Condition"}
)


def parse_policy(document: object, *, place: str) -> Policy:
    """Read a policy document.

    Args:
        document: JSON, whose texts may be ones that are not known yet.
        place: Where it stands, for people.

    Raises:
        PolicyError: It is none.
    """
    if not isinstance(document, Mapping):
        raise PolicyError(place, problem="is not an object", fix='write {"Version": "2012-10-17", "Statement": [...]}')
    statements = document.get("Statement", [])
    variables = document.get("Version") == _WITH_VARIABLES
    parsed = (
        _statement(each, place=f"{place}, statement {number}", variables=variables)
        for number, each in enumerate(_as_list(statements), start=1)
    )
    return Policy(place=place, statements=tuple(parsed))


def _statement(statement: object, *, place: str, variables: bool) -> Statement:
    if not isinstance(statement, Mapping):
        raise PolicyError(place, problem="is not an object", fix="write one with Effect, Action and Resource")
    strange = sorted(set(map(str, statement)) - _ELEMENTS)
    if strange:
        known = ", ".join(sorted(_ELEMENTS))
        raise PolicyError(place, problem=f"has {', '.join(map(repr, strange))}", fix=f"write only {known}")
    actions, not_actions = _one_of(statement, "Action", place)
    resources, not_resources = _one_of(statement, "Resource", place)
    principals, not_principals = _principals(statement, place)
    sid = statement.get("Sid")
    return Statement(
        effect=_effect(statement.get("Effect"), place),
        actions=actions,
        not_actions=not_actions,
        resources=resources,
        not_resources=not_resources,
        principals=principals,
        not_principals=not_principals,
        conditions=tuple(_conditions(statement.get("Condition", {}), place)),
        place=f"{place} ({sid})" if isinstance(sid, str) and sid else place,
        sid=sid if isinstance(sid, str) else None,
        variables=variables,
    )


def _effect(text: object, place: str) -> Effect:
    try:
        return Effect(text)
    except ValueError as error:
        raise PolicyError(place, problem=f"has the Effect {text!r}", fix="write 'Allow' or 'Deny'") from error


def _one_of(statement: Mapping[str, Any], element: str, place: str) -> tuple[tuple[Text, ...], bool]:
    """Return the texts of an element or of its negation, and which of the two it is."""
    if element in statement and f"Not{element}" in statement:
        raise PolicyError(place, problem=f"has {element} and Not{element}", fix="write one of them")
    negated = f"Not{element}" in statement
    name = f"Not{element}" if negated else element
    return _texts(statement.get(name, []), f"{place}, {name}"), negated


def _principals(statement: Mapping[str, Any], place: str) -> tuple[Mapping[str, tuple[Text, ...]] | None, bool]:
    negated = "NotPrincipal" in statement
    name = "NotPrincipal" if negated else "Principal"
    found = statement.get(name)
    if found is None:
        return None, negated
    if isinstance(found, Unknown | str):
        if found == "*":
            return {"*": ("*",)}, negated
        return {"AWS": (found,)}, negated
    if not isinstance(found, Mapping):
        raise PolicyError(f"{place}, {name}", problem="is no object", fix='write {"AWS": "arn:..."} or "*"')
    return {str(kind): _texts(each, f"{place}, {name}") for kind, each in found.items()}, negated


def _conditions(block: object, place: str) -> Iterator[Condition]:
    if not isinstance(block, Mapping):
        raise PolicyError(f"{place}, Condition", problem="is no object", fix='write {"StringEquals": {...}}')
    for operator, keys in block.items():
        if not isinstance(keys, Mapping):
            raise PolicyError(f"{place}, {operator}", problem="is no object", fix='write {"aws:SomeKey": "value"}')
        for key, values in keys.items():
            texts = _texts(values, f"{place}, {operator} {key}")
            yield Condition(operator=str(operator), key=str(key), values=texts)


def _texts(value: object, place: str) -> tuple[Text, ...]:
    return tuple(_text(each, place) for each in _as_list(value))


def _text(value: object, place: str) -> Text:
    """Return a text; booleans and numbers as IAM reads them."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str | Unknown):
        return value
    if isinstance(value, int | float):
        return f"{value:g}" if isinstance(value, float) else str(value)
    raise PolicyError(place, problem="is neither a text nor a list of texts", fix="write one")


def _as_list(value: object) -> Sequence[object]:
    return value if isinstance(value, list | tuple) else [value]
