"""Sealed values: what the command prints opens for one parameter and for no other."""

import base64
import json
import subprocess
import sys

import boto3
import pytest

from tests.handler.aws import Account
from tests.handler.cloudformation import Address, Answer, CloudFormation, properties

CANARY = "canary-8f3a1c"


def seal(name: str, value: bytes, *, key: str) -> "subprocess.CompletedProcess[bytes]":
    """Run the command, as a person does."""
    command = [sys.executable, "-m", "ssm_securestring.cli.main", "seal", "--name", name, "--key", key]
    return subprocess.run(command, input=value, capture_output=True, check=False, timeout=60)


def create(account: Account, address: Address, name: str, ciphertext: str, *, key: str, **changes: object) -> Answer:
    """Create a parameter with a sealed value."""
    store = account.function([name], keys=[key], sealed_with=[key])
    source = {"Kind": "Sealed", "Ciphertext": ciphertext, "KeyArn": key}
    return CloudFormation(store, address).create(properties(name, KeyId=key, Source=source, **changes))


@pytest.mark.usefixtures("only_the_embedded_aws")
def test_sealed_value_opens_for_its_parameter_and_no_other(account: Account, address: Address, key: str) -> None:
    """The line feed that echo adds is not part of it; replayed under another name it says why it fails."""
    name, other = account.name("sealed"), account.name("other")
    sealed = seal(name, f"{CANARY}\n".encode(), key=key)
    ciphertext = sealed.stdout.decode().strip()

    opened = create(account, address, name, ciphertext, key=key)
    replayed = create(account, address, other, ciphertext, key=key)

    assert opened.status == "SUCCESS", opened.reason
    assert account.value(name) == CANARY
    assert replayed.reason.startswith(
        f"parameter {other}: its sealed value does not open: it was sealed for another name, Region or account"
    )
    assert not account.exists(other)
    assert CANARY not in ciphertext + sealed.stderr.decode()


@pytest.mark.usefixtures("only_the_embedded_aws")
@pytest.mark.parametrize(("size", "code"), [(0, 1), (1, 0), (8192, 0), (8193, 1)])
def test_what_a_parameter_holds_is_sealed_and_nothing_longer(account: Account, key: str, size: int, code: int) -> None:
    """8 KB; the refusal does not show the value."""
    sealed = seal(account.name("sealed"), b"x" * size, key=key)

    assert sealed.returncode == code, sealed.stderr
    if code:
        assert f"standard input has {size} bytes: seal 1 to 8192 bytes, the most" in sealed.stderr.decode()
        assert b"xxx" not in sealed.stderr


@pytest.mark.usefixtures("only_the_embedded_aws")
def test_fails_to_seal_what_is_no_text(account: Account, key: str) -> None:
    """At once, not in the deployment; the bytes are not shown."""
    sealed = seal(account.name("sealed"), CANARY.encode() + b"\xff", key=key)

    assert (sealed.returncode, sealed.stdout) == (1, b"")
    assert sealed.stderr == (
        b"ssm-securestring: standard input is not UTF-8, and a parameter holds text: encode it in Base64\n"
    )


@pytest.mark.usefixtures("only_the_embedded_aws")
def test_long_value_is_sealed_in_parts_of_one_text(account: Account, address: Address, key: str) -> None:
    """Over 4 KB, which KMS does not encrypt at once; a character may lie on the edge. Under another name it fails."""
    name, other = account.name("sealed"), account.name("other")
    value = "x" * 4095 + "ä" * 2048
    text = seal(name, value.encode(), key=key).stdout.decode().strip()

    opened = create(account, address, name, text, key=key, Tier="Advanced")
    replayed = create(account, address, other, text, key=key, Tier="Advanced")

    assert len(text.split(".")) == 3
    assert opened.status == "SUCCESS", opened.reason
    assert account.value(name) == value
    assert "its sealed value does not open: it was sealed for another name, Region or account" in replayed.reason
    assert not account.exists(other)


@pytest.mark.usefixtures("only_the_embedded_aws")
def test_fails_for_parts_that_do_not_belong_together(account: Account, address: Address, key: str) -> None:
    """Of another sealing, in another order, left out, or on its own: each is told, and nothing is put."""
    name = account.name("sealed")
    one, two = (seal(name, CANARY.encode() * 400, key=key).stdout.decode().strip().split(".") for _ in range(2))
    part_2 = f"parameter {name}: part 2 of its sealed value does not open: it is of another sealing, or is damaged."
    whole = f"parameter {name}: its sealed value does not open: it was sealed for another name, Region or account, or"
    cut = f"parameter {name}: its sealed value is not what `ssm-securestring seal` prints, or holds something else"
    cases = {
        ".".join([one[0], one[1], two[2]]): part_2,
        ".".join([one[0], one[1], one[1]]): part_2,
        ".".join([one[0], one[2], one[1]]): whole,
        ".".join([two[0], one[1], one[2]]): whole,
        one[1]: whole,
        ".".join(one[:2]): cut,
    }
    for text, says in cases.items():
        failed = create(account, address, name, text, key=key, Tier="Advanced")

        assert failed.reason.startswith(says)
        assert CANARY not in failed.reason
        assert not account.exists(name)


@pytest.mark.parametrize(
    ("opened", "says"),
    [
        (False, "what was sealed in another account does not open in this one: seal it again"),
        (True, "its sealed value does not open: it was sealed for another name, Region or account"),
    ],
    ids=["key of that account", "key that is shared"],
)
def test_fails_in_another_account(
    account: Account,
    address: Address,
    opened: bool,  # noqa: FBT001 a table
    says: str,
) -> None:
    """Whether that account lets ours use its key or not."""
    name, other = account.name("sealed"), "210987654321"
    kms = boto3.client(
        "kms",
        endpoint_url=account.aws.endpoint_url,
        region_name="eu-west-1",
        aws_access_key_id=other,
        aws_secret_access_key="test",
    )
    key = kms.create_key()["KeyMetadata"]["Arn"]
    accounts = [f"arn:aws:iam::{each}:root" for each in ([other, "111122223333"] if opened else [other])]
    statement = {"Effect": "Allow", "Principal": {"AWS": accounts}, "Action": "kms:*", "Resource": "*"}
    kms.put_key_policy(KeyId=key, Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]}))
    context = {"SEALED_FOR": f"arn:aws:ssm:eu-west-1:{other}:parameter{name}"}
    sealed = kms.encrypt(KeyId=key, Plaintext=CANARY.encode(), EncryptionContext=context)["CiphertextBlob"]

    failed = create(account, address, name, base64.b64encode(sealed).decode(), key=key)

    assert says in failed.reason
    assert not account.exists(name)


def test_fails_in_another_region(account: Account, address: Address, key: str) -> None:
    """Told by the key, without a call to KMS; the construct says so before, where it knows both Regions."""
    name, ciphertext = account.name("sealed"), base64.b64encode(b"x" * 80).decode()

    failed = create(account, address, name, ciphertext, key=key.replace("eu-west-1", "us-east-1"))

    assert failed.reason == (
        f"parameter {name}: its sealed value is for another Region: its key is in us-east-1, and the parameter is in "
        "eu-west-1. Seal it again, with a key of eu-west-1"
    )


@pytest.mark.usefixtures("only_the_embedded_aws")
def test_fails_to_seal_with_a_key_that_is_not_there(account: Account) -> None:
    """In KMS's words, without a trace of the value."""
    sealed = seal(account.name("sealed"), CANARY.encode(), key="alias/missing")

    assert sealed.returncode == 1
    assert b"ssm-securestring: cannot seal: " in sealed.stderr
    assert CANARY.encode() not in sealed.stderr


@pytest.mark.parametrize("content", [None, b"\xff\xfe"], ids=["no Base64", "no text"])
def test_fails_for_what_the_command_did_not_print(
    account: Account, address: Address, key: str, content: bytes | None
) -> None:
    """A ciphertext that was cut, or one of something else."""
    name, ciphertext = account.name("sealed"), "not Base64"
    if content is not None:
        context = {"SEALED_FOR": account.arn(name)}
        blob = account.kms.encrypt(KeyId=key, Plaintext=content, EncryptionContext=context)["CiphertextBlob"]
        ciphertext = base64.b64encode(blob).decode()

    failed = create(account, address, name, ciphertext, key=key)

    assert "its sealed value is not what `ssm-securestring seal` prints, or holds something else" in failed.reason
