"""Constructs: a key made for Parameter Store, SecureString parameters, and grants bound to exactly one of them."""

from ssm_securestring.cdk.access import Access, assert_access
from ssm_securestring.cdk.aspect import SecureStringAspect
from ssm_securestring.cdk.assets import SecureStringsLayer
from ssm_securestring.cdk.key_policy import KeyMode
from ssm_securestring.cdk.keys import EncryptionKey, KeyReference, ParameterKey
from ssm_securestring.cdk.parameter_base import SecureStringParameterBase
from ssm_securestring.cdk.parameters import SecureStringParameter
from ssm_securestring.cdk.paths import ParameterPath
from ssm_securestring.cdk.provider import SecureStringProvider
from ssm_securestring.cdk.sharing import ParameterShare
from ssm_securestring.cdk.validation import SecureStringValidation
from ssm_securestring.cdk.values import ValueSource
from ssm_securestring.core.policies import Expiration, ExpirationNotification, NoChangeNotification, PolicyUnit
from ssm_securestring.core.sources import CharacterClass
from ssm_securestring.core.tiers import Tier

__all__ = [
    "Access",
    "CharacterClass",
    "EncryptionKey",
    "Expiration",
    "ExpirationNotification",
    "KeyMode",
    "KeyReference",
    "NoChangeNotification",
    "ParameterKey",
    "ParameterPath",
    "ParameterShare",
    "PolicyUnit",
    "SecureStringAspect",
    "SecureStringParameter",
    "SecureStringParameterBase",
    "SecureStringProvider",
    "SecureStringValidation",
    "SecureStringsLayer",
    "Tier",
    "ValueSource",
    "assert_access",
]
