"""Log lines: one JSON object each, of these fields and no others.

Never the event (it holds the response URL), a value, or the text of an error (it may hold either).
"""

import json
import logging
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from ssm_securestring.core import metrics
from ssm_securestring.handler.failures import AwsRefusalError

_NOISY_LOGGERS: Final = ("boto3", "botocore", "urllib3")


def silence_libraries() -> None:
    """Keep boto3 from logging requests, whose bodies hold values, whatever level the function's logs are set to."""
    for name in _NOISY_LOGGERS:
        logging.getLogger(name).setLevel(logging.WARNING)


class Log:
    """Writes the lines of one request to standard output, where Lambda picks them up.

    Args:
        request_id: Id of the request.
        request_type: Its type.
        logical_id: Logical id of the resource.

    Attributes:
        parameter: Name of the parameter, as soon as it is known.
        throttles: How many calls AWS refused for their rate.
    """

    def __init__(self, *, request_id: str, request_type: str, logical_id: str) -> None:
        self._request = {"request_id": request_id, "request_type": request_type, "logical_id": logical_id}
        self.parameter = ""
        self.throttles = 0

    def line(
        self, *, step: str, outcome: str, duration_ms: int | None = None, error: BaseException | None = None
    ) -> None:
        """Write one line.

        Args:
            step: What was done.
            outcome: How it ended.
            duration_ms: How long it took.
            error: What went wrong; its type, code and place are written, its text is not.
        """
        fields: dict[str, str | int | None] = {
            **self._request,
            "parameter": self.parameter or None,
            "step": step,
            "outcome": outcome,
            "duration_ms": duration_ms,
            "error_type": None if error is None else type(error).__name__,
            "error_code": error.code if isinstance(error, AwsRefusalError) else None,
            "error_at": None if error is None else _place(error),
        }
        _write({name: text for name, text in fields.items() if text is not None})

    def count(self, *, stack: str, failed: bool) -> None:
        """Write the metrics of this request, in the form that CloudWatch takes out of logs.

        Args:
            stack: Name of the stack.
            failed: Whether the answer was FAILED.

        Source:
            CloudWatch User Guide, "Embedded metric format specification".
        """
        counts = {
            metrics.OPERATIONS: 1,
            metrics.FAILURES: int(failed),
            metrics.THROTTLES: self.throttles,
        }
        definition = {
            "Namespace": metrics.NAMESPACE,
            "Dimensions": [[metrics.STACK_DIMENSION]],
            "Metrics": [{"Name": name, "Unit": "Count"} for name in counts],
        }
        header = {"Timestamp": round(time.time() * 1000), "CloudWatchMetrics": [definition]}
        _write({"_aws": header, metrics.STACK_DIMENSION: stack, **counts})


def _write(fields: Mapping[str, object]) -> None:
    sys.stdout.write(json.dumps(fields) + "\n")
    sys.stdout.flush()


def _place(error: BaseException) -> str | None:
    place = error.__traceback__
    if place is None:
        return None
    while place.tb_next is not None:
        place = place.tb_next
    return f"{Path(place.tb_frame.f_code.co_filename).name}:{place.tb_lineno}"
