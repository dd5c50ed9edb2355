"""The KMS Developer Guide's page on Parameter Store: what goes wrong with keys, what is said, and what helps."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from tests.local.aws import Account, allow
from tests.local.commands import KEY, KEY_ID, PARAMETER, Shell

pytestmark = pytest.mark.e2e


PUT = 'aws ssm put-parameter --name MyParameter --value "secret_value" --type SecureString --key-id'
GET = "aws ssm get-parameter --name MyParameter --with-decryption"
UNKNOWN = "0000abcd-12ab-34cd-56ef-1234567890ab"
TIERS = pytest.mark.parametrize("tier", ["Standard", "Advanced"])


@pytest.fixture
def stored(shell: Shell, root: Account, tier: str) -> Iterator[Shell]:
    """A parameter under the example's key, which is good again afterwards."""
    shell.run(f"{PUT} {KEY_ID} --tier {tier}")
    yield shell
    if root.kms.describe_key(KeyId=KEY)["KeyMetadata"]["KeyState"] == "PendingDeletion":
        root.kms.cancel_key_deletion(KeyId=KEY)
    root.kms.enable_key(KeyId=KEY)


@TIERS
def test_credentials_without_permission_on_the_key(stored: Shell, role: Callable[..., Account]) -> None:
    """The message names the missing permission and the key; other credentials, or a revised policy, help."""
    fetch = allow("ssm:GetParameter", f"{PARAMETER}/MyParameter")
    without, revised = Shell(role(fetch)), Shell(role(fetch, allow("kms:Decrypt", KEY)))

    message = without.refused(GET, "AccessDeniedException")

    assert f"is not authorized to perform: kms:Decrypt on resource: {KEY}" in message
    assert "because no identity-based policy allows the kms:Decrypt action" in message
    assert revised.run(GET) == stored.run(GET)


@pytest.mark.parametrize(
    ("identifier", "text"),
    [
        (UNKNOWN, f"Key 'arn:aws:kms:us-west-2:111122223333:key/{UNKNOWN}' does not exist"),
        ("alias/unknown", "Alias arn:aws:kms:us-west-2:111122223333:alias/unknown is not found."),
        ("no-key-id", "Invalid keyId 'no-key-id'"),
    ],
)
def test_key_that_is_not_found(shell: Shell, identifier: str, text: str) -> None:
    """A wrong identifier is told apart from other trouble; with the right one the same command works."""
    message = shell.refused(f"{PUT} {identifier}", "InvalidKeyId")

    assert text in message
    assert "Error Code: NotFoundException" in message
    assert shell.run(f"{PUT} {KEY_ID}")["Version"] == 1


@TIERS
def test_disabled_key(stored: Shell) -> None:
    """InvalidKeyId with KMS's own words, for reading and writing; enabling the key is the remedy."""
    stored.run(f"aws kms disable-key --key-id {KEY_ID}")

    assert stored.run(f"aws kms describe-key --key-id {KEY_ID}")["KeyMetadata"]["KeyState"] == "Disabled"
    for line in (GET, f"{PUT} {KEY_ID} --overwrite"):
        message = stored.refused(line, "InvalidKeyId")
        assert f"{KEY} is disabled." in message
        assert "Error Code: DisabledException" in message
    stored.run(f"aws kms enable-key --key-id {KEY_ID}")
    assert stored.run(GET)["Parameter"]["Value"] == "secret_value"


@TIERS
def test_key_that_is_pending_deletion(stored: Shell) -> None:
    """The state is in the message; cancelling the deletion and enabling the key gives the value back."""
    stored.run(f"aws kms schedule-key-deletion --key-id {KEY_ID} --pending-window-in-days 7")

    assert f"{KEY} is pending deletion." in stored.refused(GET, "InvalidKeyId")
    stored.run(f"aws kms cancel-key-deletion --key-id {KEY_ID}")
    assert f"{KEY} is disabled." in stored.refused(GET, "InvalidKeyId")
    stored.run(f"aws kms enable-key --key-id {KEY_ID}")
    assert stored.run(GET)["Parameter"]["Value"] == "secret_value"


def test_pending_deletion_is_avoided_by_a_different_key(shell: Shell, root: Account) -> None:
    """The other remedy of the page: write again under a key that is usable."""
    doomed = root.kms.create_key()["KeyMetadata"]["KeyId"]
    shell.run(f"{PUT} {doomed}")
    root.kms.schedule_key_deletion(KeyId=doomed, PendingWindowInDays=7)

    shell.refused(f"{PUT} {doomed} --overwrite", "InvalidKeyId")
    assert shell.run(f"{PUT} {KEY_ID} --overwrite")["Version"] == 2

    assert shell.run(GET)["Parameter"]["Value"] == "secret_value"


def test_key_that_is_pending_import(shell: Shell, root: Account, tmp_path: Path) -> None:
    """A key without material says so; completing the import procedure is the remedy."""
    key = shell.run("aws kms create-key --origin EXTERNAL")["KeyMetadata"]["Arn"]

    message = shell.refused(f"{PUT} {key}", "InvalidKeyId")
    _import_material(root, shell, key, tmp_path)

    assert f"{key} is pending import." in message
    shell.run(f"{PUT} {key}")
    assert shell.run(GET)["Parameter"]["Value"] == "secret_value"


def _import_material(root: Account, shell: Shell, key: str, folder: Path) -> None:
    offer = root.kms.get_parameters_for_import(
        KeyId=key, WrappingAlgorithm="RSAES_OAEP_SHA_256", WrappingKeySpec="RSA_2048"
    )
    public = serialization.load_der_public_key(offer["PublicKey"])
    assert isinstance(public, rsa.RSAPublicKey)
    oaep = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)
    material, token = folder / "material", folder / "token"
    material.write_bytes(public.encrypt(b"m" * 32, oaep))
    token.write_bytes(offer["ImportToken"])
    shell.run(
        f"aws kms import-key-material --key-id {key} --encrypted-key-material fileb://{material} "
        f"--import-token fileb://{token} --expiration-model KEY_MATERIAL_DOES_NOT_EXPIRE"
    )


@TIERS
@pytest.mark.parametrize(
    "spec", ["--key-spec RSA_2048 --key-usage ENCRYPT_DECRYPT", "--key-spec ECC_NIST_P256 --key-usage SIGN_VERIFY"]
)
def test_asymmetric_key(shell: Shell, tier: str, spec: str) -> None:
    """Only symmetric keys are supported, whatever the asymmetric one is for; nothing is stored."""
    key = shell.run(f"aws kms create-key {spec}")["KeyMetadata"]["Arn"]

    message = shell.refused(f"{PUT} {key} --tier {tier}", "InvalidKeyId")

    assert "Error Code: InvalidKeyUsageException" in message
    shell.refused(GET, "ParameterNotFound")
