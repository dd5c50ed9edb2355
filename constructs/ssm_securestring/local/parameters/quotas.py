"""Request quotas of Parameter Store, for those who want to see their code meet them.

Source:
    AWS General Reference, "AWS Systems Manager endpoints and quotas".
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from ssm_securestring.local.protocol import Caller, ServiceError

HIGH_THROUGHPUT_SETTING: Final = "/ssm/parameter-store/high-throughput-enabled"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Quota:
    """Operations that share a rate, in transactions per second, by default and with higher throughput."""

    name: str
    default_tps: int
    high_tps: int


_READING_TPS: Final = 40
_READING: Final = frozenset({"GetParameter", "GetParameters", "GetParametersByPath"})
_HIGH_READING: Final = {"GetParameter": 10_000, "GetParameters": 1_000, "GetParametersByPath": 100}
_OTHER: Final = {
    "PutParameter": _Quota(name="put", default_tps=3, high_tps=10),
    **dict.fromkeys(("DeleteParameter", "DeleteParameters"), _Quota(name="delete", default_tps=3, high_tps=5)),
    **{
        operation: _Quota(name=operation, default_tps=3, high_tps=10)
        for operation in (
            *("DescribeParameters", "GetParameterHistory", "LabelParameterVersion"),
            "UnlabelParameterVersion",
        )
    },
}


class RequestQuotas:
    """Lets so many requests of an account pass in each second, and refuses the rest.

    Args:
        is_high: Says whether the account of the request has higher throughput turned on.
        now_seconds: A clock that only goes forward. Default: the machine's.
    """

    def __init__(self, is_high: Callable[[], bool], now_seconds: Callable[[], float] = time.monotonic) -> None:
        """Start with all quotas unused."""
        self._is_high = is_high
        self._now_seconds = now_seconds
        self._left: dict[tuple[str, str, str], tuple[float, float]] = {}

    def spend(self, caller: Caller, operation: str) -> None:
        """Count a request.

        Raises:
            ServiceError: Too many came in the last second.
        """
        quota = self._quota(operation)
        if quota is None:
            return
        name, tps = quota
        now = self._now_seconds()
        slot = (caller.account, caller.region, name)
        left, before = self._left.get(slot, (float(tps), now))
        left = min(float(tps), left + (now - before) * tps)
        if left < 1:
            self._left[slot] = (left, now)
            raise ServiceError("ThrottlingException", "Rate exceeded")
        self._left[slot] = (left - 1, now)

    def _quota(self, operation: str) -> tuple[str, int] | None:
        if operation in _READING:
            return (operation, _HIGH_READING[operation]) if self._is_high() else ("read", _READING_TPS)
        other = _OTHER.get(operation)
        return (other.name, other.high_tps if self._is_high() else other.default_tps) if other else None
