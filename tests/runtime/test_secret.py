"""A value shows itself only when it is asked to."""

import copy
import dataclasses
import json
import logging
import pickle
import traceback

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssm_securestring import SecretValue

CANARY = "c4n4ry-correct-horse"


@dataclasses.dataclass
class Settings:
    """What an application may wrap a value in."""

    password: SecretValue


def _raise(error: Exception) -> None:
    raise error


def test_reveal_is_the_way_out() -> None:
    """The value comes back as it went in."""
    assert SecretValue(CANARY).reveal() == CANARY


def test_no_way_of_showing_it_shows_it(caplog: pytest.LogCaptureFixture) -> None:
    """Text, formats, containers, dataclasses, logs and tracebacks hold a mask of constant length."""
    value = SecretValue(CANARY)
    with caplog.at_level(logging.DEBUG):
        logging.getLogger(__name__).info("%s %r %s", value, value, {"password": value})
    with pytest.raises(ValueError, match=r"SecretValue") as caught:
        _raise(ValueError(value))
    shown_by_traceback = "".join(traceback.format_exception(caught.value))
    shown = [str(value), repr(value), f"{value}", f"{value!s:>40}", str([value]), repr(Settings(value)), caplog.text]
    assert str(value) == "SecretValue(***)"
    assert not [text for text in [*shown, shown_by_traceback] if CANARY in text]


@pytest.mark.parametrize("leak", [pickle.dumps, copy.copy, copy.deepcopy, json.dumps], ids=lambda each: each.__name__)
def test_fails_to_be_serialized(leak: object) -> None:
    """A pickle or JSON text would hold it in clear; the refusal does not."""
    assert callable(leak)
    with pytest.raises(TypeError) as caught:
        leak(SecretValue(CANARY))
    assert CANARY not in str(caught.value)


def test_fails_to_be_changed() -> None:
    """Neither its text nor anything else can be set on it."""
    value = SecretValue(CANARY)
    for name in ("text", "_SecretValue__text"):
        with pytest.raises(AttributeError, match="SecretValue is immutable"):
            setattr(value, name, "x")
        with pytest.raises(AttributeError, match="SecretValue is immutable"):
            delattr(value, name)
    assert value.reveal() == CANARY


@given(one=st.text(), other=st.text())
def test_values_are_equal_when_their_texts_are(one: str, other: str) -> None:
    """And never equal to a plain text, so that nobody compares with one."""
    assert (SecretValue(one) == SecretValue(other)) == (one == other)
    assert SecretValue(one) != one


def test_fails_to_be_hashed() -> None:
    """A hash tells of the value."""
    with pytest.raises(TypeError, match="unhashable"):
        hash(SecretValue(CANARY))
