"""Sealed values: KMS ciphertexts that open for one parameter only, so that they are safe to commit."""

from typing import Final

# KMS API reference, Encrypt, "Plaintext", for a symmetric key.
MAX_SEALED_BYTES: Final = 4096
# The one pair of the encryption context: account, Region and name are all in the ARN.
SEALING_CONTEXT_KEY: Final = "SEALED_FOR"


def sealing_context(parameter_arn: str) -> dict[str, str]:
    """Return the encryption context that binds a sealed value to one parameter."""
    return {SEALING_CONTEXT_KEY: parameter_arn}
