"""Grants to principals of other stacks, Regions and stages: no cycle, no wildcard, and every name as it is at home."""

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam

from ssm_securestring.cdk import ParameterKey, SecureStringParameter
from tests.cdk.spelled import KEY_ARN, arn_of, bound_to, statements_of

READ = {"Effect": "Allow", "Action": ["ssm:GetParameter", "ssm:GetParameters"], "Resource": arn_of("/shop/db")}
DECRYPT = {"Effect": "Allow", "Action": "kms:Decrypt", "Resource": KEY_ARN, "Condition": bound_to("/shop/db")}


def _role(stack: cdk.Stack) -> iam.Role:
    return iam.Role(stack, "Reader", assumed_by=iam.AccountRootPrincipal())


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

    key = ParameterKey.from_key_arn(KEY_ARN)
    SecureStringParameter(stack, "Db", name="/shop/db", encryption_key=key).grant_read(_role(other))

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


def test_a_key_of_another_region_is_named_and_nothing_wider(stack: cdk.Stack) -> None:
    """Its ARN is not known there; however the CDK carries it over, there is one key, and the conditions of its home."""
    app = stack.node.root
    assert isinstance(app, cdk.App)
    other = cdk.Stack(app, "Other", env=cdk.Environment(account="111122223333", region="us-east-1"))
    parameter = SecureStringParameter(stack, "Db", name="/shop/db", encryption_key=ParameterKey(stack, "Key"))

    parameter.grant_read(_role(other))

    statements = app.synth().get_stack_by_name("Other").template["Resources"]
    (policy,) = [each for name, each in statements.items() if name.startswith("ReaderSecureStrings")]
    read, decrypt = policy["Properties"]["PolicyDocument"]["Statement"]
    assert read == READ
    assert decrypt["Condition"] == bound_to("/shop/db")
    assert list(decrypt["Resource"]) in (["Fn::GetAtt"], ["Fn::GetStackOutput"])
    assert "Key" in str(decrypt["Resource"])
    assert "*" not in str(decrypt)


def test_fails_between_stages_and_a_key_by_its_arn_is_the_way_out(stack: cdk.Stack) -> None:
    """Stages are deployed apart, so the CDK has no reference; nothing is widened to make up for it."""
    app = stack.node.root
    assert isinstance(app, cdk.App)
    environment = cdk.Environment(account="111122223333", region="eu-west-1")
    data = cdk.Stack(cdk.Stage(app, "Test", env=environment), "Data")
    service = cdk.Stack(cdk.Stage(app, "Live", env=environment), "Service")
    parameter = SecureStringParameter(data, "Db", name="/shop/db", encryption_key=ParameterKey(data, "Key"))
    parameter.grant_read(_role(service))
    with pytest.raises(RuntimeError, match="dependency cannot cross stage boundaries"):
        app.synth()

    apart = cdk.Stack(cdk.Stage(cdk.App(), "Live", env=environment), "Service")
    key = ParameterKey.from_key_arn(KEY_ARN)
    SecureStringParameter.from_name(apart, "Db", name="/shop/db", encryption_key=key).grant_read(_role(apart))
    assert statements_of(apart, "Reader") == [READ, DECRYPT]


def test_who_reads_does_not_wait_for_the_parameter(stack: cdk.Stack) -> None:
    """The ARN is spelled out, not taken from the resource, so the parameter may need the very principal that reads."""
    role = _role(stack)
    parameter = SecureStringParameter(stack, "Db", name="/shop/db", encryption_key=ParameterKey.from_key_arn(KEY_ARN))
    parameter.node.add_dependency(role)

    parameter.grant_read(role)

    assert statements_of(stack, "Reader") == [READ, DECRYPT]
