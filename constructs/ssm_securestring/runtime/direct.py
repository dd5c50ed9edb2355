"""Decrypts parameters without Parameter Store: KMS is called by the reader itself, bound to the parameter's ARN.

Source:
    KMS Developer Guide, "How AWS Systems Manager Parameter Store uses AWS KMS".
"""

import binascii
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from ssm_securestring.core.encryption import encryption_context
from ssm_securestring.core.errors import SettingError
from ssm_securestring.runtime.calls import Answer, ServiceRefusalError, Transport

# A ciphertext of KMS begins with its version, 1, and 1 or 2. A message of the Encryption SDK begins with the version 1
# and the type 128, or with the version 2 (AWS Encryption SDK Developer Guide, "message format reference").
_KMS_STARTS: Final = (b"\x01\x01", b"\x01\x02")
_MESSAGE_STARTS: Final = (b"\x01\x80", b"\x02")
_SECURE_STRING: Final = "SecureString"


class DirectDecryptor:
    """Opens ciphertexts of Parameter Store.

    Args:
        kms: Makes the transport to KMS, when it is needed.
        key_arns: ARNs of the keys that values may be encrypted with; no other key is accepted.

    Raises:
        SettingError: ``key_arns`` is empty, or names something else than a key by its ARN.
    """

    def __init__(self, kms: Callable[[], Transport], key_arns: Sequence[str]) -> None:
        """Check the ARNs; no call is made yet."""
        for arn in key_arns or [""]:
            if not arn.startswith("arn:") or ":kms:" not in arn or ":key/" not in arn:
                fix = "write the ARN of each key, arn:<partition>:kms:<region>:<account>:key/<id>"
                raise SettingError("key_arns", problem=f"has {arn!r}" if arn else "is empty", fix=fix)
        self._kms = kms
        self._key_arns = tuple(key_arns)

    def open(self, ciphertext: str, *, parameter_arn: str) -> str:
        """Return the value of a ciphertext.

        Args:
            ciphertext: As Parameter Store returns it without decryption: base64.
            parameter_arn: The parameter it must have been encrypted for.

        Raises:
            ServiceRefusalError: KMS refuses, or the ciphertext is another parameter's, another key's, or damaged.
            NoAnswerError: KMS did not answer.
        """
        try:
            sealed = b64decode(ciphertext, validate=True)
        except (binascii.Error, ValueError) as error:
            raise _damaged("is not base64") from error
        if sealed.startswith(_KMS_STARTS):
            plaintext = self._decrypt(sealed, encryption_context(parameter_arn))
        elif sealed.startswith(_MESSAGE_STARTS):
            from ssm_securestring.runtime.messages import open_message

            plaintext = open_message(
                sealed, parameter_arn=parameter_arn, key_arns=self._key_arns, decrypt_data_key=self._decrypt
            )
        else:
            raise _damaged("is neither a ciphertext of KMS nor a message of the AWS Encryption SDK")
        return plaintext.decode("utf-8", errors="surrogatepass")

    def _decrypt(self, sealed: bytes, context: Mapping[str, str]) -> bytes:
        request: dict[str, object] = {"CiphertextBlob": b64encode(sealed).decode(), "EncryptionContext": dict(context)}
        if len(self._key_arns) == 1:
            request["KeyId"] = self._key_arns[0]
        answer = self._kms().call("Decrypt", request)
        if answer.data["KeyId"] not in self._key_arns:
            raise ServiceRefusalError("IncorrectKeyException", "another key", request_id=answer.request_id)
        return b64decode(answer.data["Plaintext"])


class DirectTransport:
    """Asks Parameter Store for ciphertexts and opens them here.

    Args:
        parameters: Transport to Parameter Store.
        decryptor: Opens what it returns.
    """

    def __init__(self, parameters: Transport, decryptor: DirectDecryptor) -> None:
        """Keep the collaborators."""
        self._parameters = parameters
        self._decryptor = decryptor

    def call(self, operation: str, request: Mapping[str, object]) -> Answer:
        """Call an operation of Parameter Store, without letting it decrypt.

        Raises:
            ServiceRefusalError: Parameter Store or KMS answered with an error.
            NoAnswerError: One of them did not answer.
        """
        if not request.get("WithDecryption"):
            return self._parameters.call(operation, request)
        answer = self._parameters.call(operation, {**request, "WithDecryption": False})
        opened = dict(answer.data)
        if "Parameter" in opened:
            opened["Parameter"] = self._opened(opened["Parameter"])
        if "Parameters" in opened:
            opened["Parameters"] = [self._opened(each) for each in opened["Parameters"]]
        return Answer(opened, answer.request_id)

    def reset(self) -> None:
        """Drop connections and credentials."""
        self._parameters.reset()

    def _opened(self, fields: Mapping[str, Any]) -> Mapping[str, Any]:
        if fields["Type"] != _SECURE_STRING:
            return fields
        return {**fields, "Value": self._decryptor.open(fields["Value"], parameter_arn=fields["ARN"])}


def _damaged(problem: str) -> ServiceRefusalError:
    return ServiceRefusalError("InvalidCiphertextException", f"what is stored {problem}", request_id=None)
