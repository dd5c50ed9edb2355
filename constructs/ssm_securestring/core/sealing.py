"""Sealed values: KMS ciphertexts that open for one parameter only, so that they are safe to commit.

A value of up to 4 KB is one ciphertext in Base64. A longer one is sealed in parts, each a ciphertext of its own; the
text is then the id of the sealing and the parts, with dots between them. Each part is bound to the parameter, to its
place and to the sealing, so that parts of two sealings do not mix, and none is moved or left out.
"""

import base64
from dataclasses import dataclass
from typing import Final, Self

from ssm_securestring.core.errors import SettingError
from ssm_securestring.core.limits import ADVANCED_TIER_BYTES

# KMS API reference, Encrypt, "Plaintext", for a symmetric key.
MAX_PART_BYTES: Final = 4096
# The longest value that a parameter holds.
MAX_SEALED_BYTES: Final = ADVANCED_TIER_BYTES
# Encryption context. Account, Region and name are all in the ARN, and permissions go by this pair alone.
SEALING_CONTEXT_KEY: Final = "SEALED_FOR"
# Only of values that are sealed in parts.
SEALING_ID_KEY: Final = "SEALING"
PART_KEY: Final = "PART"
# KMS API reference, Encrypt, "CiphertextBlob".
_MAX_CIPHERTEXT_BYTES: Final = 6144
# KMS gives no ciphertext as short; keys and tokens in clear are, and shall not be taken for one.
_MIN_CIPHERTEXT_BYTES: Final = 50
# 128 random bits: no two sealings have the same.
SEALING_ID_BYTES: Final = 16
_ID_ALPHABET: Final = set("0123456789abcdef")
_ARN_REGION: Final = 3
_SEPARATOR: Final = "."
_MAX_PARTS: Final = MAX_SEALED_BYTES // MAX_PART_BYTES


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedText:
    """What ``ssm-securestring seal`` prints, taken apart.

    Args:
        ciphertexts: KMS ciphertexts of the parts, in order.
        sealing_id: Random text that all parts have in common. Empty for a value in one part.
    """

    ciphertexts: tuple[bytes, ...]
    sealing_id: str = ""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read it.

        Raises:
            SettingError: It is something else, or a part is missing. The message does not repeat it.
        """
        first, *rest = text.split(_SEPARATOR)
        if not rest:
            return cls(ciphertexts=(_decoded(first),))
        if len(first) != 2 * SEALING_ID_BYTES or not _ID_ALPHABET.issuperset(first) or not 1 < len(rest) <= _MAX_PARTS:
            raise _not_sealed()
        return cls(sealing_id=first, ciphertexts=tuple(_decoded(part) for part in rest))

    def __str__(self) -> str:
        """Return the text to commit."""
        parts = [base64.b64encode(each).decode() for each in self.ciphertexts]
        return _SEPARATOR.join([self.sealing_id, *parts] if self.sealing_id else parts)


def parts_of(value: bytes) -> list[bytes]:
    """Cut a value into parts that KMS encrypts."""
    return [value[start : start + MAX_PART_BYTES] for start in range(0, len(value), MAX_PART_BYTES)]


def sealing_context(parameter_arn: str, *, sealing_id: str, part: int, parts: int) -> dict[str, str]:
    """Return the encryption context of a part.

    Args:
        parameter_arn: ARN of the one parameter that it is sealed for.
        sealing_id: Random text that the parts of this sealing have in common.
        part: Which part, from 1.
        parts: How many there are. A value in one part is bound to its parameter and to nothing else.
    """
    bound = {SEALING_CONTEXT_KEY: parameter_arn}
    return bound if parts == 1 else {**bound, SEALING_ID_KEY: sealing_id, PART_KEY: f"{part}/{parts}"}


def key_region_of(key_arn: str) -> str:
    """Return the Region of a key, which is the one that a value can be unsealed in. Empty if the text is no ARN."""
    parts = key_arn.split(":")
    return parts[_ARN_REGION] if len(parts) > _ARN_REGION else ""


def _decoded(text: str) -> bytes:
    try:
        ciphertext = base64.b64decode(text, validate=True)
    except ValueError:
        ciphertext = b""
    if _MIN_CIPHERTEXT_BYTES <= len(ciphertext) <= _MAX_CIPHERTEXT_BYTES:
        return ciphertext
    raise _not_sealed()


def _not_sealed() -> SettingError:
    return SettingError(
        "ciphertext", problem="is not a ciphertext", fix="copy what `ssm-securestring seal` prints, in full"
    )
