"""The answer to CloudFormation: within its limit, and delivered if that is possible at all."""

import http.client
import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from ssm_securestring.core.errors import SecureStringError
from ssm_securestring.core.limits import MAX_RESPONSE_BYTES
from ssm_securestring.handler.request import Request

_TIMEOUT_SECONDS: Final = 5.0
_WAITS_SECONDS: Final = (0.2, 0.5, 1.0, 2.0)
_SERVER_ERROR: Final = 500
_ELLIPSIS: Final = "…"


class AnswerError(SecureStringError):
    """CloudFormation could not be answered. The invocation fails with it, so that Lambda delivers the event again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What to tell CloudFormation.

    Args:
        physical_id: Physical id of the resource.
        data: Attributes of the resource, for ``Fn::GetAtt``.
        reason: Why it failed. Empty for success.
    """

    physical_id: str
    data: Mapping[str, str] = field(default_factory=dict)
    reason: str = ""

    def body(self, request: Request) -> bytes:
        """Return the JSON to send, with the reason cut short where the limit demands it.

        Source:
            CloudFormation User Guide, "Custom resource response objects".
        """
        fields: dict[str, object] = {
            "Status": "FAILED" if self.reason else "SUCCESS",
            "PhysicalResourceId": self.physical_id,
            "StackId": request.stack_id,
            "RequestId": request.request_id,
            "LogicalResourceId": request.logical_id,
        }
        if not self.reason:
            return _json({**fields, "Data": dict(self.data)})
        room = MAX_RESPONSE_BYTES - len(_json({**fields, "Reason": ""}))
        return _json({**fields, "Reason": _shortened(self.reason, room)})


def deliver(request: Request, answer: Answer, *, sleep: Callable[[float], None] = time.sleep) -> None:
    """Give CloudFormation the answer to a request.

    Args:
        request: What is answered.
        answer: The answer.
        sleep: How to wait before another attempt.

    Raises:
        AnswerError: It could not be delivered.
    """
    body = answer.body(request)
    waits = iter(_WAITS_SECONDS)
    while not (delivery := _put(request.response_url, body)).done:
        wait = next(waits, None) if delivery.may_pass else None
        if wait is None:
            raise AnswerError(f"CloudFormation could not be answered: {delivery.problem}")
        sleep(wait)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Delivery:
    done: bool
    may_pass: bool = False
    problem: str = ""


def _put(url: str, body: bytes) -> _Delivery:
    """Put the body once. No exception leaves, since one may repeat the URL, by which anybody could answer."""
    if not url.startswith(("https://", "http://")):
        return _Delivery(done=False, problem="the response URL is not one of HTTP")
    try:
        # The URL is signed for an empty content type; urllib would send one of its own.
        request = urllib.request.Request(url, data=body, method="PUT", headers={"Content-Type": ""})  # noqa: S310 checked
        with urllib.request.urlopen(request, timeout=_TIMEOUT_SECONDS):  # noqa: S310 checked above
            return _Delivery(done=True)
    except urllib.error.HTTPError as error:
        error.close()
        return _Delivery(done=False, may_pass=error.code >= _SERVER_ERROR, problem=f"HTTP status {error.code}")
    except (OSError, http.client.HTTPException, ValueError) as error:
        return _Delivery(done=False, may_pass=True, problem=type(error).__name__)


def _json(fields: Mapping[str, object]) -> bytes:
    return json.dumps(fields, ensure_ascii=False).encode("utf-8", "replace")


def _shortened(text: str, room: int) -> str:
    if len(_json_text(text)) <= room:
        return text
    left = room - len(_ELLIPSIS.encode())
    for index, character in enumerate(text):
        left -= len(_json_text(character))
        if left < 0:
            return text[:index] + _ELLIPSIS
    return text


def _json_text(text: str) -> bytes:
    return json.dumps(text, ensure_ascii=False).encode("utf-8", "replace")[1:-1]
