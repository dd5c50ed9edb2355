"""The source under real settings of pydantic-settings."""

import traceback
import uuid
from typing import Annotated, Any

import boto3
import pytest
from pydantic import AliasChoices, BaseModel, Field, SecretBytes, SecretStr, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from ssm_securestring import (
    ParameterAccessDeniedError,
    ParameterNameError,
    SecretValue,
    SecureStrings,
)
from ssm_securestring.core.errors import SettingError
from ssm_securestring.runtime import shared
from ssm_securestring.runtime.locked import Once
from ssm_securestring.runtime.settings import FromParameter, SecureStringsSource
from tests.runtime.faults import FaultServer, refuse

CANARY = "c4n4ry-correct-horse"


class Source:
    """Where the settings of the running test come from."""

    path: str | None = "/shop"
    secrets: SecureStrings | None = None


class FromShop(BaseSettings):
    """Settings out of the arguments, then the environment, then Parameter Store."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Put Parameter Store last."""
        del dotenv_settings, file_secret_settings
        source = SecureStringsSource(settings_cls, path=Source.path, secrets=Source.secrets)
        return init_settings, env_settings, source


class Database(BaseModel):
    """A part of settings."""

    user: SecretStr
    password: SecretBytes


class Settings(FromShop):
    """Settings with all that can be filled."""

    model_config = SettingsConfigDict(arbitrary_types_allowed=True)

    api_key: SecretStr
    mail: SecretStr | None = None
    signing: SecretValue
    db: Database
    elsewhere: Annotated[SecretStr, FromParameter("/other/place:3")]
    renamed: SecretStr = Field(validation_alias="theirName")
    either: SecretStr = Field(validation_alias=AliasChoices("one", "other"))
    level: str = "INFO"


STORED = {
    "/shop/api_key": CANARY,
    "/shop/signing": CANARY,
    "/shop/db/user": "u",
    "/shop/db/password": CANARY,
    "/other/place:3": CANARY,
    "/shop/theirName": CANARY,
    "/shop/one": CANARY,
}


@pytest.fixture(autouse=True)
def helper(faults: FaultServer, monkeypatch: pytest.MonkeyPatch) -> SecureStrings:
    """Fill the store, and make a helper for each test."""
    faults.values |= STORED
    secrets = SecureStrings()
    monkeypatch.setattr(Source, "secrets", secrets)
    return secrets


def test_fields_are_filled_from_parameters(faults: FaultServer) -> None:
    """By path and name, in nested models, by alias, by a name of their own; one call, and none the second time."""
    settings = Settings()  # type: ignore[call-arg]  # the fields come from the source

    assert settings.api_key.get_secret_value() == CANARY
    assert settings.mail is None
    assert settings.signing.reveal() == CANARY
    assert settings.db.user.get_secret_value() == "u"
    assert settings.db.password.get_secret_value() == CANARY.encode()
    assert settings.elsewhere.get_secret_value() == CANARY
    assert settings.renamed.get_secret_value() == CANARY
    assert settings.either.get_secret_value() == CANARY
    assert settings.level == "INFO"
    Settings()  # type: ignore[call-arg]  # as above
    (call,) = [(operation, sorted(request["Names"])) for operation, request in faults.calls]
    assert call == ("GetParameters", sorted([*STORED, "/shop/mail", "/shop/level"]))


def test_nothing_shows_a_value() -> None:
    """Neither the settings nor the source, whatever is printed or dumped of them."""
    settings = Settings()  # type: ignore[call-arg]  # the fields come from the source
    for shown in (repr(settings), str(settings), repr(settings.model_dump()), repr(SecureStringsSource(Settings))):
        assert CANARY not in shown
    assert CANARY not in settings.model_dump_json(exclude={"signing"})


def test_earlier_sources_win(monkeypatch: pytest.MonkeyPatch) -> None:
    """An argument, then the environment: for laptops and tests."""
    monkeypatch.setenv("API_KEY", "of the environment")
    monkeypatch.setenv("MAIL", "mail of the environment")
    settings = Settings(api_key=SecretStr("argument"))  # type: ignore[call-arg]  # the others come from the source
    assert settings.api_key.get_secret_value() == "argument"
    assert settings.mail is not None
    assert settings.mail.get_secret_value() == "mail of the environment"


def test_the_offline_source_serves_settings_too(faults: FaultServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is sent."""
    monkeypatch.setattr(Source, "secrets", SecureStrings(offline={"/shop/api_key": "offline"}))

    class Small(FromShop):
        api_key: SecretStr

    assert Small().api_key.get_secret_value() == "offline"  # type: ignore[call-arg]  # it comes from the source
    assert faults.calls == []


def test_the_shared_helper_is_used_unless_one_is_given(faults: FaultServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """What ssm_securestring.get() knows, settings know."""
    monkeypatch.setattr(Source, "secrets", None)
    monkeypatch.setattr(shared, "_SHARED", Once(SecureStrings))
    name = f"name{uuid.uuid4().hex}"
    faults.values[f"/shop/{name}"] = "shared"
    made: Any = type("Made", (FromShop,), {"__annotations__": {name: SecretStr}, "__module__": __name__})
    assert getattr(made(), name).get_secret_value() == "shared"
    made()
    assert len(faults.calls) == 1


def test_without_a_path_only_named_parameters_are_read(faults: FaultServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Other fields are none of the source's business."""
    monkeypatch.setattr(Source, "path", None)

    class Small(FromShop):
        level: str = "INFO"
        elsewhere: Annotated[SecretStr, FromParameter("/other/place:3")]

    assert Small().elsewhere.get_secret_value() == CANARY  # type: ignore[call-arg]  # it comes from the source
    assert [request for _, request in faults.calls] == [{"Name": "/other/place:3", "WithDecryption": True}]


def test_fails_when_a_secret_cannot_be_read(faults: FaultServer) -> None:
    """A denial is not taken for a missing parameter: no default stands in for it."""

    class Small(FromShop):
        mail: SecretStr | None = None

    faults.faults = [refuse("AccessDeniedException")]
    with pytest.raises(ParameterAccessDeniedError, match="parameter /shop/mail"):
        Small()


def test_fails_for_a_field_that_would_show_a_secret() -> None:
    """In repr() and in validation errors; the error says which types do not."""

    class Careless(FromShop):
        api_key: str

    with pytest.raises(SettingError, match=r"api_key would show the SecureString /shop/api_key.*SecretStr") as caught:
        Careless()  # type: ignore[call-arg]  # it comes from the source
    assert CANARY not in str(caught.value)


def test_fails_validation_without_the_value() -> None:
    """A constraint that the value breaks is named; the value is in neither text nor details nor frames."""

    class Strict(FromShop):
        api_key: Annotated[SecretStr, Field(min_length=100)]

    with pytest.raises(ValidationError, match="at least 100") as caught:
        Strict()  # type: ignore[call-arg]  # it comes from the source
    shown = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    assert CANARY not in "".join(shown.format())
    assert CANARY not in repr(caught.value.errors())


def test_fails_for_a_missing_parameter_as_for_any_missing_field(faults: FaultServer) -> None:
    """The error says which."""
    del faults.values["/shop/db/user"]
    with pytest.raises(ValidationError, match=r"db\.user\n  Field required"):
        Settings()  # type: ignore[call-arg]  # the fields come from the source


def test_fails_for_names_that_cannot_be_parameters(monkeypatch: pytest.MonkeyPatch) -> None:
    """When the settings are made, before any call."""

    class Wrong(FromShop):
        x: Annotated[SecretStr, FromParameter("other/place")]

    with pytest.raises(ParameterNameError):
        Wrong()  # type: ignore[call-arg]  # it comes from the source
    monkeypatch.setattr(Source, "path", "shop")
    with pytest.raises(SettingError, match="path is 'shop': write '/shop'"):
        Settings()  # type: ignore[call-arg]  # as above


@pytest.mark.usefixtures("only_the_embedded_aws")
def test_settings_in_clear_go_into_any_field(monkeypatch: pytest.MonkeyPatch) -> None:
    """A String is decoded as pydantic-settings decodes the environment."""
    path = f"/settings/{uuid.uuid4().hex}"
    ssm: Any = boto3.client("ssm")
    ssm.put_parameter(Name=f"{path}/level", Value="DEBUG", Type="String")
    ssm.put_parameter(Name=f"{path}/port", Value="5432", Type="String")
    ssm.put_parameter(Name=f"{path}/hosts", Value='["a", "b"]', Type="String")
    ssm.put_parameter(Name=f"{path}/api_key", Value=CANARY, Type="SecureString")
    monkeypatch.setattr(Source, "path", path)
    monkeypatch.setattr(Source, "secrets", SecureStrings())

    class Mixed(FromShop):
        level: str
        port: int
        hosts: list[str]
        api_key: SecretStr

    mixed = Mixed()  # type: ignore[call-arg]  # the fields come from the source
    assert (mixed.level, mixed.port, mixed.hosts) == ("DEBUG", 5432, ["a", "b"])
    assert mixed.api_key.get_secret_value() == CANARY
