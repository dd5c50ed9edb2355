"""Where values come from, deployed through CloudFormation: with the function and the role that a stack really gets."""

import json
import subprocess
import sys
from datetime import UTC, datetime
from typing import Final

import aws_cdk as cdk
import pytest
from aws_cdk import aws_kms as kms
from aws_cdk import aws_secretsmanager as secretsmanager
from aws_cdk import aws_ssm as ssm

from ssm_securestring.cdk import (
    CharacterClass,
    Expiration,
    ParameterKey,
    SecureStringParameter,
    SecureStringParameterBase,
    Tier,
    ValueSource,
)
from ssm_securestring.local import EmbeddedAccount, EmbeddedAwsError

pytestmark = pytest.mark.e2e

ELSEWHERE: Final = "us-east-1"
DESTROY: Final = cdk.RemovalPolicy.DESTROY


def new_stack(name: str = "Shop") -> cdk.Stack:
    """Return a stack in an app of its own, as each run of an app makes one."""
    return cdk.Stack(cdk.App(), name, synthesizer=cdk.DefaultStackSynthesizer(generate_bootstrap_version_rule=False))


def value_of(account: EmbeddedAccount, name: str) -> str:
    """Return a value, as the account's root reads it."""
    return str(account.client("ssm").get_parameter(Name=name, WithDecryption=True)["Parameter"]["Value"])


def set_value(account: EmbeddedAccount, name: str, value: str) -> None:
    """Set a value, as a person does."""
    account.client("ssm").put_parameter(Name=name, Value=value, Type="SecureString", Overwrite=True)


def seal(account: EmbeddedAccount, name: str, value: str, *, key: str) -> str:
    """Seal a value, as a person does."""
    command = [sys.executable, "-m", "ssm_securestring.cli.main", "seal", "--name", name, "--key", key]
    sealed = subprocess.run(
        command, input=value.encode(), capture_output=True, check=True, timeout=60, env=account.environment()
    )
    return sealed.stdout.decode()


def parameter_elsewhere(account: EmbeddedAccount, stack: cdk.Stack, value: str) -> SecureStringParameterBase:
    """Make a parameter under a key of its own in another Region; one of the same name here has another value."""
    key = account.client("kms", region=ELSEWHERE).create_key()["KeyMetadata"]["Arn"]
    account.client("ssm", region=ELSEWHERE).put_parameter(
        Name="/shop/there", Value=value, Type="SecureString", KeyId=key
    )
    account.client("ssm").put_parameter(Name="/shop/there", Value="not this one", Type="SecureString")
    arn = f"arn:aws:ssm:{ELSEWHERE}:{account.account}:parameter/shop/there"
    return SecureStringParameter.from_arn(stack, "There", arn=arn, encryption_key=ParameterKey.from_key_arn(key))


def test_values_are_copied_from_a_region_a_string_and_a_neighbour(embedded_account: EmbeddedAccount) -> None:
    """Each with no permission but its own: decrypted there as the function, encrypted here under our key."""
    stack = new_stack()
    embedded_account.client("ssm").put_parameter(Name="/shop/clear", Value="in clear", Type="String")
    there = parameter_elsewhere(embedded_account, stack, "from there")
    clear = ssm.StringParameter.from_string_parameter_attributes(stack, "Clear", parameter_name="/shop/clear")
    key = ParameterKey(stack, "Key")
    neighbour = SecureStringParameter(stack, "Neighbour", name="/shop/neighbour", encryption_key=key)
    for construct_id, copied in {"Region": there, "String": clear, "Copy": neighbour}.items():
        SecureStringParameter(
            stack,
            construct_id,
            name=f"/shop/{construct_id.lower()}",
            encryption_key=key,
            value=ValueSource.copy_from(copied),
        )

    with embedded_account.recorded() as trail:
        embedded_account.deploy(stack)

    values = [value_of(embedded_account, f"/shop/{each}") for each in ("region", "string", "copy")]
    assert values == ["from there", "in clear", value_of(embedded_account, "/shop/neighbour")]
    decrypted = [each for each in trail if each.event_name == "Decrypt"]
    assert {each.encryption_context["PARAMETER_ARN"] for each in decrypted} == {
        f"arn:aws:ssm:us-east-1:{embedded_account.account}:parameter/shop/there",
        f"arn:aws:ssm:eu-west-1:{embedded_account.account}:parameter/shop/neighbour",
    }
    assert all("assumed-role" in each.caller and each.error_code is None for each in decrypted)


def sources(account: EmbeddedAccount, stack: cdk.Stack, sealing_key: str, *, run: str) -> dict[str, ValueSource]:
    """Return one source of each kind; with another ``run``, those that follow or are made anew are asked to."""
    secret = secretsmanager.Secret.from_secret_complete_arn(
        stack, "Secret", account.client("secretsmanager").describe_secret(SecretId="shop")["ARN"]
    )
    name = "/shop/sealed"
    return {
        "generated": ValueSource.generated(
            length_chars=12,
            classes=list(CharacterClass),
            exclude_characters="lI1O0",
            at_least={CharacterClass.DIGITS: 4, CharacterClass.PUNCTUATION: 0},
            regenerate=run,
        ),
        "field": ValueSource.secrets_manager(secret, json_field="password", follow=run),
        "previous": ValueSource.secrets_manager(secret, json_field="password", version_stage="AWSPREVIOUS", follow=run),
        "sealed": ValueSource.sealed(
            seal(account, name, run + "s" * 5000, key=sealing_key),
            key=kms.Key.from_key_arn(stack, "Seal", sealing_key),
        ),
        "no-echo": ValueSource.no_echo_parameter(cdk.CfnParameter(stack, "Password", no_echo=True)),
        "external": ValueSource.external(must_be_set=run != "1"),
    }


def deploy_each(account: EmbeddedAccount, sealing_key: str, *, run: str) -> None:
    """Deploy a stack with a parameter of each source."""
    stack = new_stack()
    key = ParameterKey(stack, "Key")
    for label, value in sources(account, stack, sealing_key, run=run).items():
        SecureStringParameter(
            stack,
            label,
            name=f"/shop/{label}",
            encryption_key=key,
            tier=Tier.ADVANCED,
            value=value,
            allowed_pattern="[ -~]+",
            removal_policy=DESTROY,
        )
    account.deploy(stack, parameters={"Password": f"typed in {run}"})


def test_each_source_gives_its_value_and_another_one_when_it_is_asked_to(embedded_account: EmbeddedAccount) -> None:
    """Created, then updated once the sources have changed; an external value has to be set before the update passes."""
    account = embedded_account
    sealing_key = account.client("kms").create_key()["KeyMetadata"]["Arn"]
    secrets = account.client("secretsmanager")
    secrets.create_secret(Name="shop", SecretString='{"password": "first", "port": 5432}')
    secrets.put_secret_value(SecretId="shop", SecretString='{"password": "second"}')
    labels = ("generated", "field", "previous", "sealed", "no-echo", "external")

    deploy_each(account, sealing_key, run="1")
    created = {each: value_of(account, f"/shop/{each}") for each in labels}
    secrets.put_secret_value(SecretId="shop", SecretString='{"password": "third"}')
    with pytest.raises(EmbeddedAwsError, match="nobody has set its value yet, and must_be_set=True asks for that"):
        deploy_each(account, sealing_key, run="2")
    rolled_back = {each: value_of(account, f"/shop/{each}") for each in labels}
    set_value(account, "/shop/external", "set by a person")
    deploy_each(account, sealing_key, run="2")
    updated = {each: value_of(account, f"/shop/{each}") for each in labels}

    made = created.pop("generated"), updated.pop("generated")
    assert made[0] != made[1]
    assert all(len(each) == 12 and sum(map(str.isdigit, each)) >= 4 and not set(each) & set("lI1O0") for each in made)
    assert created.pop("external").startswith("not-set-yet-")
    assert created == {
        "field": "second",
        "previous": "first",
        "sealed": "1" + "s" * 5000,
        "no-echo": "typed in 1",
    }
    assert {each: rolled_back[each] for each in created} == created, "the update that failed left nothing behind"
    assert rolled_back["generated"] == made[0]
    assert updated == {
        "field": "third",
        "previous": "second",
        "sealed": "2" + "s" * 5000,
        "no-echo": "typed in 2",
        "external": "set by a person",
    }


def test_expired_parameter_comes_back_and_the_stack_can_be_deleted(embedded_account: EmbeddedAccount) -> None:
    """It expires behind the stack, twice: an update makes it anew, and a deletion finds nothing to do."""

    def stack(description: str) -> cdk.Stack:
        made = new_stack()
        SecureStringParameter(
            made,
            "Token",
            name="/shop/token",
            encryption_key=ParameterKey.aws_managed(),
            tier=Tier.ADVANCED,
            description=description,
            policies=[Expiration(timestamp=datetime(2099, 1, 1, tzinfo=UTC))],
            removal_policy=DESTROY,
        )
        return made

    def let_expire() -> str:
        past = {"Type": "Expiration", "Version": "1.0", "Attributes": {"Timestamp": "2020-01-01T00:00:00.000Z"}}
        client, value = embedded_account.client("ssm"), value_of(embedded_account, "/shop/token")
        client.put_parameter(
            Name="/shop/token", Value=value, Overwrite=True, Tier="Advanced", Policies=json.dumps([past])
        )
        assert client.get_parameters(Names=["/shop/token"])["InvalidParameters"] == ["/shop/token"]
        return value

    embedded_account.deploy(stack("first"))
    first = let_expire()
    deployed = embedded_account.deploy(stack("second"))
    second = let_expire()
    deployed.destroy()

    assert len({first, second}) == 2
