"""A grant says what it allows and allows what it says: one parameter, one key, the verbs of its tier."""

import json
from typing import TYPE_CHECKING, Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_appconfig as appconfig
from aws_cdk import aws_batch as batch
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_

from ssm_securestring.cdk import ParameterKey, SecureStringParameter, SecureStringParameterBase, Tier
from ssm_securestring.core.errors import GrantError
from tests.cdk.spelled import KEY_ARN, arn_of, bound_to, resources, statements_of

if TYPE_CHECKING:
    from collections.abc import Callable

KEY = ParameterKey.from_key_arn(KEY_ARN)
READ = {"Effect": "Allow", "Action": ["ssm:GetParameter", "ssm:GetParameters"], "Resource": arn_of("/shop/db")}
WRITE = {"Effect": "Allow", "Action": "ssm:PutParameter", "Resource": arn_of("/shop/db")}
DECRYPT = {"Effect": "Allow", "Action": "kms:Decrypt", "Resource": KEY_ARN, "Condition": bound_to("/shop/db")}
ENCRYPT = {"Effect": "Allow", "Action": "kms:Encrypt", "Resource": KEY_ARN, "Condition": bound_to("/shop/db")}
DATA_KEY = {"Effect": "Allow", "Action": "kms:GenerateDataKey", "Resource": KEY_ARN, "Condition": bound_to("/shop/db")}
EITHER = {
    "Effect": "Allow",
    "Action": ["kms:Encrypt", "kms:GenerateDataKey"],
    "Resource": KEY_ARN,
    "Condition": bound_to("/shop/db"),
}

MANAGE_ACTIONS = [
    "ssm:AddTagsToResource",
    "ssm:DeleteParameter",
    "ssm:DeleteParameters",
    "ssm:GetParameter",
    "ssm:GetParameterHistory",
    "ssm:GetParameters",
    "ssm:LabelParameterVersion",
    "ssm:ListTagsForResource",
    "ssm:PutParameter",
    "ssm:RemoveTagsFromResource",
    "ssm:UnlabelParameterVersion",
]


def _listed(actions: object) -> list[str]:
    return [actions] if isinstance(actions, str) else list(actions)  # type: ignore[call-overload]  # JSON


def _role(stack: cdk.Stack) -> iam.Role:
    return iam.Role(stack, "Reader", assumed_by=iam.AccountRootPrincipal())


def _owned(stack: cdk.Stack, tier: Tier) -> SecureStringParameterBase:
    return SecureStringParameter(stack, "Db", name="/shop/db", encryption_key=KEY, tier=tier)


def _imported(stack: cdk.Stack, tier: Tier) -> SecureStringParameterBase:
    return SecureStringParameter.from_name(stack, "Db", name="/shop/db", encryption_key=KEY, tier=tier)


def _expected(encrypt: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """Spell the statements of each verb, with what encrypting takes."""
    both = {**DECRYPT, "Action": ["kms:Decrypt", *_listed(encrypt["Action"])]}
    return {
        "grant_read": [READ, DECRYPT],
        "grant_write": [WRITE, encrypt],
        "grant_read_write": [
            {**READ, "Action": ["ssm:GetParameter", "ssm:GetParameters", "ssm:PutParameter"]},
            both,
        ],
        "grant_read_history": [{**READ, "Action": "ssm:GetParameterHistory"}, DECRYPT],
        "grant_read_metadata": [{"Effect": "Allow", "Action": "ssm:DescribeParameters", "Resource": "*"}],
        "grant_delete": [{**READ, "Action": ["ssm:DeleteParameter", "ssm:DeleteParameters"]}],
        "grant_manage": [{**READ, "Action": MANAGE_ACTIONS}, both],
    }


STANDARD = _expected(ENCRYPT)


@pytest.mark.parametrize("make", [_owned, _imported])
@pytest.mark.parametrize(
    ("tier", "encrypt"),
    [(Tier.STANDARD, ENCRYPT), (Tier.ADVANCED, DATA_KEY), (Tier.INTELLIGENT_TIERING, EITHER)],
)
@pytest.mark.parametrize("verb", list(STANDARD))
def test_each_verb_and_tier_gives_exactly_these_statements(
    stack: cdk.Stack, make: object, tier: Tier, encrypt: dict[str, object], verb: str
) -> None:
    """Owned and imported alike; nothing about other parameters under the key."""
    assert callable(make)
    principal = _role(stack)

    grant = getattr(make(stack, tier), verb)(principal)

    assert grant.success
    assert statements_of(stack, "Reader") == _expected(encrypt)[verb]


def test_a_parameter_by_arn_is_bound_to_the_region_of_that_arn(stack: cdk.Stack) -> None:
    """ViaService names the Region of the parameter, not that of the stack."""
    arn = "arn:aws:ssm:us-east-1:111122223333:parameter/shop/db"
    key = ParameterKey.from_key_arn("arn:aws:kms:us-east-1:111122223333:key/k")

    SecureStringParameter.from_arn(stack, "Db", arn=arn, encryption_key=key).grant_read(_role(stack))

    assert statements_of(stack, "Reader") == [
        {**READ, "Resource": arn},
        {
            "Effect": "Allow",
            "Action": "kms:Decrypt",
            "Resource": "arn:aws:kms:us-east-1:111122223333:key/k",
            "Condition": {
                "StringEquals": {
                    "kms:ViaService": "ssm.us-east-1.amazonaws.com",
                    "kms:EncryptionContext:PARAMETER_ARN": arn,
                }
            },
        },
    ]


def test_under_the_aws_managed_key_there_is_nothing_to_permit_in_kms(stack: cdk.Stack) -> None:
    """Its key policy admits every principal of the account; an identity statement would only pretend."""
    parameter = SecureStringParameter(stack, "Db", name="/shop/db", encryption_key=ParameterKey.aws_managed())

    parameter.grant_read_write(_role(stack))

    assert statements_of(stack, "Reader") == [
        {**READ, "Action": ["ssm:GetParameter", "ssm:GetParameters", "ssm:PutParameter"]}
    ]


def _grantees(stack: cdk.Stack, kind: str, number: int) -> iam.IGrantable:
    """Make the principal of a kind, one of several."""
    name = f"G{number}"
    makers: dict[str, Callable[[], iam.IGrantable]] = {
        "role": lambda: iam.Role(stack, name, assumed_by=iam.AccountRootPrincipal()),
        "role-by-name": lambda: iam.Role.from_role_name(stack, name, f"by-name-{number}"),
        "role-by-arn": lambda: iam.Role.from_role_arn(stack, name, f"arn:aws:iam::111122223333:role/{number}"),
        "user": lambda: iam.User(stack, name),
        "user-by-name": lambda: iam.User.from_user_name(stack, name, f"by-name-{number}"),
        "group": lambda: iam.Group(stack, name),
        "function": lambda: lambda_.Function(
            stack, name, runtime=lambda_.Runtime.PYTHON_3_13, handler="i.h", code=lambda_.Code.from_inline("x")
        ),
        "task-role": lambda: ecs.FargateTaskDefinition(stack, name).task_role,
        "lazy-role": lambda: iam.LazyRole(stack, name, assumed_by=iam.AccountRootPrincipal()),
    }
    return makers[kind]()


@pytest.mark.parametrize(
    "kind",
    ["role", "role-by-name", "role-by-arn", "user", "user-by-name", "group", "function", "task-role", "lazy-role"],
)
def test_every_verb_for_every_principal_whose_policies_can_change(stack: cdk.Stack, kind: str) -> None:
    """Exactly the statements of the verb, in one policy that is attached to this principal."""
    parameter = _owned(stack, Tier.STANDARD)
    for number, verb in enumerate(STANDARD):
        grantee = _grantees(stack, kind, number)
        assert getattr(parameter, verb)(grantee).success
        if isinstance(grantee, iam.LazyRole):
            grantee.role_arn  # noqa: B018 - asking for it makes the role

    granted = [each["Properties"] for each in resources(stack, "AWS::IAM::Policy").values() if "Metadata" in each]
    attached = [each.get("Roles") or each.get("Users") or each.get("Groups") for each in granted]
    assert [each["PolicyDocument"]["Statement"] for each in granted] == list(STANDARD.values())
    assert len({json.dumps(each) for each in attached}) == len(STANDARD)
    assert all(len(each) == 1 for each in attached)


@pytest.mark.parametrize(
    "kind", ["immutable", "without-updates", "other-account", "function-without-role", "account", "arn"]
)
def test_fails_where_a_grant_would_silently_do_nothing(stack: cdk.Stack, kind: str) -> None:
    """The CDK reports success for most of these; here synthesis stops, with the statements to attach by hand."""
    grantees: dict[str, iam.IGrantable] = {
        "immutable": iam.Role.from_role_arn(stack, "A", "arn:aws:iam::111122223333:role/x", mutable=False),
        "without-updates": _role(stack).without_policy_updates(),
        "other-account": iam.Role.from_role_arn(stack, "B", "arn:aws:iam::999922223333:role/x"),
        "function-without-role": lambda_.Function.from_function_arn(
            stack, "C", "arn:aws:lambda:eu-west-1:111122223333:function:f"
        ),
        "account": iam.AccountPrincipal("999922223333"),
        "arn": iam.ArnPrincipal("arn:aws:iam::111122223333:role/y"),
    }
    with pytest.raises(GrantError) as caught:
        _imported(stack, Tier.STANDARD).grant_read(grantees[kind])

    message = str(caught.value)
    assert message.startswith("cannot grant parameter /shop/db, because the policies of this principal cannot be")
    pasted = json.loads(message[message.index("[") :])
    assert pasted == [READ, DECRYPT]


def test_fails_for_a_service_which_reads_as_the_role_that_it_assumes(stack: cdk.Stack) -> None:
    """A service has no policies; with a role that trusts it, the same grant is made."""
    service = iam.ServicePrincipal("appconfig.amazonaws.com")
    parameter = _imported(stack, Tier.STANDARD)
    with pytest.raises(
        GrantError, match=r"because appconfig\.amazonaws\.com is a service, which has no policies: grant"
    ):
        parameter.grant_read(service)

    role = iam.Role(stack, "Retrieval", assumed_by=service)
    parameter.grant_read(role)

    assert statements_of(stack, "Retrieval") == [READ, DECRYPT]


def test_fails_to_grant_writing_when_the_tier_is_not_known(stack: cdk.Stack) -> None:
    """Standard and advanced take different permissions; guessing would deny at the first write."""
    parameter = SecureStringParameter.from_name(stack, "Db", name="/shop/db", encryption_key=KEY)
    with pytest.raises(GrantError, match="its tier is not known here: pass tier= where it is imported"):
        parameter.grant_write(_role(stack))
    parameter.grant_read(_role(cdk.Stack(stack, "Nested")))


def test_what_takes_a_parameter_of_the_cdk_gets_the_exact_grant(stack: cdk.Stack) -> None:
    """Secrets of ECS and of Batch call grant_read of ours for their execution roles."""
    parameter = _owned(stack, Tier.STANDARD)
    task = ecs.FargateTaskDefinition(stack, "Task", execution_role=_role(stack))
    image = ecs.ContainerImage.from_registry("scratch")
    task.add_container("Main", image=image, secrets={"PASSWORD": ecs.Secret.from_ssm_parameter(parameter)})
    container = batch.EcsFargateContainerDefinition(
        stack,
        "Container",
        image=image,
        cpu=1,
        memory=cdk.Size.gibibytes(2),
        execution_role=iam.Role(stack, "Batch", assumed_by=iam.AccountRootPrincipal()),
        secrets={"PASSWORD": batch.Secret.from_ssm_parameter(parameter)},
    )
    batch.EcsJobDefinition(stack, "Job", container=container)

    for role in ("Reader", "Batch"):
        assert [each for each in statements_of(stack, role) if "logs:" not in str(each)] == [READ, DECRYPT]


def test_appconfig_reads_as_a_role_of_ours_because_its_own_would_decrypt_with_the_whole_key(stack: cdk.Stack) -> None:
    """The CDK writes that role's policy without asking the parameter, so the role is made and granted here instead."""
    parameter = _owned(stack, Tier.STANDARD)
    role = iam.Role(stack, "Retrieval", assumed_by=iam.ServicePrincipal("appconfig.amazonaws.com"))
    parameter.grant_read(role)
    appconfig.SourcedConfiguration(
        stack,
        "Configuration",
        application=appconfig.Application(stack, "Application"),
        location=appconfig.ConfigurationSource.from_parameter(parameter),
        retrieval_role=role,
    )

    assert statements_of(stack, "Retrieval") == [READ, DECRYPT]
    roles = [each for each in resources(stack, "AWS::IAM::Role").values() if "appconfig" in json.dumps(each)]
    assert [each["Properties"].get("Policies") for each in roles] == [None]


def test_a_function_is_told_the_name_and_granted_the_value(stack: cdk.Stack) -> None:
    """Lambda takes no parameter of the CDK: its environment gets the name, its role the grant, no template a value."""
    parameter = _owned(stack, Tier.STANDARD)
    function = lambda_.Function(
        stack,
        "Orders",
        runtime=lambda_.Runtime.PYTHON_3_13,
        handler="i.h",
        code=lambda_.Code.from_inline("x"),
        environment={"DB_PASSWORD_PARAMETER": parameter.parameter_name},
    )
    parameter.grant_read(function)

    (logical_id,) = resources(stack, "Custom::SsmSecureString")
    (made,) = [each for name, each in resources(stack, "AWS::Lambda::Function").items() if name.startswith("Orders")]
    name = {"Fn::GetAtt": [logical_id, "Name"]}
    assert made["Properties"]["Environment"] == {"Variables": {"DB_PASSWORD_PARAMETER": name}}
    assert statements_of(stack, "OrdersServiceRole") == [READ, DECRYPT]
