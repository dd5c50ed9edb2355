"""Stacks with a custom resource, a key, a role and a function: deployed through CloudFormation's own API."""

import io
import json
import uuid
import zipfile
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import WaiterError

from ssm_securestring.local import EmbeddedAws
from tests.local.aws import Account

if TYPE_CHECKING:
    from types_boto3_cloudformation.type_defs import WaiterConfigTypeDef

pytestmark = pytest.mark.e2e


WAIT: "WaiterConfigTypeDef" = {"Delay": 1, "MaxAttempts": 60}
FUNCTION = """
import json, os, sys, urllib.request

import boto3


def handler(event, context):
    wanted = event["ResourceProperties"]
    print("got", event["RequestType"], wanted["Mode"])
    if wanted["Mode"] == "crash" and event["RequestType"] != "Delete":
        raise ValueError("shown in the log only")
    if wanted["Mode"] == "import" and event["RequestType"] != "Delete":
        import cryptography
    data = {}
    if wanted["Mode"] == "look":
        import from_layer
        data = {
            "Layer": from_layer.NAME,
            "LogGroup": context.log_group_name,
            "Environment": ",".join(sorted(os.environ)),
            "First": str(sys.path[0] == os.environ["LAMBDA_TASK_ROOT"]),
            "Caller": boto3.client("sts").get_caller_identity()["Arn"],
        }
    if wanted["Mode"] == "put" and event["RequestType"] != "Delete":
        boto3.client("ssm").put_parameter(
            Name=wanted["Name"], Value="made in the function", Type="SecureString", KeyId=wanted["Key"], Overwrite=True
        )
    answer = {
        "Status": "SUCCESS", "PhysicalResourceId": "made", "Data": data,
        **{each: event[each] for each in ("StackId", "RequestId", "LogicalResourceId")},
    }
    request = urllib.request.Request(event["ResponseURL"], data=json.dumps(answer).encode(), method="PUT")
    urllib.request.urlopen(request)
"""


def _zipped(files: dict[str, str]) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return content.getvalue()


@pytest.fixture(scope="module")
def layer(root: Account) -> str:
    """ARN of a layer with one module."""
    made = root.functions.publish_layer_version(
        LayerName="module", Content={"ZipFile": _zipped({"python/from_layer.py": "NAME = 'from the layer'"})}
    )
    return made["LayerVersionArn"]


def _role(statements: list[dict[str, Any]]) -> dict[str, Any]:
    service = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    return {
        "Type": "AWS::IAM::Role",
        "Properties": {
            "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [service]},
            "Policies": [{"PolicyName": "p", "PolicyDocument": {"Version": "2012-10-17", "Statement": statements}}],
        },
    }


def _key() -> dict[str, Any]:
    root = {"Fn::Sub": "arn:aws:iam::${AWS::AccountId}:root"}
    statement = {"Effect": "Allow", "Principal": {"AWS": root}, "Action": "kms:*", "Resource": "*"}
    return {
        "Type": "AWS::KMS::Key",
        "Properties": {"KeyPolicy": {"Version": "2012-10-17", "Statement": [statement]}},
    }


def _function(layer: str) -> dict[str, Any]:
    return {
        "Type": "AWS::Lambda::Function",
        "Properties": {
            "Runtime": "python3.13",
            "Handler": "index.handler",
            "Code": {"ZipFile": FUNCTION},
            "Layers": [layer],
            "LoggingConfig": {"LogGroup": {"Ref": "Logs"}},
            "Role": {"Fn::GetAtt": ["Role", "Arn"]},
            "Timeout": 20,
        },
    }


def _template(mode: str, layer: str, *, name: str = "/none", **resources: Any) -> dict[str, Any]:  # noqa: ANN401 - resources of a template
    via_ssm = {"StringEquals": {"kms:ViaService": {"Fn::Sub": "ssm.${AWS::Region}.amazonaws.com"}}}
    put = {"Effect": "Allow", "Action": "ssm:PutParameter", "Resource": "arn:aws:ssm:*:*:parameter/test/*"}
    encrypt = {"Effect": "Allow", "Action": "kms:Encrypt", "Resource": {"Fn::GetAtt": ["Key", "Arn"]}}
    made = {
        "ServiceToken": {"Fn::GetAtt": ["Function", "Arn"]},
        "Mode": mode,
        "Name": name,
        "Key": {"Fn::GetAtt": ["Key", "Arn"]},
    }
    seen = ("Environment", "Layer", "LogGroup", "First", "Caller") if mode == "look" else ()
    return {
        "Resources": {
            "Key": _key(),
            "Role": _role([put, {**encrypt, "Condition": via_ssm}]),
            # Kept, so that it can still be read when a stack that could not be created is gone.
            "Logs": {
                "Type": "AWS::Logs::LogGroup",
                "DeletionPolicy": "Retain",
                "Properties": {"RetentionInDays": 7},
            },
            "Function": _function(layer),
            "Made": {"Type": "Custom::Made", "Properties": made},
            **resources,
        },
        "Outputs": {
            "Key": {"Value": {"Fn::GetAtt": ["Key", "Arn"]}},
            "Logs": {"Value": {"Ref": "Logs"}},
            **{each: {"Value": {"Fn::GetAtt": ["Made", each]}} for each in seen},
        },
    }


Deploy = Callable[..., dict[str, str]]


@pytest.fixture
def stack() -> str:
    """A stack name that no other test uses."""
    return f"stack-{uuid.uuid4().hex[:8]}"


@pytest.fixture
def deploy(root: Account, stack: str) -> Iterator[Deploy]:
    """Creates or updates the stack, waits, and returns its outputs; deletes it at the end."""

    def call(template: dict[str, Any], *, update: bool = False, name: str = stack) -> dict[str, str]:
        client = root.cloudformation
        wanted: dict[str, Any] = {
            "StackName": name,
            "TemplateBody": json.dumps(template),
            "Capabilities": ["CAPABILITY_IAM"],
        }
        if update:
            client.update_stack(**wanted)
            client.get_waiter("stack_update_complete").wait(StackName=name, WaiterConfig=WAIT)
        else:
            client.create_stack(**wanted)
            client.get_waiter("stack_create_complete").wait(StackName=name, WaiterConfig=WAIT)
        described = client.describe_stacks(StackName=name)["Stacks"][0]
        return {each["OutputKey"]: each["OutputValue"] for each in described.get("Outputs", [])}

    yield call
    root.cloudformation.delete_stack(StackName=stack)
    root.cloudformation.get_waiter("stack_delete_complete").wait(StackName=stack, WaiterConfig=WAIT)


def _log(root: Account, group: str) -> str:
    return "\n".join(each["message"] for each in root.logs.filter_log_events(logGroupName=group)["events"])


def test_function_makes_a_secure_string_under_its_own_role(
    root: Account, deploy: Deploy, layer: str, name: str
) -> None:
    """The whole way: stack, function, PutParameter, Encrypt in the role's name, log in the declared group."""
    outputs = deploy(_template("put", layer, name=name))

    value = root.ssm.get_parameter(Name=name, WithDecryption=True)["Parameter"]["Value"]
    assert value == "made in the function"
    encrypt = next(
        each for each in root.aws.trail() if each.event_name == "Encrypt" and each.resources == (outputs["Key"],)
    )
    assert encrypt.caller.startswith("arn:aws:sts::111122223333:assumed-role/")
    assert encrypt.invoked_by == "ssm.amazonaws.com"
    assert "got Create put" in _log(root, outputs["Logs"])


def test_function_sees_what_lambda_would_give_it_and_nothing_else(
    deploy: Deploy, layer: str, embedded_aws: EmbeddedAws
) -> None:
    """Its layer and its own code come first, its environment is clean, its credentials are its role's."""
    outputs = deploy(_template("look", layer))

    assert (outputs["Layer"], outputs["First"]) == ("from the layer", "True")
    assert ":assumed-role/" in outputs["Caller"]
    assert outputs["LogGroup"] == outputs["Logs"]
    names = set(outputs["Environment"].split(","))
    assert {"AWS_REGION", "AWS_SESSION_TOKEN", "AWS_LAMBDA_FUNCTION_NAME", "LAMBDA_TASK_ROOT"} <= names
    assert not {each for each in names if "MINISTACK" in each and not each.startswith("_")}
    assert not names & {"PYTHONPATH", "AUTH", "SERVICES", "GATEWAY_PORT", "HOME"}
    assert embedded_aws.pid


@pytest.mark.parametrize(("mode", "trace"), [("crash", "shown in the log only"), ("import", "No module named")])
def test_function_that_crashes_fails_the_stack_at_once(
    root: Account, deploy: Deploy, layer: str, stack: str, mode: str, *, trace: str
) -> None:
    """A crash, or an import that the asset lacks, is a failed resource; why is in the log, not in the events."""
    with pytest.raises(WaiterError):
        deploy(_template(mode, layer))

    events = root.cloudformation.describe_stack_events(StackName=stack)["StackEvents"]
    reasons = " ".join(each.get("ResourceStatusReason", "") for each in events)
    assert "The function ended with an error before it answered CloudFormation; see log group" in reasons
    assert trace not in reasons
    group = reasons.split("see log group ")[1].split()[0].rstrip(".")
    assert trace in _log(root, group)


def test_failed_update_rolls_back(root: Account, deploy: Deploy, layer: str, stack: str) -> None:
    """After a crash in an update the stack is what it was, and what the update added is gone."""
    deploy(_template("put", layer, name=f"/test/{stack}"))
    added = {"Type": "AWS::KMS::Key", "DeletionPolicy": "RetainExceptOnCreate", "Properties": {}}

    with pytest.raises(WaiterError):
        deploy(_template("crash", layer, Added=added), update=True)

    assert root.cloudformation.describe_stacks(StackName=stack)["Stacks"][0]["StackStatus"] == (
        "UPDATE_ROLLBACK_COMPLETE"
    )
    made = [
        each["PhysicalResourceId"]
        for each in root.cloudformation.describe_stack_events(StackName=stack)["StackEvents"]
        if each["LogicalResourceId"] == "Added" and each.get("PhysicalResourceId")
    ]
    states = {root.kms.describe_key(KeyId=each)["KeyMetadata"]["KeyState"] for each in made}
    assert states <= {"PendingDeletion"}


def test_deletion_policies(root: Account, deploy: Deploy, stack: str) -> None:
    """Retain and RetainExceptOnCreate keep a key when the stack is deleted; the default schedules its deletion."""
    policies = {"Kept": "Retain", "KeptToo": "RetainExceptOnCreate", "Gone": "Delete"}
    keys = {
        name: {"Type": "AWS::KMS::Key", "DeletionPolicy": policy, "Properties": {"Description": stack}}
        for name, policy in policies.items()
    }
    outputs = deploy({"Resources": keys, "Outputs": {name: {"Value": {"Ref": name}} for name in keys}})

    root.cloudformation.delete_stack(StackName=stack)
    root.cloudformation.get_waiter("stack_delete_complete").wait(StackName=stack, WaiterConfig=WAIT)

    states = {name: root.kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"] for name, key in outputs.items()}
    assert states == {"Kept": "Enabled", "KeptToo": "Enabled", "Gone": "PendingDeletion"}


def test_plain_parameters_and_parameter_types_of_templates(
    root: Account, deploy: Deploy, stack: str, name: str
) -> None:
    """AWS::SSM::Parameter is created, changed and deleted by our rules; template parameters read from the store."""
    root.ssm.put_parameter(Name=f"{name}-in", Value="from the store", Type="String")
    template = {
        "Parameters": {"In": {"Type": "AWS::SSM::Parameter::Value<String>", "Default": f"{name}-in"}},
        "Resources": {
            "Out": {
                "Type": "AWS::SSM::Parameter",
                "Properties": {"Name": f"{name}-out", "Type": "String", "Value": {"Ref": "In"}, "Tags": {"a": "b"}},
            }
        },
    }
    deploy(template)

    assert root.ssm.get_parameter(Name=f"{name}-out")["Parameter"]["Value"] == "from the store"
    tags = root.ssm.list_tags_for_resource(ResourceType="Parameter", ResourceId=f"{name}-out")["TagList"]
    assert {"Key": "a", "Value": "b"} in tags
    template["Resources"]["Out"]["Properties"]["Value"] = "changed"  # type: ignore[index]  # nested literals
    deploy(template, update=True)
    changed = root.ssm.get_parameter(Name=f"{name}-out")["Parameter"]
    assert (changed["Value"], changed["Version"]) == ("changed", 2)
    root.cloudformation.delete_stack(StackName=stack)
    root.cloudformation.get_waiter("stack_delete_complete").wait(StackName=stack, WaiterConfig=WAIT)
    assert root.ssm.get_parameters(Names=[f"{name}-out"])["InvalidParameters"] == [f"{name}-out"]


def test_exports_are_imported_across_stacks(root: Account, deploy: Deploy, stack: str) -> None:
    """A second stack reads what the first exports."""
    handle = {"Type": "AWS::CloudFormation::WaitConditionHandle"}
    deploy({"Resources": {"R": handle}, "Outputs": {"O": {"Value": "exported", "Export": {"Name": stack}}}})
    second = f"{stack}-second"
    template = {"Resources": {"R": handle}, "Outputs": {"I": {"Value": {"Fn::ImportValue": stack}}}}
    try:
        assert deploy(template, name=second) == {"I": "exported"}
    finally:
        root.cloudformation.delete_stack(StackName=second)
        root.cloudformation.get_waiter("stack_delete_complete").wait(StackName=second, WaiterConfig=WAIT)


def test_ref_of_a_secret_is_its_arn(root: Account, deploy: Deploy, stack: str) -> None:
    """As on AWS, also after an update, so that a policy may name the secret by Ref."""
    secret: dict[str, Any] = {"Type": "AWS::SecretsManager::Secret", "Properties": {"GenerateSecretString": {}}}
    template = {"Resources": {"Secret": secret}, "Outputs": {"Ref": {"Value": {"Ref": "Secret"}}}}

    made = deploy(template)["Ref"]
    secret["Properties"]["Description"] = "changed"
    assert deploy(template, update=True)["Ref"] == made

    described = root.secretsmanager.describe_secret(SecretId=made)
    assert (described["ARN"], described["Description"]) == (made, "changed")
    root.cloudformation.delete_stack(StackName=stack)
    root.cloudformation.get_waiter("stack_delete_complete").wait(StackName=stack, WaiterConfig=WAIT)
    with pytest.raises(root.secretsmanager.exceptions.ResourceNotFoundException):
        root.secretsmanager.describe_secret(SecretId=made)


def test_a_reference_to_another_resource_is_a_change(root: Account, deploy: Deploy, stack: str) -> None:
    """A change set sees that a property refers to another resource's attribute than before."""

    def template(key: str) -> dict[str, Any]:
        parameter = {"Name": f"/{stack}", "Type": "String", "Value": {"Fn::GetAtt": [key, "Arn"]}}
        keys = {name: {"Type": "AWS::KMS::Key", "Properties": {}} for name in ("One", "Other")}
        return {"Resources": {**keys, "Parameter": {"Type": "AWS::SSM::Parameter", "Properties": parameter}}}

    deploy(template("One"))
    made = root.cloudformation.create_change_set(
        StackName=stack, ChangeSetName="other", TemplateBody=json.dumps(template("Other"))
    )
    described = root.cloudformation.describe_change_set(ChangeSetName=made["Id"])
    assert [each["ResourceChange"]["LogicalResourceId"] for each in described["Changes"]] == ["Parameter"]
    same = root.cloudformation.create_change_set(
        StackName=stack, ChangeSetName="same", TemplateBody=json.dumps(template("One"))
    )
    assert root.cloudformation.describe_change_set(ChangeSetName=same["Id"])["Changes"] == []
