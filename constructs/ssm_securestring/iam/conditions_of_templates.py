"""The conditions of templates, as far as they are known before the deployment.

Source:
    CloudFormation User Guide, "Condition functions".
"""

from collections.abc import Callable, Sequence
from typing import Any, Final

from ssm_securestring.iam.assembly import Stack
from ssm_securestring.iam.model import Unknown
from ssm_securestring.iam.values import Nesting, malformed, text_of

Resolve = Callable[[object, Stack, str], object]
"""Resolves a value of a stack's template at a place."""

_PAIR: Final = 2


class Conditions:
    """Works out conditions.

    Args:
        resolve: Resolves what conditions compare.
        nesting: Keeps that finite.
    """

    def __init__(self, resolve: Resolve, nesting: Nesting) -> None:
        self._resolve = resolve
        self._nesting = nesting

    def named(self, name: str, stack: Stack) -> bool | Unknown:
        """Return whether the condition of this name holds."""
        place = f"{stack.title}, Conditions.{name}"
        if name not in stack.section("Conditions"):
            return Unknown(place=place, reason="there is no such condition")
        expression = stack.section("Conditions")[name]
        holds = self._nesting.once(("condition", stack, name), lambda: self._holds(expression, stack, place), place)
        return holds if isinstance(holds, bool | Unknown) else malformed("Condition", place)

    def _holds(self, expression: object, stack: Stack, place: str) -> bool | Unknown:
        holds = self._nesting.deeper(lambda: self._function(expression, stack, place), place)
        return holds if isinstance(holds, bool | Unknown) else malformed("Condition", place)

    def _function(self, expression: object, stack: Stack, place: str) -> bool | Unknown:
        if not isinstance(expression, dict) or len(expression) != 1:
            return malformed("Condition", place)
        ((function, argument),) = expression.items()
        if function == "Condition" and isinstance(argument, str):
            return self.named(argument, stack)
        if function == "Fn::Equals" and isinstance(argument, list) and len(argument) == _PAIR:
            return self._equal(argument, stack, place)
        if function in {"Fn::And", "Fn::Or", "Fn::Not"} and isinstance(argument, list):
            return _combined(function, [self._holds(each, stack, place) for each in argument], place)
        return Unknown(place=place, reason=f"{function} is not supported in a condition")

    def _equal(self, pair: list[Any], stack: Stack, place: str) -> bool | Unknown:
        first, second = (text_of(self._resolve(each, stack, place)) for each in pair)
        unknown = next((each for each in (first, second) if isinstance(each, Unknown)), None)
        if unknown is not None:
            return Unknown(place=place, reason=unknown.reason)
        return malformed("Fn::Equals", place) if first is None or second is None else first == second


def _combined(function: str, parts: Sequence[bool | Unknown], place: str) -> bool | Unknown:
    if function == "Fn::Not":
        if len(parts) != 1:
            return malformed(function, place)
        return parts[0] if isinstance(parts[0], Unknown) else not parts[0]
    # One that is false decides And, one that is true decides Or, whatever the unknown ones come to.
    deciding = function == "Fn::Or"
    if any(each is deciding for each in parts):
        return deciding
    return next((each for each in parts if isinstance(each, Unknown)), not deciding)
