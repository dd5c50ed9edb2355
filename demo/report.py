"""What the demo prints, for people."""

import re
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Final

from demo.access import Observation, Operation
from ssm_securestring.iam.report import columns
from ssm_securestring.local import TrailRecord

# What CloudFormation appends to the name that it gives a role.
_GENERATED_PART: Final = re.compile(r"-[0-9A-F]{8,}$")


class Progress:
    """Says what each step does while it runs, and how long it took."""

    def __init__(self, steps: int) -> None:
        self._steps = steps
        self._done = 0
        self._began = time.monotonic()

    @contextmanager
    def step(self, text: str) -> Iterator[None]:
        """Announce a step; print its time when it ends, however it ends."""
        self._done += 1
        began = time.monotonic()
        print(f"\n[{self._done}/{self._steps}] {text}", flush=True)
        try:
            yield
        finally:
            print(f"      {time.monotonic() - began:.1f} s", flush=True)

    def total_seconds(self) -> float:
        """Return the time since the beginning."""
        return time.monotonic() - self._began


def say(line: str) -> None:
    """Print one line of a step; empty ones are left out."""
    if line.strip():
        print(f"      {line}", flush=True)


def access_table(observations: Sequence[Observation]) -> str:
    """Return principal by parameter: what was allowed, what was refused, and where that is not what was declared."""
    cells: dict[tuple[str, str], dict[Operation, Observation]] = {}
    for each in observations:
        cells.setdefault((each.principal, each.parameter), {})[each.operation] = each
    rows = [
        (principal, parameter, *(_cell(tried[operation]) for operation in Operation))
        for (principal, parameter), tried in cells.items()
    ]
    return columns(["principal", "parameter", *Operation], rows)


def _cell(observation: Observation) -> str:
    text = "allowed" if observation.allowed else "refused"
    return text if observation.as_declared else f"{text.upper()}, NOT AS DECLARED"


def kms_table(trail: Iterable[TrailRecord], roles: Mapping[str, str]) -> str:
    """Return the calls to KMS that Parameter Store made in somebody's name, equal ones counted.

    Args:
        trail: All calls.
        roles: ARN of a role, by what to call it.
    """
    names = {_role_of(arn): name for name, arn in roles.items()}
    counted: dict[tuple[str, str, str, str], int] = {}
    for record in trail:
        if record.event_source != "kms.amazonaws.com" or record.invoked_by != "ssm.amazonaws.com":
            continue
        context = ", ".join(f"{key}={value}" for key, value in record.encryption_context.items())
        role = _role_of(record.caller)
        caller = names.get(role, _GENERATED_PART.sub("", role))
        row = (record.event_name, caller, context, record.error_code or "ok")
        counted[row] = counted.get(row, 0) + 1
    rows = [(str(count), *row) for row, count in counted.items()]
    return columns(["calls", "operation", "caller", "encryption context", "result"], rows)


def _role_of(arn: str) -> str:
    """Return the name of a role or user in an ARN of IAM or STS."""
    resource = arn.rsplit(":", 1)[-1]
    parts = resource.split("/")
    return parts[1] if len(parts) > 1 else resource
