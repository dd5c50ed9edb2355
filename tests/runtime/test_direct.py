"""Direct decryption against the embedded AWS: KMS ciphertexts and messages of the Encryption SDK."""

import base64
import uuid
from pathlib import Path
from typing import Any

import boto3
import pytest

from ssm_securestring import ParameterKeyError, ParameterReadError, SecureStrings
from ssm_securestring.core.errors import ParameterContextError, SettingError
from ssm_securestring.local import AdvancedSuite, EmbeddedAws, Settings

pytestmark = pytest.mark.usefixtures("only_the_embedded_aws")

CANARY = "c4n4ry-correct-horse"


class Stored:
    """One parameter of the embedded AWS, with a key of its own."""

    def __init__(self, tier: str) -> None:
        """Store it."""
        self.name = f"/direct/{uuid.uuid4().hex}"
        self.key: str = boto3.client("kms").create_key()["KeyMetadata"]["Arn"]
        ssm: Any = boto3.client("ssm")
        ssm.put_parameter(Name=self.name, Value=CANARY, Type="SecureString", KeyId=self.key, Tier=tier)
        fields = ssm.get_parameter(Name=self.name)["Parameter"]
        self.arn: str = fields["ARN"]
        self.ciphertext: str = fields["Value"]


@pytest.fixture(params=["Standard", "Advanced"])
def stored(request: pytest.FixtureRequest) -> Stored:
    """A parameter of either tier."""
    return Stored(request.param)


def flipped(ciphertext: str, position: int, bit: int = 1) -> str:
    """Change one bit."""
    sealed = bytearray(base64.b64decode(ciphertext))
    sealed[position] ^= bit
    return base64.b64encode(bytes(sealed)).decode()


def test_the_reader_calls_kms_itself(stored: Stored, embedded_aws: EmbeddedAws) -> None:
    """Parameter Store is asked without decryption, and KMS with the parameter's ARN, by the caller."""
    before = len(embedded_aws.trail())
    secrets = SecureStrings(decrypt="direct", key_arns=[stored.key])
    assert secrets.get(stored.name).reveal() == CANARY
    assert secrets.get_many([stored.name, stored.arn])[stored.arn].reveal() == CANARY
    calls = [each.event_name for each in embedded_aws.trail()[before:]]
    assert calls == ["GetParameter", "Decrypt"]
    through_boto3 = SecureStrings(
        decrypt="direct", key_arns=[stored.key], client=boto3.client("ssm"), kms_client=boto3.client("kms")
    )
    assert through_boto3.get(stored.name).reveal() == CANARY


def test_a_ciphertext_may_come_another_way(stored: Stored) -> None:
    """Out of a file: Parameter Store is not asked. Several keys may be accepted."""
    other = Stored("Standard")
    secrets = SecureStrings(decrypt="direct", key_arns=[other.key, stored.key])
    assert secrets.decrypt(stored.ciphertext, parameter_arn=stored.arn).reveal() == CANARY


def test_fails_for_the_ciphertext_of_another_parameter(stored: Stored, embedded_aws: EmbeddedAws) -> None:
    """A swapped ciphertext is no value; of a message, KMS is not even asked."""
    before = len(embedded_aws.trail())
    secrets = SecureStrings(decrypt="direct", key_arns=[stored.key])
    with pytest.raises(ParameterContextError, match="PARAMETER_ARN"):
        secrets.decrypt(stored.ciphertext, parameter_arn=f"{stored.arn}-other")
    is_message = base64.b64decode(stored.ciphertext)[0] == 2
    assert len(embedded_aws.trail()) - before == (0 if is_message else 1)


def test_fails_for_a_key_that_is_not_named(stored: Stored) -> None:
    """Permissions alone do not decide which key is trusted."""
    other, third = Stored("Standard"), Stored("Standard")
    for keys in ([other.key], [other.key, third.key]):
        with pytest.raises(ParameterContextError):
            SecureStrings(decrypt="direct", key_arns=keys).get(stored.name)


@pytest.mark.parametrize("tail", [b"\0", b"\x01\x02"])
def test_fails_for_bytes_behind_the_ciphertext(stored: Stored, tail: bytes) -> None:
    """What follows was not authenticated."""
    longer = base64.b64encode(base64.b64decode(stored.ciphertext) + tail).decode()
    secrets = SecureStrings(decrypt="direct", key_arns=[stored.key])
    with pytest.raises(ParameterContextError):
        secrets.decrypt(longer, parameter_arn=stored.arn)


def test_fails_for_any_change_of_the_ciphertext(stored: Stored) -> None:
    """A sample of its bytes; never a value, always an error of ours, and none that holds the value."""
    secrets = SecureStrings(decrypt="direct", key_arns=[stored.key])
    length = len(base64.b64decode(stored.ciphertext))
    for position in range(0, length, max(length // 25, 1)):
        with pytest.raises(ParameterReadError) as caught:
            secrets.decrypt(flipped(stored.ciphertext, position), parameter_arn=stored.arn)
        assert CANARY not in repr(caught.value.__dict__)


@pytest.mark.parametrize("ciphertext", ["", "not base64!", base64.b64encode(b"plain text").decode()])
def test_fails_for_what_is_no_ciphertext(ciphertext: str) -> None:
    """Before anything is called."""
    secrets = SecureStrings(decrypt="direct", key_arns=["arn:aws:kms:eu-west-1:111122223333:key/x"])
    with pytest.raises(ParameterContextError):
        secrets.decrypt(ciphertext, parameter_arn="arn:aws:ssm:eu-west-1:111122223333:parameter/x")


def test_fails_when_the_key_is_disabled(stored: Stored) -> None:
    """KMS's own words are understood as well as those that Parameter Store wraps."""
    boto3.client("kms").disable_key(KeyId=stored.key)
    with pytest.raises(ParameterKeyError, match="disabled"):
        SecureStrings(decrypt="direct", key_arns=[stored.key]).get(stored.name)


def test_fails_for_settings_that_do_not_go_together() -> None:
    """Key by ARN, and only with direct decryption."""
    for keys in ([], ["alias/x"], ["arn:aws:kms:eu-west-1:111122223333:alias/x"]):
        with pytest.raises(SettingError, match="key_arns"):
            SecureStrings(decrypt="direct", key_arns=keys)
    with pytest.raises(SettingError, match="decrypt"):
        SecureStrings(key_arns=["arn:aws:kms:eu-west-1:111122223333:key/x"])
    with pytest.raises(SettingError, match="direct"):
        SecureStrings().decrypt("", parameter_arn="x")


@pytest.mark.parametrize("suite", [AdvancedSuite.COMMITTING_SIGNED, AdvancedSuite.SIGNED])
def test_signed_messages_are_read_too(suite: AdvancedSuite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Which suite AWS uses is not documented: with and without commitment and signature, all are opened."""
    with EmbeddedAws.start(tmp_path, settings=Settings(advanced_suite=suite)) as aws:
        for name, text in aws.environment().items():
            monkeypatch.setenv(name, text)
        stored = Stored("Advanced")
        secrets = SecureStrings(decrypt="direct", key_arns=[stored.key])
        assert secrets.get(stored.name).reveal() == CANARY
        with pytest.raises(ParameterContextError):
            secrets.decrypt(flipped(stored.ciphertext, -3), parameter_arn=stored.arn)
