"""A value shows itself only when it is asked to; decoding keeps it out of errors."""

import copy
import json
import pickle
import traceback
from collections.abc import Callable

import pytest

from ssm_securestring import SecretFormatError, SecretValue

CANARY = "c4n4ry-correct-horse"


def test_json_and_base64_are_decoded() -> None:
    """What comes back is what was stored; each call gives an object of its own."""
    value = SecretValue('{"user": "u"}')
    assert value.json() == {"user": "u"}
    assert value.json() is not value.json()
    assert SecretValue("AAEC").base64() == b"\x00\x01\x02"


@pytest.mark.parametrize("decode", [SecretValue.json, SecretValue.base64], ids=["json", "base64"])
def test_fails_without_the_value_in_the_error(decode: Callable[[SecretValue], object]) -> None:
    """Not in its text, causes, contexts or the locals of its frames."""
    with pytest.raises(SecretFormatError) as caught:
        decode(SecretValue(CANARY))
    error = caught.value
    assert (error.__cause__, error.__context__) == (None, None)
    shown = traceback.TracebackException.from_exception(error, capture_locals=True)
    assert CANARY not in "".join(shown.format())


def test_no_way_of_showing_a_value_shows_it() -> None:
    """Neither text nor format nor JSON nor pickle nor copy."""
    value = SecretValue(CANARY)
    assert {repr(value), str(value), f"{value}", f"{value!r:>40}".strip(), "%s" % value} == {"SecretValue(***)"}  # noqa: UP031 - it is one of the ways
    for refused in (json.dumps, pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError) as caught:
            refused(value)
        assert CANARY not in str(caught.value)


def test_values_compare_by_their_text_and_with_nothing_else() -> None:
    """A plain text is never equal; a text that UTF-8 cannot hold is compared like any other."""
    assert SecretValue(CANARY) == SecretValue(CANARY)
    assert SecretValue(CANARY) != SecretValue(CANARY + "x")
    assert SecretValue(CANARY) != CANARY
    assert SecretValue(f"{CANARY}\ud800") == SecretValue(f"{CANARY}\ud800")
    assert SecretValue(f"{CANARY}\ud800") != SecretValue(CANARY)
