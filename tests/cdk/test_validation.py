"""The rules at synthesis, through the CDK's own validation: what breaks one stops it, and what is ours breaks none."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_ssm as ssm
from aws_cdk.assertions import Template

from app import build
from ssm_securestring.cdk import (
    KeyMode,
    ParameterKey,
    ParameterPath,
    SecureStringParameter,
    SecureStringValidation,
    Tier,
)
from ssm_securestring.core.access import Verb
from ssm_securestring.iam.rules import RULES

FLAGS = json.loads((Path(__file__).parents[2] / "cdk.json").read_text(encoding="utf-8"))["context"]
WHOLE_KEY = "ssm-securestring::decrypt-without-context"


def violations(folder: Path) -> list[dict[str, Any]]:
    """Return what our plugin reported, as the CDK wrote it into the cloud assembly."""
    report = json.loads((folder / "validation-report.json").read_text(encoding="utf-8"))
    (ours,) = [each for each in report["pluginReports"] if each["pluginName"] == "ssm-securestring"]
    return list(ours["violations"])


def app_in(folder: Path, *, strict: bool = False) -> cdk.App:
    """Make an app with the plugin."""
    app = cdk.App(context=FLAGS, outdir=str(folder))
    cdk.Validations.of(app).add_plugins(SecureStringValidation(strict=strict))
    return app


def secure_string_in(stack: cdk.Stack) -> ssm.CfnParameter:
    """Define what CloudFormation refuses."""
    return ssm.CfnParameter(stack, "Password", type="SecureString", name="/shop/db/mode", value="on")


def reader_of_a_whole_key(stack: cdk.Stack) -> iam.Role:
    """Grant as the CDK does: with the key, not with the parameter."""
    role = iam.Role(stack, "Reader", assumed_by=iam.AccountRootPrincipal())
    key = kms.Key(stack, "Key")
    parameter = ssm.StringParameter.from_secure_string_parameter_attributes(
        stack, "Parameter", parameter_name="/shop/db/password", encryption_key=key
    )
    parameter.grant_read(role)
    return role


def test_an_error_stops_synthesis_and_says_where(tmp_path: Path) -> None:
    """The report names rule, construct, place and way out, and never the value."""
    stack = cdk.Stack(app_in(tmp_path), "Shop")
    secure_string_in(stack)

    with pytest.raises(RuntimeError, match="Validation failed"):
        Template.from_stack(stack)

    (violation,) = violations(tmp_path)
    (found,) = violation["violatingConstructs"]
    assert violation["ruleName"] == "securestring-in-template"
    assert violation["severity"] == "error"
    assert violation["suggestedFix"] == "use SecureStringParameter, whose value is made or fetched inside a function"
    assert found["constructPath"] == "Shop/Password"
    assert found["cloudFormationResource"]["logicalId"] == "Password"
    assert found["cloudFormationResource"]["propertyPaths"] == ["Properties/Type"]
