"""What the tests of the embedded AWS share: the account, roles, and names that no other test uses."""

import json
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest

from ssm_securestring.local import EmbeddedAws
from tests.local.aws import Account, Statement

# Somebody else's project: tests/test_wheel.py runs its tests where only the wheel is installed.
collect_ignore = ["example_project"]


@pytest.fixture(scope="session")
def root(embedded_aws: EmbeddedAws) -> Account:
    """The account itself, which may do everything."""
    return Account(embedded_aws)


@pytest.fixture
def embedded_aws_directory(embedded_aws: EmbeddedAws) -> Path:
    """Where the engine of the session keeps its files."""
    return embedded_aws.directory


@pytest.fixture
def name() -> str:
    """A name of several levels that no other test uses."""
    return f"/test/{uuid.uuid4().hex}/value"


@pytest.fixture
def arn_of(embedded_aws: EmbeddedAws) -> Callable[[str], str]:
    """Spells out the ARN of a parameter by hand."""
    return lambda name: (
        f"arn:aws:ssm:{embedded_aws.region}:{embedded_aws.account}:parameter{'' if name.startswith('/') else '/'}{name}"
    )


@pytest.fixture
def key(root: Account) -> str:
    """ARN of a new key whose policy leaves everything to IAM."""
    return root.kms.create_key()["KeyMetadata"]["Arn"]


@pytest.fixture
def role(root: Account) -> Callable[..., Account]:
    """Makes a role with these statements and assumes it."""

    def make(*statements: Statement) -> Account:
        role_name = f"role-{uuid.uuid4().hex[:12]}"
        trust = {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Action": "sts:AssumeRole",
                    "Principal": {"AWS": f"arn:aws:iam::{root.aws.account}:root"},
                }
            ],
        }
        made = root.iam.create_role(RoleName=role_name, AssumeRolePolicyDocument=json.dumps(trust))
        if statements:
            policy = {"Version": "2012-10-17", "Statement": list(statements)}
            root.iam.put_role_policy(RoleName=role_name, PolicyName="p", PolicyDocument=json.dumps(policy))
        session = root.sts.assume_role(RoleArn=made["Role"]["Arn"], RoleSessionName="test")["Credentials"]
        return Account(root.aws, session["AccessKeyId"], session["SecretAccessKey"], session["SessionToken"])

    return make
