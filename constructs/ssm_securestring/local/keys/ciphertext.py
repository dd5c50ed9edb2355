"""The ciphertext blob of a symmetric key: AES-256-GCM with the encryption context as associated data.

AWS does not document its layout. Ours starts with the bytes that AWS's start with today, then says which key and which
generation of its material, then nonce and ciphertext. Everything before the ciphertext is authenticated.
"""

import os
import struct
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_MAGIC: Final = b"\x01\x02\x02\x00\x78"
_SINGLE_REGION: Final = 0
_MULTI_REGION: Final = 1
_MULTI_REGION_PREFIX: Final = "mrk-"
_HEADER: Final = struct.Struct(">5sB16sI")
_NONCE_BYTES: Final = 12
_TAG_BYTES: Final = 16
_KEY_BYTES: Final = 32


class CiphertextError(Exception):
    """The blob is not one of ours, was changed, or the encryption context is another one."""


@dataclass(frozen=True, slots=True)
class Ciphertext:
    """A blob, taken apart."""

    key_id: str
    generation: int
    nonce: bytes
    sealed: bytes

    @classmethod
    def parse(cls, blob: bytes) -> Self:
        """Take a blob apart.

        Raises:
            CiphertextError: It is not one of ours.
        """
        if len(blob) < _HEADER.size + _NONCE_BYTES + _TAG_BYTES:
            raise CiphertextError
        magic, kind, key, generation = _HEADER.unpack_from(blob)
        if magic != _MAGIC or kind not in (_SINGLE_REGION, _MULTI_REGION):
            raise CiphertextError
        number = uuid.UUID(bytes=key)
        key_id = str(number) if kind == _SINGLE_REGION else f"{_MULTI_REGION_PREFIX}{number.hex}"
        rest = blob[_HEADER.size :]
        return cls(key_id, generation, rest[:_NONCE_BYTES], rest[_NONCE_BYTES:])

    def open(self, material: bytes, context: Mapping[str, str]) -> bytes:
        """Return the plaintext.

        Raises:
            CiphertextError: The blob was changed, or the context or the material is another one.
        """
        if len(material) != _KEY_BYTES:
            raise CiphertextError
        header = _header(self.key_id, self.generation)
        try:
            return AESGCM(material).decrypt(self.nonce, self.sealed, header + canonical_context(context))
        except InvalidTag as error:
            raise CiphertextError from error


def seal(plaintext: bytes, *, key_id: str, generation: int, material: bytes, context: Mapping[str, str]) -> bytes:
    """Return the blob for a plaintext."""
    header = _header(key_id, generation)
    nonce = os.urandom(_NONCE_BYTES)
    return header + nonce + AESGCM(material).encrypt(nonce, plaintext, header + canonical_context(context))


def canonical_context(context: Mapping[str, str]) -> bytes:
    """Return the one byte form of an encryption context: pairs sorted, each text with its length before it."""
    pairs = sorted((_bytes(key), _bytes(value)) for key, value in context.items())
    return b"".join(struct.pack(">I", len(text)) + text for pair in pairs for text in pair)


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", errors="surrogatepass")


def _header(key_id: str, generation: int) -> bytes:
    multi_region = key_id.startswith(_MULTI_REGION_PREFIX)
    kind = _MULTI_REGION if multi_region else _SINGLE_REGION
    return _HEADER.pack(_MAGIC, kind, uuid.UUID(key_id.removeprefix(_MULTI_REGION_PREFIX)).bytes, generation)
