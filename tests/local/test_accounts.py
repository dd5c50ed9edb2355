"""What other people's tests use: an account of their own, and stacks deployed without the CLI."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ssm_securestring.local import EmbeddedAccount, EmbeddedAws, EmbeddedAwsError
from tests.local.aws import refused

Write = Callable[..., Path]


def test_each_account_is_new_and_alone(embedded_aws: EmbeddedAws) -> None:
    """The same name in two accounts is two parameters, with two ARNs and two keys; neither sees the other's calls."""
    first, second = embedded_aws.new_account(), embedded_aws.new_account()
    for account, value in ((first, "one"), (second, "two")):
        account.client("ssm").put_parameter(Name="/shop/db", Value=value, Type="SecureString")

    answer = first.client("ssm").get_parameter(Name="/shop/db", WithDecryption=True)["Parameter"]

    assert first.account != second.account
    assert (answer["Value"], answer["ARN"]) == ("one", f"arn:aws:ssm:eu-west-1:{first.account}:parameter/shop/db")
    assert [each.event_name for each in first.trail()] == ["PutParameter", "Encrypt", "GetParameter", "Decrypt"]
    assert [each.event_name for each in second.trail()] == ["PutParameter", "Encrypt"]
    assert first.trail()[1].resources != second.trail()[1].resources


def test_a_client_can_be_a_role_that_is_checked(embedded_account: EmbeddedAccount) -> None:
    """Tests try permissions as the role that the application will have."""
    root = embedded_account.client("iam")
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "*"}}
    fetch = {"Effect": "Allow", "Action": "ssm:GetParameter", "Resource": "*"}
    made = root.create_role(RoleName="r", AssumeRolePolicyDocument=_policy(trust))["Role"]["Arn"]
    root.put_role_policy(RoleName="r", PolicyName="p", PolicyDocument=_policy(fetch))
    embedded_account.client("ssm").put_parameter(Name="a", Value="v", Type="String")

    reader = embedded_account.client("ssm", role_arn=made)

    assert reader.get_parameter(Name="a")["Parameter"]["Value"] == "v"
    with refused("AccessDeniedException"):
        reader.put_parameter(Name="b", Value="v", Type="String")


def _policy(statement: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def test_no_configuration_leads_a_client_elsewhere(
    embedded_account: EmbeddedAccount, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Profiles, endpoints and proxies of the developer's machine have no effect."""
    (tmp_path / "config").write_text("[default]\nendpoint_url = http://127.0.0.1:9/\n")
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_SSM", "HTTP_PROXY", "http_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9/")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_PROFILE", "somebody-elses")

    assert embedded_account.client("ssm").describe_parameters()["Parameters"] == []


def test_environment_of_an_account(embedded_account: EmbeddedAccount) -> None:
    """Programs that are started with it are in this account."""
    environment = embedded_account.environment()

    assert environment["AWS_ACCESS_KEY_ID"] == environment["CDK_DEFAULT_ACCOUNT"] == embedded_account.account
    assert environment["AWS_ENDPOINT_URL"] == embedded_account.aws.endpoint_url


def _parameter(value: object, **more: object) -> dict[str, Any]:
    resource = {"Type": "AWS::SSM::Parameter", "Properties": {"Name": "/shop/a", "Type": "String", "Value": value}}
    return {"Resources": {"A": {**resource, **more}}, "Outputs": {"Name": {"Value": {"Ref": "A"}}}}


# -- stacks ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes a cloud assembly with these stacks and returns its folder."""

    def assembly(*artifacts: dict[str, Any]) -> Path:
        manifest: dict[str, Any] = {"version": "55.0.0", "artifacts": {}}
        for each in artifacts:
            (tmp_path / f"{each['id']}.template.json").write_text(json.dumps(each["template"]))
            assets = f"{each['id']}.assets"
            (tmp_path / f"{assets}.json").write_text(json.dumps(each.get("assets", {})))
            manifest["artifacts"][assets] = {"type": "cdk:asset-manifest", "properties": {"file": f"{assets}.json"}}
            manifest["artifacts"][each["id"]] = {
                "type": "aws:cloudformation:stack",
                "environment": each.get("environment", "aws://unknown-account/unknown-region"),
                "properties": {"templateFile": f"{each['id']}.template.json"},
                "dependencies": [*each.get("after", []), assets],
            }
        (tmp_path / "manifest.json").write_text(json.dumps(manifest))
        return tmp_path

    return assembly


def test_a_stack_is_made_changed_and_destroyed(embedded_account: EmbeddedAccount, write: Write) -> None:
    """Deploying again changes what changed, and nothing if nothing did."""
    ssm = embedded_account.client("ssm")

    made = embedded_account.deploy_assembly(write({"id": "S", "template": _parameter("one")}), "S")
    again = embedded_account.deploy_assembly(write({"id": "S", "template": _parameter("one")}), "S")
    assert ssm.get_parameter(Name="/shop/a")["Parameter"]["Version"] == 1
    embedded_account.deploy_assembly(write({"id": "S", "template": _parameter("two")}), "S")
    assert ssm.get_parameter(Name="/shop/a")["Parameter"]["Value"] == "two"
    again.destroy()

    assert (made.outputs, made.resources) == ({"Name": "/shop/a"}, {"A": "/shop/a"})
    with refused("ParameterNotFound"):
        ssm.get_parameter(Name="/shop/a")


def test_a_template_that_no_request_can_hold_comes_from_s3(embedded_account: EmbeddedAccount, write: Write) -> None:
    """CloudFormation takes 51,200 bytes in a request; ours may be larger, as with the CDK CLI."""
    template = {**_parameter("one"), "Metadata": {"Filling": "x" * 60_000}}

    made = embedded_account.deploy_assembly(write({"id": "S", "template": template}), "S")

    assert made.outputs == {"Name": "/shop/a"}
    assert embedded_account.client("ssm").get_parameter(Name="/shop/a")["Parameter"]["Value"] == "one"


def test_a_dependency_comes_first_and_parameters_are_passed(embedded_account: EmbeddedAccount, write: Write) -> None:
    """A stack that imports from another one finds it deployed."""
    exporting = _parameter("x")
    exporting["Outputs"] = {"Out": {"Value": "exported", "Export": {"Name": "shared"}}}
    joined = {"Fn::Join": ["-", [{"Fn::ImportValue": "shared"}, {"Ref": "Given"}]]}
    importing = _parameter(joined) | {"Parameters": {"Given": {"Type": "String"}}}
    importing["Resources"]["A"]["Properties"]["Name"] = "/shop/b"
    folder = write({"id": "First", "template": exporting}, {"id": "S", "template": importing, "after": ["First"]})

    embedded_account.deploy_assembly(folder, "S", parameters={"Given": "value"})

    assert embedded_account.client("ssm").get_parameter(Name="/shop/b")["Parameter"]["Value"] == "exported-value"


def test_fails_with_cloudformations_reason_and_can_be_tried_again(
    embedded_account: EmbeddedAccount, write: Write
) -> None:
    """What CloudFormation says about the resource is in the message; the failed creation is not in the way."""
    embedded_account.client("ssm").put_parameter(Name="/shop/a", Value="mine", Type="String")

    with pytest.raises(EmbeddedAwsError, match=r"stack S ended in ROLLBACK_COMPLETE: A: .*already exists"):
        embedded_account.deploy_assembly(write({"id": "S", "template": _parameter("one")}), "S")

    embedded_account.client("ssm").delete_parameter(Name="/shop/a")
    embedded_account.deploy_assembly(write({"id": "S", "template": _parameter("one")}), "S")
    assert embedded_account.client("ssm").get_parameter(Name="/shop/a")["Parameter"]["Value"] == "one"


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"environment": "aws://999999999999/eu-west-1"}, "stack S is for aws://999999999999/eu-west-1"),
        ({"assets": {"dockerImages": {"i": {}}}}, "S.assets builds a Docker image"),
        ({"id": "T"}, "has no stack S. It has: T."),
        ({"template": {**_parameter("x"), "Parameters": {"P": {"Type": "String"}}}}, "CloudFormation refuses stack S"),
    ],
)
def test_fails_before_it_starts(
    embedded_account: EmbeddedAccount, write: Write, change: dict[str, Any], text: str
) -> None:
    """What cannot work is said before anything is made."""
    folder = write({"id": "S", "template": _parameter("one"), **change})

    with pytest.raises(EmbeddedAwsError) as caught:
        embedded_account.deploy_assembly(folder, "S")

    assert text in str(caught.value)


def test_fails_without_an_assembly(embedded_account: EmbeddedAccount, tmp_path: Path) -> None:
    """A folder that `cdk synth` did not write is named."""
    with pytest.raises(EmbeddedAwsError, match="is no cloud assembly"):
        embedded_account.deploy_assembly(tmp_path / "none", "S")
