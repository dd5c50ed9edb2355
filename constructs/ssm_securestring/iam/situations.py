"""The situations in which a request can be made, as far as statements tell them apart.

A condition key that no statement mentions makes no difference. One that is mentioned takes, one after the other, a
value for each way in which its conditions can come out, and is absent.
"""

import ipaddress
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice, product
from typing import Final

from ssm_securestring.iam.model import Condition, Statement
from ssm_securestring.iam.patterns import pattern_of
from ssm_securestring.iam.witnesses import TooManyCombinationsError, witnesses

Value = str | tuple[str, ...] | None
"""A value of a condition key, several at once, or none at all."""

MAX_SITUATIONS: Final = 20_000
_SETS: Final = ("forallvalues:", "foranyvalue:")
# Addresses set aside for documentation, of which one is outside of whatever a policy names. Source: RFC 5737.
_ADDRESSES: Final = ("192.0.2.1", "198.51.100.1", "203.0.113.1", "8.8.8.8")
# Known from who asks, or from what is asked for, so that a statement cannot tell more situations apart by it.
_SETTLED: Final = frozenset(
    {
        "aws:calledvia",
        "aws:principalaccount",
        "aws:principalarn",
        "aws:principalisawsservice",
        "aws:principaltype",
        "aws:requestedregion",
        "aws:resourceaccount",
        "aws:userid",
        "aws:username",
        "aws:viaawsservice",
        "kms:calleraccount",
    }
)


def conditions_on(statements: Iterable[Statement], *, besides: Iterable[str] = ()) -> dict[str, list[Condition]]:
    """Return the conditions of statements by key in lower case, without keys that are settled otherwise.

    Args:
        statements: Where to look.
        besides: Further keys that are settled.
    """
    settled = _SETTLED | {each.lower() for each in besides}
    found: defaultdict[str, list[Condition]] = defaultdict(list)
    for statement in statements:
        for condition in statement.conditions:
            if condition.key.lower() not in settled:
                found[condition.key.lower()].append(condition)
    return dict(found)


def patterns_in(conditions: Iterable[Condition]) -> set[str]:
    """Return what conditions compare a text with, as patterns."""
    found: set[str] = set()
    for condition in conditions:
        patterns = {pattern_of(value) for value in condition.values}
        found |= patterns
        if "ignorecase" in condition.operator.lower():
            found |= {_in_other_case(each) for each in patterns}
    return found


def _in_other_case(pattern: str) -> str:
    """Return a text that differs in case alone; in the ARN of a parameter, only the name can."""
    before, separator, name = pattern.rpartition(":parameter/")
    return f"{before}{separator}{name.swapcase()}"


def combinations(choices: Mapping[str, Sequence[Value]]) -> Iterator[dict[str, str | tuple[str, ...]]]:
    """Yield every combination of values; keys that are absent are left out.

    Raises:
        TooManyCombinationsError: There are more than are looked at.
    """
    keys = list(choices)
    every = product(*choices.values())
    for values in islice(every, MAX_SITUATIONS):
        yield {key: value for key, value in zip(keys, values, strict=True) if value is not None}
    if next(every, None) is not None:
        raise TooManyCombinationsError(
            f"conditions on {', '.join(keys)} can be combined in more than {MAX_SITUATIONS} ways: use fewer keys"
        )


def values_of(conditions: Sequence[Condition]) -> list[Value]:
    """Return the values of one key that its conditions tell apart, and its absence."""
    texts: dict[str, None] = {}
    for condition in conditions:
        texts.update(dict.fromkeys(_told_apart(condition)))
    found: list[Value] = [None, *texts]
    if any(condition.operator.lower().startswith(_SETS) for condition in conditions):
        found = [None, *((each,) for each in texts), tuple(texts)]
    return found


def _told_apart(condition: Condition) -> Iterable[str]:
    base = condition.operator.lower().removesuffix("ifexists")
    for prefix in _SETS:
        base = base.removeprefix(prefix)
    known = [value for value in condition.values if isinstance(value, str)]
    if base == "null":
        return ["present"]
    if base == "bool":
        return ["true", "false"]
    if base.startswith("numeric"):
        return _around_numbers(known)
    if base.startswith("date"):
        return _around_dates(known)
    if "ipaddress" in base:
        return _around_networks(known)
    return witnesses(patterns_in([condition]))


def _around_numbers(values: Iterable[str]) -> Iterator[str]:
    for value in values:
        try:
            number = float(value)
        except ValueError:
            continue
        yield from (f"{each:g}" for each in (number - 1, number, number + 1))


def _around_dates(values: Iterable[str]) -> Iterator[str]:
    for value in values:
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            continue
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        for seconds in (-1, 0, 1):
            yield (moment + timedelta(seconds=seconds)).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _around_networks(values: Iterable[str]) -> Iterator[str]:
    networks = []
    for value in values:
        try:
            networks.append(ipaddress.ip_network(value, strict=False))
        except ValueError:
            continue
    for network in networks:
        yield str(network.network_address)
    for address in _ADDRESSES:
        if not any(ipaddress.ip_address(address) in network for network in networks):
            yield address
            return
