"""What was granted stands in the template in the words of the grants, beside the policies that it came to."""

import json

import aws_cdk as cdk
from aws_cdk import aws_iam as iam

from ssm_securestring.cdk import ParameterKey, ParameterPath, SecureStringParameter, Tier
from tests.cdk.spelled import KEY_ARN, arn_of, only, resources

ACCESS = "ssm-securestring:access"
KEY = ParameterKey.from_key_arn(KEY_ARN)


def _role(stack: cdk.Stack) -> iam.Role:
    return iam.Role(stack, "Reader", assumed_by=iam.AccountRootPrincipal())


def test_the_policy_of_a_principal_says_what_was_granted(stack: cdk.Stack) -> None:
    """Each grant once, sorted by parameter and verb, whatever the order of the calls; no tier where none is known."""
    own = ParameterKey(stack, "Key")
    role = _role(stack)
    path = ParameterPath(stack, "Path", path="/shop/mail", encryption_key=KEY, include_path_itself=True)
    parameter = SecureStringParameter.from_name(stack, "Db", name="/shop/db", encryption_key=own, tier=Tier.ADVANCED)
    path.grant_read(role)
    parameter.grant_write(role)
    parameter.grant_read(role, direct=True)
    parameter.grant_read(role)
    parameter.grant_read(role)

    (key_id,) = resources(stack, "AWS::KMS::Key")
    key = {"Fn::GetAtt": [key_id, "Arn"]}
    db = {"parameter": arn_of("/shop/db"), "path": False, "tier": "Advanced", "key": key}
    mail = {"verb": "READ", "key": KEY_ARN, "direct": False}
    assert only(stack, "AWS::IAM::Policy")["Metadata"][ACCESS] == [
        {"verb": "READ", **db, "direct": False},
        {"verb": "READ", **db, "direct": True},
        {"verb": "WRITE", **db, "direct": False},
        {**mail, "parameter": arn_of("/shop/mail"), "path": False},
        {**mail, "parameter": arn_of("/shop/mail/*"), "path": True},
    ]


def test_the_policy_of_a_principal_says_whose_grants_they_are() -> None:
    """So that a policy that is attached to somebody else in the end can be told."""
    stack = cdk.Stack(cdk.App(), "Shop", env=cdk.Environment(account="111122223333", region="eu-west-1"))
    imported = iam.Role.from_role_arn(stack, "Imported", "arn:aws:iam::111122223333:role/service/legacy")
    for principal in (_role(stack), iam.User(stack, "User"), iam.Group(stack, "Group"), imported):
        SecureStringParameter.from_name(
            stack, f"For{principal.node.id}", name="/shop/db", encryption_key=KEY
        ).grant_read(principal)

    policies = resources(stack, "AWS::IAM::Policy").values()
    (role_id,) = resources(stack, "AWS::IAM::Role")
    (user_id,) = resources(stack, "AWS::IAM::User")
    (group_id,) = resources(stack, "AWS::IAM::Group")
    assert [each["Metadata"]["ssm-securestring:principal"] for each in policies] == [
        {"Fn::GetAtt": [role_id, "Arn"]},
        {"Fn::GetAtt": [user_id, "Arn"]},
        {"Fn::GetAtt": [group_id, "Arn"]},
        "arn:aws:iam::111122223333:role/service/legacy",
    ]


def test_under_the_aws_managed_key_there_is_no_key_to_name(stack: cdk.Stack) -> None:
    """Its ARN is not known at synthesis, and no policy names it."""
    parameter = SecureStringParameter(stack, "Db", name="/shop/db", encryption_key=ParameterKey.aws_managed())
    parameter.grant_read_metadata(_role(stack))

    policies = resources(stack, "AWS::IAM::Policy").values()
    (said,) = [each["Metadata"][ACCESS] for each in policies if ACCESS in each.get("Metadata", {})]
    assert said == [
        {
            "verb": "READ_METADATA",
            "parameter": arn_of("/shop/db"),
            "path": False,
            "tier": "Standard",
            "direct": False,
        }
    ]


def test_only_the_inline_policy_says_it(stack: cdk.Stack) -> None:
    """What managed policies hold is among it, so that there is one list for a principal, in at most 400 bytes each."""
    role = _role(stack)
    for number in range(40):
        name = f"/shop/service-{number:03}/database/password"
        SecureStringParameter.from_name(stack, f"P{number}", name=name, encryption_key=KEY).grant_read(role)

    said = only(stack, "AWS::IAM::Policy")["Metadata"][ACCESS]
    assert [each["parameter"] for each in said] == [
        arn_of(f"/shop/service-{number:03}/database/password") for number in range(40)
    ]
    managed = resources(stack, "AWS::IAM::ManagedPolicy").values()
    assert managed
    assert not any(ACCESS in each.get("Metadata", {}) for each in managed)
    assert len(json.dumps(said)) <= 40 * 400


def test_a_share_says_whom_it_is_for(stack: cdk.Stack) -> None:
    """The principal of the other account, whose policies are not in the template."""
    key = ParameterKey(stack, "Key")
    parameter = SecureStringParameter(
        stack, "Certificate", name="/shop/certificate", encryption_key=key, tier=Tier.ADVANCED
    )
    parameter.share_read("Share", principal_arn="arn:aws:iam::999922223333:role/reports")

    (key_id,) = resources(stack, "AWS::KMS::Key")
    assert only(stack, "AWS::RAM::ResourceShare")["Metadata"][ACCESS] == [
        {
            "verb": "READ",
            "parameter": arn_of("/shop/certificate"),
            "path": False,
            "tier": "Advanced",
            "key": {"Fn::GetAtt": [key_id, "Arn"]},
            "direct": False,
            "principal": "arn:aws:iam::999922223333:role/reports",
        }
    ]


def test_the_role_of_the_function_can_be_told_from_others(stack: cdk.Stack) -> None:
    """It may do more than any grant says, since it keeps the parameters in place."""
    _role(stack)
    SecureStringParameter(stack, "Db", name="/shop/db", encryption_key=KEY)

    marked = {
        logical_id: each["Metadata"]["ssm-securestring:provider"]
        for logical_id, each in resources(stack, "AWS::IAM::Role").items()
        if "ssm-securestring:provider" in each.get("Metadata", {})
    }
    ((logical_id, mark),) = marked.items()
    assert logical_id.startswith("SecureStringProvider")
    assert mark is True
