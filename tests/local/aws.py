"""Callers of the embedded AWS, what they may do, and the trail of one call."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from types_boto3_cloudformation import CloudFormationClient
from types_boto3_iam import IAMClient
from types_boto3_kms import KMSClient
from types_boto3_lambda import LambdaClient
from types_boto3_logs import CloudWatchLogsClient
from types_boto3_secretsmanager import SecretsManagerClient
from types_boto3_ssm import SSMClient
from types_boto3_sts import STSClient

from ssm_securestring.local import EmbeddedAws, TrailRecord

# One for all: each session reads the descriptions of its services anew.
_SESSION = boto3.Session()
_NO_RETRIES = Config(retries={"total_max_attempts": 1})


@dataclass
class Account:
    """Somebody who can call the embedded AWS."""

    aws: EmbeddedAws
    access_key: str = "test"
    secret_key: str = "test"
    session_token: str | None = None
    region: str | None = None
    _clients: dict[str, Any] = field(default_factory=dict)

    def _client(self, service: str) -> Any:  # noqa: ANN401 - the type depends on the service
        if service not in self._clients:
            self._clients[service] = _SESSION.client(  # type: ignore[call-overload]  # the name is not a literal
                service,
                aws_access_key_id=self.access_key,
                aws_secret_access_key=self.secret_key,
                aws_session_token=self.session_token,
                region_name=self.region or self.aws.region,
                endpoint_url=self.aws.endpoint_url,
                config=_NO_RETRIES,
            )
        return self._clients[service]

    def in_region(self, region: str) -> "Account":
        """Return the same caller in another Region."""
        return Account(self.aws, self.access_key, self.secret_key, self.session_token, region)

    @property
    def ssm(self) -> SSMClient:
        """Parameter Store."""
        client: SSMClient = self._client("ssm")
        return client

    @property
    def kms(self) -> KMSClient:
        """KMS."""
        client: KMSClient = self._client("kms")
        return client

    @property
    def iam(self) -> IAMClient:
        """IAM."""
        client: IAMClient = self._client("iam")
        return client

    @property
    def sts(self) -> STSClient:
        """STS."""
        client: STSClient = self._client("sts")
        return client

    @property
    def cloudformation(self) -> CloudFormationClient:
        """CloudFormation."""
        client: CloudFormationClient = self._client("cloudformation")
        return client

    @property
    def functions(self) -> LambdaClient:
        """Lambda."""
        client: LambdaClient = self._client("lambda")
        return client

    @property
    def logs(self) -> CloudWatchLogsClient:
        """CloudWatch Logs."""
        client: CloudWatchLogsClient = self._client("logs")
        return client

    @property
    def secretsmanager(self) -> SecretsManagerClient:
        """Secrets Manager."""
        client: SecretsManagerClient = self._client("secretsmanager")
        return client


Statement = dict[str, Any]


def allow(action: str | list[str], resource: str, condition: dict[str, Any] | None = None) -> Statement:
    """Return an Allow statement."""
    statement = {"Effect": "Allow", "Action": action, "Resource": resource}
    return {**statement, "Condition": condition} if condition else statement


@contextmanager
def recorded(aws: EmbeddedAws) -> Iterator[list[TrailRecord]]:
    """Collect what the trail records meanwhile."""
    before = len(aws.trail())
    records: list[TrailRecord] = []
    yield records
    records.extend(aws.trail()[before:])


@contextmanager
def refused(code: str) -> Iterator[list[str]]:
    """Expect an error with this code; the list has its message afterwards."""
    message: list[str] = []
    with pytest.raises(ClientError) as caught:
        yield message
    error = caught.value.response["Error"]
    assert error["Code"] == code, error
    message.append(error["Message"])
