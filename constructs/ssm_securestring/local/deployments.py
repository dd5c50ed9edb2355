"""Deploying a synthesized stack through CloudFormation's own API: what the CDK CLI does, in a fraction of the time."""

import json
import re
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final

from botocore.exceptions import ClientError

from ssm_securestring.local.assemblies import Assembly, SynthesizedStack
from ssm_securestring.local.errors import EmbeddedAwsError

_POLL_SECONDS: Final = 0.02
_MAX_SECONDS: Final = 300.0
_CAPABILITIES: Final = ["CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"]
_GOOD: Final = frozenset({"CREATE_COMPLETE", "UPDATE_COMPLETE"})
_GONE: Final = frozenset({"DELETE_COMPLETE"})
# A stack in these states can only be replaced, as the CLI does.
_FAILED_CREATION: Final = frozenset({"ROLLBACK_COMPLETE", "CREATE_FAILED", "ROLLBACK_FAILED"})
_BOOTSTRAP_PARAMETER: Final = "BootstrapVersion"
# Later than any version that a template asks for: what a bootstrapped account answers.
_BOOTSTRAP_VERSION: Final = "1000"
# CloudFormation User Guide, "Understand CloudFormation quotas": what a request may hold; a larger one comes from S3.
_TEMPLATE_BYTES: Final = 51_200
_NO_CHANGE: Final = "No updates are to be performed"
_PLACEHOLDER: Final = re.compile(r"\$\{AWS::(\w+)\}")


@dataclass(frozen=True, slots=True)
class DeployedStack:
    """A stack that is in place.

    Attributes:
        name: Its name.
        outputs: Values of its outputs by their logical ids.
        resources: Physical ids of its resources by their logical ids.
    """

    name: str
    outputs: Mapping[str, str]
    resources: Mapping[str, str]
    _destroy: Callable[[str], None] = field(repr=False)

    def destroy(self) -> None:
        """Delete the stack.

        Raises:
            EmbeddedAwsError: It cannot be deleted; the message says why.
        """
        self._destroy(self.name)


class Deployer:
    """Deploys stacks to one account.

    Args:
        clients: Makes the boto3 client of a service.
        account: The account.
        region: The Region.
    """

    def __init__(self, clients: Callable[[str], Any], *, account: str, region: str) -> None:
        """Keep what is needed to make clients when they are."""
        self._clients = clients
        self._account = account
        self._region = region
        self._made: dict[str, Any] = {}

    def deploy(self, assembly: Assembly, artifact_id: str, parameters: Mapping[str, str]) -> DeployedStack:
        """Deploy a stack and what it depends on.

        Raises:
            EmbeddedAwsError: It could not be deployed; the message says why.
        """
        stack = assembly.stack(artifact_id)
        for dependency in stack.dependencies:
            self.deploy(assembly, dependency, {})
        self._check_environment(stack)
        self._prepare(stack)
        self._apply(stack, parameters)
        return self._deployed(stack.name)

    def _client(self, service: str) -> Any:  # noqa: ANN401 - depends on the service
        if service not in self._made:
            self._made[service] = self._clients(service)
        return self._made[service]

    def _check_environment(self, stack: SynthesizedStack) -> None:
        account, _, region = stack.environment.removeprefix("aws://").partition("/")
        if account not in (self._account, "unknown-account") or region not in (self._region, "unknown-region"):
            raise EmbeddedAwsError(
                f"stack {stack.name} is for {stack.environment}, not for account {self._account} in {self._region}",
                fix="Leave `env` out in tests, or take both from the account that it is deployed to.",
            )

    def _prepare(self, stack: SynthesizedStack) -> None:
        """Do what `cdk bootstrap` has done in an account, and upload the assets."""
        version = stack.template.get("Parameters", {}).get(_BOOTSTRAP_PARAMETER)
        if version:
            self._client("ssm").put_parameter(
                Name=version["Default"], Value=_BOOTSTRAP_VERSION, Type="String", Overwrite=True
            )
        for asset in stack.assets:
            self._upload(self._filled_in(asset.bucket), self._filled_in(asset.key), asset.content())

    def _upload(self, bucket: str, key: str, content: bytes) -> None:
        with suppress(self._client("s3").exceptions.BucketAlreadyOwnedByYou):
            self._client("s3").create_bucket(Bucket=bucket, **self._location())
        self._client("s3").put_object(Bucket=bucket, Key=key, Body=content)

    def _location(self) -> dict[str, Any]:
        # S3 API reference, CreateBucket: us-east-1 is the one Region that must not be named.
        if self._region == "us-east-1":
            return {}
        return {"CreateBucketConfiguration": {"LocationConstraint": self._region}}

    def _filled_in(self, text: str) -> str:
        known = {"AccountId": self._account, "Region": self._region, "Partition": "aws"}
        return _PLACEHOLDER.sub(lambda found: known[found.group(1)], text)

    def _template(self, stack: SynthesizedStack) -> dict[str, str]:
        body = json.dumps(stack.template, separators=(",", ":"))
        if len(body.encode()) <= _TEMPLATE_BYTES:
            return {"TemplateBody": body}
        # Not all synthesizers make the template an asset, so it gets a place of its own.
        bucket, key = f"ssm-securestring-templates-{self._account}-{self._region}", f"{stack.name}.json"
        self._upload(bucket, key, body.encode())
        return {"TemplateURL": f"{self._client('s3').meta.endpoint_url}/{bucket}/{key}"}

    def _apply(self, stack: SynthesizedStack, parameters: Mapping[str, str]) -> None:
        status = self._status(stack.name)
        if status in _FAILED_CREATION:
            self._destroy(stack.name)
            status = None
        request = {
            "StackName": stack.name,
            **self._template(stack),
            "Capabilities": _CAPABILITIES,
            "Parameters": [{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
            "Tags": [{"Key": key, "Value": value} for key, value in stack.tags.items()],
        }
        client = self._client("cloudformation")
        change = client.create_stack if status is None else client.update_stack
        try:
            change(**request)
        except ClientError as error:
            message = error.response["Error"]["Message"]
            if _NO_CHANGE in message:
                return
            raise EmbeddedAwsError(
                f"CloudFormation refuses stack {stack.name}: {message}", fix="Change the stack."
            ) from error
        self._wait(stack.name, good=_GOOD)

    def _wait(self, name: str, *, good: frozenset[str]) -> None:
        deadline = time.monotonic() + _MAX_SECONDS
        while time.monotonic() < deadline:
            status = self._status(name) or "DELETE_COMPLETE"
            if status in good:
                return
            if not status.endswith("_IN_PROGRESS"):
                raise EmbeddedAwsError(f"stack {name} ended in {status}: {self._reasons(name)}", fix="Change it.")
            time.sleep(_POLL_SECONDS)
        raise EmbeddedAwsError(
            f"stack {name} took longer than {_MAX_SECONDS:.0f} seconds", fix="Look at its events for what it waits for."
        )

    def _status(self, name: str) -> str | None:
        """Return the state of a stack; ``None`` if there is none."""
        try:
            found = self._client("cloudformation").describe_stacks(StackName=name)["Stacks"][0]
        except ClientError as error:
            if "does not exist" in error.response["Error"]["Message"]:
                return None
            raise
        status = str(found["StackStatus"])
        return None if status in _GONE else status

    def _reasons(self, name: str) -> str:
        events = self._client("cloudformation").describe_stack_events(StackName=name)["StackEvents"]
        failed = [
            f"{each['LogicalResourceId']}: {each.get('ResourceStatusReason', 'no reason given')}"
            for each in reversed(events)
            if each["ResourceStatus"].endswith("_FAILED")
        ]
        return "; ".join(failed) or "no reason given"

    def _deployed(self, name: str) -> DeployedStack:
        client = self._client("cloudformation")
        outputs = client.describe_stacks(StackName=name)["Stacks"][0].get("Outputs", [])
        resources = client.describe_stack_resources(StackName=name)["StackResources"]
        return DeployedStack(
            name,
            {each["OutputKey"]: each["OutputValue"] for each in outputs},
            {each["LogicalResourceId"]: each.get("PhysicalResourceId", "") for each in resources},
            self._destroy,
        )

    def _destroy(self, name: str) -> None:
        self._client("cloudformation").delete_stack(StackName=name)
        self._wait(name, good=_GONE)
