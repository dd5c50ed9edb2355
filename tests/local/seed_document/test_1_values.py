"""The KMS Developer Guide's page on Parameter Store: how values are protected, and the encryption context."""

import base64
from pathlib import Path

import aws_encryption_sdk
import pytest

from ssm_securestring.local import EmbeddedAws, TrailRecord
from tests.local.aws import Account, recorded
from tests.local.commands import KEY, KEY_ID, PARAMETER, Shell

pytestmark = pytest.mark.e2e


PUT = 'aws ssm put-parameter --name MyParameter --value "secret_value" --type SecureString'
GET = "aws ssm get-parameter --name MyParameter"
ADVANCED_PREFIX = b"\x02\x04\x78"


def _events(trail: list[TrailRecord]) -> list[str]:
    return [each.event_name for each in trail]


def _value(shell: Shell, *, decrypt: bool) -> str:
    line = f"{GET} --with-decryption" if decrypt else GET
    return str(shell.run(line)["Parameter"]["Value"])


# -- Protecting standard secure string parameters ---------------------------------------------------------------------


def test_default_key_is_made_by_aws_and_found_by_its_alias(shell: Shell) -> None:
    """Whoever names no key gets one that Systems Manager makes, known as aws/ssm; describe-key shows it."""
    key = shell.run("aws kms describe-key --key-id alias/aws/ssm")["KeyMetadata"]

    assert (key["KeyManager"], key["KeySpec"], key["KeyState"]) == ("AWS", "SYMMETRIC_DEFAULT", "Enabled")
    assert key["Arn"].startswith("arn:aws:kms:us-west-2:111122223333:key/")


def test_standard_parameter_under_the_default_key_is_one_encrypt_call(embedded_aws: EmbeddedAws, shell: Shell) -> None:
    """Without tier and key, the value itself is encrypted directly under aws/ssm: no data key is involved."""
    default = shell.run("aws kms describe-key --key-id alias/aws/ssm")["KeyMetadata"]["Arn"]

    with recorded(embedded_aws) as trail:
        answer = shell.run(PUT)

    assert answer == {"Version": 1, "Tier": "Standard"}
    assert _events(trail) == ["PutParameter", "Encrypt"]
    assert trail[1].encryption_context == {"PARAMETER_ARN": f"{PARAMETER}/MyParameter"}
    assert (trail[1].resources, trail[1].invoked_by) == ((default,), "ssm.amazonaws.com")


def test_standard_parameter_under_a_customer_key_by_its_id(embedded_aws: EmbeddedAws, shell: Shell) -> None:
    """The example names its key by id; tier standard follows from leaving the tier out."""
    with recorded(embedded_aws) as trail:
        answer = shell.run(
            f'aws ssm put-parameter --name param1 --value "secret" --type SecureString --key-id {KEY_ID}'
        )

    assert answer == {"Version": 1, "Tier": "Standard"}
    assert [(each.event_name, each.resources) for each in trail[1:]] == [("Encrypt", (KEY,))]


@pytest.mark.parametrize("identifier", [KEY, "alias/mine", "arn:aws:kms:us-west-2:111122223333:alias/mine"])
def test_any_identifier_of_a_key_will_do(shell: Shell, root: Account, identifier: str) -> None:
    """ARN, alias name and alias ARN lead to the same key as the id."""
    if not root.kms.list_aliases(KeyId=KEY_ID)["Aliases"]:
        root.kms.create_alias(AliasName="alias/mine", TargetKeyId=KEY_ID)

    shell.run(f"{PUT} --key-id {identifier}")

    blob = base64.b64decode(_value(shell, decrypt=False))
    opened = root.kms.decrypt(CiphertextBlob=blob, EncryptionContext={"PARAMETER_ARN": f"{PARAMETER}/MyParameter"})
    assert opened["KeyId"] == KEY


def test_reading_without_decryption_gives_ciphertext_and_asks_kms_nothing(
    embedded_aws: EmbeddedAws, shell: Shell
) -> None:
    """What get-parameter gives by itself is encrypted."""
    shell.run(PUT)

    with recorded(embedded_aws) as trail:
        parameter = shell.run(GET)["Parameter"]

    assert (parameter["Type"], parameter["Name"]) == ("SecureString", "MyParameter")
    assert b"secret_value" not in base64.b64decode(parameter["Value"], validate=True)
    assert _events(trail) == ["GetParameter"]


def test_reading_with_decryption_is_one_decrypt_call(embedded_aws: EmbeddedAws, shell: Shell) -> None:
    """Parameter Store has KMS decrypt for the caller, with the context that encrypted, and returns the value."""
    shell.run(f"{PUT} --key-id {KEY_ID}")

    with recorded(embedded_aws) as trail:
        assert _value(shell, decrypt=True) == "secret_value"

    assert _events(trail) == ["GetParameter", "Decrypt"]
    assert trail[1].encryption_context == {"PARAMETER_ARN": f"{PARAMETER}/MyParameter"}
    assert (trail[1].resources, trail[1].caller) == ((KEY,), "arn:aws:iam::111122223333:root")


def test_changing_a_value_encrypts_it_anew(embedded_aws: EmbeddedAws, shell: Shell) -> None:
    """Keys are used when a parameter is created and also when it is changed."""
    shell.run(PUT)

    with recorded(embedded_aws) as trail:
        shell.run(
            f'aws ssm put-parameter --name MyParameter --value "other" --type SecureString --key-id {KEY} --overwrite'
        )

    assert [(each.event_name, each.resources) for each in trail[1:]] == [("Encrypt", (KEY,))]
    assert _value(shell, decrypt=True) == "other"


@pytest.mark.parametrize(("tier", "limit"), [("Standard", 4096), ("Advanced", 8192)])
def test_a_value_has_a_largest_size(shell: Shell, tmp_path: Path, tier: str, limit: int) -> None:
    """A standard value cannot exceed 4,096 bytes (and an advanced one 8,192); the largest is stored and comes back."""
    most, more = tmp_path / "most", tmp_path / "more"
    most.write_text("x" * limit)
    more.write_text("x" * (limit + 1))
    put = f"aws ssm put-parameter --name MyParameter --type SecureString --tier {tier} --value"

    message = shell.refused(f"{put} file://{more}", "ValidationException")
    shell.run(f"{put} file://{most}")

    assert f"a maximum parameter value of {limit} characters" in message
    assert _value(shell, decrypt=True) == "x" * limit


# -- Protecting advanced secure string parameters ---------------------------------------------------------------------


def test_advanced_parameter_is_one_data_key_of_the_default_key(embedded_aws: EmbeddedAws, shell: Shell) -> None:
    """An advanced value gets a data key of its own, which KMS makes; the value itself never goes to KMS."""
    with recorded(embedded_aws) as trail:
        answer = shell.run(f"{PUT} --tier Advanced")

    assert answer == {"Version": 1, "Tier": "Advanced"}
    assert _events(trail) == ["PutParameter", "GenerateDataKey"]
    assert trail[1].encryption_context == {"PARAMETER_ARN": f"{PARAMETER}/MyParameter"}


def test_advanced_parameter_under_a_customer_key_by_its_arn(embedded_aws: EmbeddedAws, shell: Shell) -> None:
    """The example names its key by ARN; reading needs one call, which decrypts the data key with its context."""
    with recorded(embedded_aws) as trail:
        shell.run(f"{PUT} --tier Advanced --key-id {KEY}")
        assert _value(shell, decrypt=True) == "secret_value"

    assert _events(trail) == ["PutParameter", "GenerateDataKey", "GetParameter", "Decrypt"]
    assert [each.resources for each in trail[1::2]] == [(KEY,), (KEY,)]
    assert trail[3].encryption_context == {"PARAMETER_ARN": f"{PARAMETER}/MyParameter"}


def test_advanced_value_without_decryption_is_the_encrypted_message(embedded_aws: EmbeddedAws, shell: Shell) -> None:
    """What is stored is the Encryption SDK's whole message, whose header shows the context in plain text."""
    shell.run(f"{PUT} --tier Advanced --key-id {KEY}")

    with recorded(embedded_aws) as trail:
        message = base64.b64decode(_value(shell, decrypt=False), validate=True)

    assert message.startswith(ADVANCED_PREFIX)
    assert f"{PARAMETER}/MyParameter".encode() in message
    assert KEY.encode() in message
    assert b"secret_value" not in message
    assert _events(trail) == ["GetParameter"]


def test_each_value_has_a_data_key_of_its_own(shell: Shell) -> None:
    """The same value stored twice shares no encrypted data key and no ciphertext."""
    shell.run(f"{PUT} --tier Advanced --key-id {KEY}")
    first = base64.b64decode(_value(shell, decrypt=False))
    shell.run(f"{PUT} --tier Advanced --key-id {KEY} --overwrite")
    second = base64.b64decode(_value(shell, decrypt=False))

    marker = KEY.encode()
    assert first[first.index(marker) + len(marker) :] != second[second.index(marker) + len(marker) :]
    assert first[-48:] != second[-48:]


def test_standard_parameter_becomes_advanced_under_another_key(embedded_aws: EmbeddedAws, shell: Shell) -> None:
    """An overwrite with the advanced tier converts, and may name another key than before."""
    shell.run('aws ssm put-parameter --name myStdParameter --value "secret_value" --type SecureString')

    with recorded(embedded_aws) as trail:
        answer = shell.run(
            '$ aws ssm put-parameter --name myStdParameter --value "secret_value"  --type SecureString '
            f"--tier Advanced --key-id {KEY_ID} --overwrite"
        )

    assert answer == {"Version": 2, "Tier": "Advanced"}
    assert [(each.event_name, each.resources) for each in trail[1:]] == [("GenerateDataKey", (KEY,))]
    read = shell.run("aws ssm get-parameter --name myStdParameter --with-decryption")["Parameter"]
    assert (read["Value"], read["Version"]) == ("secret_value", 2)


def test_conversion_without_a_key_uses_the_managed_one(embedded_aws: EmbeddedAws, shell: Shell) -> None:
    """Leaving the key out of the conversion means aws/ssm, even if the standard parameter had another key."""
    default = shell.run("aws kms describe-key --key-id alias/aws/ssm")["KeyMetadata"]["Arn"]
    shell.run(f"{PUT} --key-id {KEY}")

    with recorded(embedded_aws) as trail:
        shell.run(f"{PUT} --tier Advanced --overwrite")

    assert [(each.event_name, each.resources) for each in trail[1:]] == [("GenerateDataKey", (default,))]


def test_fails_to_turn_an_advanced_parameter_into_a_standard_one(embedded_aws: EmbeddedAws, shell: Shell) -> None:
    """There is no way back; the refusal leaves the parameter as it was and never reaches KMS."""
    shell.run(f"{PUT} --tier Advanced")

    with recorded(embedded_aws) as trail:
        message = shell.refused(f"{PUT} --tier Standard --overwrite", "ValidationException")

    assert "can't downgrade a parameter from the advanced-parameter tier" in message
    assert _events(trail) == ["PutParameter"]
    assert _value(shell, decrypt=True) == "secret_value"


# -- Parameter Store encryption context -------------------------------------------------------------------------------


def test_context_of_a_parameter_in_a_hierarchy_holds_path_and_name(embedded_aws: EmbeddedAws, shell: Shell) -> None:
    """Path and name are both in the ARN that binds the value."""
    name = "/ReadableParameters/MyParameter"
    with recorded(embedded_aws) as trail:
        shell.run(f"aws ssm put-parameter --name {name} --value secret --type SecureString --key-id {KEY_ID}")
        shell.run(f"aws ssm get-parameter --name {name} --with-decryption")

    assert [each.encryption_context for each in trail[1::2]] == [{"PARAMETER_ARN": f"{PARAMETER}{name}"}] * 2


def test_caller_decrypts_a_standard_value_with_kms_and_the_right_context_only(shell: Shell, tmp_path: Path) -> None:
    """The ciphertext of get-parameter opens by a call of one's own to KMS, with the context; otherwise never."""
    shell.run(f"{PUT} --key-id {KEY_ID}")
    blob = tmp_path / "blob"
    blob.write_bytes(base64.b64decode(_value(shell, decrypt=False)))
    decrypt = f"aws kms decrypt --ciphertext-blob fileb://{blob}"

    opened = shell.run(f"{decrypt} --encryption-context PARAMETER_ARN={PARAMETER}/MyParameter")
    shell.refused(f"{decrypt} --encryption-context PARAMETER_ARN={PARAMETER}/Other", "InvalidCiphertextException")
    shell.refused(decrypt, "InvalidCiphertextException")

    assert base64.b64decode(opened["Plaintext"]) == b"secret_value"


@pytest.mark.usefixtures("only_the_embedded_aws")
def test_caller_decrypts_an_advanced_value_with_the_encryption_sdk(shell: Shell) -> None:
    """The message opens with the stock Encryption SDK, which takes the context from it; KMS holds the SDK to it."""
    shell.run(f"{PUT} --tier Advanced --key-id {KEY_ID}")
    message = base64.b64decode(_value(shell, decrypt=False))
    provider = aws_encryption_sdk.StrictAwsKmsMasterKeyProvider(key_ids=[KEY], region_names=["us-west-2"])
    moved = message.replace(b"parameter/MyParameter", b"parameter/MyParametex")

    value, header = aws_encryption_sdk.EncryptionSDKClient().decrypt(source=message, key_provider=provider)

    assert value == b"secret_value"
    assert header.encryption_context["PARAMETER_ARN"] == f"{PARAMETER}/MyParameter"
    with pytest.raises(aws_encryption_sdk.exceptions.DecryptKeyError):
        aws_encryption_sdk.EncryptionSDKClient().decrypt(source=moved, key_provider=provider)
