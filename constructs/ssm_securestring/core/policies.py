"""Parameter policies of advanced parameters, typed.

Source:
    SSM User Guide, "Assigning parameter policies in Parameter Store"; SSM API reference, PutParameter, "Policies".
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final, Self

from ssm_securestring.core.errors import ContractError, SettingError
from ssm_securestring.core.limits import MAX_PARAMETER_POLICIES

_VERSION: Final = "1.0"
# What PutParameter takes for "no policies": an empty text would mean "as they were".
NO_POLICIES: Final = "[{}]"


class PolicyUnit(StrEnum):
    """Unit of a policy's amount, by the word that the API uses."""

    DAYS = "Days"
    HOURS = "Hours"


@dataclass(frozen=True, slots=True, kw_only=True)
class Expiration:
    """Parameter Store deletes the parameter, all versions of it, at this moment.

    From then on the resource stands for nothing: its updates and its deletion succeed, and one that moves this moment
    into the future creates it anew. To move it into the past is refused.

    Args:
        timestamp: When; with a time zone. It is sent to the millisecond, in UTC.

    Raises:
        SettingError: It has no time zone.
    """

    timestamp: datetime

    def __post_init__(self) -> None:
        """Refuse a moment that depends on where the code runs."""
        if self.timestamp.tzinfo is None:
            raise SettingError("timestamp", problem="has no time zone", fix="write datetime(..., tzinfo=UTC)")
        moment = self.timestamp.astimezone(UTC)
        # The same moment reads the same after a way through JSON.
        object.__setattr__(self, "timestamp", moment.replace(microsecond=moment.microsecond // 1000 * 1000))

    def to_properties(self) -> dict[str, str]:
        """Return the JSON form."""
        text = self.timestamp.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        return {"Type": "Expiration", "Timestamp": text}

    @classmethod
    def from_properties(cls, properties: Mapping[str, object]) -> Self:
        """Read the JSON form."""
        return cls(timestamp=datetime.fromisoformat(str(properties["Timestamp"])))


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpirationNotification:
    """Parameter Store sends an event to EventBridge this long before the parameter expires.

    Args:
        before: How many units before.
        unit: Days or hours. Default: days.

    Raises:
        SettingError: ``before`` is not positive.
    """

    before: int
    unit: PolicyUnit = PolicyUnit.DAYS

    def __post_init__(self) -> None:
        """Check the amount."""
        _check_amount("before", self.before)

    def to_properties(self) -> dict[str, str]:
        """Return the JSON form."""
        return {"Type": "ExpirationNotification", "Before": str(self.before), "Unit": self.unit.value}

    @classmethod
    def from_properties(cls, properties: Mapping[str, object]) -> Self:
        """Read the JSON form."""
        return cls(before=int(str(properties["Before"])), unit=PolicyUnit(str(properties["Unit"])))


@dataclass(frozen=True, slots=True, kw_only=True)
class NoChangeNotification:
    """Parameter Store sends an event to EventBridge when the parameter has not been changed for this long.

    Args:
        after: How many units after the last change.
        unit: Days or hours. Default: days.

    Raises:
        SettingError: ``after`` is not positive.
    """

    after: int
    unit: PolicyUnit = PolicyUnit.DAYS

    def __post_init__(self) -> None:
        """Check the amount."""
        _check_amount("after", self.after)

    def to_properties(self) -> dict[str, str]:
        """Return the JSON form."""
        return {"Type": "NoChangeNotification", "After": str(self.after), "Unit": self.unit.value}

    @classmethod
    def from_properties(cls, properties: Mapping[str, object]) -> Self:
        """Read the JSON form."""
        return cls(after=int(str(properties["After"])), unit=PolicyUnit(str(properties["Unit"])))


ParameterPolicy = Expiration | ExpirationNotification | NoChangeNotification
_TYPES: Final[dict[str, type[ParameterPolicy]]] = {
    "Expiration": Expiration,
    "ExpirationNotification": ExpirationNotification,
    "NoChangeNotification": NoChangeNotification,
}


def policies_text(policies: Sequence[ParameterPolicy]) -> str:
    """Return what PutParameter takes as ``Policies``; for none, what clears them."""
    if not policies:
        return NO_POLICIES
    documents = []
    for policy in policies:
        attributes = policy.to_properties()
        documents.append({"Type": attributes.pop("Type"), "Version": _VERSION, "Attributes": attributes})
    return json.dumps(documents)


def policies_from_properties(properties: object) -> tuple[ParameterPolicy, ...]:
    """Read the JSON form of policies.

    Raises:
        ContractError: One is of no known type, or malformed.
    """
    if not isinstance(properties, list):
        raise ContractError("Policies is not a list")
    try:
        return tuple(_TYPES[str(each["Type"])].from_properties(each) for each in properties)
    except (KeyError, TypeError, ValueError) as error:
        raise ContractError(f"a parameter policy is unknown or malformed: {error}") from error


def has_expired(policies: Sequence[ParameterPolicy], *, now: datetime) -> bool:
    """Return whether a parameter with these policies is to be gone by now; ``now`` has a time zone."""
    return any(isinstance(each, Expiration) and each.timestamp <= now for each in policies)


def check_policies(policies: Sequence[ParameterPolicy]) -> None:
    """Refuse policies that Parameter Store would refuse together.

    Raises:
        SettingError: There are too many, two expirations, or a notice of an expiration that is not there.
    """
    expirations = sum(isinstance(each, Expiration) for each in policies)
    if len(policies) > MAX_PARAMETER_POLICIES:
        raise SettingError(
            "policies", problem=f"has {len(policies)} policies", fix=f"use {MAX_PARAMETER_POLICIES} at most"
        )
    if expirations > 1:
        raise SettingError("policies", problem="has more than one Expiration", fix="leave one")
    if not expirations and any(isinstance(each, ExpirationNotification) for each in policies):
        raise SettingError(
            "policies", problem="has an ExpirationNotification and no Expiration", fix="add the Expiration"
        )


def _check_amount(name: str, amount: int) -> None:
    if amount < 1:
        raise SettingError(name, problem=f"is {amount}", fix="write 1 or more")
