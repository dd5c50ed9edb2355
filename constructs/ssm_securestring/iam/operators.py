"""The condition operators: how each compares one value of a request with those of a policy.

Source:
    IAM User Guide, "IAM JSON policy elements: Condition operators".
"""

import ipaddress
import operator
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Protocol

from ssm_securestring.iam.model import Text, Unknown
from ssm_securestring.iam.patterns import Style, Texts
from ssm_securestring.iam.variables import Values


class Comparison(Protocol):
    """What an operator does with the values of a policy."""

    def match(self, text: str, values: Values) -> bool | None:
        """Return whether one of the policy's values fits this one; ``None`` if that is not known."""

    def unknown_for(self, text: str) -> list[Unknown]:
        """Return what is not known where ``match`` returns ``None``."""


class Measures:
    """Values with a measure: numbers, moments, addresses.

    Args:
        texts: The values of the policy.
        read: Reads one; raises ``ValueError`` where it is none.
        compare: Compares one of a request, then one of the policy.
        what: What they are, for people.
    """

    __slots__ = ("_compare", "_expected", "_read", "_unknown", "_what")

    def __init__(
        self, texts: Iterable[Text], *, read: Callable[[str], Any], compare: Callable[[Any, Any], bool], what: str
    ) -> None:
        """Read the values of the policy."""
        self._read = read
        self._compare = compare
        self._what = what
        self._expected: list[Any] = []
        self._unknown: list[Unknown] = []
        for text in texts:
            if isinstance(text, Unknown):
                self._unknown.append(text)
                continue
            try:
                self._expected.append(read(text))
            except ValueError:
                self._unknown.append(Unknown(place=text, reason=f"it is no {what}"))

    def match(self, text: str, values: Values) -> bool | None:  # noqa: ARG002 - variables are for texts and ARNs only
        """Return whether one of the policy's values fits this one; ``None`` if that is not known."""
        try:
            actual = self._read(text)
        except ValueError:
            return None
        if any(self._compare(actual, expected) for expected in self._expected):
            return True
        return None if self._unknown else False

    def unknown_for(self, text: str) -> list[Unknown]:
        """Return what is not known where ``match`` returns ``None``."""
        try:
            self._read(text)
        except ValueError:
            return [Unknown(place=text, reason=f"the request has no {self._what} there")]
        return self._unknown


def _moment(text: str) -> datetime:
    """Read a date as IAM takes it: ISO 8601, or seconds since 1970."""
    try:
        return datetime.fromtimestamp(float(text), UTC)
    except (ValueError, OverflowError, OSError):
        moment = datetime.fromisoformat(text)
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _lies_in(address: Any, network: Any) -> bool:  # noqa: ANN401 - either version of the protocol
    return bool(address.version == network.version and address.subnet_of(network))


def _network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    return ipaddress.ip_network(text, strict=False)


@dataclass(frozen=True, slots=True)
class Operator:
    """A condition operator, without quantifier and ``IfExists``.

    Args:
        compile: Makes its comparison from the policy's values; told whether ``${...}`` is a variable in them.
        negated: It holds where the comparison does not.
    """

    compile: Callable[[tuple[Text, ...], bool], Comparison]
    negated: bool = False


def _texts(style: Style, *, ignore_case: bool = False) -> Callable[[tuple[Text, ...], bool], Comparison]:
    return lambda texts, variables: Texts(texts, style=style, ignore_case=ignore_case, variables=variables)


def _plain(*, ignore_case: bool) -> Callable[[tuple[Text, ...], bool], Comparison]:
    return lambda texts, _: Texts(texts, style=Style.EXACT, ignore_case=ignore_case, variables=False)


def _measures(
    read: Callable[[str], Any], compare: Callable[[Any, Any], bool], what: str
) -> Callable[[tuple[Text, ...], bool], Comparison]:
    return lambda texts, _: Measures(texts, read=read, compare=compare, what=what)


_ORDER: Final = {
    "equals": operator.eq,
    "lessthan": operator.lt,
    "lessthanequals": operator.le,
    "greaterthan": operator.gt,
    "greaterthanequals": operator.ge,
}
_AFFIRMATIVE: Final = {
    "stringequals": _texts(Style.EXACT),
    "stringequalsignorecase": _texts(Style.EXACT, ignore_case=True),
    "stringlike": _texts(Style.GLOB),
    "arnequals": _texts(Style.ARN),
    "arnlike": _texts(Style.ARN),
    "binaryequals": _plain(ignore_case=False),
    "bool": _plain(ignore_case=True),
    "ipaddress": _measures(_network, _lies_in, "IP address"),
    **{f"numeric{name}": _measures(float, compare, "number") for name, compare in _ORDER.items()},
    **{f"date{name}": _measures(_moment, compare, "date") for name, compare in _ORDER.items()},
}
_NEGATED: Final = {
    "stringnotequals": "stringequals",
    "stringnotequalsignorecase": "stringequalsignorecase",
    "stringnotlike": "stringlike",
    "arnnotequals": "arnequals",
    "arnnotlike": "arnlike",
    "notipaddress": "ipaddress",
    "numericnotequals": "numericequals",
    "datenotequals": "dateequals",
}
OPERATORS: Final = {name: Operator(compare) for name, compare in _AFFIRMATIVE.items()} | {
    name: Operator(_AFFIRMATIVE[opposite], negated=True) for name, opposite in _NEGATED.items()
}
"""All operators but ``Null``, by name in lower case."""
