"""Conditions of statements: whether they hold for a request, or whether that is not known.

Source:
    IAM User Guide, "IAM JSON policy elements: Condition", "Condition operators" and "Single-valued vs. multivalued
    context keys".
"""

from collections.abc import Mapping
from enum import Enum
from functools import lru_cache
from typing import Final, Protocol

from ssm_securestring.iam.model import Condition, Unknown
from ssm_securestring.iam.operators import OPERATORS, Comparison
from ssm_securestring.iam.variables import Values

_IF_EXISTS: Final = "ifexists"


class Quantifier(Enum):
    """Which values of a key with several a condition is about."""

    ONE = ""
    ALL = "forallvalues"
    ANY = "foranyvalue"


class CompiledCondition(Protocol):
    """A condition, ready to be checked."""

    condition: Condition

    def holds(self, values: Values) -> bool | None:
        """Return whether it holds; ``None`` if that is not known."""

    def unknown_for(self, values: Values) -> list[Unknown]:
        """Return what is not known where ``holds`` returns ``None``."""


def holds(condition: Condition, context: Mapping[str, str | tuple[str, ...]], *, variables: bool = True) -> bool | None:
    """Return whether a condition holds for a request.

    Args:
        condition: The condition.
        context: Condition keys of the request, in any case.
        variables: Whether ``${...}`` is a variable in its values. Default: it is, as in policies of 2012.

    Returns:
        ``None`` if it depends on what is not known, or is not supported.
    """
    return compile_condition(condition, variables=variables).holds({key.lower(): context[key] for key in context})


@lru_cache(maxsize=65536)
def compile_condition(condition: Condition, *, variables: bool = True) -> CompiledCondition:
    """Make a condition ready to be checked.

    Args:
        condition: The condition.
        variables: Whether ``${...}`` is a variable in its values.
    """
    quantifier, name, if_exists = _parts(condition.operator.lower())
    if name == "null" and quantifier is Quantifier.ONE and not if_exists:
        return Presence(condition)
    operator = OPERATORS.get(name)
    if operator is None or quantifier is None:
        return Unsupported(condition)
    return Compared(
        condition,
        comparison=operator.compile(condition.values, variables),
        negated=operator.negated,
        quantifier=quantifier,
        if_exists=if_exists,
    )


def _parts(operator: str) -> tuple[Quantifier | None, str, bool]:
    quantifier, _, name = operator.rpartition(":")
    if_exists = name.endswith(_IF_EXISTS)
    known = quantifier in {each.value for each in Quantifier}
    return Quantifier(quantifier) if known else None, name.removesuffix(_IF_EXISTS), if_exists


class Compared:
    """A condition that compares values.

    Args:
        condition: What is written.
        comparison: Compares one value.
        negated: The operator holds where the comparison does not.
        quantifier: Which values of the request it is about.
        if_exists: It holds too where the request has no such key.
    """

    __slots__ = ("_absent", "_comparison", "_key", "_negated", "_quantifier", "condition")

    def __init__(
        self, condition: Condition, *, comparison: Comparison, negated: bool, quantifier: Quantifier, if_exists: bool
    ) -> None:
        """Settle what a missing key means."""
        self.condition = condition
        self._key = condition.key.lower()
        self._comparison = comparison
        self._negated = negated
        self._quantifier = quantifier
        self._absent = _when_absent(quantifier, negated=negated, if_exists=if_exists)

    def holds(self, values: Values) -> bool | None:
        """Return whether it holds; ``None`` if that is not known."""
        actual = values.get(self._key)
        if not actual and (actual != "" or self._quantifier is not Quantifier.ONE):
            return self._absent
        if isinstance(actual, str):
            return self._fits(actual, values)
        return self._several(tuple(actual or ()), values)

    def unknown_for(self, values: Values) -> list[Unknown]:
        """Return what is not known where ``holds`` returns ``None``."""
        actual = values.get(self._key)
        if not actual:
            return [self._because(f"whether {self.condition.operator} holds without its key is not documented")]
        found = (actual,) if isinstance(actual, str) else tuple(actual)
        if len(found) > 1 and self._quantifier is Quantifier.ONE:
            return [self._because(f"{self.condition.operator} is for one value and the request has several")]
        return [each for text in found for each in self._comparison.unknown_for(text)]

    def _fits(self, text: str, values: Values) -> bool | None:
        fits = self._comparison.match(text, values)
        return (not fits) if self._negated and fits is not None else fits

    def _several(self, actual: tuple[str, ...], values: Values) -> bool | None:
        results = {self._fits(text, values) for text in actual}
        if len(actual) == 1:
            return results.pop()
        if self._quantifier is Quantifier.ONE:
            return None
        decisive = self._quantifier is Quantifier.ANY
        if decisive in results:
            return decisive
        return None if None in results else not decisive

    def _because(self, reason: str) -> Unknown:
        return Unknown(place=self.condition.key, reason=reason)


def _when_absent(quantifier: Quantifier, *, negated: bool, if_exists: bool) -> bool | None:
    """Return what a condition comes to where the request has no such key.

    The documentation says that ``IfExists`` makes it hold, and that ``ForAnyValue`` makes it fail; what both together
    do is not documented, and reports differ.
    """
    if quantifier is Quantifier.ANY:
        return None if if_exists else False
    return if_exists or negated or quantifier is Quantifier.ALL


class Presence:
    """``Null``: whether the request has a key at all.

    Args:
        condition: What is written.
    """

    __slots__ = ("_key", "_results", "condition")

    def __init__(self, condition: Condition) -> None:
        """Settle both answers."""
        self.condition = condition
        self._key = condition.key.lower()
        wanted = {value.lower() if isinstance(value, str) else None for value in condition.values}
        uncertain = None if wanted - {"true", "false"} else False
        self._results = {absent: True if str(absent).lower() in wanted else uncertain for absent in (True, False)}

    def holds(self, values: Values) -> bool | None:
        """Return whether it holds; ``None`` if that is not known."""
        actual = values.get(self._key)
        return self._results[actual is None or actual == ()]

    def unknown_for(self, values: Values) -> list[Unknown]:  # noqa: ARG002 - the same for each request
        """Return what is not known where ``holds`` returns ``None``."""
        unknown = [value for value in self.condition.values if isinstance(value, Unknown)]
        return unknown or [Unknown(place=self.condition.key, reason="Null is compared with neither true nor false")]


class Unsupported:
    """A condition of an operator that is not one of IAM's.

    Args:
        condition: What is written.
    """

    __slots__ = ("condition",)

    def __init__(self, condition: Condition) -> None:
        """Keep what is written."""
        self.condition = condition

    def holds(self, values: Values) -> bool | None:  # noqa: ARG002 - whatever the request
        """Return that it is not known."""
        return None

    def unknown_for(self, values: Values) -> list[Unknown]:  # noqa: ARG002 - whatever the request
        """Return that the operator is not known."""
        return [Unknown(place=self.condition.key, reason=f"the operator {self.condition.operator} is not supported")]
