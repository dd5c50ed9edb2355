"""KMS by itself: cryptography that cannot be fooled, key states, and the errors that AWS answers."""

import json
import uuid
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from types_boto3_kms.type_defs import TagTypeDef

from ssm_securestring.local.keys.ciphertext import Ciphertext, CiphertextError, seal
from ssm_securestring.local.keys.states import state_refusal
from tests.local.aws import Account, allow, refused

KEY_ID = "1234abcd-12ab-34cd-56ef-1234567890ab"
MATERIAL = bytes(range(32))
contexts = st.dictionaries(st.text(max_size=20), st.text(max_size=20), max_size=4)


@given(plaintext=st.binary(max_size=200), context=contexts)
def test_ciphertext_opens_with_its_context_in_any_order(plaintext: bytes, context: dict[str, str]) -> None:
    """What was sealed opens again, however the pairs of the context are ordered."""
    blob = seal(plaintext, key_id=KEY_ID, generation=0, material=MATERIAL, context=context)

    parts = Ciphertext.parse(blob)

    assert (parts.key_id, parts.generation) == (KEY_ID, 0)
    assert parts.open(MATERIAL, dict(reversed(context.items()))) == plaintext


@given(context=contexts, other=contexts)
def test_fails_to_open_with_another_context(context: dict[str, str], other: dict[str, str]) -> None:
    """No two different contexts are alike to the cipher, not even by moving characters between key and value."""
    blob = seal(b"secret", key_id=KEY_ID, generation=0, material=MATERIAL, context=context)

    if other == context:
        assert Ciphertext.parse(blob).open(MATERIAL, other) == b"secret"
    else:
        with pytest.raises(CiphertextError):
            Ciphertext.parse(blob).open(MATERIAL, other)


@given(data=st.data())
@settings(max_examples=200)
def test_fails_to_open_when_any_bit_is_flipped(data: st.DataObject) -> None:
    """Every bit counts: header, key id, generation, nonce, ciphertext, tag."""
    blob = bytearray(seal(b"secret", key_id=KEY_ID, generation=3, material=MATERIAL, context={"a": "b"}))
    bit = data.draw(st.integers(0, len(blob) * 8 - 1))
    blob[bit // 8] ^= 1 << bit % 8

    with pytest.raises(CiphertextError):
        Ciphertext.parse(bytes(blob)).open(MATERIAL, {"a": "b"})


@given(blob=st.binary(max_size=200))
def test_fails_to_parse_what_is_no_ciphertext(blob: bytes) -> None:
    """Garbage of any length is refused in one way."""
    with pytest.raises(CiphertextError):
        Ciphertext.parse(blob).open(MATERIAL, {})


def test_multi_region_key_ids_survive() -> None:
    """The id of a multi-Region key has another form and is kept too."""
    key_id = "mrk-1234abcd12ab34cd56ef1234567890ab"
    blob = seal(b"x", key_id=key_id, generation=0, material=MATERIAL, context={})

    assert Ciphertext.parse(blob).key_id == key_id


@pytest.mark.parametrize(
    ("state", "operation", "code"),
    [
        ("Enabled", "Encrypt", None),
        ("Enabled", "CancelKeyDeletion", "KMSInvalidStateException"),
        ("Disabled", "Decrypt", "DisabledException"),
        ("Disabled", "EnableKeyRotation", "DisabledException"),
        ("Disabled", "EnableKey", None),
        ("Disabled", "ScheduleKeyDeletion", None),
        ("Disabled", "CreateAlias", None),
        ("PendingDeletion", "Decrypt", "KMSInvalidStateException"),
        ("PendingDeletion", "EnableKey", "KMSInvalidStateException"),
        ("PendingDeletion", "ScheduleKeyDeletion", "KMSInvalidStateException"),
        ("PendingDeletion", "CancelKeyDeletion", None),
        ("PendingDeletion", "DescribeKey", None),
        ("PendingDeletion", "DeleteAlias", None),
        ("PendingDeletion", "PutKeyPolicy", None),
        ("PendingReplicaDeletion", "GenerateDataKey", "KMSInvalidStateException"),
        ("PendingImport", "Encrypt", "KMSInvalidStateException"),
        ("PendingImport", "DisableKey", "KMSInvalidStateException"),
        ("PendingImport", "EnableKeyRotation", "UnsupportedOperationException"),
        ("PendingImport", "ScheduleKeyDeletion", None),
    ],
)
def test_key_state_decides(state: str, operation: str, code: str | None) -> None:
    """The table of the KMS Developer Guide, "Key states of AWS KMS keys"."""
    refusal = state_refusal(operation, state=state, arn="arn")

    assert (refusal.code if refusal else None) == code


def test_plaintext_has_1_to_4096_bytes(root: Account, key: str) -> None:
    """4,096 bytes are encrypted, one more is refused with AWS's text."""
    blob = root.kms.encrypt(KeyId=key, Plaintext=b"x" * 4096)["CiphertextBlob"]

    assert root.kms.decrypt(CiphertextBlob=blob)["Plaintext"] == b"x" * 4096
    assert len(blob) <= 6144
    with refused("ValidationException") as message:
        root.kms.encrypt(KeyId=key, Plaintext=b"x" * 4097)
    assert message[0] == (
        "1 validation error detected: Value at 'plaintext' failed to satisfy constraint: "
        "Member must have length less than or equal to 4096"
    )


def test_decrypt_with_another_key_id_is_an_incorrect_key(root: Account, key: str) -> None:
    """The KeyId of Decrypt is a check: it must name the key that encrypted."""
    other = root.kms.create_key()["KeyMetadata"]["KeyId"]
    blob = root.kms.encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"]

    assert root.kms.decrypt(CiphertextBlob=blob, KeyId=key)["Plaintext"] == b"x"
    with refused("IncorrectKeyException"):
        root.kms.decrypt(CiphertextBlob=blob, KeyId=other)


def test_re_encrypt_changes_key_and_context_without_showing_the_plaintext(root: Account, key: str) -> None:
    """ReEncrypt moves a ciphertext to another key and context; the old context no longer opens it."""
    other = root.kms.create_key()["KeyMetadata"]["Arn"]
    blob = root.kms.encrypt(KeyId=key, Plaintext=b"x", EncryptionContext={"a": "1"})["CiphertextBlob"]

    moved = root.kms.re_encrypt(
        CiphertextBlob=blob,
        SourceEncryptionContext={"a": "1"},
        DestinationKeyId=other,
        DestinationEncryptionContext={"b": "2"},
    )

    assert (moved["SourceKeyId"], moved["KeyId"]) == (key, other)
    opened = root.kms.decrypt(CiphertextBlob=moved["CiphertextBlob"], EncryptionContext={"b": "2"})
    assert (opened["Plaintext"], opened["KeyId"]) == (b"x", other)
    with refused("InvalidCiphertextException"):
        root.kms.re_encrypt(CiphertextBlob=blob, DestinationKeyId=other)


def test_data_keys_come_in_the_clear_and_encrypted(root: Account, key: str) -> None:
    """Both halves of a data key are the same key; the variant without plaintext shows the encrypted half only."""
    made = root.kms.generate_data_key(KeyId=key, KeySpec="AES_256", EncryptionContext={"a": "1"})
    sealed = root.kms.generate_data_key_without_plaintext(KeyId=key, NumberOfBytes=24)

    opened = root.kms.decrypt(CiphertextBlob=made["CiphertextBlob"], EncryptionContext={"a": "1"})
    assert opened["Plaintext"] == made["Plaintext"]
    assert len(made["Plaintext"]) == 32
    assert "Plaintext" not in sealed
    assert len(root.kms.decrypt(CiphertextBlob=sealed["CiphertextBlob"])["Plaintext"]) == 24
    with refused("ValidationException"):
        root.kms.generate_data_key(KeyId=key)


def test_data_key_pair_is_wrapped_by_the_same_cipher(root: Account, key: str) -> None:
    """The private half of a key pair opens with Decrypt and its context."""
    pair = root.kms.generate_data_key_pair(KeyId=key, KeyPairSpec="ECC_NIST_P256", EncryptionContext={"a": "1"})
    sealed = root.kms.generate_data_key_pair_without_plaintext(KeyId=key, KeyPairSpec="ECC_NIST_P256")

    opened = root.kms.decrypt(CiphertextBlob=pair["PrivateKeyCiphertextBlob"], EncryptionContext={"a": "1"})
    assert opened["Plaintext"] == pair["PrivateKeyPlaintext"]
    assert "PrivateKeyPlaintext" not in sealed
    assert root.kms.decrypt(CiphertextBlob=sealed["PrivateKeyCiphertextBlob"])["Plaintext"][:1] == b"0"


def test_asymmetric_keys_encrypt_with_their_own_algorithms(root: Account) -> None:
    """An RSA key works with an algorithm of its own, and is refused without one."""
    rsa = root.kms.create_key(KeySpec="RSA_2048", KeyUsage="ENCRYPT_DECRYPT")["KeyMetadata"]["Arn"]
    algorithm = "RSAES_OAEP_SHA_256"

    blob = root.kms.encrypt(KeyId=rsa, Plaintext=b"x", EncryptionAlgorithm=algorithm)["CiphertextBlob"]  # type: ignore[arg-type]  # a plain text

    opened = root.kms.decrypt(CiphertextBlob=blob, KeyId=rsa, EncryptionAlgorithm=algorithm)  # type: ignore[arg-type]  # the same
    assert opened["Plaintext"] == b"x"
    with refused("InvalidKeyUsageException"):
        root.kms.encrypt(KeyId=rsa, Plaintext=b"x")


def test_dry_run_tells_whether_a_call_would_succeed(root: Account, key: str, role: Callable[..., Account]) -> None:
    """DryRun ends in its own error if the call is allowed, in a refusal if it is not."""
    with refused("DryRunOperationException"):
        root.kms.encrypt(KeyId=key, Plaintext=b"x", DryRun=True)
    with refused("AccessDeniedException"):
        role().kms.encrypt(KeyId=key, Plaintext=b"x", DryRun=True)


def test_fails_to_make_an_alias_that_belongs_to_aws(root: Account, key: str) -> None:
    """Aliases under alias/aws/ are AWS's; managing a key takes no alias at all."""
    with refused("NotAuthorizedException"):
        root.kms.create_alias(AliasName="alias/aws/mine", TargetKeyId=key)
    with refused("NotFoundException"):
        root.kms.disable_key(KeyId="alias/aws/ssm")


def test_fails_to_put_a_malformed_key_policy(root: Account, key: str) -> None:
    """A policy that is no JSON object with statements is refused before anything depends on it."""
    for policy in ("not json", "[]", "{}", '{"Statement": []}'):
        with refused("MalformedPolicyDocumentException"):
            root.kms.put_key_policy(KeyId=key, Policy=policy)
    with refused("MalformedPolicyDocumentException"):
        root.kms.create_key(Policy="not json")


def test_fails_to_open_a_ciphertext_of_a_key_that_is_not_there(root: Account) -> None:
    """KMS does not say whether such a key exists."""
    blob = seal(b"x", key_id=KEY_ID, generation=0, material=MATERIAL, context={})

    with refused("AccessDeniedException") as message:
        root.kms.decrypt(CiphertextBlob=blob)

    assert "on the resource associated with this ciphertext because the resource does not exist" in message[0]


def _with_id(key_id: str) -> list[TagTypeDef]:
    return [{"TagKey": "ssm-securestring:key-id", "TagValue": key_id}]


def test_an_id_can_be_chosen_by_a_tag(root: Account) -> None:
    """Examples and fixtures can name a key before it exists: with this tag it gets the id that they name."""
    key_id = str(uuid.uuid4())

    made = root.kms.create_key(Tags=_with_id(key_id))["KeyMetadata"]

    assert (made["KeyId"], made["Arn"]) == (key_id, f"arn:aws:kms:eu-west-1:111122223333:key/{key_id}")
    assert root.kms.describe_key(KeyId=made["Arn"])["KeyMetadata"]["KeyId"] == key_id
    sealed = root.kms.encrypt(KeyId=key_id, Plaintext=b"x")["CiphertextBlob"]
    assert root.kms.decrypt(CiphertextBlob=sealed)["Plaintext"] == b"x"


def test_fails_to_choose_an_id_that_is_taken_or_none(root: Account, key: str) -> None:
    """A key is never replaced by another one of its id, and an id has the form of one."""
    with refused("AlreadyExistsException"):
        root.kms.create_key(Tags=_with_id(key.rsplit("/", 1)[1]))
    with refused("ValidationException"):
        root.kms.create_key(Tags=_with_id("mine"))
    with refused("ValidationException"):
        root.kms.create_key(Tags=_with_id(str(uuid.uuid4())), MultiRegion=True)


def _key_policy(principal: str, action: str = "kms:*") -> str:
    statement = {"Effect": "Allow", "Principal": {"AWS": principal}, "Action": action, "Resource": "*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


OWNER = "arn:aws:iam::111122223333:root"
LOCKED_OUT = "The new key policy will not allow you to update the key policy in the future."


@pytest.mark.parametrize("policy", [_key_policy("arn:aws:iam::444455556666:root"), _key_policy(OWNER, "kms:Decrypt")])
def test_fails_to_lock_oneself_out_of_a_key(root: Account, key: str, policy: str) -> None:
    """A policy after which its author could not change it again is refused, unless the author insists."""
    with refused("MalformedPolicyDocumentException") as putting:
        root.kms.put_key_policy(KeyId=key, Policy=policy)
    with refused("MalformedPolicyDocumentException") as creating:
        root.kms.create_key(Policy=policy)

    assert putting == creating == [LOCKED_OUT]
    root.kms.put_key_policy(KeyId=key, Policy=_key_policy(OWNER))
    root.kms.put_key_policy(KeyId=key, Policy=policy, BypassPolicyLockoutSafetyCheck=True)
    assert json.loads(root.kms.get_key_policy(KeyId=key, PolicyName="default")["Policy"]) == json.loads(policy)
    assert root.kms.create_key(Policy=policy, BypassPolicyLockoutSafetyCheck=True)["KeyMetadata"]["Arn"]


def test_lock_out_is_judged_by_who_sets_the_policy(root: Account, key: str, role: Callable[..., Account]) -> None:
    """A role whose right comes from IAM needs the policy to leave the account in charge."""
    administrator = role(allow("kms:PutKeyPolicy", key))

    administrator.kms.put_key_policy(KeyId=key, Policy=_key_policy(OWNER))
    with refused("MalformedPolicyDocumentException"):
        administrator.kms.put_key_policy(KeyId=key, Policy=_key_policy(OWNER, "kms:Decrypt"))

    assert root.kms.describe_key(KeyId=key)["KeyMetadata"]["Enabled"]
