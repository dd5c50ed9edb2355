"""The example commands of the KMS Developer Guide's page on Parameter Store, run by the real ``aws`` command.

Source:
    https://docs.aws.amazon.com/kms/latest/developerguide/services-parameter-store.html
"""

import base64
import json
import os
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ssm_securestring.local import EmbeddedAws
from tests.local.aws import Account, recorded

PREFIX = "arn:aws:ssm:us-west-2:111122223333:parameter/"
Aws = Callable[[str], Any]


@pytest.fixture(scope="module")
def oregon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedAws]:
    """An empty account in the Region of the examples."""
    with EmbeddedAws.start(tmp_path_factory.mktemp("aws"), region="us-west-2") as aws:
        yield aws


@pytest.fixture(scope="module")
def key_id(oregon: EmbeddedAws) -> str:
    """A customer managed key; the examples' own id cannot be chosen."""
    return Account(oregon).kms.create_key()["KeyMetadata"]["KeyId"]


@pytest.fixture
def aws(oregon: EmbeddedAws) -> Aws:
    """Runs a command line of the page and reads its answer."""
    program = Path(sys.executable).parent / "aws"

    def run(line: str) -> Any:  # noqa: ANN401 - any JSON
        done = subprocess.run(
            [str(program), *shlex.split(line)[1:]],
            env={**os.environ, **oregon.environment()},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return run


def test_default_key_standard_parameter(oregon: EmbeddedAws, aws: Aws) -> None:
    """Create under aws/ssm, get the ciphertext, get the value, and look at the key."""
    aws('aws ssm put-parameter --name MyParameter --value "secret_value" --type SecureString')

    encrypted = aws("aws ssm get-parameter --name MyParameter")["Parameter"]
    with recorded(oregon) as trail:
        decrypted = aws("aws ssm get-parameter --name MyParameter --with-decryption")["Parameter"]
    key = aws("aws kms describe-key --key-id alias/aws/ssm")["KeyMetadata"]

    assert (encrypted["Name"], encrypted["Type"]) == ("MyParameter", "SecureString")
    assert b"secret_value" not in base64.b64decode(encrypted["Value"])
    assert decrypted["Value"] == "secret_value"
    assert [each.event_name for each in trail] == ["GetParameter", "Decrypt"]
    assert trail[1].encryption_context == {"PARAMETER_ARN": f"{PREFIX}MyParameter"}
    assert trail[1].resources == (key["Arn"],)
    assert (key["KeyManager"], key["KeySpec"]) == ("AWS", "SYMMETRIC_DEFAULT")


def test_customer_key_standard_parameter(oregon: EmbeddedAws, aws: Aws, key_id: str) -> None:
    """A standard parameter under a key of one's own, in a hierarchy: path and name are in the context."""
    with recorded(oregon) as trail:
        aws(f'aws ssm put-parameter --name param1 --value "secret" --type SecureString --key-id {key_id}')
        aws(
            "aws ssm put-parameter --name /ReadableParameters/MyParameter --value secret --type SecureString "
            f"--key-id {key_id}"
        )

    assert [each.event_name for each in trail] == ["PutParameter", "Encrypt"] * 2
    assert [each.encryption_context["PARAMETER_ARN"] for each in trail[1::2]] == [
        f"{PREFIX}param1",
        f"{PREFIX}ReadableParameters/MyParameter",
    ]


def test_advanced_parameter(oregon: EmbeddedAws, aws: Aws, key_id: str) -> None:
    """An advanced parameter under a key named by its ARN, encrypted by the Encryption SDK with a fresh data key."""
    arn = f"arn:aws:kms:us-west-2:111122223333:key/{key_id}"

    with recorded(oregon) as trail:
        aws(
            'aws ssm put-parameter --name MyAdvanced --value "secret_value" --type SecureString --tier Advanced '
            f"--key-id {arn}"
        )
    value = aws("aws ssm get-parameter --name MyAdvanced --with-decryption")["Parameter"]["Value"]

    assert [(each.event_name, each.resources) for each in trail[1:]] == [("GenerateDataKey", (arn,))]
    assert value == "secret_value"


def test_standard_parameter_becomes_advanced(aws: Aws, key_id: str) -> None:
    """The page's last command converts a standard parameter, under another key than before."""
    aws('aws ssm put-parameter --name myStdParameter --value "secret_value" --type SecureString')

    answer = aws(
        'aws ssm put-parameter --name myStdParameter --value "secret_value"  --type SecureString --tier Advanced '
        f"--key-id {key_id} --overwrite"
    )

    assert answer == {"Version": 2, "Tier": "Advanced"}
    value = aws("aws ssm get-parameter --name myStdParameter --with-decryption")["Parameter"]["Value"]
    assert value == "secret_value"
