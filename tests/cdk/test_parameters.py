"""The parameter construct: what it puts into the template, and what it refuses."""

from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_iam as iam
from aws_cdk import aws_secretsmanager as secretsmanager

from ssm_securestring.cdk import CharacterClass, ParameterKey, SecureStringParameter, Tier, ValueSource
from ssm_securestring.core.errors import ParameterArnError, ParameterNameError, SettingError
from tests.cdk.spelled import KEY_ARN, arn_of, bound_to, only, resources, statements_of

KEY = ParameterKey.from_key_arn(KEY_ARN)
CANARY = "c4n4ry-correct-horse"


def test_three_lines_suffice(stack: cdk.Stack) -> None:
    """No key, no name, no value source: one shared key, a stable name, a generated value, all retained."""
    SecureStringParameter(stack, "Password")
    SecureStringParameter(stack, "Token")

    (key_id,) = resources(stack, "AWS::KMS::Key")
    (function_id,) = resources(stack, "AWS::Lambda::Function")
    password, token = resources(stack, "Custom::SsmSecureString").values()
    assert password["Properties"] == {
        "ServiceToken": {"Fn::GetAtt": [function_id, "Arn"]},
        "ServiceTimeout": "900",
        "ContractVersion": "1",
        "Name": "/securestring/Shop/Password",
        "KeyId": {"Fn::GetAtt": [key_id, "Arn"]},
        "Tier": "Standard",
        "Description": "",
        "Source": {
            "Kind": "Generated",
            "Length": "40",
            "Classes": ["lowercase", "uppercase", "digits"],
            "ExcludeCharacters": "",
        },
    }
    assert (password["DeletionPolicy"], password["UpdateReplacePolicy"]) == ("RetainExceptOnCreate", "Retain")
    assert token["Properties"]["Name"] == "/securestring/Shop/Token"


def test_every_prop_reaches_the_function(stack: cdk.Stack) -> None:
    """Name, key, tier, description, tags and source, as the contract spells them."""
    SecureStringParameter(
        stack,
        "Parameter",
        name="/shop/db/password",
        encryption_key=KEY,
        tier=Tier.ADVANCED,
        value=ValueSource.generated(length_chars=6000, classes=[CharacterClass.DIGITS], exclude_characters="01"),
        description="Password of the orders database",
        tags={"team": "orders"},
        removal_policy=cdk.RemovalPolicy.DESTROY,
    )

    resource = only(stack, "Custom::SsmSecureString")
    assert {key: value for key, value in resource["Properties"].items() if not key.startswith("Service")} == {
        "ContractVersion": "1",
        "Name": "/shop/db/password",
        "KeyId": KEY_ARN,
        "Tier": "Advanced",
        "Description": "Password of the orders database",
        "Tags": {"team": "orders"},
        "Source": {"Kind": "Generated", "Length": "6000", "Classes": ["digits"], "ExcludeCharacters": "01"},
    }
    assert resource["DeletionPolicy"] == "Delete"


def test_tags_of_the_cdk_reach_the_parameter(stack: cdk.Stack) -> None:
    """``Tags.of(app)`` tags our parameters like every other resource."""
    cdk.Tags.of(stack).add("team", "orders")
    SecureStringParameter(stack, "Parameter", tags={"stage": "dev"})

    assert only(stack, "Custom::SsmSecureString")["Properties"]["Tags"] == {"team": "orders", "stage": "dev"}


def test_a_default_name_is_stable_and_follows_the_path() -> None:
    """The same tree gives the same name; characters that no name may have become dashes."""
    scope = cdk.Stack(cdk.App(), "SsmThings", stack_name="aws-things")
    SecureStringParameter(scope, "Db password!", encryption_key=KEY)
    assert only(scope, "Custom::SsmSecureString")["Properties"]["Name"] == "/securestring/aws-things/Db-password-"


def test_a_copied_value_gives_the_function_that_secret_and_no_other(stack: cdk.Stack) -> None:
    """The template has the secret's ARN, never its value; the role may read exactly this one."""
    secret = secretsmanager.Secret(stack, "Secret")
    secretsmanager.Secret(stack, "Another")

    SecureStringParameter(
        stack, "Parameter", encryption_key=KEY, value=ValueSource.secrets_manager(secret, json_field="password")
    )

    secret_id = stack.resolve(secret.secret_arn)
    assert only(stack, "Custom::SsmSecureString")["Properties"]["Source"] == {
        "Kind": "SecretsManager",
        "SecretArn": secret_id,
        "JsonField": "password",
    }
    reading = [
        statement
        for statement in statements_of(stack, "SecureStringProviderRole")
        if "secretsmanager" in str(statement["Action"])
    ]
    assert [each["Resource"] for each in reading] == [secret_id]


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (CANARY, "is a literal;"),
        (CANARY.encode(), "is a literal;"),
        (cdk.SecretValue.unsafe_plain_text(CANARY), "is a SecretValue, which CloudFormation does not resolve"),
        (cdk.SecretValue.ssm_secure("/shop/db"), "is a SecretValue, which CloudFormation does not resolve"),
        ({"value": CANARY}, "is of type dict;"),
    ],
    ids=["text", "bytes", "plain-secret-value", "dynamic-reference", "dict"],
)
def test_fails_for_a_literal_secret_without_repeating_it(stack: cdk.Stack, value: Any, kind: str) -> None:  # noqa: ANN401
    """A value in a template can be read by everybody who can read the stack."""
    with pytest.raises(SettingError, match=kind) as caught:
        SecureStringParameter(stack, "Parameter", value=value)
    assert "write ValueSource.generated(...), ValueSource.secrets_manager(secret, ...)" in str(caught.value)
    assert CANARY not in str(caught.value)
    assert not stack.node.children


def test_fails_for_a_name_given_as_a_token(stack: cdk.Stack) -> None:
    """Its text is not known, so neither the rules nor the ARN could be checked."""
    name = cdk.CfnParameter(stack, "Name").value_as_string
    message = "is a token, whose text is not known at synthesis: write"
    with pytest.raises(ParameterNameError, match=message):
        SecureStringParameter(stack, "A", name=name)
    with pytest.raises(ParameterNameError, match=message):
        SecureStringParameter.from_name(stack, "B", name=f"/shop/{name}", encryption_key=KEY)
    with pytest.raises(ParameterNameError, match=message):
        SecureStringParameter.from_arn(stack, "C", arn=name, encryption_key=KEY)


@pytest.mark.parametrize(
    ("props", "error", "message"),
    [
        ({"name": "shop/db"}, ParameterNameError, "has no leading slash: write '/shop/db'"),
        ({"description": "x" * 1025}, SettingError, "description is 1025 characters long: use 1024 at most"),
        ({"allowed_pattern": "x" * 1025}, SettingError, "allowed_pattern is 1025 characters long: use 1024 at most"),
        (
            {"allowed_pattern": "x" * 1000, "value": ValueSource.external()},
            SettingError,
            "allowed_pattern is 1000 characters long: use 993 at most",
        ),
        ({"tags": {"aws:team": "x"}}, SettingError, "tags uses the reserved key 'aws:team'"),
        ({"tags": {"ssm-securestring:stack": "x"}}, SettingError, "tags uses the reserved key"),
        ({"tags": {"team": "x" * 257}}, SettingError, "under key 'team': use at most 256 letters"),
        ({"tags": {"team": "a;b"}}, SettingError, "has 'a;b' under key 'team'"),
        ({"tags": {"": "x"}}, SettingError, "tags has '' under key ''"),
        ({"tags": {str(n): "x" for n in range(48)}}, SettingError, "tags has 48 tags: use 43 at most"),
        (
            {"value": ValueSource.generated(length_chars=4097)},
            SettingError,
            "length_chars is 4097, but the Standard tier holds 4096 bytes: write a smaller length, or tier=Tier.ADV",
        ),
    ],
)
def test_fails_before_anything_is_defined(
    stack: cdk.Stack, props: dict[str, Any], error: type[Exception], message: str
) -> None:
    """A refused argument leaves nothing half made in the construct tree."""
    with pytest.raises(error, match=message):
        SecureStringParameter(stack, "Parameter", **props)
    assert not stack.node.children


def test_fails_for_two_parameters_of_one_name(stack: cdk.Stack) -> None:
    """``foo`` and ``/foo`` are one parameter; two resources would fight over it."""
    SecureStringParameter(stack, "One", name="/foo")
    with pytest.raises(SettingError, match="name 'foo' is taken by Shop/One: give each parameter a name of its own"):
        SecureStringParameter(stack, "Two", name="foo")


def test_fails_for_a_name_too_long_for_the_stacks_region(stack: cdk.Stack) -> None:
    """Where the Region is known, the limit is exact: the prefix in eu-west-1 has 45 characters."""
    with pytest.raises(ParameterNameError, match="is 967 characters long: use 966 at most"):
        SecureStringParameter(stack, "Parameter", name="/" + "a" * 967)


def test_fails_for_what_is_not_an_arn(stack: cdk.Stack) -> None:
    """The message shows the form."""
    with pytest.raises(ParameterArnError, match="not the ARN of a parameter"):
        SecureStringParameter.from_arn(stack, "P", arn="/shop/db", encryption_key=KEY)


def test_it_goes_where_the_cdk_takes_a_parameter_and_its_grants_go_along(stack: cdk.Stack) -> None:
    """``ecs.Secret`` calls our grant: the execution role gets this parameter and its context, nothing else."""
    parameter = SecureStringParameter(stack, "Db", name="/shop/db", encryption_key=KEY)
    task = ecs.FargateTaskDefinition(
        stack,
        "Task",
        execution_role=iam.Role(stack, "Execution", assumed_by=iam.ServicePrincipal("ecs-tasks.amazonaws.com")),
    )
    task.add_container(
        "App",
        image=ecs.ContainerImage.from_registry("shop"),
        secrets={"PASSWORD": ecs.Secret.from_ssm_parameter(parameter)},
    )

    (logical_id,) = resources(stack, "Custom::SsmSecureString")
    container = only(stack, "AWS::ECS::TaskDefinition")["Properties"]["ContainerDefinitions"][0]
    assert container["Secrets"] == [{"Name": "PASSWORD", "ValueFrom": {"Fn::GetAtt": [logical_id, "Arn"]}}]
    assert statements_of(stack, "Execution") == [
        {"Effect": "Allow", "Action": ["ssm:GetParameter", "ssm:GetParameters"], "Resource": arn_of("/shop/db")},
        {"Effect": "Allow", "Action": "kms:Decrypt", "Resource": KEY_ARN, "Condition": bound_to("/shop/db")},
    ]


def test_the_value_is_not_to_be_had_in_a_template(stack: cdk.Stack) -> None:
    """An ssm.IStringParameter has a string_value; ours says why not, and where to get it."""
    parameter = SecureStringParameter.from_name(stack, "Db", name="/shop/db", encryption_key=KEY)
    with pytest.raises(SettingError, match="is a secret, and a template is no place for one: grant_read"):
        _ = parameter.string_value
    assert parameter.parameter_type == "SecureString"
    assert parameter.parameter_name == "/shop/db"
    assert stack.resolve(parameter.parameter_arn) == arn_of("/shop/db")
    assert parameter.parameter_ref.parameter_name == "/shop/db"
    assert parameter.encryption_key == KEY


def test_attributes_of_an_owned_parameter_wait_for_it(stack: cdk.Stack) -> None:
    """ARN, name and version come from the custom resource, so that what uses them is deployed after it."""
    parameter = SecureStringParameter(stack, "Db", name="/shop/db", encryption_key=KEY)
    (logical_id,) = resources(stack, "Custom::SsmSecureString")
    for text, attribute in (
        (parameter.parameter_arn, "Arn"),
        (parameter.parameter_name, "Name"),
        (parameter.parameter_version, "Version"),
    ):
        assert stack.resolve(text) == {"Fn::GetAtt": [logical_id, attribute]}
