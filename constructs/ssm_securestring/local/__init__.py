"""An AWS on this machine: Parameter Store that really uses KMS, with IAM and key policies enforced.

Importing this module loads the standard library only; the engine runs in a process of its own.
"""

from ssm_securestring.local.errors import EmbeddedAwsError
from ssm_securestring.local.handle import UNSET, EmbeddedAws
from ssm_securestring.local.settings import AdvancedSuite, OmittedKey, Settings
from ssm_securestring.local.trail import TrailRecord

__all__ = ["UNSET", "AdvancedSuite", "EmbeddedAws", "EmbeddedAwsError", "OmittedKey", "Settings", "TrailRecord"]
