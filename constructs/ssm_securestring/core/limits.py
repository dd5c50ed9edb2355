"""Limits that AWS sets, each with its unit in its name and its source beside it."""

from typing import Final

# SSM API reference, PutParameter, "Name": characters of the parameter's ARN up to and including the name.
# (The API admits 2,048 and holds 1,037 of them back for itself.)
MAX_PARAMETER_ARN_CHARS: Final = 1011
# SSM API reference, PutParameter, "Name": depth of a hierarchy.
MAX_NAME_LEVELS: Final = 15
# SSM API reference, PutParameter, "Tier" and "Value"; KMS Developer Guide, "How Parameter Store uses AWS KMS".
STANDARD_TIER_BYTES: Final = 4 * 1024
ADVANCED_TIER_BYTES: Final = 8 * 1024
# SSM API reference, PutParameter, "Value": no {{...}} or {{ssm:parameter-name}} in a value.
REFERENCE_PATTERN: Final = r"(?s)\{\{.*\}\}"
# SSM API reference, DeleteParameter: "wait for at least 30 seconds to create a parameter with the same name".
DELETION_PAUSE_SECONDS: Final = 30
# SSM API reference, PutParameter, "Description".
MAX_DESCRIPTION_CHARS: Final = 1024
# SSM API reference, PutParameter, "AllowedPattern".
MAX_ALLOWED_PATTERN_CHARS: Final = 1024
# SSM API reference, PutParameter, errors: PoliciesLimitExceededException.
MAX_PARAMETER_POLICIES: Final = 10
# SSM API reference, GetParameters, "Names".
GET_PARAMETERS_BATCH: Final = 10

# SSM API reference, AddTagsToResource and Tag.
MAX_TAGS: Final = 50
MAX_TAG_KEY_CHARS: Final = 128
MAX_TAG_VALUE_CHARS: Final = 256

# KMS API reference, EnableKeyRotation, "RotationPeriodInDays".
MIN_ROTATION_DAYS: Final = 90
MAX_ROTATION_DAYS: Final = 2560
# KMS API reference, ScheduleKeyDeletion, "PendingWindowInDays".
MIN_DELETION_WINDOW_DAYS: Final = 7
MAX_DELETION_WINDOW_DAYS: Final = 30

# CloudFormation User Guide, "Custom resource response objects": the whole JSON body, Reason included.
MAX_RESPONSE_BYTES: Final = 4096
# CloudFormation User Guide, "Custom resource response objects", PhysicalResourceId.
MAX_PHYSICAL_ID_BYTES: Final = 1024

# IAM User Guide, "IAM and AWS STS quotas": characters without white space; inline policies of one principal together.
INLINE_ROLE_CHARS: Final = 10_240
INLINE_GROUP_CHARS: Final = 5_120
INLINE_USER_CHARS: Final = 2_048
MANAGED_POLICY_CHARS: Final = 6_144
# The same page: managed policies of one principal, unless the account's quota was raised.
MANAGED_POLICIES_PER_PRINCIPAL: Final = 10
# KMS Developer Guide, "Resource quotas", key policy document size.
KEY_POLICY_BYTES: Final = 32_768
