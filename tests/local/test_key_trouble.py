"""What callers see when the key is the problem: the code is InvalidKeyId, and the cause can be read from the text."""

import base64
import re
from collections.abc import Callable

import pytest

from tests.local.aws import Account, allow, refused

_SUFFIX = re.compile(
    r" \(Service: AWSKMS; Status Code: 400; Error Code: (\w+); Request ID: [0-9a-f-]{36}; Proxy: null\)$"
)
UNKNOWN_KEY = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"


def _taken_apart(message: str) -> tuple[str, str]:
    """Return KMS's own text and its error code."""
    found = _SUFFIX.search(message)
    assert found, message
    return message[: found.start()], found.group(1)


@pytest.fixture
def stored(root: Account, name: str, key: str) -> str:
    """A SecureString under the key."""
    root.ssm.put_parameter(Name=name, Value="secret", Type="SecureString", KeyId=key)
    return name


def test_disabled_key(root: Account, stored: str, key: str) -> None:
    """A disabled key is InvalidKeyId for reading and writing; enabled again, all is well."""
    root.kms.disable_key(KeyId=key)

    with refused("InvalidKeyId") as reading:
        root.ssm.get_parameter(Name=stored, WithDecryption=True)
    with refused("InvalidKeyId") as writing:
        root.ssm.put_parameter(Name=stored, Value="x", Type="SecureString", KeyId=key, Overwrite=True)

    assert _taken_apart(reading[0]) == (f"{key} is disabled.", "DisabledException")
    assert _taken_apart(writing[0]) == (f"{key} is disabled.", "DisabledException")
    root.kms.enable_key(KeyId=key)
    answer = root.ssm.get_parameter(Name=stored, WithDecryption=True)["Parameter"]
    assert (answer["Value"], answer["Version"]) == ("secret", 1)


def test_key_pending_deletion(root: Account, stored: str, key: str) -> None:
    """Cancelling the deletion leaves the key disabled; enabling it gives the value back."""
    root.kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)

    with refused("InvalidKeyId") as message:
        root.ssm.get_parameter(Name=stored, WithDecryption=True)
    with refused("KMSInvalidStateException"):
        root.kms.enable_key(KeyId=key)

    assert _taken_apart(message[0]) == (f"{key} is pending deletion.", "KMSInvalidStateException")
    root.kms.cancel_key_deletion(KeyId=key)
    with refused("InvalidKeyId") as message:
        root.ssm.get_parameter(Name=stored, WithDecryption=True)
    assert _taken_apart(message[0])[1] == "DisabledException"
    root.kms.enable_key(KeyId=key)
    assert root.ssm.get_parameter(Name=stored, WithDecryption=True)["Parameter"]["Value"] == "secret"


def test_key_pending_import(root: Account, name: str) -> None:
    """A key whose material is not imported yet cannot encrypt."""
    key = root.kms.create_key(Origin="EXTERNAL")["KeyMetadata"]["Arn"]

    with refused("InvalidKeyId") as message:
        root.ssm.put_parameter(Name=name, Value="x", Type="SecureString", KeyId=key)

    assert _taken_apart(message[0]) == (f"{key} is pending import.", "KMSInvalidStateException")


@pytest.mark.parametrize(
    ("given", "text"),
    [
        (UNKNOWN_KEY, f"Key '{UNKNOWN_KEY}' does not exist"),
        (UNKNOWN_KEY.rsplit("/", 1)[1], f"Key '{UNKNOWN_KEY}' does not exist"),
        ("alias/none", "Alias arn:aws:kms:eu-west-1:111122223333:alias/none is not found."),
        (
            "arn:aws:kms:eu-west-1:111122223333:alias/none",
            "Alias arn:aws:kms:eu-west-1:111122223333:alias/none is not found.",
        ),
        ("no-id", "Invalid keyId 'no-id'"),
    ],
)
@pytest.mark.parametrize("tier", ["Standard", "Advanced"])
def test_key_that_does_not_exist(root: Account, name: str, given: str, text: str, tier: str) -> None:
    """Each form of identifier has its own text, and nothing is stored."""
    with refused("InvalidKeyId") as message:
        root.ssm.put_parameter(Name=name, Value="x", Type="SecureString", KeyId=given, Tier=tier)  # type: ignore[arg-type]  # a plain text in the table

    assert _taken_apart(message[0]) == (text, "NotFoundException")
    with refused("ParameterNotFound"):
        root.ssm.get_parameter(Name=name)


def test_asymmetric_key(root: Account, name: str) -> None:
    """Parameter Store supports symmetric keys only, also where an RSA key could encrypt."""
    encrypting = root.kms.create_key(KeySpec="RSA_2048", KeyUsage="ENCRYPT_DECRYPT")["KeyMetadata"]["Arn"]
    signing = root.kms.create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["Arn"]

    with refused("InvalidKeyId") as first:
        root.ssm.put_parameter(Name=name, Value="x", Type="SecureString", KeyId=encrypting)
    with refused("InvalidKeyId") as second:
        root.ssm.put_parameter(Name=name, Value="x", Type="SecureString", KeyId=signing)
    with refused("InvalidKeyId") as third:
        root.ssm.put_parameter(Name=name, Value="x", Type="SecureString", KeyId=encrypting, Tier="Advanced")

    assert {_taken_apart(each[0])[1] for each in (first, second, third)} == {"InvalidKeyUsageException"}
    assert "which is not valid for Encrypt." in second[0]


def test_caller_without_kms_permission_is_denied_and_told_what_is_missing(
    root: Account, stored: str, key: str, arn_of: Callable[[str], str], role: Callable[..., Account]
) -> None:
    """A refusal by KMS is AccessDeniedException, names the permission and the key; the ciphertext is still there."""
    reader = role(allow("ssm:GetParameter", arn_of(stored)))

    with refused("AccessDeniedException") as message:
        reader.ssm.get_parameter(Name=stored, WithDecryption=True)

    text, code = _taken_apart(message[0])
    assert code == "AccessDeniedException"
    assert text == (
        f"User: {reader.sts.get_caller_identity()['Arn']} is not authorized to perform: kms:Decrypt on resource: {key} "
        "because no identity-based policy allows the kms:Decrypt action"
    )
    assert base64.b64decode(reader.ssm.get_parameter(Name=stored)["Parameter"]["Value"])
    assert root.aws.trail()[-2].error_code == "AccessDeniedException"
