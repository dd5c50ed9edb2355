"""Asks Parameter Store for parameters: up to ten by name in one call, or all below a path, page by page."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ssm_securestring.core.errors import ParameterAccessDeniedError, ParameterKeyError, ParameterReadError
from ssm_securestring.runtime.calls import OUT_OF_STEP, NoAnswerError, ServiceRefusalError, Transport
from ssm_securestring.runtime.failures import concerns_one, from_no_answer, from_refusal, missing
from ssm_securestring.runtime.record import Record
from ssm_securestring.runtime.reference import Reference, has_selector, is_of, key_of, name_in
from ssm_securestring.runtime.secret import SecretValue

Outcome = Record | ParameterReadError


def fetch(transport: Transport, wanted: Sequence[Reference]) -> dict[str, Outcome]:
    """Fetch and decrypt up to ten parameters with one call; returns an outcome for each key.

    A call that fails as a whole is repeated name by name, so that one key or permission does not take others along.
    An answer about other parameters than those that were asked for is no answer, and connections are made anew.
    """
    if len(wanted) == 1:
        return {wanted[0].key: _fetch_one(transport, wanted[0])}
    # In an answer, a parameter of another account looks like that of one's own with the same name.
    names = {each.key for each in wanted}
    apart = [each for each in wanted if each.text.startswith("arn:") and name_in(each.key) in names]
    if apart:
        others = [each for each in wanted if each not in apart]
        return fetch(transport, others) | {each.key: _fetch_one(transport, each) for each in apart}
    return _fetch_many(transport, wanted)


def _fetch_many(transport: Transport, wanted: Sequence[Reference]) -> dict[str, Outcome]:
    try:
        request = {"Names": [each.text for each in wanted], "WithDecryption": True}
        answer = transport.call("GetParameters", request)
    except ServiceRefusalError as refusal:
        if concerns_one(refusal):
            return {each.key: _fetch_one(transport, each) for each in wanted}
        return {each.key: from_refusal(each.text, refusal) for each in wanted}
    except NoAnswerError as failure:
        return {each.key: from_no_answer(each.text, failure) for each in wanted}
    found = _by_key(answer.data["Parameters"])
    if any(not ({*keys} & {each.key for each in wanted}) for keys in map(_keys, answer.data["Parameters"])):
        transport.reset()
        return {each.key: from_no_answer(each.text, NoAnswerError(OUT_OF_STEP)) for each in wanted}
    return {each.key: found.get(each.key) or _missing(transport, each, answer.request_id) for each in wanted}


def _by_key(parameters: Sequence[Mapping[str, Any]]) -> dict[str, Record]:
    """Arrange an answer, which is in another order and names a single-level parameter as it was stored."""
    found: dict[str, Record] = {}
    for fields in parameters:
        found.update(dict.fromkeys(_keys(fields), _record(fields)))
    return found


def _keys(fields: Mapping[str, Any]) -> tuple[str, str]:
    """Return the keys of a parameter in an answer: by its name and by its ARN."""
    selector = fields.get("Selector", "")
    return key_of(fields["Name"], selector), key_of(fields["ARN"], selector)


def below(transport: Transport, path: str, *, recursive: bool, decrypt: bool) -> Iterator[Record]:
    """Iterate over the parameters below a path.

    Raises:
        ParameterReadError: A page could not be read.
    """
    request: dict[str, object] = {"Path": path, "Recursive": recursive, "WithDecryption": decrypt}
    while True:
        try:
            answer = transport.call("GetParametersByPath", request)
        except ServiceRefusalError as refusal:
            raise from_refusal(path, refusal) from refusal
        except NoAnswerError as failure:
            raise from_no_answer(path, failure) from failure
        yield from (_record(fields) for fields in answer.data["Parameters"])
        token = answer.data.get("NextToken")
        if not token:
            return
        request["NextToken"] = token


def may_be_of_one(error: ParameterReadError) -> bool:
    """Tell whether a path may have failed because of one parameter below it."""
    if isinstance(error, ParameterAccessDeniedError):
        return "kms:" in error.problem
    return isinstance(error, ParameterKeyError)


def _missing(transport: Transport, wanted: Reference, request_id: str) -> Outcome:
    if has_selector(wanted.text):
        # The answer to many does not tell a missing version or label from a missing parameter.
        return _fetch_one(transport, wanted)
    return missing(wanted.text, request_id)


def _fetch_one(transport: Transport, wanted: Reference) -> Outcome:
    try:
        answer = transport.call("GetParameter", {"Name": wanted.text, "WithDecryption": True})
    except ServiceRefusalError as refusal:
        return from_refusal(wanted.text, refusal)
    except NoAnswerError as failure:
        return from_no_answer(wanted.text, failure)
    record = _record(answer.data["Parameter"])
    if not is_of(record.arn, wanted):
        transport.reset()
        return from_no_answer(wanted.text, NoAnswerError(OUT_OF_STEP))
    return record


def _record(fields: Mapping[str, Any]) -> Record:
    return Record(
        name=fields["Name"],
        value=SecretValue(fields["Value"]),
        version=fields["Version"],
        arn=fields["ARN"],
        type=fields["Type"],
    )
