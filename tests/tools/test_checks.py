"""The checks behind `make check` can fail, and pass what is accepted beside the code with a reason."""

import json
from pathlib import Path

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam

from tools import check_templates, lock, nag

ROLE = {
    "Type": "AWS::IAM::Role",
    "Properties": {"AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": []}, "Rolename": "misspelled"},
}


def add_auditor(app: cdk.App) -> iam.Role:
    """Add a role that may do one thing to everything, which cdk-nag reports."""
    role = iam.Role(cdk.Stack(app, "Audit"), "Auditor", assumed_by=iam.AccountRootPrincipal())
    role.add_to_policy(iam.PolicyStatement(actions=["ssm:DescribeParameters"], resources=["*"]))
    return role


def test_nag_reports_a_finding_with_its_construct_and_rule() -> None:
    """An unaccepted finding is printed so that one can act on it."""

    def compose(app: cdk.App) -> None:
        add_auditor(app)

    (finding,) = nag.findings_of(compose)

    assert finding.startswith("Audit/Auditor/DefaultPolicy/Resource: AwsSolutions-IAM5[Resource::*] (error): ")


def test_nag_passes_a_finding_that_is_accepted_with_a_reason() -> None:
    """The CDK's own acknowledgement is enough; the product never imports cdk-nag."""

    def compose(app: cdk.App) -> None:
        accepted = cdk.Acknowledgment(id="AwsSolutions-IAM5[Resource::*]", reason="it has no resource level")
        cdk.Validations.of(add_auditor(app)).acknowledge(accepted)

    assert nag.findings_of(compose) == []


def test_cfn_lint_reports_a_misspelled_property(tmp_path: Path) -> None:
    """What CloudFormation would refuse is found before."""
    template = tmp_path / "Wrong.template.json"
    template.write_text(json.dumps({"Resources": {"Role": ROLE}}), encoding="utf-8")

    findings = check_templates.lint([template])

    assert any("E3002" in finding and "Rolename" in finding for finding in findings)


def test_checkov_that_has_read_nothing_is_a_finding() -> None:
    """A scan of an empty folder does not count as passed."""
    assert check_templates.findings_of({"passed": 0, "failed": 0}) == [
        "checkov passed no check: it has read no template"
    ]


def test_checkovs_failed_checks_are_findings() -> None:
    """Each is printed with its file, rule and resource."""
    failed = {
        "file_path": "/A.template.json",
        "check_id": "CKV_AWS_7",
        "resource": "AWS::KMS::Key.Key",
        "check_name": "Rotation",
    }
    report = {"results": {"passed_checks": [{}], "failed_checks": [failed], "parsing_errors": ["/B.template.json"]}}

    assert check_templates.findings_of(report) == [
        "/A.template.json: CKV_AWS_7 AWS::KMS::Key.Key: Rotation",
        "/B.template.json: checkov cannot read it",
    ]


def test_locking_keeps_the_upper_part_and_pins_the_rest_below_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is named directly is not repeated, however it is spelled, and what is no longer needed goes."""
    resolved = {"aws-cdk-lib": "2.1", "types-boto3": "1.2", "attrs": "3.0"}
    monkeypatch.setattr(lock, "resolve", lambda _head: resolved)
    upper = "# why\nAWS_cdk.lib==2.1\ntypes-boto3[kms,ssm]==1.2  # types\n\n"

    assert lock.locked(f"{upper}{lock.MARKER}\ngone==9\n") == f"{upper}{lock.MARKER}\nattrs==3.0\n"


def test_fails_to_lock_a_file_without_the_line_between_its_parts() -> None:
    """A file of pins that has no upper part is not overwritten."""
    with pytest.raises(ValueError, match="there is no line"):
        lock.locked("attrs==3.0\n")
