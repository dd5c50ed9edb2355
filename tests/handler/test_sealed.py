"""Sealed values: what the command prints opens for one parameter and for no other."""

import base64
import subprocess
import sys

import pytest

from tests.handler.aws import Account
from tests.handler.cloudformation import Address, Answer, CloudFormation, properties

CANARY = "canary-8f3a1c"


def seal(name: str, value: bytes, *, key: str) -> "subprocess.CompletedProcess[bytes]":
    """Run the command, as a person does."""
    command = [sys.executable, "-m", "ssm_securestring.cli.main", "seal", "--name", name, "--key", key]
    return subprocess.run(command, input=value, capture_output=True, check=False, timeout=60)


def create(account: Account, address: Address, name: str, ciphertext: str, *, key: str) -> Answer:
    """Create a parameter with a sealed value."""
    store = account.function([name], keys=[key], sealed_with=[key])
    source = {"Kind": "Sealed", "Ciphertext": ciphertext, "KeyArn": key}
    return CloudFormation(store, address).create(properties(name, KeyId=key, Source=source))


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
@pytest.mark.parametrize(("size", "code"), [(0, 1), (1, 0), (4096, 0), (4097, 1)])
def test_what_kms_encrypts_is_sealed_and_nothing_longer(account: Account, key: str, size: int, code: int) -> None:
    """4 KB; the refusal names the way out and not the value."""
    sealed = seal(account.name("sealed"), b"x" * size, key=key)

    assert sealed.returncode == code, sealed.stderr
    if code:
        assert f"standard input has {size} bytes: seal 1 to 4096 bytes; keep a longer" in sealed.stderr.decode()
        assert b"xxx" not in sealed.stderr


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
