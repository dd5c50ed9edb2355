"""Where parameters are kept. A SecureString's plaintext is never here: only what KMS or the Encryption SDK returned."""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from threading import RLock
from typing import Final

from ssm_securestring.local.parameters.policies import has_expired
from ssm_securestring.local.parameters.quotas import HIGH_THROUGHPUT_SETTING
from ssm_securestring.local.protocol import Caller, JsonObject, ServiceError
from ssm_securestring.local.seam import Seam

# SSM User Guide, "Working with parameter versions".
MAX_VERSIONS: Final = 100
DEFAULT_TIER_SETTING: Final = "/ssm/parameter-store/default-parameter-tier"


class ParameterStore:
    """The parameters of the account and Region that is being served, kept in ministack's containers.

    A version is a JSON object; the current one is the last of the history.

    Args:
        seam: ministack.
        deletion_pause_seconds: How long the name of a deleted parameter stays taken.
        now_seconds: A clock that only goes forward. Default: the machine's.
    """

    def __init__(
        self, seam: Seam, *, deletion_pause_seconds: int = 0, now_seconds: Callable[[], float] = time.monotonic
    ) -> None:
        """Keep the way to the containers."""
        self._seam = seam
        self._pause_seconds = deletion_pause_seconds
        self._now_seconds = now_seconds
        self._deleted: dict[str, float] = {}
        self.lock = RLock()

    def find(self, name: str) -> JsonObject | None:
        """Return the current version; ``foo`` and ``/foo`` name the same parameter."""
        for spelling in _spellings(name):
            current: JsonObject | None = self._seam.parameters.get(spelling)
            if current is not None and not self._expire(current):
                return self.versions(current)[-1]
        return None

    def versions(self, current: JsonObject) -> list[JsonObject]:
        """Return all versions that are kept, oldest first."""
        versions: list[JsonObject] = self._seam.parameter_history[current["Name"]]
        return versions

    def all(self) -> Iterator[JsonObject]:
        """Yield the current version of every parameter, by name."""
        for _, current in sorted(self._seam.parameters.items()):
            if not self._expire(current):
                yield self.versions(current)[-1]

    def add(self, version: JsonObject) -> None:
        """Keep a new version; the oldest goes when there are too many.

        Raises:
            ServiceError: The oldest would have to go and has a label.
        """
        name = version["Name"]
        history: list[JsonObject] = self._seam.parameter_history.get(name) or []
        if len(history) >= MAX_VERSIONS and history[0]["Labels"]:
            raise ServiceError(
                "ParameterMaxVersionLimitExceeded",
                f"You attempted to create a new version of {name} by calling the PutParameter API with the overwrite "
                f"flag. Version {history[0]['Version']}, the oldest version, can't be deleted because it has a label "
                "associated with it. Move the label to another version of the parameter, and try again.",
            )
        version["ResourcePolicies"] = self.resource_policies(history[-1]) if history else {}
        self._seam.parameter_history[name] = [*history, version][-MAX_VERSIONS:]
        self._seam.parameters[name] = version

    def remove(self, current: JsonObject) -> None:
        """Forget a parameter, its versions and its tags."""
        self._deleted[current["ARN"]] = self._now_seconds()
        self._seam.parameters.pop(current["Name"], None)
        self._seam.parameter_history.pop(current["Name"], None)
        self._seam.parameter_tags.pop(current["ARN"], None)

    def is_name_free(self, arn: str) -> bool:
        """Return whether a parameter that was deleted under this ARN is gone for long enough."""
        deleted = self._deleted.get(arn)
        return deleted is None or self._now_seconds() - deleted >= self._pause_seconds

    def resource_policies(self, current: JsonObject) -> dict[str, str]:
        """Return the resource policies of a parameter by id; change the result to change them."""
        policies: dict[str, str] = current.setdefault("ResourcePolicies", {})
        return policies

    def in_account(self, account: str, region: str) -> AbstractContextManager[None]:
        """Look at the parameters of this account inside."""
        return self._seam.in_account(account, region)

    def tags(self, arn: str) -> dict[str, str]:
        """Return the tags of a parameter; change the result to change them."""
        tags: dict[str, str] = self._seam.parameter_tags.setdefault(arn, {})
        return tags

    def public(self, name: str) -> JsonObject | None:
        """Return a parameter that AWS publishes for every account."""
        return self._seam.public_parameter(name)

    def default_tier(self) -> str:
        """Return the account's default tier."""
        setting = self._seam.service_settings.get(DEFAULT_TIER_SETTING)
        return str(setting["value"]) if setting else "Standard"

    def has_high_throughput(self) -> bool:
        """Return whether the account has turned on higher throughput."""
        setting = self._seam.service_settings.get(HIGH_THROUGHPUT_SETTING)
        return bool(setting and setting["value"] == "true")

    def _expire(self, current: JsonObject) -> bool:
        if not has_expired(current["Policies"], datetime.now(UTC)):
            return False
        self.remove(current)
        return True


def now() -> float:
    """Return the time in the form of the API: seconds since 1970."""
    return round(time.time(), 3)


def parameter_arn(name: str, caller: Caller) -> str:
    """Return the ARN of a parameter, also of one whose name breaks a rule."""
    return f"arn:aws:ssm:{caller.region}:{caller.account}:parameter/{name.removeprefix('/')}"


def _spellings(name: str) -> tuple[str, str]:
    return (name, name[1:]) if name.startswith("/") else (name, f"/{name}")
