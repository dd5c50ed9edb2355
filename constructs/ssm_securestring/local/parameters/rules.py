"""What Parameter Store refuses, with AWS's error codes and texts. Pure decisions; no state, no value in any text.

Source:
    SSM API reference, PutParameter; SSM User Guide, "Creating Parameter Store parameters".
"""

import re
from typing import Final

import regex

from ssm_securestring.core.errors import ParameterNameError
from ssm_securestring.core.limits import MAX_NAME_LEVELS, MAX_TAG_KEY_CHARS, MAX_TAG_VALUE_CHARS, MAX_TAGS
from ssm_securestring.core.names import ParameterArn, ParameterName
from ssm_securestring.core.tiers import Tier
from ssm_securestring.local.protocol import Caller, Payload, ServiceError, validation_error

STRING: Final = "String"
STRING_LIST: Final = "StringList"
SECURE_STRING: Final = "SecureString"
_TYPES: Final = frozenset({STRING, STRING_LIST, SECURE_STRING})
_DATA_TYPES: Final = frozenset(
    {
        *("text", "aws:ec2:image", "aws:ssm:integration", "aws:region", "aws:account:id", "boolean", "integer"),
        *("float", "binary", "hostname", "email", "ipv4-address", "ipv6-address", "url", "json", "jsonc"),
    }
)
# SSM API reference, PutParameter, "Tier": these data types need the advanced tier.
ADVANCED_DATA_TYPES: Final = frozenset({"url", "json", "jsonc"})
# SSM API reference: lengths in characters, and the pattern of KeyId.
_MAX_CHARS: Final = {"Description": 1024, "AllowedPattern": 1024, "KeyId": 256, "DataType": 128, "Policies": 4096}
# SSM API reference, DeleteParameters, "Names".
DELETE_BATCH: Final = 10
_KEY_ID: Final = re.compile(r"[a-zA-Z0-9:/_-]+")
_PATTERN_SECONDS: Final = 0.2
_REFERENCE: Final = re.compile(r"\{\{.*?\}\}", re.DOTALL)
_TAG: Final = re.compile(r"[\w\s.:/=+\-@]*")

_NAME_SHAPE: Final = (
    'Parameter name: can\'t be prefixed with "ssm" (case-insensitive). If formed as a path, it can consist of '
    "sub-paths divided by slash symbol; each sub-path can be formed as a mix of letters, numbers and the following "
    "3 symbols .-_"
)
_TIER_GUIDE: Final = (
    "For more information, see "
    "https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-advanced-parameters.html"
)


def check_name(name: str, caller: Caller) -> ParameterName:
    """Return a name that a new parameter may have.

    Raises:
        ServiceError: It may not.
    """
    if name.startswith("arn:"):
        raise validation_error("Parameter name must not be an ARN.")
    try:
        checked = ParameterName(name.strip())
        ParameterArn(partition="aws", region=caller.region, account=caller.account, name=checked).check_length()
    except ParameterNameError as error:
        raise _name_refusal(name.strip()) from error
    return checked


def _name_refusal(name: str) -> ServiceError:
    """Return AWS's words for a name that core refuses."""
    if not name:
        return validation_error(
            "1 validation error detected: Value '' at 'name' failed to satisfy constraint: "
            "Member must have length greater than or equal to 1."
        )
    start = name.lower()
    if start.startswith("/aws"):
        return ServiceError("AccessDeniedException", f"No access to reserved parameter name: {name}.")
    if start.startswith(("aws", "ssm")):
        return validation_error('Parameter name: can\'t be prefixed with "aws" or "ssm" (case-insensitive).')
    if "/" in name and not name.startswith("/"):
        return validation_error("Parameter name must be a fully qualified name.")
    if name.removeprefix("/").count("/") + 1 > MAX_NAME_LEVELS:
        return ServiceError(
            "HierarchyLevelLimitExceededException",
            f"A hierarchy can have a maximum of {MAX_NAME_LEVELS} levels.",
        )
    return validation_error(_NAME_SHAPE)


def check_path(path: str) -> None:
    """Refuse a path that no hierarchy can have.

    Raises:
        ServiceError: It cannot.
    """
    if not re.fullmatch(r"/|(/[A-Za-z0-9_.\-]+)+/?", path):
        raise validation_error(
            "The parameter doesn't meet the parameter name requirements. The parameter name must begin with a forward "
            'slash "/". It can\'t be prefixed with "aws" or "ssm" (case-insensitive). It must use only letters, '
            "numbers, or the following symbols: . (period), - (hyphen), _ (underscore). Special characters are not "
            'allowed. All sub-paths, if specified, must use the forward slash symbol "/". Valid example: '
            "/get/parameters2-/by1./path0_."
        )


def check_lengths(payload: Payload) -> None:
    """Refuse a field that is too long, or a KeyId of impossible characters.

    Raises:
        ServiceError: One is.
    """
    for field, limit in _MAX_CHARS.items():
        if len(payload.text(field) or "") > limit:
            raise _constraint(field, f"Member must have length less than or equal to {limit}")
    key_id = payload.text("KeyId")
    if key_id is not None and not _KEY_ID.fullmatch(key_id):
        raise _constraint("KeyId", f"Member must satisfy regular expression pattern: ^({_KEY_ID.pattern})$")


def check_type(wanted: str | None, existing: str | None) -> str:
    """Return the type that a parameter will have.

    Raises:
        ServiceError: None was given for a new one, it is unknown, or it would change.
    """
    if wanted is None:
        if existing is None:
            raise validation_error("A parameter type is required when you create a parameter.")
        return existing
    if wanted not in _TYPES:
        raise _constraint("Type", "Member must satisfy enum value set: [SecureString, StringList, String]")
    if existing is not None and wanted != existing:
        # Reports from accounts differ; this is what the API reference says.
        raise ServiceError(
            "HierarchyTypeMismatchException",
            f"Parameter Store doesn't support changing a parameter type in a hierarchy, from {existing} to {wanted}.",
        )
    return wanted


def check_data_type(data_type: str | None) -> str:
    """Return the data type that a parameter will have.

    Raises:
        ServiceError: It is unknown.
    """
    if data_type and data_type not in _DATA_TYPES:
        raise validation_error(
            f"The following data type is not supported: {data_type} (Data type names are all lowercase.)"
        )
    return data_type or "text"


def check_value(value: str, *, tier: Tier) -> None:
    """Refuse a value that is empty, refers to another parameter, or is too long for its tier.

    Raises:
        ServiceError: It is.
    """
    if not value:
        raise validation_error(
            "1 validation error detected: Value '' at 'value' failed to satisfy constraint: "
            "Member must have length greater than or equal to 1."
        )
    if _REFERENCE.search(value):
        raise validation_error('Parameter value can\'t nest another parameter. Do not use "{{}}" in the value.')
    # AWS speaks of characters; KMS counts bytes. For text outside ASCII the stricter of the two holds here.
    limit = tier.max_value_bytes
    if len(value.encode("utf-8", errors="surrogatepass")) <= limit:
        return
    if tier is Tier.STANDARD:
        raise validation_error(
            f"Standard tier parameters support a maximum parameter value of {limit} characters. To create a larger "
            f"parameter value, upgrade the parameter to use the advanced-parameter tier. {_TIER_GUIDE}"
        )
    raise validation_error(
        f"Advanced tier parameters support a maximum parameter value of {limit} characters. {_TIER_GUIDE}"
    )


def check_pattern(pattern: str, value: str) -> None:
    """Refuse a value that does not match the allowed pattern.

    Raises:
        ServiceError: It does not, or the pattern is no regular expression.
    """
    if not pattern:
        return
    try:
        # Not `re`: a pattern that backtracks without end would stop the engine for everybody.
        matches = regex.fullmatch(pattern, value, timeout=_PATTERN_SECONDS)
    except (regex.error, RecursionError, OverflowError) as error:
        raise ServiceError("InvalidAllowedPatternException", f"Invalid allowed pattern: {pattern}") from error
    except TimeoutError as error:
        raise ServiceError(
            "InvalidAllowedPatternException", f"The allowed pattern takes too long to match: {pattern}"
        ) from error
    if not matches:
        raise ServiceError(
            "ParameterPatternMismatchException",
            f"Parameter value, cannot be validated against allowedPattern: {pattern}",
        )


def effective_tier(
    wanted: str | None,
    *,
    default: str,
    existing: str | None,
    value: str,
    has_policies: bool,
    data_type: str,
) -> Tier:
    """Return the tier that a parameter will have: standard or advanced, never the word for letting AWS choose.

    Raises:
        ServiceError: The tier is unknown, or an advanced parameter would become standard.
    """
    if wanted is not None and wanted not in set(Tier):
        raise _constraint("Tier", f"Member must satisfy enum value set: [{', '.join(Tier)}]")
    tier = Tier(wanted or default)
    if existing == Tier.ADVANCED:
        if wanted == Tier.STANDARD:
            raise validation_error(
                "This parameter uses the advanced-parameter tier. You can't downgrade a parameter from the "
                "advanced-parameter tier to the standard-parameter tier. If necessary, you can delete the advanced "
                "parameter and recreate it as a standard parameter. Be aware that standard parameters have a value "
                f"limit of {Tier.STANDARD.max_value_bytes} characters."
            )
        return Tier.ADVANCED
    if tier is not Tier.INTELLIGENT_TIERING:
        return tier
    too_long = len(value.encode("utf-8", errors="surrogatepass")) > Tier.STANDARD.max_value_bytes
    needs_advanced = too_long or has_policies or data_type in ADVANCED_DATA_TYPES
    return Tier.ADVANCED if needs_advanced else Tier.STANDARD


def check_tags(tags: dict[str, str], *, by_service: bool = False) -> None:
    """Refuse tags that no parameter can have. Only a service, such as CloudFormation, may set those of AWS.

    Raises:
        ServiceError: One is too long or has impossible characters, or there are too many.
    """
    if len(tags) > MAX_TAGS:
        raise ServiceError("TooManyTagsError", f"A parameter can have at most {MAX_TAGS} tags.")
    for key, value in tags.items():
        if not 1 <= len(key) <= MAX_TAG_KEY_CHARS or not _TAG.fullmatch(key):
            raise _constraint("tags", f"key must be 1 to {MAX_TAG_KEY_CHARS} of the allowed characters")
        if len(value) > MAX_TAG_VALUE_CHARS or not _TAG.fullmatch(value):
            raise _constraint("tags", f"value must be at most {MAX_TAG_VALUE_CHARS} of the allowed characters")
        if key.lower().startswith("aws:") and not by_service:
            raise validation_error("Tag keys starting with aws: are reserved for AWS.")


def page_size(payload: Payload, *, default: int, maximum: int) -> int:
    """Return how many results a page has.

    Raises:
        ServiceError: The request asks for none, or for too many.
    """
    size = payload.integer("MaxResults")
    if size is None:
        return default
    if not 1 <= size <= maximum:
        raise _constraint("MaxResults", f"Member must have value between 1 and {maximum}")
    return size


def _constraint(field: str, constraint: str) -> ServiceError:
    name = field[:1].lower() + field[1:]
    return validation_error(
        f"1 validation error detected: Value at '{name}' failed to satisfy constraint: {constraint}"
    )
