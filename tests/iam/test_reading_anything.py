"""Reading goes on, whatever a template holds."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.iam.templates import world_of

TYPES = st.sampled_from(
    [
        *("Role", "User", "Group", "Policy", "ManagedPolicy", "RolePolicy", "UserPolicy", "GroupPolicy"),
        "UserToGroupAddition",
    ]
).map("AWS::IAM::{}".format) | st.sampled_from(
    ["AWS::KMS::Key", "AWS::KMS::ReplicaKey", "AWS::KMS::Alias", "AWS::RAM::ResourceShare", "Custom::SsmSecureString"]
)
PROPERTIES = st.sampled_from(
    [
        *(
            "PolicyDocument",
            "KeyPolicy",
            "Policies",
            "ManagedPolicyArns",
            "Roles",
            "Users",
            "Groups",
            "RoleName",
            "Path",
        ),
        *("PermissionsBoundary", "Tags", "Name", "KeyId", "AliasName", "TargetKeyId", "PrimaryKeyArn", "Statement"),
        *("Effect", "Action", "Resource", "Condition", "Principal", "Ref", "ssm-securestring:access", "GroupName"),
    ]
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from(["A", "B", "Allow", "*", "arn:aws:iam::1:role/x", ""]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(PROPERTIES, inner, max_size=3),
    max_leaves=12,
)
OBJECTS = st.dictionaries(PROPERTIES, VALUES, max_size=4)
RESOURCES = st.fixed_dictionaries({"Type": TYPES}, optional={"Properties": OBJECTS | VALUES, "Metadata": OBJECTS})


@settings(max_examples=150, deadline=None)
@given(resources=st.dictionaries(st.sampled_from("ABC"), RESOURCES, max_size=3))
def test_no_template_ends_the_reading(resources: dict[str, Any]) -> None:
    """Whatever the resources hold, there is a world, and its principals and keys have ARNs."""
    world = world_of(resources)

    assert all(each.caller.arn.startswith("arn:") for each in world.principals)
    assert all(each.arn.startswith("arn:") for each in world.keys if each.stack)
