"""The same rules by an aspect: annotations on the constructs, at the end of synthesis."""

import json
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import jsii
import pytest
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_ssm as ssm
from constructs import IConstruct

from ssm_securestring.cdk import ParameterKey, SecureStringAspect, SecureStringParameter

WHOLE_KEY = "ssm-securestring::decrypt-without-context"
REFUSED = "ssm-securestring::securestring-in-template"


@pytest.fixture
def shop(tmp_path: Path) -> cdk.Stack:
    """A stack that the aspect looks at."""
    app = cdk.App(outdir=str(tmp_path))
    stack = cdk.Stack(app, "Shop", env=cdk.Environment(account="111122223333", region="eu-west-1"))
    cdk.Aspects.of(stack).add(SecureStringAspect())
    return stack


def annotations(stack: cdk.Stack) -> list[tuple[str, str, str]]:
    """Synthesize, and return construct, level and text of all annotations, from where the CLI reads them."""
    app = stack.node.root
    assert isinstance(app, cdk.App)
    app.synth()
    manifest = json.loads((Path(app.outdir) / "manifest.json").read_text(encoding="utf-8"))
    artifact = manifest["artifacts"][stack.artifact_id]
    metadata: dict[str, Any] = dict(artifact.get("metadata", {}))
    if further := artifact.get("additionalMetadataFile"):
        metadata |= json.loads((Path(app.outdir) / further).read_text(encoding="utf-8"))
    return [
        (path, each["type"].removeprefix("aws:cdk:"), each["data"])
        for path, entries in metadata.items()
        for each in entries
        if each["type"] in {"aws:cdk:error", "aws:cdk:warning"}
    ]


def secure_string_in(scope: cdk.Stack) -> ssm.CfnParameter:
    """Define what CloudFormation refuses."""
    return ssm.CfnParameter(scope, "Password", type="SecureString", name="/shop/mode", value="on")


def reader_of_a_whole_key(stack: cdk.Stack) -> iam.Role:
    """Grant as the CDK does: with the key, not with the parameter."""
    role = iam.Role(stack, "Reader", assumed_by=iam.AccountRootPrincipal())
    parameter = ssm.StringParameter.from_secure_string_parameter_attributes(
        stack, "Parameter", parameter_name="/shop/db/password", encryption_key=kms.Key(stack, "Key")
    )
    parameter.grant_read(role)
    return role


def test_an_error_is_an_error_on_its_construct(shop: cdk.Stack) -> None:
    """It says what, where, why, what to do, and by which id it is acknowledged."""
    secure_string_in(shop)

    ((path, level, text),) = annotations(shop)

    assert (path, level) == ("/Shop/Password", "error")
    assert text == (
        "An AWS::SSM::Parameter of type SecureString. Properties/Type: CloudFormation cannot create a SecureString; "
        "CloudFormation refuses it when it is deployed, and its value stands in the template. Instead: use "
        "SecureStringParameter, whose value is made or fetched inside a function "
        "[ack: ssm-securestring::securestring-in-template]"
    )


def test_a_warning_is_a_warning_on_its_construct(shop: cdk.Stack) -> None:
    """Of the policy that was made by the grant."""
    reader_of_a_whole_key(shop)

    ((path, level, text),) = annotations(shop)

    assert (path, level) == ("/Shop/Reader/DefaultPolicy/Resource", "warning")
    assert text.endswith(f"[ack: {WHOLE_KEY}]")


@pytest.mark.parametrize("rule_id", [WHOLE_KEY, REFUSED])
def test_what_is_acknowledged_is_not_annotated(shop: cdk.Stack, rule_id: str) -> None:
    """By the same id as in the plugin, above the construct, errors included; the other one stays."""
    secure_string_in(shop)
    reader_of_a_whole_key(shop)
    cdk.Validations.of(shop).acknowledge(cdk.Acknowledgment(id=rule_id, reason="It is on purpose"))

    ((_, _, text),) = annotations(shop)

    assert rule_id not in text


def test_a_warning_is_acknowledged_as_any_other_of_the_cdk(shop: cdk.Stack) -> None:
    """By ``Annotations``, too."""
    cdk.Annotations.of(reader_of_a_whole_key(shop)).acknowledge_warning(WHOLE_KEY)

    assert annotations(shop) == []


def test_constructs_of_ours_are_not_annotated(shop: cdk.Stack) -> None:
    """A grant of ours is bound to its parameter."""
    key = ParameterKey(shop, "Key", path_prefixes=["/shop"])
    parameter = SecureStringParameter(shop, "Db", name="/shop/db/password", encryption_key=key)
    parameter.grant_read(iam.Role(shop, "Reader", assumed_by=iam.AccountRootPrincipal()))

    assert annotations(shop) == []


@jsii.implements(cdk.IAspect)
class Loosens:
    """Somebody else's aspect, which changes a policy after ours has visited the stack."""

    def visit(self, node: IConstruct) -> None:
        """Add to the policy of the role."""
        if isinstance(node, iam.CfnRole):
            role = node.node.scope
            assert isinstance(role, iam.Role)
            role.add_to_policy(iam.PolicyStatement(actions=["kms:Decrypt"], resources=["*"]))


def test_what_another_aspect_adds_is_seen(shop: cdk.Stack) -> None:
    """The stack is read when everything is in place."""
    iam.Role(shop, "Reader", assumed_by=iam.AccountRootPrincipal())
    cdk.Aspects.of(shop).add(Loosens())

    ((path, _, text),) = annotations(shop)

    assert path == "/Shop/Reader/DefaultPolicy/Resource"
    assert "decrypt-under-any-key" in text


def test_a_nested_stack_is_read_by_itself(shop: cdk.Stack) -> None:
    """An aspect on the stack above reaches it, also where the two use the same logical id."""
    secure_string_in(shop)
    secure_string_in(cdk.NestedStack(shop, "Nested"))

    found = {(path, level) for path, level, _ in annotations(shop)}

    assert found == {("/Shop/Password", "error"), ("/Shop/Nested/Password", "error")}
