"""What one principal is granted stands in as few and as small policies as IAM's limits allow, and is never cut off."""

import itertools
import json
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_

from ssm_securestring.cdk import ParameterKey, SecureStringParameter, SecureStringParameterBase, Tier
from ssm_securestring.core.errors import GrantError
from tests.cdk.spelled import KEY_ARN, VIA_SSM, arn_of, resources, statements_of

KEY = ParameterKey.from_key_arn(KEY_ARN)


def _imported(stack: cdk.Stack, name: str) -> SecureStringParameterBase:
    construct_id = name.strip("/").replace("/", "-")
    return SecureStringParameter.from_name(stack, construct_id, name=name, encryption_key=KEY)


def _many(stack: cdk.Stack, count: int) -> list[SecureStringParameterBase]:
    return [_imported(stack, f"/shop/service-{number:03}/database/password") for number in range(count)]


def _role(stack: cdk.Stack) -> iam.Role:
    return iam.Role(stack, "Reader", assumed_by=iam.AccountRootPrincipal())


def _read_all(parameters: list[SecureStringParameterBase], grantee: iam.IGrantable) -> None:
    for parameter in parameters:
        parameter.grant_read(grantee)


def _deployed(document: object) -> str:
    """Write a policy as IAM gets it in the partition with the longest name."""
    text = json.dumps(document, separators=(",", ":"))
    return text.replace('{"Fn::Join":["",["arn:",{"Ref":"AWS::Partition"},"', '"arn:aws-us-gov').replace('"]]}', '"')


def _documents(stack: cdk.Stack, kind: str) -> list[Any]:
    return [each["Properties"]["PolicyDocument"] for each in resources(stack, kind).values()]


def test_grants_to_one_principal_are_two_statements_with_lists(stack: cdk.Stack) -> None:
    """In Parameter Store and in KMS, the ARNs sorted."""
    role = _role(stack)
    for name in ("/shop/b", "/shop/a", "/shop/c"):
        _imported(stack, name).grant_read(role)

    arns = [arn_of("/shop/a"), arn_of("/shop/b"), arn_of("/shop/c")]
    assert statements_of(stack, "Reader") == [
        {"Effect": "Allow", "Action": ["ssm:GetParameter", "ssm:GetParameters"], "Resource": arns},
        {
            "Effect": "Allow",
            "Action": "kms:Decrypt",
            "Resource": KEY_ARN,
            "Condition": {"StringEquals": {"kms:ViaService": VIA_SSM, "kms:EncryptionContext:PARAMETER_ARN": arns}},
        },
    ]


def test_the_same_grant_twice_is_one(stack: cdk.Stack) -> None:
    """Nothing doubles."""
    role = _role(stack)
    parameter = _imported(stack, "/shop/a")
    parameter.grant_read(role)
    once = statements_of(stack, "Reader")
    other = cdk.Stack(cdk.App(), "Other", env=cdk.Environment(account="111122223333", region="eu-west-1"))
    again = _imported(other, "/shop/a")
    principal = _role(other)
    again.grant_read(principal)
    again.grant_read(principal)

    assert statements_of(other, "Reader") == once


def test_the_order_of_the_grants_does_not_matter() -> None:
    """All orders of five grants with different verbs make the same template."""
    calls = [("/a", "grant_read"), ("/a", "grant_delete"), ("/b", "grant_read"), ("/c", "grant_read_history")]
    templates = set()
    for order in itertools.permutations(calls):
        stack = cdk.Stack(cdk.App(), "Shop", env=cdk.Environment(account="111122223333", region="eu-west-1"))
        role = _role(stack)
        parameters = {name: _imported(stack, name) for name in ("/a", "/b", "/c")}
        for name, verb in order:
            getattr(parameters[name], verb)(role)
        templates.add(json.dumps(_documents(stack, "AWS::IAM::Policy")))
    assert len(templates) == 1


def test_adding_a_grant_changes_only_its_own_lines(stack: cdk.Stack) -> None:
    """One more parameter of a verb adds its ARN to two lists; what was there stays as it was."""
    role = _role(stack)
    for name in ("/shop/a", "/shop/c"):
        _imported(stack, name).grant_read(role)
    before = _lines(_documents(stack, "AWS::IAM::Policy"))
    wider = cdk.Stack(cdk.App(), "Shop", env=cdk.Environment(account="111122223333", region="eu-west-1"))
    role = _role(wider)
    for name in ("/shop/b", "/shop/c", "/shop/a"):
        _imported(wider, name).grant_read(role)
    after = _lines(_documents(wider, "AWS::IAM::Policy"))

    assert [line for line in after if "/shop/b" not in line] == before
    assert len(after) == len(before) + 2


def _lines(documents: list[Any]) -> list[str]:
    """Write documents with each ARN on a line."""
    return [line.rstrip(",") for line in _deployed(documents).replace(',"', ',\n"').replace("[", "[\n").splitlines()]


@pytest.mark.parametrize(
    ("kind", "inline_chars"), [("role", 10_240), ("group", 5_120), ("user", 2_048), ("imported", 10_240)]
)
def test_what_does_not_fit_goes_to_managed_policies(stack: cdk.Stack, kind: str, inline_chars: int) -> None:
    """Three tenths of what IAM admits inline stay free, no policy is too large, all are attached, nothing is lost."""
    principals: dict[str, iam.IGrantable] = {
        "role": _role(stack),
        "group": iam.Group(stack, "Group"),
        "user": iam.User(stack, "User"),
        "imported": iam.Role.from_role_name(stack, "Imported", "x"),
    }
    for parameter in _many(stack, 100):
        parameter.grant_read(principals[kind])

    (inline,) = _documents(stack, "AWS::IAM::Policy")
    managed = _documents(stack, "AWS::IAM::ManagedPolicy")
    assert len(_deployed(inline)) <= inline_chars * 7 // 10
    assert 2 <= len(managed) <= 4
    assert all(len(_deployed(each)) <= 6_144 for each in managed)
    together = _deployed([inline, *managed])
    assert all(together.count(f"/shop/service-{number:03}/database/password") == 2 for number in range(100))
    (policy,) = resources(stack, "AWS::IAM::Policy").values()
    attached = {each: policy["Properties"].get(each) for each in ("Roles", "Users", "Groups")}
    assert any(attached.values())
    for each in resources(stack, "AWS::IAM::ManagedPolicy").values():
        assert {name: each["Properties"].get(name) for name in attached} == attached


def test_fails_when_iam_cannot_hold_it_and_names_the_path_that_would_do(stack: cdk.Stack) -> None:
    """Ten managed policies are IAM's quota for one principal; names as long as these fill them soon."""
    role = _role(stack)
    parameters = [_imported(stack, f"/shop/service-{number:03}/{'long' * 100}") for number in range(80)]

    with pytest.raises(GrantError) as caught:
        _read_all(parameters, role)

    message = str(caught.value)
    assert "need 11 managed policies and IAM attaches 10 to one principal: grant the path instead, " in message
    assert "ParameterPath(..., path='/shop'); it holds" in message


def test_fails_when_inline_policies_of_ours_and_of_others_are_too_much(stack: cdk.Stack) -> None:
    """IAM counts them together, and the CDK does not look; so a synthesis would end in a failed deployment."""
    user = iam.User(stack, "User")
    _imported(stack, "/shop/a").grant_read(user)
    user.add_to_policy(iam.PolicyStatement(actions=["s3:GetObject"], resources=["arn:aws:s3:::" + "x" * 1500]))

    with pytest.raises(RuntimeError, match=r"policies of Shop/User have \d+ characters, and IAM admits 2048: move"):
        cdk.App.of(stack).synth()  # type: ignore[union-attr]  # the stack has an app


def test_a_function_waits_for_what_it_is_granted(stack: cdk.Stack) -> None:
    """Its first run may come right after its creation, so the policies have to be there before it."""
    function = lambda_.Function(
        stack, "F", runtime=lambda_.Runtime.PYTHON_3_13, handler="i.h", code=lambda_.Code.from_inline("x")
    )
    for parameter in _many(stack, 60):
        parameter.grant_read(function)

    (made,) = resources(stack, "AWS::Lambda::Function").values()
    policies = {*resources(stack, "AWS::IAM::Policy"), *resources(stack, "AWS::IAM::ManagedPolicy")}
    assert len(policies) >= 2
    assert policies <= set(made["DependsOn"])


def test_the_grant_tells_what_to_wait_for(stack: cdk.Stack) -> None:
    """apply_before() of the CDK works on it, also where nothing else makes the order."""
    granted = _imported(stack, "/shop/a").grant_read(iam.Role.from_role_name(stack, "Imported", "x"))
    bucket = cdk.CfnResource(stack, "Waits", type="AWS::S3::Bucket")

    granted.apply_before(bucket)

    (waits,) = resources(stack, "AWS::S3::Bucket").values()
    assert waits["DependsOn"] == list(resources(stack, "AWS::IAM::Policy"))


def test_the_order_of_the_statements_does_not_depend_on_what_else_the_app_has() -> None:
    """The CDK numbers tokens while an app is built; statements of two keys keep their order whatever the numbers."""
    documents = set()
    for others in (0, 10, 100, 1000):
        stack = cdk.Stack(cdk.App(), "Shop", env=cdk.Environment(account="111122223333", region="eu-west-1"))
        role = _role(stack)
        one = ParameterKey(stack, "One")
        # So many that the number of the second key's token gets a digit more than that of the first.
        for number in range(others):
            cdk.Fn.import_value(f"other-{number}")
        two = ParameterKey(stack, "Two")
        for name, key in (("/a", one), ("/b", two)):
            SecureStringParameter.from_name(stack, name[1:], name=name, encryption_key=key).grant_read(role)
        documents.add(json.dumps(_documents(stack, "AWS::IAM::Policy")))

    assert len(documents) == 1


def test_a_policy_waits_for_the_one_that_takes_what_it_has_no_room_for(stack: cdk.Stack) -> None:
    """So an update never takes a permission away from one policy before another one has it."""
    role = _role(stack)
    for parameter in _many(stack, 100):
        parameter.grant_read(role)

    ((inline, policy),) = resources(stack, "AWS::IAM::Policy").items()
    managed = resources(stack, "AWS::IAM::ManagedPolicy")
    waits = {inline: policy, **managed}
    chain = [inline]
    while "DependsOn" in waits[chain[-1]]:
        (following,) = waits[chain[-1]]["DependsOn"]
        chain.append(following)
    assert len(managed) == 2
    assert sorted(chain) == sorted(waits)


def test_a_policy_that_merging_saved_is_waited_for_by_none(stack: cdk.Stack) -> None:
    """Reading and writing of the same parameters is less than both apart: the policy that held the rest goes again."""
    user = iam.User(stack, "User")
    parameters = [
        SecureStringParameter.from_name(stack, f"P{number}", name=f"/p{number}", encryption_key=KEY, tier=Tier.STANDARD)
        for number in range(7)
    ]

    def managed() -> int:
        return sum(isinstance(each, iam.CfnManagedPolicy) for each in user.node.find_all())

    counts = []
    for verb in ("grant_read", "grant_write"):
        for parameter in parameters:
            getattr(parameter, verb)(user)
            counts.append(managed())

    assert counts == [0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 0]
    (policy,) = resources(stack, "AWS::IAM::Policy").values()
    assert "DependsOn" not in policy
