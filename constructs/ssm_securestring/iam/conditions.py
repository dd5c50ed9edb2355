"""Whether a condition holds: for a request without the key, with one value, and with several.

Source:
    IAM User Guide, "IAM JSON policy elements: Condition operators" and "Multivalued context keys".
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from ssm_securestring.iam.model import Condition, Text, Unknown
from ssm_securestring.iam.operators import Operator, operator_of
from ssm_securestring.iam.patterns import Texts, matches
from ssm_securestring.iam.variables import filled_in, has_variables

Context = Mapping[str, str | tuple[str, ...]]
"""The condition keys of a request, in lower case."""

Check = Callable[[Context], bool | None]
"""Whether something holds; ``None``: that depends on what is not known."""

# These compare many values at once by hash and one expression.
_BY_TEXTS: Final = frozenset({"stringequals", "stringlike"})


def holds(condition: Condition, context: Context, *, variables: bool = True) -> bool | None:
    """Return whether a condition holds; ``None``: that depends on what is not known, or its operator is not known.

    Args:
        condition: The condition.
        context: Condition keys in lower case.
        variables: Whether policy variables are filled in.
    """
    return check_of(condition, variables=variables)(context)


def check_of(condition: Condition, *, variables: bool = True) -> Check:
    """Return what tells whether a condition holds, prepared for many requests."""
    operator, key = operator_of(condition.operator), condition.key.lower()
    if operator is None:
        return lambda _context: None
    if operator.is_null:
        return _null_check(condition, key)
    filling = variables and any(isinstance(each, str) and has_variables(each) for each in condition.values)
    if not filling and condition.operator.lower().removesuffix("ifexists") in _BY_TEXTS:
        return _texts_check(condition, key, operator)
    return lambda context: _outcome(operator, context.get(key), _values(condition, context, filling=filling))


def _null_check(condition: Condition, key: str) -> Check:
    wanted = {each.lower() for each in condition.values if isinstance(each, str)}
    if len(wanted) != 1:
        return lambda _context: None
    absent = wanted == {"true"}
    return lambda context: (not context.get(key)) is absent


def _texts_check(condition: Condition, key: str, operator: Operator) -> Check:
    """Return the check for the operators that most conditions have."""
    likes = condition.operator.lower().startswith("stringlike")
    texts = Texts(condition.values if likes else map(_as_literal, condition.values))
    if_exists = operator.if_exists

    def check(context: Context) -> bool | None:
        value = context.get(key)
        if value is None:
            return if_exists
        if isinstance(value, str):
            return texts.match(value)
        return _any(texts.match(each) for each in value)

    return check


def _as_literal(text: Text) -> Text:
    """Return a text that only its equal matches, where an operator knows no wildcards."""
    return text.replace("*", "\ue000").replace("?", "\ue001") if isinstance(text, str) else text


def _values(condition: Condition, context: Context, *, filling: bool) -> list[Text]:
    if not filling:
        return list(condition.values)
    filled = (filled_in(each, context) if isinstance(each, str) else each for each in condition.values)
    return [each for each in filled if each is not None]


def _outcome(operator: Operator, value: str | tuple[str, ...] | None, expected: list[Text]) -> bool | None:
    if value is None or value == ():
        return _without_value(operator)
    values = (value,) if isinstance(value, str) else value
    outcomes = (_compared(operator, each, expected) for each in values)
    if operator.quantifier == "forallvalues" or (operator.negated and operator.quantifier == ""):
        return _all(outcomes)
    return _any(outcomes)


def _without_value(operator: Operator) -> bool:
    if operator.quantifier == "forallvalues" or operator.if_exists:
        return True
    return operator.negated and operator.quantifier == ""


def _compared(operator: Operator, value: str, expected: list[Text]) -> bool | None:
    equal = _any(_equals(operator, value, each) for each in expected)
    return equal if not operator.negated or equal is None else not equal


def _equals(operator: Operator, value: str, expected: Text) -> bool | None:
    if isinstance(expected, Unknown):
        return None if matches(expected.pattern, value) else False
    return operator.compare(value, expected)


def _any(outcomes: Iterable[bool | None]) -> bool | None:
    found: bool | None = False
    for each in outcomes:
        if each:
            return True
        if each is None:
            found = None
    return found


def _all(outcomes: Iterable[bool | None]) -> bool | None:
    found: bool | None = True
    for each in outcomes:
        if each is False:
            return False
        if each is None:
            found = None
    return found
