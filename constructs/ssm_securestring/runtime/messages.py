"""Opens messages of the AWS Encryption SDK, which is what Parameter Store makes of advanced parameters."""

import functools
import io
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from ssm_securestring.core.encryption import CONTEXT_KEY
from ssm_securestring.runtime.calls import ServiceRefusalError

_PROVIDER: Final = "aws-kms"
_DecryptDataKey = Callable[[bytes, Mapping[str, str]], bytes]


def open_message(
    message: bytes, *, parameter_arn: str, key_arns: Sequence[str], decrypt_data_key: _DecryptDataKey
) -> bytes:
    """Return the plaintext of a message that was made for this parameter, under one of these keys.

    The Encryption SDK takes the encryption context from the message itself. So that of the header is compared with the
    expected ARN before KMS is asked for the data key: for another parameter's message, no plaintext ever exists.

    Args:
        message: The message, and nothing behind it.
        parameter_arn: ARN of the parameter.
        key_arns: ARNs of the keys that are accepted.
        decrypt_data_key: Lets KMS decrypt a data key under an encryption context.

    Raises:
        ServiceRefusalError: KMS refuses, or the message is another parameter's, another key's, or damaged.
    """
    try:
        from aws_encryption_sdk import CommitmentPolicy, EncryptionSDKClient
        from aws_encryption_sdk.exceptions import AWSEncryptionSDKClientError
        from cryptography.exceptions import InvalidSignature, InvalidTag
    except ImportError as error:
        raise ServiceRefusalError("EncryptionSdkMissing", "not installed", request_id=None) from error
    # It logs tracebacks of messages that cannot be opened; the caller gets an error instead.
    logging.getLogger("aws_encryption_sdk").setLevel(logging.CRITICAL)

    # Which suite Parameter Store uses is not documented: messages that do not commit to their key are read, too.
    client = EncryptionSDKClient(commitment_policy=CommitmentPolicy.REQUIRE_ENCRYPT_ALLOW_DECRYPT)
    source = io.BytesIO(message)
    key = _key_class()(key_id=b"any", decrypt=_guarded(decrypt_data_key, parameter_arn, key_arns))
    problem = "the message is damaged"
    try:
        with client.stream(mode="d", source=source, key_provider=key) as opened:
            plaintext = bytes(opened.read())
        if not source.read(1):
            return plaintext
        problem = "something follows the message"
    except (AWSEncryptionSDKClientError, InvalidSignature, InvalidTag, ValueError, UnicodeDecodeError):
        pass
    # Outside of the except block: no part of the library's state goes along.
    raise _refusal("InvalidCiphertextException", problem)


def _guarded(decrypt_data_key: _DecryptDataKey, parameter_arn: str, key_arns: Sequence[str]) -> Callable[..., bytes]:
    """Let KMS be asked only for data keys of this parameter, under one of these keys."""

    def decrypt(data_key: Any, context: Mapping[str, str]) -> bytes:  # noqa: ANN401 - the library has no types
        if context.get(CONTEXT_KEY) != parameter_arn:
            raise _refusal("InvalidCiphertextException", "the message is another parameter's")
        if data_key.key_provider.key_info.decode() not in key_arns:
            raise _refusal("IncorrectKeyException", "the message is under another key")
        return decrypt_data_key(data_key.encrypted_data_key, context)

    return decrypt


def _refusal(code: str, text: str) -> ServiceRefusalError:
    return ServiceRefusalError(code, text, request_id=None)


@functools.cache
def _key_class() -> Any:  # noqa: ANN401 - the library has no types
    """Define the library's notion of a key; its base class is there only once the library is."""
    import attr
    from aws_encryption_sdk.key_providers.base import MasterKey, MasterKeyConfig
    from aws_encryption_sdk.structures import DataKey

    @attr.s(hash=True)
    class ReadersKeyConfig(MasterKeyConfig):  # type: ignore[misc]  # the library has no types
        provider_id = _PROVIDER
        decrypt: Any = attr.ib(hash=False, eq=False)

    class ReadersKey(MasterKey):  # type: ignore[misc]  # the library has no types
        provider_id = _PROVIDER
        _config_class = ReadersKeyConfig

        def owns_data_key(self, data_key: Any) -> bool:  # noqa: ANN401 - the library has no types
            return bool(data_key.key_provider.provider_id == _PROVIDER)

        def _generate_data_key(self, algorithm: Any, encryption_context: dict[str, str]) -> DataKey:  # noqa: ANN401 - the library has no types
            raise NotImplementedError("this key only decrypts")

        def _encrypt_data_key(self, data_key: Any, algorithm: Any, encryption_context: dict[str, str]) -> Any:  # noqa: ANN401 - the library has no types
            raise NotImplementedError("this key only decrypts")

        def _decrypt_data_key(
            self,
            encrypted_data_key: Any,  # noqa: ANN401 - the library has no types
            algorithm: Any,  # noqa: ANN401 - the library has no types
            encryption_context: dict[str, str],
        ) -> DataKey:
            del algorithm
            return DataKey(
                key_provider=encrypted_data_key.key_provider,
                data_key=self.config.decrypt(encrypted_data_key, encryption_context),
                encrypted_data_key=encrypted_data_key.encrypted_data_key,
            )

    return ReadersKey
