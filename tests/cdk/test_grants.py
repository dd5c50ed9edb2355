"""A grant says what it allows and allows what it says: one parameter, one key, the verbs of its tier."""

import json

import aws_cdk as cdk
import pytest
from aws_cdk import aws_batch as batch
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_

from ssm_securestring.cdk import ParameterKey, SecureStringParameter, SecureStringParameterBase, Tier
from ssm_securestring.core.errors import GrantError
from tests.cdk.spelled import KEY_ARN, arn_of, bound_to, resources, statements_of

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


@pytest.mark.parametrize("make", [_owned, _imported])
@pytest.mark.parametrize(
    ("tier", "encrypt"),
    [(Tier.STANDARD, ENCRYPT), (Tier.ADVANCED, DATA_KEY), (Tier.INTELLIGENT_TIERING, EITHER)],
)
@pytest.mark.parametrize(
    "verb",
    [
        "grant_read",
        "grant_write",
        "grant_read_write",
        "grant_read_history",
        "grant_read_metadata",
        "grant_delete",
        "grant_manage",
    ],
)
def test_each_verb_and_tier_gives_exactly_these_statements(
    stack: cdk.Stack, make: object, tier: Tier, encrypt: dict[str, object], verb: str
) -> None:
    """Owned and imported alike; nothing about other parameters under the key."""
    assert callable(make)
    principal = _role(stack)

    grant = getattr(make(stack, tier), verb)(principal)

    expected = {
        "grant_read": [READ, DECRYPT],
        "grant_write": [WRITE, encrypt],
        "grant_read_write": [
            {**READ, "Action": ["ssm:GetParameter", "ssm:GetParameters", "ssm:PutParameter"]},
            {**DECRYPT, "Action": ["kms:Decrypt", *_listed(encrypt["Action"])]},
        ],
        "grant_read_history": [{**READ, "Action": "ssm:GetParameterHistory"}, DECRYPT],
        "grant_read_metadata": [{"Effect": "Allow", "Action": "ssm:DescribeParameters", "Resource": "*"}],
        "grant_delete": [{**READ, "Action": ["ssm:DeleteParameter", "ssm:DeleteParameters"]}],
        "grant_manage": [
            {**READ, "Action": MANAGE_ACTIONS},
            {**DECRYPT, "Action": ["kms:Decrypt", *_listed(encrypt["Action"])]},
        ],
    }
    assert grant.success
    assert statements_of(stack, "Reader") == expected[verb]


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


@pytest.mark.parametrize("kind", ["role", "role-by-name", "user", "group", "function", "lazy-role"])
def test_every_principal_whose_policies_can_change_is_granted(stack: cdk.Stack, kind: str) -> None:
    """The decrypt statement is in the template, whoever the grantee is."""
    grantees: dict[str, iam.IGrantable] = {
        "role": _role(stack),
        "role-by-name": iam.Role.from_role_name(stack, "ByName", "x"),
        "user": iam.User(stack, "User"),
        "group": iam.Group(stack, "Group"),
        "function": lambda_.Function(
            stack, "F", runtime=lambda_.Runtime.PYTHON_3_13, handler="i.h", code=lambda_.Code.from_inline("x")
        ),
        "lazy-role": iam.LazyRole(stack, "Lazy", assumed_by=iam.AccountRootPrincipal()),
    }
    _owned(stack, Tier.STANDARD).grant_read(grantees[kind])
    if kind == "lazy-role":
        assert isinstance(grantees[kind], iam.LazyRole)
        grantees[kind].role_arn  # type: ignore[attr-defined]  # noqa: B018 - asking for it makes the role

    written = [
        statement
        for policy in resources(stack, "AWS::IAM::Policy").values()
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]
    ]
    assert DECRYPT in written
    assert READ in written


@pytest.mark.parametrize(
    "kind", ["immutable", "without-updates", "other-account", "function-without-role", "account", "service", "arn"]
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
        "service": iam.ServicePrincipal("ec2.amazonaws.com"),
        "arn": iam.ArnPrincipal("arn:aws:iam::111122223333:role/y"),
    }
    with pytest.raises(GrantError) as caught:
        _imported(stack, Tier.STANDARD).grant_read(grantees[kind])

    message = str(caught.value)
    assert message.startswith("cannot grant parameter /shop/db, because the policies of this principal cannot be")
    pasted = json.loads(message[message.index("[") :])
    assert pasted == [READ, DECRYPT]


def test_fails_to_grant_writing_when_the_tier_is_not_known(stack: cdk.Stack) -> None:
    """Standard and advanced take different permissions; guessing would deny at the first write."""
    parameter = SecureStringParameter.from_name(stack, "Db", name="/shop/db", encryption_key=KEY)
    with pytest.raises(GrantError, match="its tier is not known here: pass tier= where it is imported"):
        parameter.grant_write(_role(stack))
    parameter.grant_read(_role(cdk.Stack(stack, "Nested")))


def test_a_grant_in_another_stack_makes_no_cycle_and_no_wildcard(stack: cdk.Stack) -> None:
    """The statements go to the principal's stack and name this key, however the CDK refers across stacks."""
    key = ParameterKey(stack, "Key")
    parameter = SecureStringParameter(stack, "Db", name="/shop/db", encryption_key=key)
    other = cdk.Stack(cdk.App.of(stack), "Other", env=cdk.Environment(account="111122223333", region="eu-west-1"))

    parameter.grant_read(_role(other))

    read, decrypt = statements_of(other, "Reader")
    assert read == READ
    assert decrypt["Condition"] == bound_to("/shop/db")
    (reference,) = decrypt["Resource"]
    assert reference in {"Fn::ImportValue", "Fn::GetStackOutput"}
    assert "Key" in str(decrypt["Resource"])


def test_a_grant_in_another_region_keeps_the_region_of_the_parameter(stack: cdk.Stack) -> None:
    """The principal is global; service, key and ARN are those of where the parameter is."""
    other = cdk.Stack(cdk.App.of(stack), "Other", env=cdk.Environment(account="111122223333", region="us-east-1"))

    _owned(stack, Tier.STANDARD).grant_read(_role(other))

    assert statements_of(other, "Reader") == [READ, DECRYPT]


def test_a_grant_between_stages_that_are_deployed_together(stack: cdk.Stack) -> None:
    """Key, parameter and principal in stacks of one stage: the key is named, not widened."""
    app = stack.node.root
    assert isinstance(app, cdk.App)
    stage = cdk.Stage(app, "Test", env=cdk.Environment(account="111122223333", region="eu-west-1"))
    data, service = cdk.Stack(stage, "Data"), cdk.Stack(stage, "Service")
    parameter = SecureStringParameter(data, "Db", name="/shop/db", encryption_key=ParameterKey(data, "Key"))

    parameter.grant_read(_role(service))

    stage.synth()
    read, decrypt = statements_of(service, "Reader")
    assert read == READ
    assert decrypt["Condition"] == bound_to("/shop/db")
    assert "Key" in str(decrypt["Resource"])


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
