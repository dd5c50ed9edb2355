"""Reading goes on, whatever a template holds."""

import re
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from ssm_securestring.iam.assembly import from_templates
from ssm_securestring.iam.model import Unknown
from tests.iam.resolving import SHOP, resolved
from tests.iam.templates import world_of

NAMES = st.sampled_from([*SHOP["Parameters"], *SHOP["Resources"], *SHOP["Conditions"], "Arn", "AWS::Region", "", "*"])
FUNCTIONS = st.sampled_from(
    [
        *(
            "Ref",
            "Fn::GetAtt",
            "Fn::Join",
            "Fn::Sub",
            "Fn::Select",
            "Fn::Split",
            "Fn::If",
            "Fn::FindInMap",
            "Condition",
        ),
        *(
            "Fn::ImportValue",
            "Fn::GetStackOutput",
            "Fn::Base64",
            "Fn::ToJsonString",
            "Fn::Equals",
            "Fn::And",
            "Fn::Not",
        ),
        *("Fn::Cidr", "Fn::Transform", "Fn::ForEach::Each", "Type", "Properties", "Value", "StackName", "OutputName"),
    ]
)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | NAMES
JSON = st.recursive(
    SCALARS | st.text("${}.!:resolvA ", max_size=20).map(lambda text: f"${{{text}}}{{{{resolve:{text}"),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(FUNCTIONS | NAMES, inner, max_size=2),
    max_leaves=25,
)
SECTIONS = st.sampled_from(["Parameters", "Mappings", "Conditions", "Resources", "Outputs"])


def intrinsics_in(value: object) -> list[object]:
    """Find what looks like an intrinsic function, a dynamic reference, or no text."""
    if isinstance(value, Unknown):
        return []
    if isinstance(value, dict):
        found = [value] if list(value) == ["Ref"] or any(each.startswith("Fn::") for each in value) else []
        return found + [each for inner in value.values() for each in intrinsics_in(inner)]
    if isinstance(value, list):
        return [each for inner in value for each in intrinsics_in(inner)]
    return [] if isinstance(value, str) and "{{resolve:" not in value else [value]


@settings(max_examples=150, deadline=None)
@given(value=JSON)
def test_no_intrinsic_function_is_let_through(value: object) -> None:
    """Whatever is written, the result is texts, objects and lists, and what is not known."""
    found = resolved(value)

    assert found is None or intrinsics_in(found) == []


@settings(max_examples=100, deadline=None)
@given(sections=st.dictionaries(SECTIONS, JSON | st.dictionaries(NAMES, JSON, max_size=4)), value=JSON)
def test_a_broken_template_does_not_end_the_reading(sections: dict[str, Any], value: object) -> None:
    """Any JSON in any section, also where names refer to each other in circles."""
    assembly = from_templates({"Shop": {**SHOP, **sections}})

    found = resolved([value, {"Ref": "Bucket"}, {"Fn::If": ["Both", "a", {"Ref": "Stage"}]}], assembly=assembly)

    assert intrinsics_in(found) == []


LITERALS = st.text("ab*?.:/[]-", max_size=6)
TEXTS = st.recursive(
    LITERALS | st.just({"Ref": "Open"}) | LITERALS.map(lambda text: {"Fn::Sub": f"{text}${{Open}}{text}"}),
    lambda inner: (
        st.tuples(LITERALS, st.lists(inner, max_size=3)).map(lambda pair: {"Fn::Join": list(pair)})
        | inner.map(lambda one: {"Fn::Sub": ["<${It}>", {"It": one}]})
        | st.tuples(inner, inner).map(lambda pair: {"Fn::If": ["IsOpen", *pair]})
        | st.tuples(st.integers(0, 2), inner).map(lambda pair: {"Fn::Select": [pair[0], {"Fn::Split": ["/", pair[1]]}]})
        | inner.map(lambda one: {"Fn::Base64": one})
    ),
    max_leaves=6,
)


@settings(max_examples=150, deadline=None)
@given(value=TEXTS, given_later=LITERALS | st.just("yes"))
def test_what_is_not_known_matches_its_pattern_whatever_it_turns_out_to_be(value: object, given_later: str) -> None:
    """The deployment may give any text to a parameter: what it leads to was foreseen, and what is known stays so."""
    before = resolved(value)
    after = resolved(value, assembly=from_templates({"Shop": SHOP}, parameters={"Open": given_later}))

    if isinstance(before, Unknown) and isinstance(after, str):
        pattern = re.escape(before.pattern).replace(r"\*", ".*").replace(r"\?", ".")
        assert re.fullmatch(pattern, after, re.DOTALL)
    elif isinstance(before, str):
        assert after == before


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
