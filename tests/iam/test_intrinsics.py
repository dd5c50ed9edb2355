"""Each intrinsic function of CloudFormation comes to the text that a deployment would give, or says why it cannot."""

import re
from typing import Any

import pytest

from ssm_securestring.iam.assembly import Assembly, Stack, from_templates
from ssm_securestring.iam.intrinsics import Resolver
from ssm_securestring.iam.model import Unknown
from ssm_securestring.iam.values import unknowns
from tests.iam.resolving import PLACE, SHOP, resolved, unknown

NO_DEFAULT = "a parameter without a default is given in the deployment (Shop, Parameters.Open)"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("text", "text"),
        (True, "true"),
        (False, "false"),
        (7, "7"),
        (0.5, "0.5"),
        ({"a": [1, {"b": False}]}, {"a": ["1", {"b": "false"}]}),
        ({"Ref": "AWS::Partition"}, "aws"),
        ({"Ref": "AWS::AccountId"}, "111122223333"),
        ({"Ref": "AWS::Region"}, "eu-west-1"),
        ({"Ref": "AWS::URLSuffix"}, "amazonaws.com"),
        ({"Ref": "AWS::StackName"}, "Shop"),
        ({"a": {"Ref": "AWS::NoValue"}, "b": "c"}, {"b": "c"}),
        (["a", {"Ref": "AWS::NoValue"}], ["a"]),
        ({"Ref": "AWS::NoValue"}, None),
        ({"Ref": "Stage"}, "prod"),
        ({"Ref": "Count"}, "3"),
        ({"Ref": "Zones"}, ["a", "b", "c"]),
        ({"Ref": "Bucket"}, "shop-data"),
        ({"Fn::GetAtt": ["Bucket", "Arn"]}, "arn:aws:s3:::shop-data"),
        ({"Fn::GetAtt": "Bucket.Arn"}, "arn:aws:s3:::shop-data"),
        ({"Ref": "Role"}, "orders"),
        ({"Fn::GetAtt": ["Role", "Arn"]}, "arn:aws:iam::111122223333:role/shop/orders"),
        ({"Fn::GetAtt": ["User", "Arn"]}, "arn:aws:iam::111122223333:user/alice"),
        ({"Fn::GetAtt": ["Group", "Arn"]}, "arn:aws:iam::111122223333:group/readers"),
        ({"Ref": "Managed"}, "arn:aws:iam::111122223333:policy/x/reading"),
        ({"Fn::GetAtt": ["Function", "Arn"]}, "arn:aws:lambda:eu-west-1:111122223333:function:orders"),
        ({"Fn::GetAtt": ["Logs", "Arn"]}, "arn:aws:logs:eu-west-1:111122223333:log-group:/shop:*"),
        ({"Fn::GetAtt": ["Queue", "Arn"]}, "arn:aws:sqs:eu-west-1:111122223333:orders"),
        ({"Ref": "Queue"}, "https://sqs.eu-west-1.amazonaws.com/111122223333/orders"),
        ({"Ref": "Topic"}, "arn:aws:sns:eu-west-1:111122223333:orders"),
        ({"Fn::GetAtt": ["Table", "Arn"]}, "arn:aws:dynamodb:eu-west-1:111122223333:table/orders"),
        ({"Ref": "Alias"}, "alias/shop"),
        ({"Fn::GetAtt": ["Cluster", "Arn"]}, "arn:aws:ecs:eu-west-1:111122223333:cluster/shop"),
        ({"Fn::GetAtt": ["Version", "Value"]}, "7"),
        ({"Fn::GetAtt": ["Password", "Arn"]}, "arn:aws:ssm:eu-west-1:111122223333:parameter/shop/db"),
        ({"Fn::GetAtt": ["Password", "Name"]}, "/shop/db"),
        ({"Fn::GetAtt": ["Password", "Tier"]}, "Standard"),
        ({"Fn::Join": ["-", ["a", 1, True, {"Ref": "Stage"}]]}, "a-1-true-prod"),
        ({"Fn::Join": ["", ["a", {"Ref": "AWS::NoValue"}, "b"]]}, "ab"),
        ({"Fn::Join": [",", {"Ref": "Zones"}]}, "a,b,c"),
        (
            {"Fn::Sub": "${Stage}/${!Literal}/${Bucket.Arn}/${AWS::Region}"},
            "prod/${Literal}/arn:aws:s3:::shop-data/eu-west-1",
        ),
        ({"Fn::Sub": ["${It}-${Stage}", {"It": {"Ref": "Bucket"}}]}, "shop-data-prod"),
        ({"Fn::Sub": "${!aws:username}"}, "${aws:username}"),
        ({"Fn::Select": [1, ["a", "b"]]}, "b"),
        ({"Fn::Select": ["2", {"Ref": "Zones"}]}, "c"),
        ({"Fn::Select": [5, {"Fn::Split": [":", {"Fn::GetAtt": ["Bucket", "Arn"]}]}]}, "shop-data"),
        ({"Fn::Split": ["/", "a/b"]}, ["a", "b"]),
        ({"Fn::If": ["IsProd", "yes", "no"]}, "yes"),
        ({"Fn::If": ["IsTest", "yes", "no"]}, "no"),
        ({"Fn::If": ["Both", "yes", "no"]}, "yes"),
        ({"Fn::If": ["Either", "yes", "no"]}, "yes"),
        ({"Fn::If": ["Neither", "yes", "no"]}, "no"),
        (["a", {"Fn::If": ["IsTest", "b", {"Ref": "AWS::NoValue"}]}], ["a"]),
        ({"Fn::FindInMap": ["Sizes", {"Ref": "Stage"}, "Memory"]}, "512"),
        ({"Fn::FindInMap": ["Sizes", "prod", "Names"]}, ["x", "y"]),
        ({"Fn::FindInMap": ["Sizes", "test", "Memory", {"DefaultValue": {"Ref": "Stage"}}]}, "prod"),
        ({"Fn::ImportValue": {"Fn::Sub": "${AWS::StackName}-bucket"}}, "shop-data"),
        ({"Fn::GetStackOutput": {"StackName": "Shop", "OutputName": "Own"}}, "shop-data"),
        ({"Fn::Base64": {"Ref": "Stage"}}, "cHJvZA=="),
        ({"Fn::ToJsonString": {"a": [1, True, {"Ref": "Stage"}]}}, '{"a":[1,true,"prod"]}'),
    ],
)
def test_what_is_known_becomes_text(value: object, expected: object) -> None:
    """Leaves are texts, as CloudFormation passes them on; objects and lists stay what they are."""
    assert resolved(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"Ref": "Open"}, unknown(NO_DEFAULT)),
        ({"Ref": "Secret"}, unknown("a NoEcho parameter is secret (Shop, Parameters.Secret)")),
        ({"Ref": "Stored"}, unknown("its value comes from Parameter Store (Shop, Parameters.Stored)")),
        ({"Ref": "Nobody"}, unknown("the template has no 'Nobody'")),
        ({"Ref": "Left"}, unknown("Left is not made, since its condition does not hold")),
        ({"Ref": "AWS::NotificationARNs"}, unknown("AWS::NotificationARNs is not known before the deployment")),
        ({"Ref": ["a"]}, unknown("Ref is malformed")),
        ({"Ref": "Custom"}, unknown("the custom resource Custom gives its physical id in the deployment")),
        (
            {"Ref": "Password"},
            unknown(
                "the custom resource Password gives its physical id in the deployment",
                "arn:aws:ssm:eu-west-1:111122223333:parameter/shop/db#*",
            ),
        ),
        (
            {"Fn::GetAtt": ["Custom", "Value"]},
            unknown("Value of Custom::Other Custom is known only after the deployment"),
        ),
        ({"Fn::GetAtt": ["Password", "Version"]}, unknown("Version of Password is known only after the deployment")),
        (
            {"Fn::GetAtt": ["Table", "StreamArn"]},
            unknown("StreamArn of AWS::DynamoDB::Table Table is known only after the deployment", "arn:aws:*"),
        ),
        ({"Fn::GetAtt": "Bucket"}, unknown("Fn::GetAtt is malformed")),
        ({"Fn::Join": ["", ["arn:aws:s3:::", {"Ref": "Open"}]]}, unknown(NO_DEFAULT, "arn:aws:s3:::*")),
        ({"Fn::Join": ["/", ["a", {"Ref": "Open"}, "c?"]]}, unknown(NO_DEFAULT, "a/*/c?")),
        ({"Fn::Join": ["", ["a", ["b"]]]}, unknown("Fn::Join is malformed")),
        ({"Fn::Sub": "${Open}-${Stage}"}, unknown(NO_DEFAULT, "*-prod")),
        ({"Fn::Sub": "${Nobody}"}, unknown("the template has no 'Nobody'")),
        ({"Fn::Sub": ["${Zones}", {}]}, unknown("Fn::Sub is malformed")),
        ({"Fn::Select": [3, {"Ref": "Zones"}]}, unknown("Fn::Select is malformed")),
        ({"Fn::Select": [0, {"Fn::Split": [":", {"Ref": "Open"}]}]}, unknown(NO_DEFAULT)),
        ({"Fn::Split": ["", "a"]}, unknown("Fn::Split is malformed")),
        ({"Fn::If": ["IsOpen", "a", "b"]}, unknown(f"{NO_DEFAULT} (Shop, Conditions.IsOpen)")),
        ({"Fn::If": ["Unsure", "a", "b"]}, unknown(f"{NO_DEFAULT} (Shop, Conditions.IsOpen)")),
        ({"Fn::If": ["Circle", "a", "b"]}, unknown("it depends on itself (Shop, Conditions.Circle)")),
        (
            {"Fn::If": ["Strange", "a", "b"]},
            unknown("Fn::Contains is not supported in a condition (Shop, Conditions.Strange)"),
        ),
        ({"Fn::If": ["Nobody", "a", "b"]}, unknown("there is no such condition (Shop, Conditions.Nobody)")),
        ({"Fn::FindInMap": ["Sizes", "test", "Memory"]}, unknown("Fn::FindInMap finds nothing")),
        ({"Fn::ImportValue": "nothing"}, unknown("no stack of the assembly exports 'nothing'")),
        ({"Fn::ImportValue": "itself"}, unknown("it depends on itself (Shop, Outputs.Itself)")),
        (
            {"Fn::GetStackOutput": {"StackName": "Other", "OutputName": "Own"}},
            unknown("no stack of the assembly Other has an output Own"),
        ),
        ({"Fn::GetStackOutput": "Shop"}, unknown("Fn::GetStackOutput is malformed")),
        ({"Fn::Base64": {"Ref": "Open"}}, unknown(NO_DEFAULT)),
        ({"Fn::ToJsonString": [{"Fn::Base64": {"Ref": "Open"}}]}, Unknown(place=f"{PLACE}[0]", reason=NO_DEFAULT)),
        ({"Fn::GetAZs": ""}, unknown("Fn::GetAZs is not supported")),
        ({"Fn::Transform": {"Name": "M"}, "a": "b"}, unknown("Fn::Transform stands beside something else")),
        (None, unknown("null is no value of a template")),
        (
            "{{resolve:ssm:/shop/version}}",
            unknown("a dynamic reference is resolved in the deployment"),
        ),
        (
            {"Fn::Join": ["", ["a-{{resolve:secretsmanager:", {"Ref": "Stage"}, ":SecretString:x}}-b"]]},
            unknown("a dynamic reference is resolved in the deployment", "a-*-b"),
        ),
        ({"Fn::Join": ["", ["{{resolve:ssm:", {"Ref": "Open"}, "}}"]]}, unknown(NO_DEFAULT)),
        ({"Ref": "OpenBucket"}, unknown(f"{NO_DEFAULT} (Shop/OpenBucket, Properties.BucketName)", "shop-*")),
        (
            {"Fn::GetAtt": ["OpenBucket", "Arn"]},
            unknown(f"{NO_DEFAULT} (Shop/OpenBucket, Properties.BucketName)", "arn:aws:s3:::shop-*"),
        ),
        ({"Ref": "Itself"}, unknown("it depends on itself (Shop/Itself, Properties.BucketName)")),
    ],
)
def test_what_is_not_known_says_where_why_and_what_it_matches(value: object, expected: Unknown) -> None:
    """Never a guess: place, reason, and a pattern that holds in any case."""
    assert resolved(value) == expected


def test_the_place_of_what_is_not_known_is_exact() -> None:
    """Whoever reads the report finds the line of the template."""
    value = {"Statement": [{"Resource": ["a", {"Fn::Join": ["", ["b", {"Ref": "Open"}]]}]}]}

    (found,) = unknowns(resolved(value))

    assert found.place == "Shop/Thing, Properties.Value.Statement[0].Resource[1]"


def test_a_stack_refers_to_those_of_its_own_stage() -> None:
    """Two stages whose accounts are open may export the same name; outside of both it is not known which is meant."""
    stacks = tuple(
        Stack(
            name="Shop",
            title="Shop",
            account="111122223333",
            region="eu-west-1",
            stage=stage,
            template={"Outputs": {"Own": {"Value": stage, "Export": {"Name": "own"}}}},
        )
        for stage in ("/prod", "/test", "/other")
    )
    stacks[2].section("Outputs")["Own"].pop("Export")
    resolver = Resolver(Assembly(stacks=stacks))

    imported = [resolver.plain({"Fn::ImportValue": "own"}, stack, PLACE) for stack in stacks]

    assert imported == ["/prod", "/test", unknown("more than one stack exports 'own'")]


@pytest.mark.parametrize("name", ["Open", "Shop:Open"])
def test_what_the_deployment_gives_to_a_parameter_is_known(name: str) -> None:
    """Named as for `cdk deploy --parameters`; what is for another stack is not taken, and no secret either."""
    given = {name: "yes", "Other:Open": "no", "Secret": "never-shown"}
    assembly = from_templates({"Shop": SHOP}, parameters=given)

    found = resolved({"Fn::If": ["IsOpen", {"Ref": "Open"}, "other"]}, assembly=assembly)

    assert found == "yes"
    assert isinstance(resolved({"Ref": "Secret"}, assembly=assembly), Unknown)


def test_a_secret_of_a_no_echo_parameter_is_nowhere() -> None:
    """Its default is not taken, although it is in the template."""
    assert "never-shown" not in repr(resolved({"Fn::Sub": "${Secret}"}))


@pytest.mark.parametrize(
    ("region", "partition", "suffix"),
    [("cn-north-1", "aws-cn", "amazonaws.com.cn"), ("us-gov-west-1", "aws-us-gov", "amazonaws.com")],
)
def test_partition_and_suffix_follow_the_region(region: str, partition: str, suffix: str) -> None:
    """Stacks of China and GovCloud have ARNs of their own."""
    assembly = from_templates({"Shop": SHOP}, region=region)

    found = resolved({"Fn::Sub": "${AWS::Partition} ${AWS::URLSuffix} ${Bucket.Arn}"}, assembly=assembly)

    assert found == f"{partition} {suffix} arn:{partition}:s3:::shop-data"


def test_names_are_generated_in_the_form_of_cloudformation() -> None:
    """Stack, logical id and twelve characters, cut where names of the type are shorter; the same in each run."""
    long = "L" * 200
    crowded = from_templates({long: {"Resources": {long: {"Type": "AWS::IAM::Role"}}}})
    resources = {"Role": {"Type": "AWS::IAM::Role"}, long: {"Type": "AWS::IAM::Role"}, "B": {"Type": "AWS::S3::Bucket"}}
    assembly = from_templates({"Shop": {"Resources": resources}})

    names = resolved([{"Ref": each} for each in resources], assembly=assembly)

    assert isinstance(names, list)
    forms = [r"Shop-Role-[A-Z2-7]{12}", r"Shop-L{46}-[A-Z2-7]{12}", r"shop-b-[a-z2-7]{12}"]
    for form, name in zip(forms, names, strict=True):
        assert re.fullmatch(form, name)
    assert len(names[1]) == 64
    assert re.fullmatch(r"L{25}-L{25}-[A-Z2-7]{12}", str(resolved({"Ref": long}, assembly=crowded)))
    again = from_templates({"Shop": {"Resources": resources}})
    assert resolved([{"Ref": each} for each in resources], assembly=again) == names


def test_a_key_has_one_id_wherever_it_is_referred_to() -> None:
    """Id and ARN agree; a key of several Regions has the form of one, and its replica the same id."""
    key = {"Type": "AWS::KMS::Key"}
    primary = {"Type": "AWS::KMS::Key", "Properties": {"MultiRegion": True}}
    template = {"Resources": {"Key": key, "Primary": primary}}
    assembly = from_templates({"Shop": template})

    key_id, arn, primary_id = (
        str(resolved(each, assembly=assembly))
        for each in ({"Ref": "Key"}, {"Fn::GetAtt": ["Key", "Arn"]}, {"Ref": "Primary"})
    )

    assert arn == f"arn:aws:kms:eu-west-1:111122223333:key/{key_id}"
    assert [len(each) for each in key_id.split("-")] == [8, 4, 4, 4, 12]
    assert primary_id.startswith("mrk-")
    assert len(primary_id) == len("mrk-") + 32


def test_what_is_nested_too_deep_is_not_known() -> None:
    """A template that CloudFormation would refuse does not end the reading."""
    value: object = "x"
    for _ in range(500):
        value = {"Fn::Join": ["", [value]]}

    assert resolved(value) == unknown("it is nested more than 64 levels deep")


def test_a_text_that_doubles_with_each_output_stays_small() -> None:
    """Thirty outputs that each repeat the one before would be a gigabyte."""
    outputs: dict[str, Any] = {"O0": {"Value": "0123456789"}}
    for number in range(1, 31):
        before = {"Fn::GetStackOutput": {"StackName": "Shop", "OutputName": f"O{number - 1}"}}
        outputs[f"O{number}"] = {"Value": {"Fn::Join": ["", [before, before]]}}
    assembly = from_templates({"Shop": {"Resources": {}, "Outputs": outputs}})

    found = resolved({"Fn::GetStackOutput": {"StackName": "Shop", "OutputName": "O30"}}, assembly=assembly)

    assert isinstance(found, Unknown)
    assert "it is longer than a template may be" in found.reason
