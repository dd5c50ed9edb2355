"""The operators of conditions: how one value of a request is compared with one value of a policy.

Source:
    IAM User Guide, "IAM JSON policy elements: Condition operators".
"""

import ipaddress
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from ssm_securestring.iam.patterns import arn_matches, matches, plain

Compare = Callable[[str, str], bool]
"""Takes the value of the request, then that of the policy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Operator:
    """An operator, as it is written in a policy.

    Args:
        compare: How two values are compared.
        negated: It holds where nothing compares equal.
        if_exists: It holds where the request has no such key.
        quantifier: ``forallvalues`` or ``foranyvalue``, for keys with several values. Default: neither.
        is_null: It asks whether the key is there.
    """

    compare: Compare
    negated: bool = False
    if_exists: bool = False
    quantifier: str = ""
    is_null: bool = False


def operator_of(text: str) -> Operator | None:
    """Return the operator that a policy names; ``None``: there is none of that name."""
    quantifier, colon, base = text.lower().rpartition(":")
    if colon and quantifier not in {"forallvalues", "foranyvalue"}:
        return None
    if base == "null":
        return Operator(compare=_equal, is_null=True, quantifier=quantifier)
    if_exists = base.endswith("ifexists")
    found = _OPERATORS.get(base.removesuffix("ifexists"))
    if found is None:
        return None
    compare, negated = found
    return Operator(compare=compare, negated=negated, if_exists=if_exists, quantifier=quantifier)


def _equal(value: str, expected: str) -> bool:
    return value == plain(expected)


def _equal_ignoring_case(value: str, expected: str) -> bool:
    return value.lower() == plain(expected).lower()


def _like(value: str, expected: str) -> bool:
    return matches(expected, value)


def _arn_like(value: str, expected: str) -> bool:
    return arn_matches(expected, value)


def _numeric(holds: Callable[[float, float], bool]) -> Compare:
    def compare(value: str, expected: str) -> bool:
        try:
            return holds(float(value), float(expected))
        except ValueError:
            return False

    return compare


def _date(holds: Callable[[float, float], bool]) -> Compare:
    def compare(value: str, expected: str) -> bool:
        try:
            return holds(_seconds(value), _seconds(expected))
        except ValueError:
            return False

    return compare


def _seconds(text: str) -> float:
    """Return a date as seconds since 1970; it is written so, or as ISO 8601."""
    try:
        return float(text)
    except ValueError:
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _in_network(value: str, expected: str) -> bool:
    try:
        return ipaddress.ip_address(value) in ipaddress.ip_network(expected, strict=False)
    except ValueError:
        return False


def _less(value: float, expected: float) -> bool:
    return value < expected


def _less_or_equal(value: float, expected: float) -> bool:
    return value <= expected


def _same(value: float, expected: float) -> bool:
    return value == expected


def _greater(value: float, expected: float) -> bool:
    return value > expected


def _greater_or_equal(value: float, expected: float) -> bool:
    return value >= expected


_OPERATORS: Final[dict[str, tuple[Compare, bool]]] = {
    "stringequals": (_equal, False),
    "stringnotequals": (_equal, True),
    "stringequalsignorecase": (_equal_ignoring_case, False),
    "stringnotequalsignorecase": (_equal_ignoring_case, True),
    "stringlike": (_like, False),
    "stringnotlike": (_like, True),
    # The two of each pair mean the same.
    "arnequals": (_arn_like, False),
    "arnlike": (_arn_like, False),
    "arnnotequals": (_arn_like, True),
    "arnnotlike": (_arn_like, True),
    "bool": (_equal_ignoring_case, False),
    "binaryequals": (_equal, False),
    "numericequals": (_numeric(_same), False),
    "numericnotequals": (_numeric(_same), True),
    "numericlessthan": (_numeric(_less), False),
    "numericlessthanequals": (_numeric(_less_or_equal), False),
    "numericgreaterthan": (_numeric(_greater), False),
    "numericgreaterthanequals": (_numeric(_greater_or_equal), False),
    "dateequals": (_date(_same), False),
    "datenotequals": (_date(_same), True),
    "datelessthan": (_date(_less), False),
    "datelessthanequals": (_date(_less_or_equal), False),
    "dategreaterthan": (_date(_greater), False),
    "dategreaterthanequals": (_date(_greater_or_equal), False),
    "ipaddress": (_in_network, False),
    "notipaddress": (_in_network, True),
}
