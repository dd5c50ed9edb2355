"""Policy documents read into the model.

Source:
    IAM User Guide, "IAM JSON policy element reference".
"""

from collections.abc import Iterator, Mapping
from typing import Final

from ssm_securestring.core.errors import PolicyError
from ssm_securestring.iam.model import Condition, Effect, Policy, Statement, Text, Unknown

_WITH_VARIABLES: Final = "2012-10-17"
_VERSIONS: Final = (_WITH_VARIABLES, "2008-10-17")
_KINDS: Final = frozenset({"AWS", "Service", "Federated", "CanonicalUser"})
_ELEMENTS: Final = frozenset(
    {
        "Sid",
        "Effect",
        "Action",
        "NotAction",
        "Resource",
        "NotResource",
        "Principal",
        "NotPrincipal",
        "Condition",
    }
)


def parse_policy(document: Mapping[str, object], *, place: str) -> Policy:
    """Read a policy document.

    Args:
        document: Its JSON, in which texts that are not known yet are ``Unknown``.
        place: Where it stands, for people: ``Shop/OrdersPolicy``.

    Raises:
        PolicyError: It is malformed.
    """
    if not isinstance(document, Mapping):
        raise PolicyError(place, problem="is not a JSON object", fix="write a policy document")
    version = document.get("Version", "2008-10-17")
    if version not in _VERSIONS:
        raise PolicyError(place, problem=f"has the Version {version!r}", fix=f'write "{_WITH_VARIABLES}"')
    written = document.get("Statement")
    statements = written if isinstance(written, list | tuple) else [written]
    return Policy(
        place=place,
        statements=tuple(
            _statement(each, f"{place}, statement {number}", variables=version == _WITH_VARIABLES)
            for number, each in enumerate(statements, start=1)
        ),
    )


def _statement(written: object, place: str, *, variables: bool) -> Statement:
    if not isinstance(written, Mapping):
        raise PolicyError(place, problem="is not a JSON object", fix="write an object with Effect, Action and Resource")
    strange = sorted(str(name) for name in written if name not in _ELEMENTS)
    if strange:
        raise PolicyError(place, problem=f"has an element {strange[0]}", fix=f"use {', '.join(sorted(_ELEMENTS))}")
    principals, not_principals = _principals(written, place)
    # Key policies may lack either; such a statement has no effect. Identity policies may not.
    required = principals is None
    actions, not_actions = _one_of(written, "Action", place, required=required)
    resources, not_resources = _one_of(written, "Resource", place, required=required)
    sid = written.get("Sid")
    return Statement(
        effect=_effect(written.get("Effect"), place),
        actions=actions,
        not_actions=not_actions,
        resources=resources,
        not_resources=not_resources,
        principals=principals,
        not_principals=not_principals,
        conditions=tuple(_conditions(written.get("Condition", {}), place)),
        place=place,
        sid=sid if isinstance(sid, str) else None,
        variables=variables,
    )


def _effect(written: object, place: str) -> Effect:
    if written not in ("Allow", "Deny"):
        raise PolicyError(place, problem=f"has the Effect {written!r}", fix='write "Allow" or "Deny"')
    return Effect(written)


def _one_of(written: Mapping[str, object], name: str, place: str, *, required: bool) -> tuple[tuple[Text, ...], bool]:
    """Return the texts of an element or of its negation, and whether it is the negation."""
    if name in written and f"Not{name}" in written:
        raise PolicyError(place, problem=f"has both {name} and Not{name}", fix="leave one of them")
    negated = f"Not{name}" in written
    element = f"Not{name}" if negated else name
    if element not in written:
        if required:
            raise PolicyError(place, problem=f"has no {name}", fix=f"add {name} or Not{name}")
        return (), False
    return _texts(written[element], f"{place}, {element}"), negated


def _texts(written: object, place: str) -> tuple[Text, ...]:
    found = written if isinstance(written, list | tuple) else (written,)
    for each in found:
        if not isinstance(each, str | Unknown):
            raise PolicyError(place, problem=f"holds {each!r}", fix="write a text, or a list of texts")
    return tuple(found)


def _principals(written: Mapping[str, object], place: str) -> tuple[Mapping[str, tuple[Text, ...]] | None, bool]:
    if "Principal" in written and "NotPrincipal" in written:
        raise PolicyError(place, problem="has both Principal and NotPrincipal", fix="leave one of them")
    negated = "NotPrincipal" in written
    element = "NotPrincipal" if negated else "Principal"
    if element not in written:
        return None, False
    value = written[element]
    if value == "*":
        return {"*": ("*",)}, negated
    if isinstance(value, Unknown):
        return {"AWS": (value,)}, negated
    if not isinstance(value, Mapping) or not _KINDS.issuperset(value):
        kinds = ", ".join(sorted(_KINDS))
        raise PolicyError(
            place, problem=f"has the {element} {value!r}", fix=f'write "*" or an object with one of {kinds}'
        )
    return {kind: _texts(each, f"{place}, {element}") for kind, each in value.items()}, negated


def _conditions(written: object, place: str) -> Iterator[Condition]:
    fix = 'write {"StringEquals": {"aws:username": "alice"}}'
    if not isinstance(written, Mapping):
        raise PolicyError(f"{place}, Condition", problem="is not a JSON object", fix=fix)
    for operator, keys in written.items():
        if not isinstance(keys, Mapping):
            raise PolicyError(f"{place}, Condition {operator}", problem="is not a JSON object", fix=fix)
        for key, values in keys.items():
            yield Condition(
                operator=str(operator), key=str(key), values=_values(values, f"{place}, Condition {operator} {key}")
            )


def _values(written: object, place: str) -> tuple[Text, ...]:
    """Return the values of a condition as texts, which is how IAM stores them."""
    found = written if isinstance(written, list | tuple) else (written,)
    return tuple(_value(each, place) for each in found)


def _value(written: object, place: str) -> Text:
    if isinstance(written, bool):
        return "true" if written else "false"
    if isinstance(written, int | float):
        return str(written)
    if isinstance(written, str | Unknown):
        return written
    raise PolicyError(place, problem=f"holds {written!r}", fix="write a text, a number, true or false, or a list")
