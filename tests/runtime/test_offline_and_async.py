"""The helper without AWS, and for asyncio."""

import asyncio
import inspect
import json
from pathlib import Path

import pytest

import ssm_securestring
from ssm_securestring import AsyncSecureStrings, ParameterNotFoundError, SecureStrings
from ssm_securestring.core.errors import ParameterNameError, SettingError
from tests.runtime.faults import FaultServer

CANARY = "c4n4ry-correct-horse"
VALUES = {"/shop/a": "1", "/shop/b/c": "2", "single": "3"}


def test_the_offline_source_answers_as_parameter_store_does(faults: FaultServer) -> None:
    """Values, errors, paths and ARNs; nothing is sent."""
    secrets = SecureStrings(offline=VALUES)
    assert secrets.get("/shop/a").reveal() == "1"
    assert secrets.get("/single").reveal() == "3"
    assert secrets.get(secrets.record("/shop/a").arn).reveal() == "1"
    many = secrets.get_many(["/shop/b/c", "/no", "single"])
    assert {name: value.reveal() for name, value in many.items()} == {"/shop/b/c": "2", "single": "3"}
    assert isinstance(many.errors["/no"], ParameterNotFoundError)
    with pytest.raises(ParameterNotFoundError):
        secrets.get("/other")
    assert list(secrets.get_by_path("/shop")) == ["/shop/a", "/shop/b/c"]
    assert list(secrets.get_by_path("/shop", recursive=False)) == ["/shop/a"]
    assert list(secrets.get_by_path("/")) == ["/shop/a", "/shop/b/c", "single"]
    assert faults.calls == []


def test_the_environment_names_the_offline_file(
    faults: FaultServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No line of the application changes."""
    file = tmp_path / "secrets.json"
    file.write_text(json.dumps(VALUES), encoding="utf-8")
    monkeypatch.setenv("SSM_SECURESTRING_OFFLINE", str(file))
    assert SecureStrings().get("/shop/a").reveal() == "1"
    assert SecureStrings(offline=file).get("/shop/a").reveal() == "1"
    assert faults.calls == []


@pytest.mark.parametrize("content", [CANARY, f'["{CANARY}"]', f'{{"/x": ["{CANARY}"]}}'])
def test_fails_for_a_file_of_another_form_without_its_content(tmp_path: Path, content: str) -> None:
    """The error holds nothing of it."""
    file = tmp_path / "secrets.json"
    file.write_text(content, encoding="utf-8")
    with pytest.raises(SettingError, match="offline is not a file of values") as caught:
        SecureStrings(offline=file).get("/x")
    assert (caught.value.__cause__, caught.value.__context__) == (None, None)
    with pytest.raises(SettingError, match="cannot be read"):
        SecureStrings(offline=tmp_path / "missing").get("/x")
    with pytest.raises(ParameterNameError):
        SecureStrings(offline={"shop/x": ""}).get("/x")


def test_asyncio_shares_cache_and_calls(faults: FaultServer) -> None:
    """A hundred tasks that want one parameter are one call; the event loop goes on meanwhile."""
    faults.values |= {"/x": CANARY, "/y": "2"}
    faults.latency_seconds = 0.1
    secrets = SecureStrings()

    async def run() -> int:
        helper = AsyncSecureStrings(secrets)
        wanted = asyncio.gather(*[helper.get("/x") for _ in range(100)])
        ticks = 0
        while not wanted.done():
            await asyncio.sleep(0.01)
            ticks += 1
        assert {value.reveal() for value in await wanted} == {CANARY}
        assert (await helper.get_many(["/x", "/y"]))["/y"].reveal() == "2"
        faults.values["/x"] = "new"
        assert (await helper.get("/x")).reveal() == CANARY
        assert (await helper.refresh("/x")).reveal() == "new"
        helper.invalidate("/y")
        assert list(await helper.get_by_path("/")) == ["/x", "/y"]
        return ticks

    assert asyncio.run(run()) >= 5
    assert secrets.known("/x") is not None
    assert len(faults.calls) == 4


def test_the_helper_for_asyncio_has_the_same_methods_and_arguments() -> None:
    """All but handles, whose values are properties."""

    def surface(of: type) -> dict[str, list[str]]:
        found = inspect.getmembers(of, inspect.isfunction)
        return {name: list(inspect.signature(each).parameters) for name, each in found if not name.startswith("_")}

    expected = surface(SecureStrings)
    del expected["parameter"]
    assert surface(AsyncSecureStrings) == expected


def test_asyncio_gets_the_same_answers(faults: FaultServer) -> None:
    """Records, prefetched values, and errors of the same classes."""
    faults.values |= {"/x": CANARY}

    async def run() -> None:
        helper = AsyncSecureStrings()
        await helper.prefetch(name for name in ("/x", "/no"))
        known = helper.known("/x")
        assert known is not None
        assert known.reveal() == CANARY
        assert (await helper.record("/x")).arn.endswith(":parameter/x")
        with pytest.raises(ParameterNotFoundError):
            await helper.get("/no")
        with pytest.raises(SettingError, match="make this helper with decrypt='direct'"):
            await helper.decrypt("", parameter_arn="x")

    asyncio.run(run())
    assert len(faults.calls) == 1


def test_a_script_needs_one_line(faults: FaultServer) -> None:
    """The module's own function shares one helper."""
    faults.values["/only/here"] = CANARY
    assert ssm_securestring.get("/only/here").reveal() == CANARY
    assert ssm_securestring.get("/only/here").reveal() == CANARY
    assert len(faults.calls) == 1
