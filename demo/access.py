"""Who can do what with which parameter: tried out, call by call, and held against what the app declares."""

import base64
import logging
import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

import aws_encryption_sdk
import boto3
import botocore.session
from aws_encryption_sdk.exceptions import AWSEncryptionSDKClientError
from botocore.exceptions import ClientError

from ssm_securestring.core.encryption import encryption_context
from ssm_securestring.iam.assembly import read_assembly
from ssm_securestring.iam.model import Verdict
from ssm_securestring.iam.reading import read_world
from ssm_securestring.iam.table import known_parameters, table_of

# It logs a traceback for each refusal, and refusals are what is looked for here.
logging.getLogger("aws_encryption_sdk").setLevel(logging.CRITICAL)

_DENIED: Final = "AccessDeniedException"


class Operation(StrEnum):
    """What a principal tries with a parameter."""

    READ = "read"
    WRITE = "write"
    DECRYPT_DIRECTLY = "decrypt directly"


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """What a caller has to know of a parameter; its ciphertext is no secret."""

    name: str
    arn: str
    key_arn: str
    tier: str
    ciphertext: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """One attempt: what was declared and what happened."""

    principal: str
    parameter: str
    operation: Operation
    declared: bool
    allowed: bool

    @property
    def as_declared(self) -> bool:
        """Tell whether the app keeps its word here."""
        return self.declared == self.allowed


class _RefusedError(Exception):
    """KMS refused, behind a library that does not say so."""


Declared = Mapping[str, Mapping[str, frozenset[str]]]
"""Principal to parameter to operations; what is not there is not allowed."""


def find_parameters(session: boto3.Session, path: str) -> list[Parameter]:
    """Return the parameters under a path, in order of their names."""
    ssm = session.client("ssm")
    filters: Any = [{"Key": "Path", "Option": "Recursive", "Values": [path]}]
    described = ssm.get_paginator("describe_parameters").paginate(ParameterFilters=filters)
    found = []
    for metadata in (each for page in described for each in page["Parameters"]):
        stored = ssm.get_parameter(Name=metadata["Name"])["Parameter"]
        found.append(
            Parameter(
                name=metadata["Name"],
                arn=stored["ARN"],
                key_arn=metadata["KeyId"],
                tier=metadata["Tier"],
                ciphertext=base64.b64decode(stored["Value"]),
            )
        )
    return sorted(found, key=lambda each: each.name)


def assume(session: boto3.Session, role_arn: str) -> boto3.Session:
    """Return a session of a role."""
    credentials = session.client("sts").assume_role(RoleArn=role_arn, RoleSessionName="demo")["Credentials"]
    return boto3.Session(
        aws_access_key_id=credentials["AccessKeyId"],
        aws_secret_access_key=credentials["SecretAccessKey"],
        aws_session_token=credentials["SessionToken"],
        region_name=session.region_name,
    )


def observe(
    session: boto3.Session, roles: Mapping[str, str], parameters: Sequence[Parameter], declared: Declared
) -> Iterator[Observation]:
    """Let every role try every operation on every parameter.

    Args:
        session: Somebody who may assume the roles.
        roles: Name of a principal to the ARN of its role.
        parameters: What to try it on.
        declared: What the app says is allowed.
    """
    for principal, role_arn in roles.items():
        as_role = assume(session, role_arn)
        for parameter in parameters:
            for operation in Operation:
                yield Observation(
                    principal=principal,
                    parameter=parameter.name,
                    operation=operation,
                    declared=operation in declared.get(principal, {}).get(parameter.name, frozenset()),
                    allowed=is_allowed(as_role, operation, parameter),
                )


def is_allowed(session: boto3.Session, operation: Operation, parameter: Parameter) -> bool:
    """Try it. Only a refusal counts as one; any other error is raised."""
    attempt = {
        Operation.READ: _read,
        Operation.WRITE: _write,
        Operation.DECRYPT_DIRECTLY: _decrypt_directly,
    }[operation]
    try:
        attempt(session, parameter)
    except _RefusedError:
        return False
    except ClientError as error:
        if error.response["Error"]["Code"] != _DENIED:
            raise
        return False
    return True


def proved(assembly: Path, account: str, region: str, roles: Iterable[str]) -> dict[tuple[str, str, Operation], bool]:
    """Return what the proof says of each attempt, from the synthesized app alone.

    Args:
        assembly: What ``cdk synth`` wrote.
        account: Stands for the account that the app leaves open.
        region: Stands for its Region.
        roles: Names of the principals, as they are observed.
    """
    world = read_world(read_assembly(assembly, account=account, region=region))
    allowed = {
        (each.principal.name, each.parameter.name, each.operation.value)
        for each in table_of(world)
        if each.verdict is Verdict.ALLOWED
    }
    return {
        (role, parameter.name, operation): (f"ShopService/{role}Role", parameter.name, operation.value) in allowed
        for role in roles
        for parameter in known_parameters(world)
        for operation in Operation
    }


def _read(session: boto3.Session, parameter: Parameter) -> None:
    session.client("ssm").get_parameter(Name=parameter.name, WithDecryption=True)


def _write(session: boto3.Session, parameter: Parameter) -> None:
    tier: Any = parameter.tier
    session.client("ssm").put_parameter(
        Name=parameter.name,
        Value=secrets.token_urlsafe(32),
        Type="SecureString",
        KeyId=parameter.key_arn,
        Tier=tier,
        Overwrite=True,
    )


def _decrypt_directly(session: boto3.Session, parameter: Parameter) -> None:
    """Decrypt the stored ciphertext without Parameter Store: with KMS, or the Encryption SDK for the advanced tier."""
    context = encryption_context(parameter.arn)
    if parameter.tier == "Standard":
        session.client("kms").decrypt(
            CiphertextBlob=parameter.ciphertext, KeyId=parameter.key_arn, EncryptionContext=context
        )
        return
    credentials = session.get_credentials()
    assert credentials is not None  # noqa: S101 - an assumed role has some
    answers: list[str | None] = []
    inner = botocore.session.Session()
    # The SDK hides what KMS answered.
    inner.register("after-call.kms.Decrypt", _collect_into(answers))
    inner.set_credentials(credentials.access_key, credentials.secret_key, credentials.token)
    provider = aws_encryption_sdk.StrictAwsKmsMasterKeyProvider(key_ids=[parameter.key_arn], botocore_session=inner)
    client = aws_encryption_sdk.EncryptionSDKClient()
    try:
        client.decrypt(source=parameter.ciphertext, key_provider=provider)
    except AWSEncryptionSDKClientError as error:
        if answers == [_DENIED]:
            raise _RefusedError from error
        raise


def _collect_into(answers: list[str | None]) -> Callable[..., None]:
    def collect(**event: Any) -> None:  # noqa: ANN401 - botocore's event
        answers.append(event["parsed"].get("Error", {}).get("Code"))

    return collect
