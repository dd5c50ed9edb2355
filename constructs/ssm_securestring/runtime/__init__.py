"""The helper that applications import: fetch and decrypt parameters at run time."""

from ssm_securestring.runtime.secret import SecretValue
from ssm_securestring.runtime.secure_strings import SecureStrings
from ssm_securestring.runtime.shared import get
from ssm_securestring.runtime.values import SecretValues

__all__ = ["SecretValue", "SecretValues", "SecureStrings", "get"]
