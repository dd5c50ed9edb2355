"""Parameter policies: what Parameter Store is sent, and what is refused before."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone

import pytest

from ssm_securestring.core.errors import SettingError
from ssm_securestring.core.policies import (
    Expiration,
    ExpirationNotification,
    NoChangeNotification,
    ParameterPolicy,
    PolicyUnit,
    check_policies,
    has_expired,
    policies_text,
)

EXPIRATION = Expiration(timestamp=datetime(2030, 1, 2, 3, 4, 5, 678901, tzinfo=timezone(timedelta(hours=1))))


def test_policies_read_as_in_the_user_guide() -> None:
    """Type, version, attributes; every attribute is text, the moment is in UTC."""
    policies: list[ParameterPolicy] = [
        EXPIRATION,
        ExpirationNotification(before=15),
        NoChangeNotification(after=20, unit=PolicyUnit.HOURS),
    ]

    assert json.loads(policies_text(policies)) == [
        {"Type": "Expiration", "Version": "1.0", "Attributes": {"Timestamp": "2030-01-02T02:04:05.678Z"}},
        {"Type": "ExpirationNotification", "Version": "1.0", "Attributes": {"Before": "15", "Unit": "Days"}},
        {"Type": "NoChangeNotification", "Version": "1.0", "Attributes": {"After": "20", "Unit": "Hours"}},
    ]


def test_no_policies_are_said_with_an_empty_one() -> None:
    """An empty list would leave what there is."""
    assert policies_text([]) == "[{}]"


@pytest.mark.parametrize(
    ("policies", "message"),
    [
        ([NoChangeNotification(after=1)] * 11, "policies has 11 policies: use 10 at most"),
        ([EXPIRATION, EXPIRATION], "policies has more than one Expiration"),
        ([ExpirationNotification(before=1)], "policies has an ExpirationNotification and no Expiration"),
    ],
)
def test_fails_for_policies_that_do_not_go_together(policies: list[ParameterPolicy], message: str) -> None:
    """Before a deployment."""
    with pytest.raises(SettingError, match=message):
        check_policies(policies)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Expiration(timestamp=datetime(2030, 1, 1)), "timestamp has no time zone"),  # noqa: DTZ001 the fault
        (lambda: ExpirationNotification(before=0), "before is 0: write 1 or more"),
        (lambda: NoChangeNotification(after=-1), "after is -1: write 1 or more"),
    ],
)
def test_fails_for_a_policy_that_makes_no_sense(make: Callable[[], ParameterPolicy], message: str) -> None:
    """With the argument and the fix."""
    with pytest.raises(SettingError, match=message):
        make()


def test_expiration_has_passed_from_its_moment_on() -> None:
    """The other policies never end anything."""
    moment = datetime(2030, 1, 2, 2, 4, 5, 678000, tzinfo=UTC)
    policies: list[ParameterPolicy] = [NoChangeNotification(after=1), EXPIRATION, ExpirationNotification(before=1)]

    assert has_expired(policies, now=moment)
    assert not has_expired(policies, now=moment - timedelta(milliseconds=1))
    assert not has_expired([NoChangeNotification(after=1)], now=moment)


def test_ten_policies_are_accepted() -> None:
    """The most that Parameter Store takes; the moment equals itself in another zone."""
    check_policies([EXPIRATION, *[NoChangeNotification(after=1)] * 9])
    assert EXPIRATION.timestamp == datetime(2030, 1, 2, 2, 4, 5, 678000, tzinfo=UTC)
