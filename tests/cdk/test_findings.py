"""What scanners find in our constructs is either not there or accepted with a reason, in every kind of stack."""

import aws_cdk as cdk
import cdk_nag
import pytest

from ssm_securestring.cdk import SecureStringParameter, Tier
from ssm_securestring.cdk.findings import accept
from tests.cdk.spelled import only


@pytest.mark.parametrize("known", [True, False], ids=["known-environment", "any-environment"])
@pytest.mark.parametrize("literals", [True, False], ids=["partition-literal", "partition-token"])
def test_cdk_nag_finds_nothing(known: bool, literals: bool) -> None:  # noqa: FBT001 - a table of two switches
    """An acknowledgement names the resource as the scanner writes it, which depends on what is known."""
    app = cdk.App(context={"@aws-cdk/core:enablePartitionLiterals": literals})
    environment = cdk.Environment(account="111122223333", region="eu-west-1") if known else None
    stack = cdk.Stack(app, "Shop", env=environment)
    SecureStringParameter(stack, "Db")
    SecureStringParameter(stack, "Big", tier=Tier.ADVANCED)
    app.synth()

    violations = cdk_nag.AwsSolutionsChecks(app).validate_scope(app).violations

    assert [each.rule_name for each in violations] == []


def test_a_reason_goes_where_its_scanner_looks(stack: cdk.Stack) -> None:
    """Checkov reads the metadata of the resource."""
    resource = cdk.CfnResource(stack, "Resource", type="AWS::SNS::Topic")
    accept(resource, {"CKV_AWS_26": "It carries no secret"})

    assert only(stack, "AWS::SNS::Topic")["Metadata"]["checkov"] == {
        "skip": [{"id": "CKV_AWS_26", "comment": "It carries no secret"}]
    }
