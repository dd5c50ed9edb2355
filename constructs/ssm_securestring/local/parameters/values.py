"""The value of a SecureString: encrypted and decrypted by KMS in the caller's name, as the KMS Developer Guide says.

A standard value is encrypted by KMS itself. An advanced one is a message of the AWS Encryption SDK, whose data key KMS
makes. Both are bound to the parameter's ARN by the encryption context.
"""

import base64
import logging
import uuid
from typing import Any, Final

import attr
from aws_encryption_sdk import CommitmentPolicy, EncryptionSDKClient
from aws_encryption_sdk.exceptions import AWSEncryptionSDKClientError
from aws_encryption_sdk.identifiers import AlgorithmSuite
from aws_encryption_sdk.key_providers.base import MasterKey, MasterKeyConfig
from aws_encryption_sdk.structures import DataKey, MasterKeyInfo
from cryptography.exceptions import InvalidSignature, InvalidTag

from ssm_securestring.core.encryption import CONTEXT_KEY, encryption_context
from ssm_securestring.core.tiers import Tier
from ssm_securestring.local.keys.service import KeyService
from ssm_securestring.local.protocol import Caller, JsonObject, ServiceError, to_base64
from ssm_securestring.local.settings import AdvancedSuite

_PROVIDER: Final = "aws-kms"
_SERVICE: Final = "ssm.amazonaws.com"
_COMMITTING: Final = frozenset({AdvancedSuite.COMMITTING, AdvancedSuite.COMMITTING_SIGNED})
# The library logs a traceback whenever a message cannot be opened; we answer the caller instead.
logging.getLogger("aws_encryption_sdk").setLevel(logging.CRITICAL)


@attr.s(hash=True)
class _CallersKeyConfig(MasterKeyConfig):  # type: ignore[misc]  # the library has no types
    provider_id = _PROVIDER
    calls: Any = attr.ib(hash=False, eq=False)


class _CallersKey(MasterKey):  # type: ignore[misc]  # the library has no types
    """A key of KMS, used by the Encryption SDK in the caller's name."""

    provider_id = _PROVIDER
    _config_class = _CallersKeyConfig

    def owns_data_key(self, data_key: Any) -> bool:  # noqa: ANN401 - the library has no types
        """Try every data key of KMS: the message says which key it is, KMS decides whether it may be used."""
        return bool(data_key.key_provider.provider_id == _PROVIDER)

    def _generate_data_key(self, algorithm: Any, encryption_context: dict[str, str]) -> DataKey:  # noqa: ANN401 - the library has no types
        made = self.config.calls(
            "GenerateDataKey",
            {
                "KeyId": self.key_id.decode(),
                "NumberOfBytes": algorithm.kdf_input_len,
                "EncryptionContext": encryption_context,
            },
        )
        return DataKey(
            key_provider=MasterKeyInfo(_PROVIDER, made["KeyId"]),
            data_key=base64.b64decode(made["Plaintext"]),
            encrypted_data_key=base64.b64decode(made["CiphertextBlob"]),
        )

    def _encrypt_data_key(self, data_key: Any, algorithm: Any, encryption_context: dict[str, str]) -> Any:  # noqa: ANN401 - the library has no types
        """Never needed: every message has one data key, which KMS made."""
        raise NotImplementedError

    def _decrypt_data_key(self, encrypted_data_key: Any, algorithm: Any, encryption_context: dict[str, str]) -> DataKey:  # noqa: ANN401 - the library has no types
        del algorithm
        provider = encrypted_data_key.key_provider
        opened = self.config.calls(
            "Decrypt",
            {
                "KeyId": provider.key_info.decode(),
                "CiphertextBlob": to_base64(encrypted_data_key.encrypted_data_key),
                "EncryptionContext": encryption_context,
            },
        )
        return DataKey(
            key_provider=provider,
            data_key=base64.b64decode(opened["Plaintext"]),
            encrypted_data_key=encrypted_data_key.encrypted_data_key,
        )


class ValueCipher:
    """Turns values into what is stored, and back.

    Args:
        keys: KMS.
        suite: Algorithm suite of advanced parameters.
    """

    def __init__(self, keys: KeyService, suite: AdvancedSuite) -> None:
        """Prepare the Encryption SDK."""
        self._keys = keys
        self._algorithm = AlgorithmSuite.get_by_id(int(suite, 16))
        policy = CommitmentPolicy.REQUIRE_ENCRYPT_ALLOW_DECRYPT
        if suite not in _COMMITTING:
            policy = CommitmentPolicy.FORBID_ENCRYPT_ALLOW_DECRYPT
        self._sdk = EncryptionSDKClient(commitment_policy=policy, max_encrypted_data_keys=1)

    def encrypt(self, caller: Caller, *, key_id: str, tier: Tier, value: str, arn: str) -> str:
        """Return what is stored for a value.

        Raises:
            ServiceError: KMS refuses.
        """
        plaintext = value.encode("utf-8", errors="surrogatepass")
        if tier is Tier.STANDARD:
            data = {
                "KeyId": key_id,
                "Plaintext": to_base64(plaintext),
                "EncryptionContext": encryption_context(arn),
            }
            return str(self._call(caller, "Encrypt", data)["CiphertextBlob"])
        message, _ = self._sdk.encrypt(
            source=plaintext,
            key_provider=self._key(caller, key_id),
            encryption_context=encryption_context(arn),
            algorithm=self._algorithm,
        )
        return to_base64(message)

    def decrypt(self, caller: Caller, version: JsonObject) -> str:
        """Return the value of a stored version.

        Raises:
            ServiceError: KMS refuses, or what is stored is not what was written for this parameter.
        """
        stored, arn = base64.b64decode(version["Value"]), version["ARN"]
        if version["Tier"] == Tier.STANDARD:
            data = {"CiphertextBlob": version["Value"], "EncryptionContext": encryption_context(arn)}
            plaintext = base64.b64decode(self._call(caller, "Decrypt", data)["Plaintext"])
        else:
            plaintext = self._open(caller, stored, arn)
        return plaintext.decode("utf-8", errors="surrogatepass")

    def _open(self, caller: Caller, message: bytes, arn: str) -> bytes:
        try:
            plaintext, header = self._sdk.decrypt(source=message, key_provider=self._key(caller, "any"))
        except (AWSEncryptionSDKClientError, InvalidTag, InvalidSignature) as error:
            raise _wrapped(ServiceError("InvalidCiphertextException", "null")) from error
        # The Encryption SDK takes the context from the message; whether it is the right one is for us to check.
        if header.encryption_context.get(CONTEXT_KEY) != arn:
            raise _wrapped(ServiceError("InvalidCiphertextException", "null"))
        return bytes(plaintext)

    def _key(self, caller: Caller, key_id: str) -> _CallersKey:
        def calls(operation: str, data: JsonObject) -> JsonObject:
            return self._call(caller, operation, data)

        return _CallersKey(key_id=key_id.encode(), calls=calls)

    def _call(self, caller: Caller, operation: str, data: JsonObject) -> JsonObject:
        try:
            return self._keys.call(caller.through(_SERVICE), operation, data)
        except ServiceError as error:
            raise _wrapped(error) from error


def _wrapped(error: ServiceError) -> ServiceError:
    """Return Parameter Store's error for one of KMS: a refusal stays one, everything else is an InvalidKeyId."""
    code = error.code if error.code == "AccessDeniedException" else "InvalidKeyId"
    detail = f"(Service: AWSKMS; Status Code: 400; Error Code: {error.code}; Request ID: {uuid.uuid4()}; Proxy: null)"
    return ServiceError(code, f"{error.message or 'null'} {detail}")
