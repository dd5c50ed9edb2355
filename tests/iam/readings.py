"""How ministack reads policies where it does not follow IAM: the same request, rewritten so that IAM would read it so.

Every difference between the two evaluators has to go when all of these rewritings are made, so that they excuse exactly
what they describe.
"""

import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

Document = dict[str, Any]
Values = dict[str, str | list[str]]

KNOWN = {
    *(
        f"string{name}"
        for name in ("equals", "notequals", "equalsignorecase", "notequalsignorecase", "like", "notlike")
    ),
    *(f"arn{name}" for name in ("equals", "notequals", "like", "notlike")),
    *(
        f"{kind}{name}"
        for kind in ("numeric", "date")
        for name in ("equals", "notequals", "lessthan", "lessthanequals", "greaterthan", "greaterthanequals")
    ),
    *("bool", "null", "ipaddress", "notipaddress", "binaryequals"),
}


@dataclass(frozen=True, kw_only=True)
class Situation:
    """A request with all policies, as JSON.

    Args:
        names: ARNs of the caller: of the role or user, then of the session.
        account: Account of the caller.
        action: What it wants to do.
        resource: To what.
        values: Condition keys.
        identity: Identity policies.
        boundary: Permissions boundary.
        session: Session policies.
        resource_policy: Policy of the resource.
        owner: Account of the resource.
        key: The resource is a KMS key.
    """

    names: tuple[str, ...]
    account: str
    action: str
    resource: str
    values: Values
    identity: list[Document]
    boundary: Document | None
    session: list[Document] | None
    resource_policy: Document | None
    owner: str
    key: bool

    def documents(self) -> Iterator[Document]:
        """Return all policies."""
        yield from self.identity
        yield from self.session or []
        yield from (each for each in (self.boundary, self.resource_policy) if each)


@dataclass(frozen=True)
class Reading:
    """A way in which ministack reads policies otherwise than IAM.

    Args:
        name: What it is about.
        rule: What IAM does, and where it says so.
        rewrite: Rewrites a situation of its own, in place.
    """

    name: str
    rule: str
    rewrite: Callable[[Situation], None] = field(repr=False)


def rewritten(situation: Situation, readings: list[Reading]) -> Situation:
    """Return a situation in which IAM reads what ministack reads in this one."""
    changed = copy.deepcopy(situation)
    for reading in readings:
        reading.rewrite(changed)
    return changed


def _statements(situation: Situation) -> Iterator[Document]:
    for document in situation.documents():
        yield from document["Statement"]


def _rewrite_conditions(
    situation: Situation, change: Callable[[str, str, list[str]], tuple[str, str, list[str]] | None]
) -> None:
    """Rewrite each condition; one that is rewritten to ``None`` holds always and goes."""
    for statement in _statements(situation):
        found: dict[str, dict[str, list[str]]] = {}
        for operator, keys in statement.get("Condition", {}).items():
            for key, written in keys.items():
                changed = change(operator, key, written if isinstance(written, list) else [written])
                if changed is not None:
                    name, new_key, new_values = changed
                    # The same operator and key twice would be one: a case of its own keeps them apart.
                    while new_key in found.get(name, {}):
                        name = name.swapcase()
                    found.setdefault(name, {})[new_key] = new_values
        statement["Condition"] = found


def _parts(operator: str) -> tuple[str, str, bool]:
    quantifier, _, name = operator.lower().rpartition(":")
    return quantifier, name.removesuffix("ifexists"), name.endswith("ifexists")


_NEVER = ("StringEquals", "fuzz:absent", ["never"])


def _keep_variables(situation: Situation) -> None:
    for document in situation.documents():
        document["Version"] = "2008-10-17"


def _drop_not_principals(situation: Situation) -> None:
    if situation.resource_policy:
        statements = situation.resource_policy["Statement"]
        situation.resource_policy["Statement"] = [each for each in statements if "NotPrincipal" not in each]


def _compare_arns_as_texts(situation: Situation) -> None:
    def change(operator: str, key: str, values: list[str]) -> tuple[str, str, list[str]]:
        quantifier, name, if_exists = _parts(operator)
        if name.startswith("arn"):
            text = "StringNotLike" if "not" in name else "StringLike"
            operator = f"{quantifier}:{text}".lstrip(":") + "IfExists" * if_exists
        return operator, key, values

    _rewrite_conditions(situation, change)


def _let_if_exists_win(situation: Situation) -> None:
    def change(operator: str, key: str, values: list[str]) -> tuple[str, str, list[str]] | None:
        quantifier, name, if_exists = _parts(operator)
        if quantifier == "foranyvalue" and if_exists and key.lower() not in _lowered(situation.values):
            return None
        return (f"{quantifier}:{name}" if quantifier == "foranyvalue" else operator), key, values

    _rewrite_conditions(situation, change)


def _compare_lists_as_one_text(situation: Situation) -> None:
    known = _lowered(situation.values)

    def change(operator: str, key: str, values: list[str]) -> tuple[str, str, list[str]]:
        quantifier, name, _ = _parts(operator)
        actual = known.get(key.lower())
        if isinstance(actual, list) and not quantifier and name != "null":
            situation.values[f"fuzz:text-of/{key}"] = str(actual)
            return operator, f"fuzz:text-of/{key}", values
        return operator, key, values

    _rewrite_conditions(situation, change)


def _count_empty_as_values(situation: Situation) -> None:
    known = _lowered(situation.values)

    def change(operator: str, key: str, values: list[str]) -> tuple[str, str, list[str]]:
        quantifier, name, if_exists = _parts(operator)
        if quantifier and known.get(key.lower()) == "":
            return name + "IfExists" * if_exists, key, values
        if name == "null" and known.get(key.lower()) == []:
            situation.values["fuzz:present"] = "yes"
            return operator, "fuzz:present", values
        return operator, key, values

    _rewrite_conditions(situation, change)


def _read_one_value_of_null(situation: Situation) -> None:
    def change(operator: str, key: str, values: list[str]) -> tuple[str, str, list[str]]:
        return operator, key, values[:1] if operator.lower() == "null" else values

    _rewrite_conditions(situation, change)


def _fail_what_is_unknown(situation: Situation) -> None:
    def change(operator: str, key: str, values: list[str]) -> tuple[str, str, list[str]]:
        quantifier, name, if_exists = _parts(operator)
        known = name in KNOWN and not (name == "null" and (quantifier or if_exists))
        return (operator, key, values) if known else _NEVER

    _rewrite_conditions(situation, change)


def _name_in_any_case(situation: Situation) -> None:
    for statement in (situation.resource_policy or {"Statement": []})["Statement"]:
        principal = statement.get("Principal")
        if isinstance(principal, dict):
            for kind, texts in principal.items():
                principal[kind] = [
                    next((name for name in situation.names if name.lower() == text.lower()), text) for text in texts
                ]


def _lowered(values: Values) -> Values:
    return {key.lower(): value for key, value in values.items()}


_OPERATORS = 'IAM User Guide, "IAM JSON policy elements: Condition operators"'
READINGS = [
    Reading(
        "policy variables",
        "${...} stands for a value of the request; ministack compares the text. "
        'IAM User Guide, "IAM policy elements: Variables and tags"',
        _keep_variables,
    ),
    Reading(
        "NotPrincipal",
        "A statement with it is about everybody else; ministack takes it for nobody. "
        'IAM User Guide, "AWS JSON policy elements: NotPrincipal"',
        _drop_not_principals,
    ),
    Reading(
        "ARNs part by part",
        "ArnLike compares each part, so that no wildcard reaches over a colon; ministack compares whole texts. "
        f"{_OPERATORS}",
        _compare_arns_as_texts,
    ),
    Reading(
        "ForAnyValue with IfExists",
        "Without the key, ForAnyValue fails and IfExists holds; which wins is not documented, so ours says unknown. "
        f"{_OPERATORS}",
        _let_if_exists_win,
    ),
    Reading(
        "several values under an operator for one",
        "Not documented, so ours says unknown; ministack compares the list as Python prints it. "
        'IAM User Guide, "Single-valued vs. multivalued context keys"',
        _compare_lists_as_one_text,
    ),
    Reading(
        "empty values",
        "An empty text is no value for ForAllValues and ForAnyValue, an empty list none for Null; for ministack it is. "
        'IAM User Guide, "Single-valued vs. multivalued context keys"',
        _count_empty_as_values,
    ),
    Reading(
        "Null with two values",
        f"Either may hold; ministack reads the first. {_OPERATORS}",
        _read_one_value_of_null,
    ),
    Reading(
        "unknown operators",
        f"IAM refuses such a policy, so ours says unknown; in ministack the condition fails. {_OPERATORS}",
        _fail_what_is_unknown,
    ),
    Reading(
        "principals in any case",
        'ARNs of principals are compared exactly; ministack ignores case. IAM User Guide, "IAM identifiers"',
        _name_in_any_case,
    ),
]
