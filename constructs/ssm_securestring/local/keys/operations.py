"""The cryptographic operations of KMS on symmetric keys. Everything here takes a key that may be used."""

import os
from typing import Any, Final

from ssm_securestring.local.keys.ciphertext import Ciphertext, CiphertextError, seal
from ssm_securestring.local.keys.directory import SYMMETRIC, Key
from ssm_securestring.local.protocol import JsonObject, Payload, ServiceError, to_base64, validation_error

# KMS API reference, Encrypt, "Plaintext".
MAX_PLAINTEXT_BYTES: Final = 4096
# KMS API reference, GenerateDataKey, "NumberOfBytes" and "KeySpec".
_MAX_DATA_KEY_BYTES: Final = 1024
_DATA_KEY_BYTES: Final = {"AES_128": 16, "AES_256": 32}


def check_usage(key: Key, operation: str) -> None:
    """Refuse a key that is not for encryption, or not symmetric where only a symmetric one will do.

    Raises:
        ServiceError: The key does not fit.
    """
    if key.usage != "ENCRYPT_DECRYPT":
        raise ServiceError(
            "InvalidKeyUsageException", f"{key.arn} key usage is {key.usage} which is not valid for {operation}."
        )
    if not key.is_symmetric and operation.startswith("GenerateDataKey"):
        raise ServiceError(
            "InvalidKeyUsageException", f"{key.arn} key spec is {key.spec} which is not valid for {operation}."
        )


def check_algorithm(key: Key, payload: Payload) -> None:
    """Refuse an asymmetric key that is used without naming one of its algorithms, as Parameter Store would.

    Raises:
        ServiceError: The algorithm is not one of the key's.
    """
    algorithm = payload.text("EncryptionAlgorithm") or SYMMETRIC
    if algorithm not in (key.record.get("EncryptionAlgorithms") or [SYMMETRIC]):
        raise ServiceError(
            "InvalidKeyUsageException",
            f"Algorithm {algorithm} is incompatible with key spec {key.spec}.",
        )


def encrypt(key: Key, payload: Payload) -> JsonObject:
    """Encrypt with the key itself."""
    plaintext = payload.blob("Plaintext")
    check_plaintext(plaintext)
    return {
        "CiphertextBlob": to_base64(_seal(key, plaintext, payload)),
        "KeyId": key.arn,
        "EncryptionAlgorithm": SYMMETRIC,
    }


def decrypt(key: Key, payload: Payload) -> JsonObject:
    """Decrypt what :func:`encrypt` or :func:`generate_data_key` made."""
    plaintext = unseal(key, payload.blob("CiphertextBlob"), payload.mapping("EncryptionContext"))
    return {"Plaintext": to_base64(plaintext), "KeyId": key.arn, "EncryptionAlgorithm": SYMMETRIC}


def re_encrypt(source: Key, destination: Key, payload: Payload) -> JsonObject:
    """Decrypt under one key and encrypt under another; the plaintext never leaves."""
    plaintext = unseal(source, payload.blob("CiphertextBlob"), payload.mapping("SourceEncryptionContext"))
    blob = seal(
        plaintext,
        key_id=destination.key_id,
        generation=destination.generation,
        material=_current_material(destination),
        context=payload.mapping("DestinationEncryptionContext"),
    )
    return {
        "CiphertextBlob": to_base64(blob),
        "SourceKeyId": source.arn,
        "KeyId": destination.arn,
        "SourceEncryptionAlgorithm": SYMMETRIC,
        "DestinationEncryptionAlgorithm": SYMMETRIC,
    }


def generate_data_key(key: Key, payload: Payload) -> JsonObject:
    """Make a data key; returns it in the clear and encrypted."""
    plaintext = os.urandom(_data_key_bytes(payload))
    return {
        "Plaintext": to_base64(plaintext),
        "CiphertextBlob": to_base64(_seal(key, plaintext, payload)),
        "KeyId": key.arn,
    }


def generate_data_key_without_plaintext(key: Key, payload: Payload) -> JsonObject:
    """Make a data key; returns it encrypted only."""
    return _without("Plaintext", generate_data_key(key, payload))


def wrap_key_pair(key: Key, payload: Payload, pair: JsonObject, *, with_plaintext: bool) -> JsonObject:
    """Encrypt the private half of a fresh key pair with the key."""
    private = Payload(pair).blob("PrivateKeyPlaintext")
    wrapped = pair | {"PrivateKeyCiphertextBlob": to_base64(_seal(key, private, payload))}
    return wrapped if with_plaintext else _without("PrivateKeyPlaintext", wrapped)


def unseal(key: Key, blob: bytes, context: dict[str, str]) -> bytes:
    """Return the plaintext of a blob.

    Raises:
        ServiceError: The blob was changed, or the context is another one.
    """
    try:
        parts = Ciphertext.parse(blob)
        return parts.open(key.material(parts.generation) or b"", context)
    except CiphertextError as error:
        raise invalid_ciphertext() from error


def invalid_ciphertext() -> ServiceError:
    """Return KMS's error for a blob or context that does not fit; it says nothing else, on purpose."""
    return ServiceError("InvalidCiphertextException", "")


def check_plaintext(plaintext: bytes) -> None:
    """Refuse a plaintext that is empty or too long.

    Raises:
        ServiceError: It is.
    """
    if not plaintext:
        raise _out_of_range("greater than or equal to 1")
    if len(plaintext) > MAX_PLAINTEXT_BYTES:
        raise _out_of_range(f"less than or equal to {MAX_PLAINTEXT_BYTES}")


def _out_of_range(bound: str) -> ServiceError:
    return validation_error(
        "1 validation error detected: Value at 'plaintext' failed to satisfy constraint: "
        f"Member must have length {bound}"
    )


def _data_key_bytes(payload: Payload) -> int:
    number, spec = payload.integer("NumberOfBytes"), payload.text("KeySpec")
    if (number is None) == (spec is None):
        raise validation_error("Please specify either number of bytes or key spec.")
    if number is None:
        if spec not in _DATA_KEY_BYTES:
            raise validation_error(
                "1 validation error detected: Value at 'keySpec' failed to satisfy constraint: "
                "Member must satisfy enum value set: [AES_256, AES_128]"
            )
        return _DATA_KEY_BYTES[spec]
    if not 1 <= number <= _MAX_DATA_KEY_BYTES:
        raise validation_error(
            f"1 validation error detected: Value '{number}' at 'numberOfBytes' failed to satisfy constraint: "
            f"Member must have value between 1 and {_MAX_DATA_KEY_BYTES}"
        )
    return number


def _seal(key: Key, plaintext: bytes, payload: Payload) -> bytes:
    return seal(
        plaintext,
        key_id=key.key_id,
        generation=key.generation,
        material=_current_material(key),
        context=payload.mapping("EncryptionContext"),
    )


def _current_material(key: Key) -> bytes:
    material = key.material(key.generation)
    if material is None:
        raise ServiceError("KMSInvalidStateException", f"{key.arn} is pending import.")
    return material


def _without(name: str, data: dict[str, Any]) -> JsonObject:
    return {each: value for each, value in data.items() if each != name}
