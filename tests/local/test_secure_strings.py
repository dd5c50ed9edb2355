"""How Parameter Store uses KMS: the sentences of the KMS Developer Guide, one promise each."""

import base64
from collections.abc import Callable
from typing import Literal

import aws_encryption_sdk
import botocore.session
import pytest
from aws_encryption_sdk import CommitmentPolicy, StrictAwsKmsMasterKeyProvider

from ssm_securestring.local import AdvancedSuite, EmbeddedAws, Settings
from tests.local.aws import Account, recorded, refused

ARN = Callable[[str], str]
ROOT = "arn:aws:iam::111122223333:root"


def test_standard_value_is_encrypted_by_exactly_one_encrypt_call(
    root: Account, name: str, key: str, arn_of: ARN
) -> None:
    """A standard put is one Encrypt in the caller's name with the parameter's ARN as context, and no data key."""
    with recorded(root.aws) as trail:
        root.ssm.put_parameter(Name=name, Value="secret", Type="SecureString", KeyId=key)

    assert [(each.event_name, each.invoked_by) for each in trail] == [
        ("PutParameter", None),
        ("Encrypt", "ssm.amazonaws.com"),
    ]
    encrypt = trail[1]
    assert encrypt.event_source == "kms.amazonaws.com"
    assert encrypt.caller == ROOT
    assert encrypt.encryption_context == {"PARAMETER_ARN": arn_of(name)}
    assert encrypt.resources == (key,)
    assert encrypt.error_code is None


def test_advanced_value_is_encrypted_by_exactly_one_generate_data_key_call(
    root: Account, name: str, key: str, arn_of: ARN
) -> None:
    """An advanced put is one GenerateDataKey, and the stored value is an Encryption SDK message with the context."""
    with recorded(root.aws) as trail:
        root.ssm.put_parameter(Name=name, Value="x" * 5000, Type="SecureString", KeyId=key, Tier="Advanced")

    assert [each.event_name for each in trail] == ["PutParameter", "GenerateDataKey"]
    assert trail[1].encryption_context == {"PARAMETER_ARN": arn_of(name)}
    stored = base64.b64decode(root.ssm.get_parameter(Name=name)["Parameter"]["Value"])
    assert stored[:3] == bytes.fromhex("020478")
    assert arn_of(name).encode() in stored


@pytest.mark.parametrize("tier", ["Standard", "Advanced"])
def test_reading_with_decryption_is_exactly_one_decrypt_call(
    root: Account, name: str, key: str, arn_of: ARN, tier: Literal["Standard", "Advanced"]
) -> None:
    """Either tier is read by one Decrypt with the same context."""
    root.ssm.put_parameter(Name=name, Value="sécret ✓", Type="SecureString", KeyId=key, Tier=tier)

    with recorded(root.aws) as trail:
        value = root.ssm.get_parameter(Name=name, WithDecryption=True)["Parameter"]["Value"]

    assert value == "sécret ✓"
    assert [each.event_name for each in trail] == ["GetParameter", "Decrypt"]
    assert trail[1].encryption_context == {"PARAMETER_ARN": arn_of(name)}
    assert trail[1].invoked_by == "ssm.amazonaws.com"


@pytest.mark.parametrize("tier", ["Standard", "Advanced"])
def test_reading_without_decryption_calls_no_kms_and_returns_ciphertext(
    root: Account, name: str, key: str, tier: Literal["Standard", "Advanced"]
) -> None:
    """Without decryption the answer is base64 that does not contain the value."""
    root.ssm.put_parameter(Name=name, Value="plain-to-see", Type="SecureString", KeyId=key, Tier=tier)

    with recorded(root.aws) as trail:
        value = root.ssm.get_parameter(Name=name)["Parameter"]["Value"]

    assert [each.event_name for each in trail] == ["GetParameter"]
    assert b"plain-to-see" not in base64.b64decode(value)


def test_caller_decrypts_a_standard_value_with_kms_and_the_context_only(
    root: Account, name: str, key: str, arn_of: ARN
) -> None:
    """What is stored is what KMS returned: KMS opens it with the right context and with no other."""
    root.ssm.put_parameter(Name=name, Value="secret", Type="SecureString", KeyId=key)
    blob = base64.b64decode(root.ssm.get_parameter(Name=name)["Parameter"]["Value"])

    opened = root.kms.decrypt(CiphertextBlob=blob, EncryptionContext={"PARAMETER_ARN": arn_of(name)})

    assert opened["Plaintext"] == b"secret"
    assert opened["KeyId"] == key
    with refused("InvalidCiphertextException") as message:
        root.kms.decrypt(CiphertextBlob=blob)
    assert message == [""]
    with refused("InvalidCiphertextException"):
        root.kms.decrypt(CiphertextBlob=blob, EncryptionContext={"PARAMETER_ARN": arn_of(f"{name}2")})


def _stock_decrypt(aws: EmbeddedAws, key: str, message: bytes) -> tuple[bytes, dict[str, str]]:
    session = botocore.session.Session()
    for option, value in (
        ("region", aws.region),
        ("endpoint_url", aws.endpoint_url),
    ):
        session.set_config_variable(option, value)
    session.set_credentials("test", "test")
    client = aws_encryption_sdk.EncryptionSDKClient(commitment_policy=CommitmentPolicy.REQUIRE_ENCRYPT_ALLOW_DECRYPT)
    provider = StrictAwsKmsMasterKeyProvider(key_ids=[key], botocore_session=session)
    plaintext, header = client.decrypt(source=message, key_provider=provider)
    return plaintext, header.encryption_context


@pytest.fixture
def endpoint(root: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lead the Encryption SDK, which makes its own clients, to the embedded AWS."""
    for variable, value in root.aws.environment().items():
        monkeypatch.setenv(variable, value)


@pytest.mark.usefixtures("endpoint")
def test_stock_encryption_sdk_opens_an_advanced_value(root: Account, name: str, key: str, arn_of: ARN) -> None:
    """The unmodified AWS Encryption SDK reads what an advanced parameter stores."""
    root.ssm.put_parameter(Name=name, Value="y" * 8192, Type="SecureString", KeyId=key, Tier="Advanced")
    message = base64.b64decode(root.ssm.get_parameter(Name=name)["Parameter"]["Value"])

    plaintext, context = _stock_decrypt(root.aws, key, message)

    assert plaintext == b"y" * 8192
    assert context == {"PARAMETER_ARN": arn_of(name)}


def test_value_of_another_parameter_cannot_be_passed_off(root: Account, name: str, key: str, arn_of: ARN) -> None:
    """A ciphertext made for one ARN does not open for another, though key and caller are the same."""
    blob = root.kms.encrypt(KeyId=key, Plaintext=b"v", EncryptionContext={"PARAMETER_ARN": arn_of(name)})

    with refused("InvalidCiphertextException"):
        root.kms.decrypt(
            CiphertextBlob=blob["CiphertextBlob"], EncryptionContext={"PARAMETER_ARN": arn_of(f"{name}/deeper")}
        )


def test_default_key_is_made_on_first_use_and_opens_only_through_parameter_store(
    root: Account, name: str, arn_of: ARN
) -> None:
    """Without KeyId alias/aws/ssm encrypts; its policy lets nobody decrypt directly, not even the account's root."""
    root.ssm.put_parameter(Name=name, Value="secret", Type="SecureString")

    described = root.kms.describe_key(KeyId="alias/aws/ssm")["KeyMetadata"]
    assert described["KeyManager"] == "AWS"
    assert described["Description"] == "Default key that protects my SSM parameters when no other key is defined"
    assert root.ssm.get_parameter(Name=name, WithDecryption=True)["Parameter"]["Value"] == "secret"
    blob = base64.b64decode(root.ssm.get_parameter(Name=name)["Parameter"]["Value"])
    with refused("AccessDeniedException") as message:
        root.kms.decrypt(CiphertextBlob=blob, EncryptionContext={"PARAMETER_ARN": arn_of(name)})
    assert "because no resource-based policy allows the kms:Decrypt action" in message[0]
    with refused("AccessDeniedException"):
        root.kms.disable_key(KeyId=described["KeyId"])


@pytest.mark.parametrize("form", ["id", "ARN", "alias", "alias ARN"])
def test_key_may_be_named_in_all_four_forms(root: Account, name: str, key: str, form: str) -> None:
    """PutParameter takes key id, key ARN, alias name and alias ARN; metadata shows what was given."""
    alias = f"alias{name}"
    root.kms.create_alias(AliasName=alias, TargetKeyId=key)
    given = {
        "id": key.rsplit("/", 1)[1],
        "ARN": key,
        "alias": alias,
        "alias ARN": f"{key.rsplit(':', 1)[0]}:{alias}",
    }[form]

    with recorded(root.aws) as trail:
        root.ssm.put_parameter(Name=name, Value="secret", Type="SecureString", KeyId=given)

    assert trail[1].resources == (key,)
    shown = root.ssm.describe_parameters(ParameterFilters=[{"Key": "Name", "Values": [name]}])["Parameters"]
    assert [each["KeyId"] for each in shown] == [given]
    assert root.ssm.get_parameter_history(Name=name)["Parameters"][0]["KeyId"] == given


def test_standard_becomes_advanced_by_overwrite_and_never_back(root: Account, name: str, key: str) -> None:
    """Conversion goes one way; without KeyId the new version is under the AWS managed key."""
    root.ssm.put_parameter(Name=name, Value="secret", Type="SecureString", KeyId=key)

    answer = root.ssm.put_parameter(Name=name, Value="new", Type="SecureString", Tier="Advanced", Overwrite=True)

    assert (answer["Tier"], answer["Version"]) == ("Advanced", 2)
    history = root.ssm.get_parameter_history(Name=name, WithDecryption=True)["Parameters"]
    assert [(each["Value"], each["KeyId"], each["Tier"]) for each in history] == [
        ("secret", key, "Standard"),
        ("new", "alias/aws/ssm", "Advanced"),
    ]
    with refused("ValidationException") as message:
        root.ssm.put_parameter(Name=name, Value="x", Type="SecureString", Tier="Standard", Overwrite=True)
    assert message[0].startswith("This parameter uses the advanced-parameter tier. You can't downgrade a parameter")


def test_older_values_stay_readable_after_rotation(root: Account, name: str, key: str) -> None:
    """Rotation makes new material for new values and keeps the old for old ones."""
    root.ssm.put_parameter(Name=name, Value="before", Type="SecureString", KeyId=key)

    root.kms.rotate_key_on_demand(KeyId=key)

    root.ssm.put_parameter(Name=name, Value="after", Type="SecureString", KeyId=key, Overwrite=True)
    history = root.ssm.get_parameter_history(Name=name, WithDecryption=True)["Parameters"]
    assert [each["Value"] for each in history] == ["before", "after"]
    assert len(root.kms.list_key_rotations(KeyId=key)["Rotations"]) == 1


@pytest.mark.parametrize(
    ("suite", "start", "keys"),
    [
        (AdvancedSuite.COMMITTING_SIGNED, "020578", {"PARAMETER_ARN", "aws-crypto-public-key"}),
        (AdvancedSuite.SIGNED, "01800378", {"PARAMETER_ARN", "aws-crypto-public-key"}),
        (AdvancedSuite.PLAIN, "01800178", {"PARAMETER_ARN"}),
    ],
)
def test_other_algorithm_suites_can_be_chosen(
    tmp_path_factory: pytest.TempPathFactory, suite: AdvancedSuite, start: str, keys: set[str]
) -> None:
    """AWS does not say which suite it uses, so the engine writes and reads each of the likely ones."""
    with EmbeddedAws.start(tmp_path_factory.mktemp("aws"), settings=Settings(advanced_suite=suite)) as aws:
        ssm = Account(aws).ssm
        ssm.put_parameter(Name="p", Value="secret", Type="SecureString", Tier="Advanced")

        stored = base64.b64decode(ssm.get_parameter(Name="p")["Parameter"]["Value"])
        assert stored.hex().startswith(start)
        assert ssm.get_parameter(Name="p", WithDecryption=True)["Parameter"]["Value"] == "secret"
        assert {frozenset(each.encryption_context) for each in aws.trail() if each.encryption_context} == {
            frozenset(keys)
        }
