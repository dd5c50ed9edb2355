"""The rules at synthesis, through the CDK's own validation: what breaks one stops it, and what is ours breaks none."""

import json
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_secretsmanager as secretsmanager
from aws_cdk import aws_sqs as sqs
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
    return [violation for report in reports(folder) for violation in report["violations"]]


def reports(folder: Path) -> list[dict[str, Any]]:
    """Return the reports of our plugin; the CDK leaves one out that has no violation."""
    written = json.loads((folder / "validation-report.json").read_text(encoding="utf-8"))
    return [each for each in written["pluginReports"] if each["pluginName"] == "ssm-securestring"]


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

    with pytest.raises(RuntimeError, match="securestring-in-template"):
        Template.from_stack(stack)

    (violation,) = violations(tmp_path)
    (found,) = violation["violatingConstructs"]
    assert violation["ruleName"] == "securestring-in-template"
    assert violation["severity"] == "error"
    assert violation["suggestedFix"] == "use SecureStringParameter, whose value is made or fetched inside a function"
    assert found["constructPath"] == "Shop/Password"
    assert found["cloudFormationResource"]["logicalId"] == "Password"
    assert found["cloudFormationResource"]["propertyPaths"] == ["Properties/Type"]


def test_a_warning_is_shown_and_does_not_stop_synthesis(tmp_path: Path) -> None:
    """What opens too much is for somebody to decide."""
    stack = cdk.Stack(app_in(tmp_path), "Shop")
    reader_of_a_whole_key(stack)

    Template.from_stack(stack)

    (violation,) = violations(tmp_path)
    assert (violation["ruleName"], violation["severity"]) == ("decrypt-without-context", "warning")


def test_strict_stops_synthesis_at_a_warning(tmp_path: Path) -> None:
    """As an error would."""
    stack = cdk.Stack(app_in(tmp_path, strict=True), "Shop")
    reader_of_a_whole_key(stack)

    with pytest.raises(RuntimeError, match="decrypt-without-context"):
        Template.from_stack(stack)


@pytest.mark.parametrize("scope", ["construct", "stack"])
def test_an_acknowledged_finding_neither_stops_nor_shows(tmp_path: Path, scope: str) -> None:
    """On the construct, or above it."""
    stack = cdk.Stack(app_in(tmp_path, strict=True), "Shop")
    role = reader_of_a_whole_key(stack)
    acknowledgement = cdk.Acknowledgment(id=WHOLE_KEY, reason="It re-encrypts everything")
    cdk.Validations.of(role if scope == "construct" else stack).acknowledge(acknowledgement)

    Template.from_stack(stack)

    assert violations(tmp_path) == []


def test_stacks_of_stages_and_nested_stacks_are_read(tmp_path: Path) -> None:
    """One plugin on the app is enough."""
    stage = cdk.Stage(app_in(tmp_path), "Production")
    secure_string_in(cdk.NestedStack(cdk.Stack(stage, "Shop"), "Nested"))

    with pytest.raises(RuntimeError, match="securestring-in-template"):
        stage.node.root.synth()  # type: ignore[attr-defined] # the root of a stage is an app

    (violation,) = violations(tmp_path)
    (found,) = violation["violatingConstructs"]
    assert found["constructPath"] == "Production/Shop/Nested/Password"


def test_the_environment_of_each_stack_counts(tmp_path: Path) -> None:
    """The same text is right in one Region and wrong in another."""
    app = app_in(tmp_path)
    for region in ("eu-west-1", "cn-north-1"):
        stack = cdk.Stack(app, f"Shop-{region}", env=cdk.Environment(account="111122223333", region=region))
        role = iam.Role(stack, "Reader", assumed_by=iam.AccountRootPrincipal())
        arn = f"arn:aws-cn:ssm:{cdk.Aws.REGION}:{cdk.Aws.ACCOUNT_ID}:parameter/shop/db/password"
        role.add_to_policy(iam.PolicyStatement(actions=["ssm:GetParameter"], resources=[arn]))

    with pytest.raises(RuntimeError, match="eu-west-1 is in partition aws, not in aws-cn"):
        app.synth()

    (violation,) = violations(tmp_path)
    assert [each["constructPath"] for each in violation["violatingConstructs"]] == [
        "Shop-eu-west-1/Reader/DefaultPolicy/Resource"
    ]


def test_a_partition_is_not_wrong_in_a_region_that_is_open(tmp_path: Path) -> None:
    """The stack may be for China alone; what is wrong all the same says where, without an account made up."""
    stack = cdk.Stack(app_in(tmp_path), "Shop")
    role = iam.Role(stack, "Reader", assumed_by=iam.AccountRootPrincipal())
    arn = f"arn:aws-cn:ssm:{cdk.Aws.REGION}:{cdk.Aws.ACCOUNT_ID}:parameter"
    resources = [f"{arn}/shop/db/password", f"{arn}//shop/db/password"]
    role.add_to_policy(iam.PolicyStatement(actions=["ssm:GetParameter"], resources=resources))

    with pytest.raises(RuntimeError, match="parameter//shop/db/password' has a double slash"):
        Template.from_stack(stack)

    (violation,) = violations(tmp_path)
    assert "'arn:aws-cn:ssm:<region>:<account>:parameter//shop/db/password'" in violation["description"]


def test_what_is_not_known_is_counted(tmp_path: Path) -> None:
    """A value of another app breaks no rule, and is not passed over in silence."""
    stack = cdk.Stack(app_in(tmp_path), "Shop")
    role = reader_of_a_whole_key(stack)
    arn = cdk.Fn.import_value("elsewhere")
    role.add_to_policy(iam.PolicyStatement(actions=["ssm:GetParameter"], resources=[arn]))

    Template.from_stack(stack)

    (ours,) = reports(tmp_path)
    assert ours["metadata"]["unknown"].startswith("1: Shop/")


@pytest.fixture(scope="module")
def examples(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example, every construct and grant, what apps commonly have, and one finding: so they were read."""
    folder = tmp_path_factory.mktemp("cdk.out")
    app = app_in(folder)
    build(app)
    common(cdk.Stack(app, "Common"))
    reader_of_a_whole_key(cdk.Stack(app, "Other"))
    for mode in KeyMode:
        every_grant(cdk.Stack(app, f"Every{mode.value}"), mode)
    app.synth()
    return folder


def common(stack: cdk.Stack) -> None:
    """Define a function that reads a setting, and what else is under a key of its own."""
    key = kms.Key(stack, "Key")
    function = lambda_.Function(
        stack,
        "Function",
        runtime=lambda_.Runtime.PYTHON_3_14,
        handler="index.handle",
        code=lambda_.Code.from_inline("handle = print"),
        environment={"LOG_LEVEL": "info"},
        params_and_secrets=lambda_.ParamsAndSecretsLayerVersion.from_version(
            lambda_.ParamsAndSecretsVersions.V1_0_103, log_level=lambda_.ParamsAndSecretsLogLevel.INFO
        ),
    )
    setting = ssm.StringParameter(stack, "Setting", string_value="on", parameter_name="/common/mode")
    setting.grant_read(function)
    setting.grant_write(function)
    s3.Bucket(stack, "Bucket", encryption_key=key).grant_read_write(function)
    sqs.Queue(stack, "Queue", encryption_master_key=key).grant_consume_messages(function)
    secret = secretsmanager.Secret(stack, "Secret", encryption_key=key)
    secret.grant_read(function)
    function.add_environment("SECRET_ARN", secret.secret_arn)
    function.add_environment("PASSWORD", cdk.CfnParameter(stack, "Given", no_echo=True).value_as_string)
    key.grant_admin(iam.Role(stack, "Administrator", assumed_by=iam.AccountRootPrincipal()))


def every_grant(stack: cdk.Stack, mode: KeyMode) -> None:
    """Grant every verb on a parameter of each tier, on a path, directly, and under the AWS managed key."""
    path = f"/{mode.value}"
    key = ParameterKey(
        stack,
        "Key",
        mode=mode,
        path_prefixes=[path],
        break_glass_role=iam.Role(stack, "BreakGlass", assumed_by=iam.AccountRootPrincipal()),
    )
    targets = [
        *(
            SecureStringParameter(stack, tier.name, name=f"{path}/{tier.name}", encryption_key=key, tier=tier)
            for tier in Tier
        ),
        SecureStringParameter(stack, "Free", name=f"{path}/free", encryption_key=ParameterKey.aws_managed()),
        ParameterPath(stack, "Path", path=f"{path}/below", encryption_key=key, tier=Tier.STANDARD),
    ]
    for number, target in enumerate(targets):
        for verb in Verb:
            role = iam.Role(stack, f"{verb.name}{number}", assumed_by=iam.AccountRootPrincipal())
            getattr(target, f"grant_{verb.name.lower()}")(role)
    targets[0].grant_read(iam.Role(stack, "Direct", assumed_by=iam.AccountRootPrincipal()), direct=True)


def test_the_example_and_everything_that_is_ours_or_common_break_no_rule(examples: Path) -> None:
    """What the constructs and the CDK's own grants for other things write needs no acknowledgement."""
    paths = [found["constructPath"] for each in violations(examples) for found in each["violatingConstructs"]]
    assert paths == ["Other/Reader/DefaultPolicy/Resource"]


def test_the_plugin_names_its_rules_and_version() -> None:
    """As the CDK asks for them."""
    plugin = SecureStringValidation()

    assert plugin.name == "ssm-securestring"
    assert plugin.rule_ids == [each.rule_id for each in RULES]
    assert plugin.version == "0.1.0"
