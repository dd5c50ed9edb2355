"""What the rules know of one resource from the others of the same templates."""

from typing import Any

import pytest

from ssm_securestring.iam.assembly import from_templates
from ssm_securestring.iam.rules.reading import Report, report_on

KEY: dict[str, Any] = {"Type": "AWS::KMS::Key", "Properties": {}}
KEY_ARN = {"Fn::GetAtt": ["Key", "Arn"]}
DECRYPT = {"Effect": "Allow", "Action": "kms:Decrypt", "Resource": KEY_ARN}
READ = {
    "Effect": "Allow",
    "Action": "ssm:GetParameter",
    "Resource": "arn:aws:ssm:eu-west-1:111122223333:parameter/mode",
}
PASSWORD = {
    "Type": "Custom::SsmSecureString",
    "Properties": {"ParameterName": "/shop/db/password", "KeyId": KEY_ARN, "Tier": "Standard"},
}
BUCKET = {"Type": "AWS::S3::Bucket", "Properties": {"Encryption": [{"KMSMasterKeyID": KEY_ARN}]}}


def policy(*statements: object) -> dict[str, Any]:
    """Spell the policy of a role."""
    document = {"Version": "2012-10-17", "Statement": list(statements)}
    return {"Type": "AWS::IAM::Policy", "Properties": {"PolicyDocument": document}}


def report(**resources: object) -> Report:
    """Hold one template against the rules."""
    return report_on(from_templates({"Shop": {"Resources": resources}}))


def found(**resources: object) -> list[str]:
    """Return what is found, as ``logical id: rule``."""
    return [f"{each.resource.logical_id}: {each.rule.rule_id}" for each in report(**resources).findings]


def test_decrypting_with_the_key_of_a_parameter_is_found_wherever_it_stands() -> None:
    """The policy says nothing of Parameter Store, and need not: whoever can read the parameter may be another."""
    assert found(Key=KEY, Password=PASSWORD, Policy=policy(DECRYPT)) == ["Policy: decrypt-without-context"]


def test_decrypting_with_a_key_of_which_nothing_is_known_is_not() -> None:
    """It may be for anything."""
    assert found(Key=KEY, Policy=policy(DECRYPT)) == []


def test_decrypting_beside_reading_a_parameter_is_found() -> None:
    """As the CDK's own grant on a SecureString parameter writes it."""
    assert found(Key=KEY, Policy=policy(READ, DECRYPT)) == ["Policy: decrypt-without-context"]


def test_decrypting_what_is_in_a_bucket_beside_reading_a_setting_is_not() -> None:
    """The key is the bucket's."""
    assert found(Key=KEY, Bucket=BUCKET, Policy=policy(READ, DECRYPT)) == []


def test_a_key_of_a_parameter_and_a_bucket_is_the_parameters_too() -> None:
    """Whoever may decrypt with it may decrypt the parameter."""
    shared = found(Key=KEY, Bucket=BUCKET, Password=PASSWORD, Policy=policy(DECRYPT))

    assert shared == ["Policy: decrypt-without-context"]


def test_an_asymmetric_key_of_a_parameter_is_found() -> None:
    """Though its own policy says nothing of parameters."""
    assert found(Key={"Type": "AWS::KMS::Key", "Properties": {"KeySpec": "RSA_2048"}}, Password=PASSWORD) == [
        "Key: asymmetric-key"
    ]


def test_the_arn_is_put_together_before_it_is_judged() -> None:
    """A double slash appears only where a name with a slash meets an ARN with one."""
    arn = {"Fn::Sub": "arn:${AWS::Partition}:ssm:${AWS::Region}:${AWS::AccountId}:parameter/${Name}"}
    template = {
        "Parameters": {"Name": {"Type": "String", "Default": "/shop/db/password"}},
        "Resources": {"Policy": policy({**READ, "Resource": arn})},
    }
    (finding,) = report_on(from_templates({"Shop": template})).findings

    assert finding.rule.rule_id == "malformed-parameter-arn"


def test_a_resource_that_is_not_made_breaks_nothing() -> None:
    """Its condition does not hold."""
    parameter = {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "SecureString", "Value": "on"}}
    never = {"Fn::Equals": ["a", "b"]}
    template = {"Conditions": {"Never": never}, "Resources": {"Mode": {**parameter, "Condition": "Never"}}}

    assert report_on(from_templates({"Shop": template})).findings == ()
    assert found(Mode=parameter) == ["Mode: securestring-in-template"]


@pytest.mark.parametrize(
    "statement",
    [
        {**READ, "Resource": {"Fn::ImportValue": "elsewhere"}},
        {**READ, "Action": {"Fn::ImportValue": "elsewhere"}},
        {"Fn::If": ["Perhaps", {**READ, "Resource": "*"}, READ]},
    ],
)
def test_what_is_not_known_is_reported_and_breaks_no_rule(statement: object) -> None:
    """Neither as a finding nor in silence."""
    unknown = report(Policy=policy(statement))

    assert unknown.findings == ()
    assert [each.place for each in unknown.unknown] != []


def test_nothing_is_unknown_where_all_is_known() -> None:
    """The check above can fail."""
    assert report(Key=KEY, Password=PASSWORD, Policy=policy(READ, DECRYPT)).unknown == ()
