"""Entry point of the function: takes an event of CloudFormation, and answers it whatever happens."""

import functools
from collections.abc import Callable, Mapping
from typing import Final, Protocol, TypeVar

import boto3
from botocore.client import BaseClient
from botocore.config import Config

from ssm_securestring.core.errors import SecureStringError
from ssm_securestring.handler.deadline import OutOfTime, time_limit
from ssm_securestring.handler.identity import failed_create_id
from ssm_securestring.handler.lifecycle import Lifecycle
from ssm_securestring.handler.log import Log, silence_libraries
from ssm_securestring.handler.refusals import KeptIn
from ssm_securestring.handler.request import Request
from ssm_securestring.handler.response import Answer, deliver
from ssm_securestring.handler.store import Store
from ssm_securestring.handler.throttling import Throttles

# What is left for the answer when the time is nearly up.
_RESERVE_SECONDS: Final = 10.0
# PutParameter admits 3 calls a second and CloudFormation asks for many parameters at once: a hundred of them take half
# a minute at the least. botocore waits at random, up to 1, 2, 4, … 20 seconds: twelve tries for a minute and a quarter
# on average, which is less than half of the function's time.
_CONFIG: Final = Config(retries={"mode": "standard", "total_max_attempts": 12}, connect_timeout=5, read_timeout=20)

_Client = TypeVar("_Client", bound=BaseClient)

silence_libraries()


class LambdaContext(Protocol):
    """What the function uses of Lambda's context object."""

    log_group_name: str
    log_stream_name: str

    def get_remaining_time_in_millis(self) -> int:
        """Return the milliseconds until Lambda ends the function."""


def on_event(event: Mapping[str, object], context: LambdaContext) -> None:
    """Carry out a request of CloudFormation and answer it.

    Raises:
        ContractError: The event is not a request of CloudFormation.
        AnswerError: The answer could not be delivered. Lambda delivers the event again then.
    """
    carry_out(event, context, make_store=_store)


def carry_out(event: Mapping[str, object], context: LambdaContext, *, make_store: Callable[[], Store]) -> None:
    """Do what :func:`on_event` does, with another store.

    Args:
        event: The request.
        context: Lambda's word on this invocation.
        make_store: Makes the store. It is called late, so that its failure is answered as well.

    Raises:
        ContractError: The event is not a request of CloudFormation.
        AnswerError: The answer could not be delivered.
    """
    request = Request.from_event(event)
    log = Log(request_id=request.request_id, request_type=request.request_type, logical_id=request.logical_id)
    answer = _answer(request, context, make_store=make_store, log=log)
    deliver(request, answer)
    log.line(step="answer", outcome="FAILED" if answer.reason else "SUCCESS")
    log.count(stack=request.stack_name, failed=bool(answer.reason))


def _answer(request: Request, context: LambdaContext, *, make_store: Callable[[], Store], log: Log) -> Answer:
    try:
        with time_limit(_seconds_left(context)):
            lifecycle = Lifecycle(
                request=request, store=make_store(), log=log, seconds_left=lambda: _seconds_left(context)
            )
            return lifecycle.run()
    except OutOfTime as interruption:
        log.line(step=request.request_type, outcome="failed", error=interruption)
        reason = f"The function ran out of time before it was done. {_where(context)}. Deploy again."
        if log.throttles:
            reason += f" AWS had refused {log.throttles} calls for their rate."
        reason = _with_notes(reason, interruption)
    except Exception as error:  # noqa: BLE001 an unanswered request blocks the stack for an hour
        log.line(step=request.request_type, outcome="failed", error=error)
        reason = _with_notes(_reason(error, context), error)
    return Answer(physical_id=request.physical_id or failed_create_id(request), reason=reason)


def _reason(error: Exception, context: LambdaContext) -> str:
    if isinstance(error, SecureStringError):
        return str(error)
    # Any other error's text may hold anything, a value too.
    return f"{type(error).__name__} in the function. {_where(context)}."


def _with_notes(reason: str, error: BaseException) -> str:
    notes = [note for note in getattr(error, "__notes__", ()) if isinstance(note, KeptIn)]
    return " ".join([reason, *notes])


def _seconds_left(context: LambdaContext) -> float:
    return context.get_remaining_time_in_millis() / 1000 - _RESERVE_SECONDS


def _where(context: LambdaContext) -> str:
    return f"See log group {context.log_group_name}, stream {context.log_stream_name}"


@functools.cache
def _store() -> Store:
    throttles = Throttles()

    def watched(client: _Client) -> _Client:
        throttles.watch(client)
        return client

    return Store(
        ssm=watched(boto3.client("ssm", config=_CONFIG)),
        secretsmanager=watched(boto3.client("secretsmanager", config=_CONFIG)),
        cloudformation=lambda: watched(boto3.client("cloudformation", config=_CONFIG)),
        kms=lambda: watched(boto3.client("kms", config=_CONFIG)),
        ssm_in=lambda region: watched(boto3.client("ssm", region_name=region, config=_CONFIG)),
        throttles=throttles,
    )
