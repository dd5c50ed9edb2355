"""How values are fetched and checked."""

from dataclasses import dataclass, field

import pytest

from ssm_securestring.core.errors import LifecycleError
from ssm_securestring.core.names import ParameterName
from ssm_securestring.core.sources import (
    CopySource,
    ExternalSource,
    GeneratedSource,
    NoEchoSource,
    SealedSource,
    SecretsManagerSource,
    Source,
)
from ssm_securestring.core.spec import ParameterSpec
from ssm_securestring.core.tiers import Tier
from ssm_securestring.handler.values import check_value, new_value

CANARY = "canary-8f3a1c"
SECRET_ARN = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:db-AbCdEf"


def spec(source: Source, tier: Tier = Tier.STANDARD) -> ParameterSpec:
    """Return a parameter."""
    return ParameterSpec(name=ParameterName("/shop/db"), key_id="alias/aws/ssm", tier=tier, source=source)


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Where values are copied from; asked for anything else, the test fails."""

    secrets: dict[tuple[str, str], str | None] = field(default_factory=dict)
    parameters: dict[str, str] = field(default_factory=dict)

    def secret_string(self, name: str, source: SecretsManagerSource) -> str | None:
        """Return the string of a secret, by ARN and stage."""
        assert name == "/shop/db"
        return self.secrets[source.secret_arn, source.version_stage]

    def copied(self, name: str, source: CopySource) -> str:
        """Return the value of a parameter, by ARN."""
        assert name == "/shop/db"
        return self.parameters[source.parameter_arn]

    def unsealed(self, name: str, source: SealedSource, *, parameter_arn: str) -> str:
        """Open nothing."""
        pytest.fail(f"asked to open {source} for {name}, {parameter_arn}")


ARN = "arn:aws:ssm:eu-west-1:111122223333:parameter/shop/db"
NOWHERE = Elsewhere()


def taken_from(document: str | None, json_field: str | None) -> str:
    """Return the value from a secret."""
    source = SecretsManagerSource(secret_arn=SECRET_ARN, json_field=json_field)
    return new_value(spec(source), elsewhere=Elsewhere({(SECRET_ARN, "AWSCURRENT"): document}), parameter_arn=ARN)


def message_of(document: str | None, field: str | None) -> str:
    """Return the message of the error that a secret ends in."""
    with pytest.raises(LifecycleError) as caught:
        taken_from(document, field)
    assert caught.value.__context__ is None, "a parse error keeps the document"
    return str(caught.value)


def test_values_do_not_repeat() -> None:
    """Two values of one source differ; for an external one too, so that nobody can know the placeholder."""
    for source in (GeneratedSource(), ExternalSource()):
        made = {new_value(spec(source), elsewhere=NOWHERE, parameter_arn=ARN) for _ in range(50)}
        assert len(made) == 50


def test_placeholder_says_what_it_is() -> None:
    """Whoever reads an external parameter too early sees why it does not work."""
    assert new_value(spec(ExternalSource()), elsewhere=NOWHERE, parameter_arn=ARN).startswith("not-set-yet-")


def test_a_chosen_version_of_a_secret_is_taken() -> None:
    """By its staging label."""
    source = SecretsManagerSource(secret_arn=SECRET_ARN, version_stage="AWSPREVIOUS")
    secrets: dict[tuple[str, str], str | None] = {(SECRET_ARN, "AWSPREVIOUS"): "old", (SECRET_ARN, "AWSCURRENT"): "new"}

    assert new_value(spec(source), elsewhere=Elsewhere(secrets), parameter_arn=ARN) == "old"


def test_parameter_is_copied_as_it_is() -> None:
    """Whatever it looks like."""
    arn = "arn:aws:ssm:us-east-1:111122223333:parameter/old"

    assert (
        new_value(spec(CopySource(parameter_arn=arn)), elsewhere=Elsewhere(parameters={arn: "{}"}), parameter_arn=ARN)
        == "{}"
    )


def test_value_that_cloudformation_passes_is_taken_and_shown_nowhere() -> None:
    """Neither the source nor the parameter that it belongs to repeats it."""
    made = spec(NoEchoSource(value=CANARY))

    assert new_value(made, elsewhere=NOWHERE, parameter_arn=ARN) == CANARY
    assert CANARY not in repr(made)


@pytest.mark.parametrize(
    ("document", "field", "value"),
    [
        ("plain text", None, "plain text"),
        ('{"password": "p"}', None, '{"password": "p"}'),
        ('{"user": "u", "password": "pä"}', "password", "pä"),
        ('{"port": 5432}', "port", "5432"),
        ('{"factor": 1.10}', "factor", "1.10"),
    ],
    ids=["whole", "whole JSON", "field", "integer as written", "decimal as written"],
)
def test_secret_is_taken_as_it_is_written(document: str, field: str | None, value: str) -> None:
    """The whole secret, or one field of it."""
    assert taken_from(document, field) == value


@pytest.mark.parametrize(
    ("document", "field", "problem"),
    [
        (None, None, f"secret {SECRET_ARN} is binary, and a parameter holds text"),
        (CANARY, "password", f"secret {SECRET_ARN} is not JSON, so it has no field 'password'"),
        (f'["{CANARY}"]', "password", f"secret {SECRET_ARN} is not a JSON object, so it has no field 'password'"),
        (f'{{"pass": "{CANARY}"}}', "password", f"secret {SECRET_ARN} has no field 'password'"),
        (f'{{"a": ["{CANARY}"]}}', "a", f"field 'a' of secret {SECRET_ARN} is neither text nor a number"),
        ('{"a": null}', "a", f"field 'a' of secret {SECRET_ARN} is neither text nor a number"),
        ('{"a": true}', "a", f"field 'a' of secret {SECRET_ARN} is neither text nor a number"),
    ],
    ids=["binary", "not JSON", "list", "missing", "list field", "null", "boolean"],
)
def test_fails_where_the_secret_does_not_hold_it(document: str | None, field: str | None, problem: str) -> None:
    """The message names parameter, secret and field, and repeats nothing of what is in the secret."""
    message = message_of(document, field)

    assert message.startswith(f"parameter /shop/db: {problem}. ")
    assert CANARY not in message


@pytest.mark.parametrize(
    ("tier", "value"),
    [
        (Tier.STANDARD, "x" * 4096),
        (Tier.ADVANCED, "x" * 8192),
        (Tier.INTELLIGENT_TIERING, "x" * 8192),
        (Tier.STANDARD, "{{"),
        (Tier.STANDARD, '{"a": {"b": 1}}'),
    ],
    ids=["standard", "advanced", "intelligent", "braces that open only", "nested JSON"],
)
def test_value_at_the_limit_is_accepted(tier: Tier, value: str) -> None:
    """Nothing that Parameter Store takes is refused."""
    check_value(spec(ExternalSource(), tier), value)


@pytest.mark.parametrize(
    ("tier", "value", "problem"),
    [
        (Tier.STANDARD, "", "its value is empty"),
        (Tier.STANDARD, CANARY + "x" * 4084, "its value has 4097 bytes, and tier Standard takes 4096 at most"),
        (Tier.STANDARD, "ä" * 2049, "its value has 4098 bytes, and tier Standard takes 4096 at most"),
        (Tier.ADVANCED, CANARY + "x" * 8180, "its value has 8193 bytes, and tier Advanced takes 8192 at most"),
        (Tier.STANDARD, f"{{{{ssm:{CANARY}}}}}", "its value contains '{{...}}'"),
    ],
    ids=["empty", "long", "long in bytes", "long for advanced", "reference"],
)
def test_fails_for_a_value_that_cannot_be_stored(tier: Tier, value: str, problem: str) -> None:
    """Refused before it is sent, by bytes and not by characters, and never repeated."""
    with pytest.raises(LifecycleError) as caught:
        check_value(spec(ExternalSource(), tier), value)

    assert str(caught.value).startswith(f"parameter /shop/db: {problem}")
    assert CANARY not in str(caught.value)
