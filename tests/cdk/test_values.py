"""Where values come from, as props: what goes into the template, and what the function may read for it."""

import json
from datetime import UTC, datetime
from typing import Any, cast

import aws_cdk as cdk
import pytest
from aws_cdk import aws_kms as kms
from aws_cdk import aws_ssm as ssm

from ssm_securestring.cdk import (
    CharacterClass,
    Expiration,
    KeyMode,
    NoChangeNotification,
    ParameterKey,
    SecureStringParameter,
    Tier,
    ValueSource,
)
from ssm_securestring.core.errors import GrantError, SettingError
from tests.cdk.spelled import KEY_ARN, arn_of, bound_to, only, permissions, resources, statements_of

KEY = ParameterKey.from_key_arn(KEY_ARN)
SEALING_KEY = "arn:aws:kms:eu-west-1:111122223333:key/eeeeeeee-12ab-34cd-56ef-1234567890ab"
OTHER_KEY = "arn:aws:kms:us-east-1:111122223333:key/ffffffff-12ab-34cd-56ef-1234567890ab"


def source_of(stack: cdk.Stack, value: ValueSource) -> Any:  # noqa: ANN401 - a template is JSON
    """Return the source in the template."""
    SecureStringParameter(stack, "Parameter", name="/shop/db", encryption_key=KEY, value=value)
    return only(stack, "Custom::SsmSecureString")["Properties"]["Source"]


def provider_statements(stack: cdk.Stack) -> list[dict[str, Any]]:
    """Return all that the function may do."""
    managed = resources(stack, "AWS::IAM::ManagedPolicy").values()
    inline = statements_of(stack, "SecureStringProviderRole")
    return [*inline, *(each for policy in managed for each in policy["Properties"]["PolicyDocument"]["Statement"])]


def test_regenerate_is_in_the_template(stack: cdk.Stack) -> None:
    """Its change is what CloudFormation sees."""
    source = source_of(stack, ValueSource.generated(regenerate="2026-11"))

    assert source["Regenerate"] == "2026-11"


def test_minimum_counts_are_in_the_template(stack: cdk.Stack) -> None:
    """As text; a parameter without them has the properties that it always had."""
    source = source_of(stack, ValueSource.generated(length_chars=16, at_least={CharacterClass.DIGITS: 2}))

    assert source == {
        "Kind": "Generated",
        "Length": "16",
        "Classes": ["lowercase", "uppercase", "digits"],
        "ExcludeCharacters": "",
        "AtLeast": {"digits": "2"},
    }


def test_external_value_can_be_asked_for(stack: cdk.Stack) -> None:
    """As text, like everything in a custom resource."""
    assert source_of(stack, ValueSource.external(must_be_set=True)) == {"Kind": "External", "MustBeSet": "true"}


def test_copy_from_another_region_brings_its_exact_permission(stack: cdk.Stack) -> None:
    """Fetch that one, decrypt that one, through Parameter Store of its Region."""
    arn = "arn:aws:ssm:us-east-1:111122223333:parameter/shop/db"
    there = SecureStringParameter.from_arn(stack, "There", arn=arn, encryption_key=ParameterKey.from_key_arn(OTHER_KEY))

    source = source_of(stack, ValueSource.copy_from(there))

    assert source == {"Kind": "Copy", "ParameterArn": arn}
    granted = permissions(provider_statements(stack))
    expected: list[dict[str, Any]] = [
        {"Action": "ssm:GetParameter", "Resource": arn},
        {
            "Action": "kms:Decrypt",
            "Resource": OTHER_KEY,
            "Condition": {
                "StringEquals": {
                    "kms:ViaService": "ssm.us-east-1.amazonaws.com",
                    "kms:EncryptionContext:PARAMETER_ARN": arn,
                }
            },
        },
    ]
    assert permissions(expected) <= granted


def test_copy_of_a_parameter_in_clear_needs_no_key(stack: cdk.Stack) -> None:
    """The way from a String to a SecureString of another name."""
    clear = ssm.StringParameter.from_string_parameter_attributes(stack, "Clear", parameter_name="/shop/clear")

    source = source_of(stack, ValueSource.copy_from(clear, follow="1"))

    assert source["Follow"] == "1"
    tail = ":ssm:eu-west-1:111122223333:parameter/shop/clear"
    granted = permissions(provider_statements(stack))
    assert (
        "ssm:GetParameter",
        json.dumps({"Fn::Join": ["", ["arn:", {"Ref": "AWS::Partition"}, tail]]}),
        "{}",
    ) in granted
    assert not any("/shop/clear" in condition for _, _, condition in granted)


def test_value_through_cloudformation_is_a_reference(stack: cdk.Stack) -> None:
    """The template has the name of the stack parameter, never its value."""
    parameter = cdk.CfnParameter(stack, "Password", no_echo=True)

    source = source_of(stack, ValueSource.no_echo_parameter(parameter))

    assert source == {"Kind": "NoEcho", "Value": {"Ref": "Password"}}


@pytest.mark.parametrize(
    ("props", "message"),
    [({}, "shows its value: set no_echo=True"), ({"no_echo": True, "default": "x"}, "has a default, which is in the")],
)
def test_fails_for_a_stack_parameter_that_shows_its_value(
    stack: cdk.Stack, props: dict[str, Any], message: str
) -> None:
    """In the console, or in the template."""
    parameter = cdk.CfnParameter(stack, "Password", **props)

    with pytest.raises(SettingError, match=message):
        ValueSource.no_echo_parameter(parameter)


def test_sealed_value_brings_the_permission_to_open_it_for_this_parameter(stack: cdk.Stack) -> None:
    """Under the key that it was sealed with; the function calls KMS itself, so nothing goes through Parameter Store."""
    ciphertext = "AQICAHh" + "x" * 81
    key = kms.Key.from_key_arn(stack, "Seal", SEALING_KEY)

    source = source_of(stack, ValueSource.sealed(f"{ciphertext}\n", key=key))

    assert source == {"Kind": "Sealed", "Ciphertext": ciphertext, "KeyArn": SEALING_KEY}
    condition = {"StringEquals": {"kms:EncryptionContext:SEALED_FOR": arn_of("/shop/db")}}
    expected: list[dict[str, Any]] = [{"Action": "kms:Decrypt", "Resource": SEALING_KEY, "Condition": condition}]
    assert permissions(expected) <= permissions(provider_statements(stack))


def test_fails_for_a_sealed_value_of_another_region(stack: cdk.Stack) -> None:
    """It would not open."""
    value = ValueSource.sealed("AQICAHh" + "x" * 81, key=kms.Key.from_key_arn(stack, "Seal", OTHER_KEY))

    with pytest.raises(SettingError, match="key is in us-east-1, and the parameter is in eu-west-1, so the value was"):
        source_of(stack, value)


def test_copy_of_a_neighbour_makes_no_circle(stack: cdk.Stack) -> None:
    """The permission names it without waiting for it, since it waits for the permission; the copy does wait."""
    SecureStringParameter(
        stack,
        "Copy",
        encryption_key=KEY,
        value=ValueSource.copy_from(SecureStringParameter(stack, "Db", name="/shop/db", encryption_key=KEY)),
    )

    waiting = {
        each["Properties"]["Name"]: (logical_id, each["DependsOn"])
        for logical_id, each in resources(stack, "Custom::SsmSecureString").items()
    }
    neighbour, _ = waiting["/shop/db"]
    assert neighbour in waiting["/securestring/Shop/Copy"][1]
    role = provider_statements(stack)
    assert neighbour not in str(role)
    expected: list[dict[str, Any]] = [
        {"Action": "ssm:GetParameter", "Resource": arn_of("/shop/db")},
        {"Action": "kms:Decrypt", "Resource": KEY_ARN, "Condition": bound_to("/shop/db")},
    ]
    assert permissions(expected) <= permissions(role)


def test_copy_of_a_parameter_of_another_regions_stack_is_deployed_after_it() -> None:
    """One app, two Regions: the ARN is put together at synthesis, since no reference crosses Regions."""
    app = cdk.App()
    there = cdk.Stack(app, "There", env=cdk.Environment(account="111122223333", region="us-east-1"))
    here = cdk.Stack(app, "Here", env=cdk.Environment(account="111122223333", region="eu-west-1"))
    copied = SecureStringParameter(there, "Db", name="/shop/db", encryption_key=ParameterKey.from_key_arn(OTHER_KEY))

    source = source_of(here, ValueSource.copy_from(copied))

    arn = {"Fn::Join": ["", ["arn:", {"Ref": "AWS::Partition"}, ":ssm:us-east-1:111122223333:parameter/shop/db"]]}
    assert source == {"Kind": "Copy", "ParameterArn": arn}
    assert here.dependencies == [there]


def test_copy_is_admitted_by_a_strict_key(stack: cdk.Stack) -> None:
    """In its own stack; from another one it is refused at synthesis, where the key policy cannot name the function."""
    app = stack.node.root
    other = cdk.Stack(cast("cdk.App", app), "Other", env=cdk.Environment(account="111122223333", region="eu-west-1"))
    key = ParameterKey(stack, "Key", mode=KeyMode.STRICT)
    copied = SecureStringParameter(stack, "Db", name="/shop/db", encryption_key=key)

    SecureStringParameter(stack, "Copy", encryption_key=KEY, value=ValueSource.copy_from(copied))
    with pytest.raises(GrantError, match="cannot grant parameter /shop/db"):
        SecureStringParameter(other, "Copy", encryption_key=KEY, value=ValueSource.copy_from(copied))


@pytest.mark.parametrize(
    "text",
    ["hunter2", "hunter2/" * 8, f"{'0' * 32}.{'hunter2/' * 12}", f"hunter2.{'hunter2/' * 12}.{'hunter2/' * 12}"],
    ids=["short", "as Base64", "one part of two", "no id"],
)
def test_fails_for_a_value_in_clear_in_the_place_of_a_sealed_one(stack: cdk.Stack, text: str) -> None:
    """And does not repeat it."""
    with pytest.raises(SettingError, match="ciphertext is not a ciphertext: copy what `ssm-securestring") as caught:
        ValueSource.sealed(text, key=kms.Key.from_key_arn(stack, "Seal", OTHER_KEY))

    assert "hunter2" not in str(caught.value)


def test_fails_for_a_long_sealed_value_in_the_standard_tier(stack: cdk.Stack) -> None:
    """What is sealed in parts has more than 4 KB."""
    part = "AQICAHh" + "x" * 81
    value = ValueSource.sealed(f"{'0' * 32}.{part}.{part}", key=kms.Key.from_key_arn(stack, "Seal", OTHER_KEY))

    with pytest.raises(
        SettingError, match="ciphertext holds more than the 4096 bytes of the Standard tier: write tier="
    ):
        source_of(stack, value)


def test_policies_pattern_and_adoption_are_in_the_template(stack: cdk.Stack) -> None:
    """As the contract has them."""
    SecureStringParameter(
        stack,
        "Parameter",
        encryption_key=KEY,
        tier=Tier.ADVANCED,
        policies=[Expiration(timestamp=datetime(2030, 1, 1, tzinfo=UTC)), NoChangeNotification(after=20)],
        value=ValueSource.external(),
        adopt_existing=True,
        allowed_pattern=r"\d{4}",
    )

    properties = only(stack, "Custom::SsmSecureString")["Properties"]
    assert properties["AdoptExisting"] == "true"
    assert properties["AllowedPattern"] == r"\d{4}"
    assert properties["Policies"] == [
        {"Type": "Expiration", "Timestamp": "2030-01-01T00:00:00.000Z"},
        {"Type": "NoChangeNotification", "After": "20", "Unit": "Days"},
    ]


@pytest.mark.parametrize(
    ("props", "message"),
    [
        ({"policies": [NoChangeNotification(after=1)]}, "policies needs the advanced tier"),
        (
            {"policies": [NoChangeNotification(after=1)] * 11, "tier": Tier.ADVANCED},
            "policies has 11 policies: use 10 at most",
        ),
        ({"adopt_existing": True, "value": "copied"}, "adopt_existing does not go with a value that is copied"),
    ],
)
def test_fails_for_what_does_not_go_together(stack: cdk.Stack, props: dict[str, Any], message: str) -> None:
    """At synthesis, with nothing half made in the tree."""
    if "value" in props:
        clear = ssm.StringParameter.from_string_parameter_attributes(stack, "Clear", parameter_name="/shop/clear")
        props = {**props, "value": ValueSource.copy_from(clear)}

    with pytest.raises(SettingError, match=message):
        SecureStringParameter(stack, "Parameter", encryption_key=KEY, **props)

    assert not stack.node.try_find_child("Parameter")
    assert not stack.node.try_find_child("SecureStringProvider")


def test_fails_for_one_name_in_two_stacks_of_an_app() -> None:
    """They would undo each other; with or without the leading slash it is the same parameter."""
    app = cdk.App()
    one, two = cdk.Stack(app, "One"), cdk.Stack(app, "Two")
    SecureStringParameter(one, "Parameter", name="shared", encryption_key=KEY)

    with pytest.raises(SettingError, match="name '/shared' is taken by One/Parameter: give each parameter a name of"):
        SecureStringParameter(two, "Parameter", name="/shared", encryption_key=KEY)


def test_fails_for_one_name_in_two_stages_of_one_account() -> None:
    """Where account and Region are known, a stage is no place of its own."""
    app, env = cdk.App(), cdk.Environment(account="111122223333", region="eu-west-1")
    one, two = (cdk.Stack(cdk.Stage(app, stage), "Shop", env=env) for stage in ("Test", "Production"))
    SecureStringParameter(one, "Parameter", name="/shared", encryption_key=KEY)

    with pytest.raises(SettingError, match="name 'shared' is taken by Test/Shop/Parameter: give each parameter a"):
        SecureStringParameter(two, "Parameter", name="shared", encryption_key=KEY)


def test_one_name_in_two_regions_or_stages_is_two_parameters() -> None:
    """Each Region has its own; and each stage may go to an account of its own."""
    app = cdk.App()
    scopes = [
        cdk.Stack(app, "Here", env=cdk.Environment(account="111122223333", region="eu-west-1")),
        cdk.Stack(app, "There", env=cdk.Environment(account="111122223333", region="us-east-1")),
        cdk.Stack(cdk.Stage(app, "Test"), "Shop"),
        cdk.Stack(cdk.Stage(app, "Production"), "Shop"),
    ]
    made = [
        SecureStringParameter(scope, "Parameter", name="/shared", encryption_key=ParameterKey.aws_managed())
        for scope in scopes
    ]
    assert len(made) == 4
