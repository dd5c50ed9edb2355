"""Principals and their policies, in every way in which CloudFormation lets policies be attached."""

from typing import Any

import pytest

from ssm_securestring.iam.assembly import from_templates
from ssm_securestring.iam.model import Condition, Effect, Policy, Statement, Unknown
from ssm_securestring.iam.reading import read_world
from tests.iam.templates import (
    ACCOUNT,
    IAM,
    NO_DEFAULT,
    OPEN,
    attached,
    by_name,
    document,
    only,
    policy,
    role,
    world_of,
)


def test_a_role_has_the_policies_of_every_way_to_attach_one() -> None:
    """Inline, by four types of resources, managed in the assembly, and managed by AWS."""
    world = world_of(
        {
            "Role": role(
                "orders",
                Path="/shop/",
                Policies=[{"PolicyName": "own", "PolicyDocument": document("a:Own")}],
                ManagedPolicyArns=[
                    {"Ref": "Named"},
                    "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole",
                ],
                Tags=[{"Key": "team", "Value": "shop"}],
            ),
            "Named": attached("ManagedPolicy", "a:Named"),
            "Attached": attached("ManagedPolicy", "a:Attached", Roles=[{"Ref": "Role"}]),
            "Policy": attached("Policy", "a:Policy", PolicyName="p", Roles=[{"Ref": "Role"}]),
            "RolePolicy": attached("RolePolicy", "a:RolePolicy", PolicyName="p", RoleName="orders"),
        }
    )

    principal = only(world)
    assert (principal.name, principal.kind, principal.stack) == ("Shop/Role", "role", "Shop")
    assert principal.caller.arn == f"{IAM}:role/shop/orders"
    assert principal.caller.account == ACCOUNT
    assert principal.caller.session_arn == f"arn:aws:sts::{ACCOUNT}:assumed-role/orders/session"
    assert principal.caller.context == {"aws:PrincipalTag/team": "shop"}
    assert principal.identity.policies == (
        policy("Shop/Role, policy own", "a:Own"),
        policy("Shop/Named", "a:Named"),
        policy(
            "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole",
            "logs:CreateLogGroup",
            "logs:CreateLogStream",
            "logs:PutLogEvents",
        ),
        policy("Shop/Policy", "a:Policy"),
        policy("Shop/Attached", "a:Attached"),
        policy("Shop/RolePolicy", "a:RolePolicy"),
    )
    assert principal.unknown == ()
    assert world.unknown == ()


def test_a_user_has_the_policies_of_its_groups() -> None:
    """A group is there as well, for users that it will have later."""
    world = world_of(
        {
            "Readers": {"Type": "AWS::IAM::Group", "Properties": {"GroupName": "readers"}},
            "Writers": {"Type": "AWS::IAM::Group", "Properties": {"GroupName": "writers"}},
            "Alice": {"Type": "AWS::IAM::User", "Properties": {"UserName": "alice", "Groups": [{"Ref": "Readers"}]}},
            "Join": {
                "Type": "AWS::IAM::UserToGroupAddition",
                "Properties": {"GroupName": "writers", "Users": ["alice"]},
            },
            "Reads": attached("Policy", "a:Read", PolicyName="p", Groups=["readers"]),
            "Writes": attached("GroupPolicy", "a:Write", PolicyName="p", GroupName="writers"),
            "Own": attached("UserPolicy", "a:Own", PolicyName="p", UserName="alice"),
        }
    )

    alice, readers, writers = (by_name(world, f"Shop/{each}") for each in ("Alice", "Readers", "Writers"))
    reads, writes, own = policy("Shop/Reads", "a:Read"), policy("Shop/Writes", "a:Write"), policy("Shop/Own", "a:Own")
    assert alice.identity.policies == (own, reads, writes)
    assert (alice.caller.arn, alice.caller.session_arn) == (f"{IAM}:user/alice", None)
    assert (readers.kind, readers.caller.arn, readers.identity.policies) == ("group", f"{IAM}:group/readers", (reads,))
    assert writers.identity.policies == (writes,)


def test_a_policy_of_another_stack_is_attached() -> None:
    """By export, by weak reference, and by name, in whichever order the stacks are."""
    roles = {
        "Resources": {"Role": role("orders")},
        "Outputs": {"Name": {"Value": {"Ref": "Role"}, "Export": {"Name": {"Fn::Sub": "${AWS::StackName}:Role"}}}},
    }
    policies = {
        "Resources": {
            "Exported": attached("Policy", "a:Exported", Roles=[{"Fn::ImportValue": "Roles:Role"}]),
            "Weak": attached(
                "Policy",
                "a:Weak",
                Roles=[
                    {
                        "Fn::GetStackOutput": {
                            "StackName": "Roles",
                            "OutputName": "Name",
                            "Region": {"Ref": "AWS::Region"},
                        }
                    }
                ],
            ),
            "Named": attached("Policy", "a:Named", Roles=["orders"]),
        }
    }

    principal = only(read_world(from_templates({"Policies": policies, "Roles": roles})))

    assert (principal.name, principal.stack, principal.in_assembly) == ("Roles/Role", "Roles", True)
    assert principal.identity.policies == (
        policy("Policies/Exported", "a:Exported"),
        policy("Policies/Weak", "a:Weak"),
        policy("Policies/Named", "a:Named"),
    )


def test_a_nested_stack_gets_parameters_and_gives_outputs() -> None:
    """The role of the inner stack is named from outside, and the outer stack attaches a policy to it."""
    inner = {
        "Parameters": {"Name": {"Type": "String"}},
        "Resources": {"Role": {"Type": "AWS::IAM::Role", "Properties": {"RoleName": {"Fn::Sub": "${Name}-role"}}}},
        "Outputs": {"Role": {"Value": {"Ref": "Role"}}},
    }
    outer = {
        "Resources": {
            "Inner": {
                "Type": "AWS::CloudFormation::Stack",
                "Properties": {"TemplateURL": "https://bucket/inner.json", "Parameters": {"Name": "orders"}},
            },
            "Policy": attached("Policy", "a:Read", Roles=[{"Fn::GetAtt": ["Inner", "Outputs.Role"]}]),
        }
    }

    world = read_world(from_templates({"Shop": outer, "Shop/Inner": inner}))

    principal = only(world)
    assert (principal.name, principal.stack) == ("Shop/Inner/Role", "Shop/Inner")
    assert principal.caller.arn == f"{IAM}:role/orders-role"
    assert principal.identity.policies == (policy("Shop/Policy", "a:Read"),)
    assert world.unknown == ()


def test_an_imported_role_is_known_by_what_is_attached_to_it() -> None:
    """It may have more policies than these."""
    principal = only(world_of({"Policy": attached("Policy", "a:Read", Roles=["ops"])}))

    assert (principal.name, principal.caller.arn) == (f"{IAM}:role/ops", f"{IAM}:role/ops")
    assert (principal.in_assembly, principal.stack) == (False, "Shop")
    assert principal.identity.policies == (policy("Shop/Policy", "a:Read"),)


def test_a_boundary_is_a_policy_of_the_assembly_or_of_aws() -> None:
    """Either is read; one from elsewhere leaves everything open."""
    boundary = attached("ManagedPolicy", "a:*")
    elsewhere = f"{IAM}:policy/elsewhere"
    world = world_of(
        {
            "Boundary": boundary,
            "Bound": role("bound", PermissionsBoundary={"Ref": "Boundary"}),
            "ByAws": role("by-aws", PermissionsBoundary="arn:aws:iam::aws:policy/AdministratorAccess"),
            "Open": role("open", PermissionsBoundary=elsewhere),
        }
    )

    unknown = Unknown(place="Shop/Open, Properties.PermissionsBoundary", reason=f"the text of {elsewhere} is not known")
    place = unknown.place
    anything = Statement(effect=Effect.ALLOW, actions=(unknown,), resources=(unknown,), place=place)
    assert by_name(world, "Shop/Bound").identity.boundary == policy("Shop/Boundary", "a:*")
    assert by_name(world, "Shop/ByAws").identity.boundary == policy("arn:aws:iam::aws:policy/AdministratorAccess", "*")
    assert by_name(world, "Shop/Open").identity.boundary == Policy(place=place, statements=(anything,))
    assert by_name(world, "Shop/Open").unknown == (unknown,)


def test_what_is_not_known_of_a_principal_is_said_with_its_place() -> None:
    """A managed policy from elsewhere, a statement behind a condition, and one whose effect is not known."""
    statements = [
        {"Fn::If": ["IsOpen", {"Effect": "Deny"}, {"Ref": "AWS::NoValue"}]},
        {"Effect": "Allow", "Action": "a:Read", "Resource": {"Fn::Sub": "arn:aws:s3:::${Open}/x"}},
        {"Effect": {"Ref": "Open"}, "Action": "a:Read", "Resource": "*"},
    ]
    world = world_of(
        {
            "Role": role("orders", ManagedPolicyArns=["arn:aws:iam::aws:policy/ReadOnlyAccess", {"Ref": "Open"}]),
            "Policy": {
                "Type": "AWS::IAM::Policy",
                "Properties": {
                    "Roles": ["orders"],
                    "PolicyDocument": {"Version": "2012-10-17", "Statement": statements},
                },
            },
        },
        Parameters=OPEN,
        Conditions={"IsOpen": {"Fn::Equals": [{"Ref": "Open"}, "yes"]}},
    )

    principal = only(world)
    statement = "Shop/Policy, Properties.PolicyDocument.Statement"
    assert principal.unknown == (
        Unknown(
            place="Shop/Role, Properties.ManagedPolicyArns[0]",
            reason="the text of arn:aws:iam::aws:policy/ReadOnlyAccess is not known",
        ),
        Unknown(place="Shop/Role, Properties.ManagedPolicyArns[1]", reason=NO_DEFAULT),
        Unknown(place=f"{statement}[0]", reason=f"{NO_DEFAULT} (Shop, Conditions.IsOpen)"),
        Unknown(place=f"{statement}[2].Effect", reason=NO_DEFAULT),
    )
    resource = Unknown(place=f"{statement}[1].Resource", reason=NO_DEFAULT, pattern="arn:aws:s3:::*/x")
    assert principal.identity.policies == (
        Policy(
            place="Shop/Policy",
            statements=(
                Statement(
                    effect=Effect.ALLOW,
                    actions=("a:Read",),
                    resources=(resource,),
                    place="Shop/Policy, statement 2",
                ),
            ),
        ),
    )


@pytest.mark.parametrize(
    ("condition", "place", "operator"),
    [
        ({"StringEquals": {"Fn::GetAtt": ["Keys", "Value"]}}, "Condition.StringEquals", "StringEquals"),
        ({"Fn::GetAtt": ["Keys", "Value"]}, "Condition", "StringLike"),
    ],
)
def test_a_condition_that_is_not_known_as_a_whole_is_neither_dropped_nor_taken_as_false(
    condition: object, place: str, operator: str
) -> None:
    """The CDK makes the keys of a condition in a custom resource where they are tokens."""
    statement = {
        "Effect": "Allow",
        "Action": "a:Read",
        "Resource": "*",
        "Condition": condition,
    }
    world = world_of(
        {
            "Keys": {"Type": "Custom::AWSCDKCfnJson"},
            "Role": role("orders", Policies=[{"PolicyName": "p", "PolicyDocument": {"Statement": [statement]}}]),
        }
    )

    ((read,),) = [each.statements for each in only(world).identity.policies]
    place = f"Shop/Role, Properties.Policies[0].PolicyDocument.Statement[0].{place}"
    reason = "Value of Custom::AWSCDKCfnJson Keys is known only after the deployment"
    unknown = Unknown(place=place, reason=reason)
    assert read.conditions == (Condition(operator=operator, key="aws:PrincipalArn", values=(unknown,)),)


def test_a_malformed_policy_is_not_known() -> None:
    """IAM would refuse it; reading goes on."""
    world = world_of({"Role": role("orders", Policies=[{"PolicyName": "p", "PolicyDocument": {"Statement": ["x"]}}])})

    assert only(world).identity.policies == ()
    assert [each.place for each in only(world).unknown] == ["Shop/Role, Properties.Policies[0].PolicyDocument"]


@pytest.mark.parametrize(
    ("resources", "expected"),
    [
        (
            {"Policy": attached("Policy", "a:Read", Roles=[{"Ref": "Open"}])},
            Unknown(place="Shop/Policy, Properties.Roles[0]", reason=f"which role this is, is not known: {NO_DEFAULT}"),
        ),
        (
            {"Role": {**role("orders"), "Condition": "IsOpen"}},
            Unknown(
                place="Shop/Role",
                reason=f"whether it is made is not known: {NO_DEFAULT}",
            ),
        ),
        (
            {"Set": {"Type": "AWS::SSO::PermissionSet"}},
            Unknown(place="Shop/Set", reason="AWS::SSO::PermissionSet is not read"),
        ),
        (
            {"Inner": {"Type": "AWS::CloudFormation::Stack", "Properties": {"TemplateURL": "https://elsewhere"}}},
            Unknown(
                place="Shop/Inner, Properties.TemplateURL",
                reason="the template of this nested stack is not in the assembly",
            ),
        ),
        (
            {"Fn::ForEach::Roles": ["Name", ["a"], {}]},
            Unknown(
                place="Shop, Resources.Fn::ForEach::Roles",
                reason="the resources that Fn::ForEach::Roles makes are not known",
            ),
        ),
        (
            {"Role": {"Type": "AWS::IAM::Role", "Properties": {"Fn::Transform": {"Name": "AWS::Include"}}}},
            Unknown(place="Shop/Role, Properties", reason="Fn::Transform is not supported"),
        ),
    ],
)
def test_what_cannot_be_read_is_said_with_its_place(resources: dict[str, Any], expected: Unknown) -> None:
    """Nothing is left out silently."""
    world = world_of(resources, Parameters=OPEN, Conditions={"IsOpen": {"Fn::Equals": [{"Ref": "Open"}, "yes"]}})

    assert world.unknown == (expected,)


def test_the_resources_of_a_transform_are_not_known() -> None:
    """A macro may make any; the one that only adds functions does not."""
    world = world_of({}, Transform=["AWS::LanguageExtensions", "AWS::Serverless-2016-10-31"])

    reason = "the resources that AWS::Serverless-2016-10-31 makes are not known"
    assert world.unknown == (Unknown(place="Shop, Transform", reason=reason),)


def test_what_a_condition_leaves_out_is_left_out() -> None:
    """And what a condition admits is there."""
    conditions = {"Never": {"Fn::Equals": ["a", "b"]}, "Always": {"Fn::Equals": ["a", "a"]}}
    world = world_of(
        {"Left": {**role("left"), "Condition": "Never"}, "Made": {**role("made"), "Condition": "Always"}},
        Conditions=conditions,
    )

    assert [each.name for each in world.principals] == ["Shop/Made"]
    assert world.unknown == ()


def test_two_roles_of_one_name_are_told() -> None:
    """Stages whose accounts are open seem to be in one account; their policies must not seem to be one role's."""
    template = {"Resources": {"Role": role("orders")}}

    world = read_world(from_templates({"Prod": template, "Test": template}))

    reason = (
        "Prod/Role is a role of the same name in the same account: give stages that are deployed to accounts of their "
        "own an env, or read the folder of each stage alone"
    )
    assert only(world).unknown == (Unknown(place="Test/Role", reason=reason),)


def test_a_name_that_is_not_known_is_replaced_and_that_is_said() -> None:
    """Policies are attached by name, so there is one; no statement can name it, however."""
    world = world_of(
        {
            "Role": {"Type": "AWS::IAM::Role", "Properties": {"RoleName": {"Ref": "Open"}}},
            "Policy": attached("Policy", "a:Read", Roles=[{"Ref": "Role"}]),
        },
        Parameters=OPEN,
    )

    principal = only(world)
    assert principal.caller.arn.startswith(f"{IAM}:role/Shop-Role-")
    assert principal.identity.policies == (policy("Shop/Policy", "a:Read"),)
    assert principal.unknown == (
        Unknown(place="Shop/Role, Properties.RoleName", reason=f"a stand-in is used: {NO_DEFAULT}"),
    )
