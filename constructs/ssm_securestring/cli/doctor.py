"""``ssm-securestring doctor``: say in plain words why a parameter cannot be read, from credentials to key.

Source:
    KMS Developer Guide, "Troubleshooting KMS key issues in Parameter Store".
"""

import argparse
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from boto3.session import Session

_STATES: Final = {
    "Disabled": "is disabled: enable it with kms:EnableKey",
    "PendingDeletion": "is pending deletion: cancel that with kms:CancelKeyDeletion and enable it, or use another key",
    "PendingImport": "has no key material (pending import): complete the import procedure",
    "Unavailable": "is unavailable: its custom key store is disconnected; connect it",
}


class Finding(NamedTuple):
    """One thing that was looked at.

    Args:
        mark: ``ok``, ``FAIL``, or ``?`` where nothing could be seen.
        subject: What was looked at.
        text: What was seen, and the fix if it is wrong.
    """

    mark: str
    subject: str
    text: str


def add_commands(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add ``doctor``."""
    doctor = commands.add_parser(
        "doctor",
        help="say why a parameter cannot be read, and the fix",
        description="Looks at credentials, parameter, key and permissions, in that order, as whoever runs it. "
        "Exit code 0 if the parameter can be read. Prints no value.",
    )
    doctor.add_argument("name", metavar="NAME", help="name or ARN of the parameter")
    doctor.set_defaults(run=_doctor)


def _doctor(options: argparse.Namespace) -> int:
    from ssm_securestring.runtime.reference import parse

    parse(options.name)
    findings = []
    for finding in examine(options.name):
        findings.append(finding)
        print(f"{finding.mark:4}  {finding.subject}: {finding.text}")
    return 1 if any(each.mark == "FAIL" for each in findings) else 0


def examine(name: str) -> Iterator[Finding]:
    """Look at everything on the way to a value; what comes last depends on what came before."""
    import os

    import boto3
    from botocore.exceptions import BotoCoreError, ClientError

    session = boto3.Session(region_name=os.environ.get("AWS_REGION"))
    try:
        who = session.client("sts").get_caller_identity()["Arn"]
    except ClientError as error:
        code = error.response["Error"]["Code"]
        yield Finding("FAIL", "credentials", f"AWS does not accept them ({code}): log in again, or renew the session")
        return
    except BotoCoreError as error:
        yield Finding("FAIL", "credentials", f"{error}: log in, choose a profile, set AWS_REGION or give a role")
        return
    yield Finding("ok", "credentials", who)
    key_id = None
    for finding, seen in _parameter(session, name):
        key_id = seen
        yield finding
    if key_id:
        yield _key(session, key_id)
    yield _reading(session, name)


def _parameter(session: "Session", name: str) -> Iterator[tuple[Finding, str | None]]:
    from botocore.exceptions import ClientError

    from ssm_securestring.core.names import ParameterArn

    base = ParameterArn.parse(name).name.text if name.startswith("arn:") else name.partition(":")[0]
    region = session.region_name
    try:
        filters: Any = [{"Key": "Name", "Option": "Equals", "Values": [base]}]
        found = session.client("ssm").describe_parameters(ParameterFilters=filters)["Parameters"]
    except ClientError as error:
        code = error.response["Error"]["Code"]
        yield Finding("?", "parameter", f"ssm:DescribeParameters was refused ({code}): its key is not known"), None
        return
    if not found:
        text = f"{base} is not in Region {region} of this account: check name (case-sensitive), Region and account"
        yield Finding("FAIL", "parameter", text), None
        return
    fields: Mapping[str, Any] = found[0]
    text = f"{fields['Type']}, version {fields['Version']}, tier {fields.get('Tier', 'Standard')}"
    if fields["Type"] != "SecureString":
        text += "; not encrypted, no key is needed"
    yield Finding("ok", "parameter", text), fields.get("KeyId")


def _key(session: "Session", key_id: str) -> Finding:
    from botocore.exceptions import ClientError

    try:
        metadata = session.client("kms").describe_key(KeyId=key_id)["KeyMetadata"]
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code == "NotFoundException":
            text = f"{key_id} is not found: find the right key, and store the parameter again with its ARN"
            return Finding("FAIL", "key", text)
        return Finding("?", "key", f"{key_id}: kms:DescribeKey was refused ({code}), so its state is not known")
    state = metadata["KeyState"]
    if state == "Enabled":
        return Finding("ok", "key", f"{metadata['Arn']} is enabled")
    return Finding("FAIL", "key", f"{metadata['Arn']} {_STATES.get(state, f'is in state {state}')}")


def _reading(session: "Session", name: str) -> Finding:
    from ssm_securestring.core.errors import ParameterReadError
    from ssm_securestring.runtime import SecureStrings

    try:
        SecureStrings(client=session.client("ssm")).get(name)
    except ParameterReadError as error:
        return Finding("FAIL", "reading", f"{error.problem}. {error.fix}")
    return Finding("ok", "reading", "the value can be fetched and decrypted")
