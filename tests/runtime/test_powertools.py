"""The provider under the real functions of Powertools' parameters."""

import inspect
import threading
import time
import traceback
from collections.abc import Iterator

import pytest
from aws_lambda_powertools.utilities import parameters
from aws_lambda_powertools.utilities.parameters.constants import DEFAULT_PROVIDERS
from aws_lambda_powertools.utilities.parameters.exceptions import (
    GetParameterError,
    SetParameterError,
    TransformParameterError,
)

from ssm_securestring import ParameterAccessDeniedError, ParameterNameError, ParameterNotFoundError, SecureStrings
from ssm_securestring.runtime.powertools import SecureStringsProvider
from tests.runtime.faults import ARN, FaultServer, refuse

CANARY = "c4n4ry-correct-horse"


@pytest.fixture(autouse=True)
def provider(faults: FaultServer) -> Iterator[SecureStringsProvider]:
    """Let Powertools use the provider, with some parameters in the store."""
    faults.values |= {"/shop/login.json": '{"user": "u"}', "/shop/key.binary": "AAEC", "/shop/deep/x": CANARY}
    yield SecureStringsProvider.install()
    DEFAULT_PROVIDERS.clear()


def test_get_parameter_decrypts_and_transforms(faults: FaultServer) -> None:
    """Singly, with each transform; one call for all ways of asking for one parameter."""
    assert parameters.get_parameter("/shop/deep/x") == CANARY
    assert parameters.get_parameter(f"{ARN}shop/deep/x", decrypt=False) == CANARY
    assert parameters.get_parameter("/shop/login.json", transform="json") == {"user": "u"}
    by_name: object = parameters.get_parameter("/shop/login.json", transform="auto")
    assert by_name == {"user": "u"}
    assert parameters.get_parameter("/shop/login.json") == '{"user": "u"}'
    assert parameters.get_parameter("/shop/key.binary", transform="binary") == b"\x00\x01\x02"
    assert [request["Name"] for _, request in faults.calls] == ["/shop/deep/x", "/shop/login.json", "/shop/key.binary"]
    assert all(request["WithDecryption"] for _, request in faults.calls)


def test_a_json_value_is_each_callers_own() -> None:
    """A change by one is not seen by others."""
    parameters.get_parameter("/shop/login.json", transform="json")["user"] = "changed"
    assert parameters.get_parameter("/shop/login.json", transform="json") == {"user": "u"}


def test_max_age_and_force_fetch_bring_newer_values(faults: FaultServer) -> None:
    """A value that is older than max_age is fetched; 0 and force_fetch fetch always; a longer one changes nothing."""
    assert parameters.get_parameter("/shop/deep/x", max_age=1) == CANARY
    faults.values["/shop/deep/x"] = "second"
    assert parameters.get_parameter("/shop/deep/x", max_age=60) == CANARY
    assert parameters.get_parameter("/shop/deep/x", max_age=0) == "second"
    faults.values["/shop/deep/x"] = "third"
    assert parameters.get_parameter("/shop/deep/x", force_fetch=True) == "third"
    faults.values["/shop/deep/x"] = "fourth"
    time.sleep(1.05)
    assert parameters.get_parameter("/shop/deep/x", max_age=60) == "third"
    assert parameters.get_parameters_by_name({"/shop/deep/x": {"max_age": 60}}) == {"/shop/deep/x": "third"}
    assert parameters.get_parameters_by_name({"/shop/deep/x": {}}, max_age=1) == {"/shop/deep/x": "fourth"}
    assert parameters.get_parameter("/shop/deep/x") == "fourth"


def test_the_environment_sets_the_usual_age(faults: FaultServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """POWERTOOLS_PARAMETERS_MAX_AGE, as for Powertools' own provider."""
    monkeypatch.setenv("POWERTOOLS_PARAMETERS_MAX_AGE", "0")
    SecureStringsProvider.install()
    parameters.get_parameter("/shop/deep/x")
    faults.values["/shop/deep/x"] = "new"
    assert parameters.get_parameter("/shop/deep/x") == "new"


def test_get_parameters_reads_a_path_and_fills_the_one_cache(faults: FaultServer) -> None:
    """Keys are what follows the path; the list and the values are kept, and each is known singly."""
    faults.values |= {"/shopping": "other path"}
    expected = {"login.json": {"user": "u"}, "key.binary": b"\x00\x01\x02", "deep/x": CANARY}
    assert parameters.get_parameters("/shop/", transform="auto", recursive=True) == expected
    assert parameters.get_parameters("/shop/", transform="auto", recursive=True) == expected
    assert parameters.get_parameter("/shop/deep/x") == CANARY
    assert len(faults.calls) == 1
    faults.values["/shop/new"] = "new"
    assert "new" not in parameters.get_parameters("/shop/", recursive=True)
    assert parameters.get_parameters("/shop/", recursive=True, max_age=0)["new"] == "new"
    assert parameters.get_parameters("/shop/", recursive=True, force_fetch=True)["deep/x"] == CANARY
    assert [operation for operation, _ in faults.calls] == ["GetParametersByPath"] * 3
    assert [request["Recursive"] for _, request in faults.calls] == [True] * 3
    parameters.get_parameters("/shop/", recursive=False)
    assert faults.calls[-1][1]["Recursive"] is False


def test_get_parameters_by_name_is_one_call_for_ten(faults: FaultServer) -> None:
    """Each with its own transform; the ones that fail are listed, or raised as asked."""
    wanted = {"/shop/login.json": {"transform": "json"}, "/shop/deep/x": {}, "/shop/no": {}}
    assert parameters.get_parameters_by_name(wanted, raise_on_error=False) == {
        "_errors": ["/shop/no"],
        "/shop/login.json": {"user": "u"},
        "/shop/deep/x": CANARY,
    }
    assert [operation for operation, _ in faults.calls] == ["GetParameters"]
    with pytest.raises(GetParameterError, match="parameter /shop/no: not found") as caught:
        parameters.get_parameters_by_name(wanted)
    assert isinstance(caught.value.__cause__, ParameterNotFoundError)
    with pytest.raises(GetParameterError, match="_errors"):
        parameters.get_parameters_by_name({"_errors": {}}, raise_on_error=False)


def test_threads_share_one_call(faults: FaultServer) -> None:
    """Where Powertools' own provider makes one each."""
    faults.latency_seconds = 0.1
    threads = [threading.Thread(target=parameters.get_parameter, args=("/shop/deep/x",)) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(faults.calls) == 1


def test_fails_with_an_error_of_powertools_and_ours_as_its_cause(faults: FaultServer) -> None:
    """The sentence says what is wrong; code that handles Powertools' errors goes on working."""
    faults.faults = [refuse("AccessDeniedException", text="not authorized to perform: ssm:GetParameter on resource: x")]
    with pytest.raises(GetParameterError, match=r"ssm:GetParameter is denied\. Grant") as caught:
        parameters.get_parameter("/shop/deep/x")
    assert isinstance(caught.value.__cause__, ParameterAccessDeniedError)
    with pytest.raises(GetParameterError) as badly_named:
        parameters.get_parameter("shop/x")
    assert isinstance(badly_named.value.__cause__, ParameterNameError)
    with pytest.raises(GetParameterError):
        parameters.get_parameters_by_name({"shop/x": {}})
    with pytest.raises(GetParameterError):
        parameters.get_parameters("shop")


@pytest.mark.parametrize("transform", ["json", "binary"])
def test_fails_to_transform_without_the_value_in_the_error(faults: FaultServer, transform: str) -> None:
    """Not in its text, causes or attributes, nor the locals of its frames; of a path, None or an error, as asked."""
    faults.values |= {"/bad/x": f"{{{CANARY}", "/bad/good": "1"}
    errors: list[BaseException] = []
    with pytest.raises(TransformParameterError, match="/bad/x cannot be transformed by") as caught:
        parameters.get_parameter("/bad/x", transform=transform)  # type: ignore[call-overload]  # one of two
    errors.append(caught.value)
    with pytest.raises(TransformParameterError) as of_path:
        parameters.get_parameters("/bad", transform=transform, raise_on_transform_error=True)  # type: ignore[call-overload]  # one of two
    errors.append(of_path.value)
    with pytest.raises(TransformParameterError) as by_name:
        parameters.get_parameters_by_name({"/bad/x": {"transform": transform}})
    errors.append(by_name.value)
    for error in errors:
        assert (error.__cause__, error.__context__) == (None, None)
        shown = traceback.TracebackException.from_exception(error, capture_locals=True)
        assert CANARY not in "".join(shown.format())
    of_good: object = parameters.get_parameters("/bad", transform="json")
    assert of_good == {"x": None, "good": 1}


def test_a_path_that_cannot_be_read_now_is_listed_again(faults: FaultServer) -> None:
    """A parameter that was deleted since the list was made does not fail the others for good."""
    parameters.get_parameters("/shop")
    del faults.values["/shop/deep/x"]
    SecureStrings().invalidate()
    provider = SecureStringsProvider.install(SecureStrings(ttl_seconds=0, max_stale_seconds=0))
    assert set(provider.get_multiple("/shop", recursive=True)) == {"login.json", "key.binary"}
    del faults.values["/shop/key.binary"]
    assert set(provider.get_multiple("/shop", recursive=True)) == {"login.json"}


def test_clear_cache_forgets_values_and_lists(faults: FaultServer, provider: SecureStringsProvider) -> None:
    """The next one who asks gets what is stored then."""
    parameters.get_parameters("/shop", recursive=True)
    faults.values["/shop/deep/x"] = "new"
    provider.clear_cache()
    assert parameters.get_parameter("/shop/deep/x") == "new"
    assert parameters.get_parameters("/shop", recursive=True)["deep/x"] == "new"


def test_fails_to_write_and_says_what_does(faults: FaultServer) -> None:
    """Powertools would make a String of a SecureString's name."""
    with pytest.raises(SetParameterError, match=r"use SecureStrings\.put") as caught:
        parameters.set_parameter("/shop/deep/x", CANARY, overwrite=True)
    assert CANARY not in str(caught.value)
    assert faults.calls == []


@pytest.mark.parametrize("method", ["get", "get_multiple", "get_parameters_by_name"])
def test_arguments_have_the_order_of_powertools_own_provider(method: str) -> None:
    """So that calls by position mean the same."""
    ours = inspect.signature(getattr(SecureStringsProvider, method)).parameters
    theirs = inspect.signature(getattr(parameters.SSMProvider, method)).parameters
    assert list(ours) == list(theirs)
    assert [each.default for each in ours.values()] == [each.default for each in theirs.values()]
