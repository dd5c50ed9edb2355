"""Parameter policies: what the text must be, and when a parameter expires.

Source:
    SSM User Guide, "Assigning parameter policies in Parameter Store".
"""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

from ssm_securestring.local.protocol import ServiceError, validation_error

_MAX_POLICIES: Final = 10
_EXPIRATION: Final = "Expiration"
_ATTRIBUTES: Final = {
    _EXPIRATION: ("Timestamp",),
    "ExpirationNotification": ("Before", "Unit"),
    "NoChangeNotification": ("After", "Unit"),
}
_UNITS: Final = frozenset({"Days", "Hours"})


def parse_policies(text: str) -> list[dict[str, str]]:
    """Return the policies of a request in the form that DescribeParameters shows; ``[{}]`` means none.

    Raises:
        ServiceError: The text is malformed, or a policy is.
    """
    try:
        policies = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise validation_error("Policies is not valid JSON.") from error
    if not isinstance(policies, list) or not all(isinstance(each, dict) for each in policies):
        raise validation_error("Policies is not a JSON array of objects.")
    given = [each for each in policies if each]
    if len(given) > _MAX_POLICIES:
        raise ServiceError("PoliciesLimitExceededException", f"A parameter can have at most {_MAX_POLICIES} policies.")
    for policy in given:
        _check(policy)
    if sum(policy["Type"] == _EXPIRATION for policy in given) > 1:
        raise ServiceError("IncompatiblePolicyException", "A parameter can have one Expiration policy at most.")
    return [
        {"PolicyText": json.dumps(policy), "PolicyType": policy["Type"], "PolicyStatus": "Pending"} for policy in given
    ]


def has_expired(policies: Sequence[dict[str, str]], now: datetime) -> bool:
    """Return whether an Expiration policy has deleted the parameter by now."""
    return any(
        _timestamp(json.loads(policy["PolicyText"])["Attributes"]["Timestamp"]) <= now
        for policy in policies
        if policy["PolicyType"] == _EXPIRATION
    )


def _check(policy: dict[str, Any]) -> None:
    kind = policy.get("Type")
    if not isinstance(kind, str) or kind not in _ATTRIBUTES or policy.get("Version") != "1.0":
        raise ServiceError(
            "InvalidPolicyTypeException", f"The policy type isn't supported. Use one of {', '.join(_ATTRIBUTES)}."
        )
    attributes = policy.get("Attributes")
    if not isinstance(attributes, dict) or not all(isinstance(attributes.get(name), str) for name in _ATTRIBUTES[kind]):
        raise _bad_attribute(f"{kind} needs {' and '.join(_ATTRIBUTES[kind])}, each as text.")
    if kind == _EXPIRATION:
        _timestamp(attributes["Timestamp"])
        return
    amount = attributes[_ATTRIBUTES[kind][0]]
    if not amount.isdecimal() or attributes["Unit"] not in _UNITS:
        raise _bad_attribute(f"{kind} needs a whole number of Days or Hours.")


def _timestamp(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise _bad_attribute("Timestamp is not in ISO 8601 form.") from error


def _bad_attribute(message: str) -> ServiceError:
    return ServiceError("InvalidPolicyAttributeException", message)
