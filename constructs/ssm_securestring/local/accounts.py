"""One account of a running engine: clients, credentials, its part of the trail, and stacks without the CDK CLI."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, Final, Protocol

import boto3
import botocore.session
from botocore.config import Config

from ssm_securestring.local.assemblies import Assembly
from ssm_securestring.local.deployments import DeployedStack, Deployer
from ssm_securestring.local.handle import EmbeddedAws
from ssm_securestring.local.trail import TrailRecord

_SECRET: Final = "test"  # noqa: S105 - the engine checks no signature of an account's own key
_ARN_ACCOUNT: Final = 4


class SynthesizedApp(Protocol):
    """What is needed of a CDK app."""

    def synth(self) -> Any:  # noqa: ANN401 - aws-cdk-lib is not imported here
        """Return the cloud assembly."""


class EmbeddedAccount:
    """An account of an engine that nobody else uses.

    Attributes:
        aws: The engine.
        account: Its 12 digits, which are its root's access key at the same time.
        region: Its Region: the engine's.

    Example:
        >>> account = embedded_aws.new_account()
        >>> account.client("ssm").put_parameter(Name="/shop/db", Value="x", Type="SecureString")
        >>> [each.event_name for each in account.trail()]
        ['PutParameter', 'Encrypt']
    """

    def __init__(self, aws: EmbeddedAws, account: str) -> None:
        """Name the account; an engine has every account, each of them empty at first."""
        self.aws = aws
        self.account = account
        self.region = aws.region
        self._deployer = Deployer(self.client, account=account, region=self.region)

    def client(self, service: str, *, role_arn: str | None = None, region: str | None = None) -> Any:  # noqa: ANN401 - depends on the service
        """Return a boto3 client that no configuration of this machine can lead elsewhere. It does not retry.

        Args:
            service: Name of the service, for example ``"ssm"``.
            role_arn: Role to call as. Default: the account's root, which may do everything.
            region: Region to call; keys and parameters of one are not seen in another. Default: the engine's.
        """
        keys = {"aws_access_key_id": self.account, "aws_secret_access_key": _SECRET}
        if role_arn is not None:
            session = self.client("sts").assume_role(RoleArn=role_arn, RoleSessionName="test")["Credentials"]
            keys = {
                "aws_access_key_id": session["AccessKeyId"],
                "aws_secret_access_key": session["SecretAccessKey"],
                "aws_session_token": session["SessionToken"],
            }
        return _session().client(
            service,
            endpoint_url=self.aws.endpoint_url,
            region_name=region or self.region,
            config=Config(proxies={}, retries={"total_max_attempts": 1}),
            **keys,
        )

    def environment(self) -> dict[str, str]:
        """Return the variables that make ``aws``, ``cdk`` and every AWS SDK use this account and nothing else."""
        mine = {"AWS_ACCESS_KEY_ID": self.account, "CDK_DEFAULT_ACCOUNT": self.account}
        return self.aws.environment() | mine

    def trail(self) -> list[TrailRecord]:
        """Return every KMS and Parameter Store call so far that this account made, in order."""
        return [each for each in self.aws.trail() if each.caller.split(":")[_ARN_ACCOUNT] == self.account]

    @contextmanager
    def recorded(self) -> Iterator[list[TrailRecord]]:
        """Collect the calls of a ``with`` block: the list has them when it ends."""
        before = len(self.trail())
        records: list[TrailRecord] = []
        yield records
        records.extend(self.trail()[before:])

    def deploy(self, stack: Any, *, parameters: Mapping[str, str] | None = None) -> DeployedStack:  # noqa: ANN401 - aws-cdk-lib is not imported here
        """Synthesize the app of a CDK stack, and deploy the stack and those it depends on, without the CLI.

        Args:
            stack: An ``aws_cdk.Stack``. Its ``env`` must be left out or be this account and Region.
            parameters: Values of its CloudFormation parameters. Default: their own defaults.

        Raises:
            EmbeddedAwsError: CloudFormation refused it, or it needs what is not emulated; the message says what.
        """
        app: SynthesizedApp = stack.node.root
        return self.deploy_assembly(Path(app.synth().directory), stack.artifact_id, parameters=parameters)

    def deploy_assembly(
        self, directory: Path, stack: str, *, parameters: Mapping[str, str] | None = None
    ) -> DeployedStack:
        """Deploy a stack, and those it depends on, from what ``cdk synth`` has written.

        Args:
            directory: The cloud assembly, usually ``cdk.out``.
            stack: Id of the stack in it.
            parameters: Values of its CloudFormation parameters. Default: their own defaults.

        Raises:
            EmbeddedAwsError: There is no such stack, CloudFormation refused it, or it needs what is not emulated.
        """
        return self._deployer.deploy(Assembly(directory), stack, parameters or {})


@cache
def _session() -> Any:  # noqa: ANN401 - boto3 types clients by literal names only
    """Return a session that reads neither profiles nor configuration files, and loads each service's model once."""
    nowhere = (None, None, os.devnull, None)
    variables = {"profile": (None, None, None, None), "config_file": nowhere, "credentials_file": nowhere}
    return boto3.Session(botocore_session=botocore.session.Session(session_vars=variables))
