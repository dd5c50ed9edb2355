"""What AWS's refusals mean, in words that say what to do. Each is translated once, here."""

from dataclasses import dataclass
from typing import Final

from botocore.exceptions import BotoCoreError, ClientError

from ssm_securestring.core.errors import LifecycleError

ACCESS_DENIED: Final = ("AccessDeniedException", "AccessDenied")
ALREADY_EXISTS: Final = "ParameterAlreadyExists"
# ListTagsForResource has a code of its own for a parameter that does not exist.
NOT_FOUND: Final = ("ParameterNotFound", "InvalidResourceId")
TOO_MANY_UPDATES: Final = "TooManyUpdates"
PATTERN_MISMATCH: Final = "ParameterPatternMismatchException"
WRONG_CIPHERTEXT: Final = "InvalidCiphertextException"
_VALIDATION: Final = "ValidationException"
_QUOTED_CHARS: Final = 700


class AwsRefusalError(LifecycleError):
    """AWS refused a call.

    Attributes:
        code: Error code of the service.
    """

    def __init__(self, name: str, *, problem: str, fix: str, code: str) -> None:
        """Say which parameter it is about, what was refused and why, then what to do."""
        super().__init__(name, problem=problem, fix=fix)
        self.code = code


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One API operation, and the permissions that it needs.

    Args:
        name: The API's name.
        permissions: What to say when it is refused.
    """

    name: str
    permissions: str


GET: Final = Operation(name="GetParameter", permissions="ssm:GetParameter on the parameter and kms:Decrypt on its key")
HISTORY: Final = Operation(name="GetParameterHistory", permissions="ssm:GetParameterHistory on the parameter")
PUT: Final = Operation(
    name="PutParameter",
    permissions=(
        "ssm:PutParameter and ssm:AddTagsToResource on the parameter, and on its key kms:Encrypt (standard tier) "
        "or kms:GenerateDataKey (advanced tier)"
    ),
)
ADD_TAGS: Final = Operation(name="AddTagsToResource", permissions="ssm:AddTagsToResource on the parameter")
REMOVE_TAGS: Final = Operation(name="RemoveTagsFromResource", permissions="ssm:RemoveTagsFromResource on the parameter")
LIST_TAGS: Final = Operation(name="ListTagsForResource", permissions="ssm:ListTagsForResource on the parameter")
DELETE: Final = Operation(name="DeleteParameter", permissions="ssm:DeleteParameter on the parameter")
GET_SECRET: Final = Operation(
    name="GetSecretValue",
    permissions="secretsmanager:GetSecretValue on the secret, and kms:Decrypt on its key if it has one of its own",
)
GET_COPIED: Final = Operation(
    name="GetParameter",
    permissions="ssm:GetParameter on the parameter that the value is copied from, and kms:Decrypt on its key",
)
UNSEAL: Final = Operation(
    name="Decrypt",
    permissions=(
        "kms:Decrypt on the key that its value was sealed with, whose policy must delegate to IAM (what was sealed in "
        "another account does not open in this one: seal it again)"
    ),
)
DESCRIBE_STACKS: Final = Operation(name="DescribeStacks", permissions="cloudformation:DescribeStacks on the stack")

_TRY_LATER: Final = "Deploy again in a few minutes"
_MEANINGS: Final = {
    TOO_MANY_UPDATES: ("somebody else is changing it at the same time", _TRY_LATER),
    "ThrottlingException": (
        "Parameter Store refuses the rate of calls, after all retries",
        f"{_TRY_LATER}, or switch on higher throughput in Parameter Store's settings",
    ),
    "ParameterLimitExceeded": (
        "this account has as many parameters in this Region as it may",
        "Delete some, ask for a higher quota, or use another tier, which is counted on its own",
    ),
    "ParameterMaxVersionLimitExceeded": (
        "its oldest version carries a label, so Parameter Store can drop no version for a new one",
        "Move that label to a newer version",
    ),
    "HierarchyTypeMismatchException": (
        "it exists with another type, and Parameter Store cannot change that",
        "Delete it, or use another name",
    ),
    PATTERN_MISMATCH: (
        "its value does not match its allowed pattern",
        "Let allowed_pattern admit it, or let its source give another one; set it anew if people set it",
    ),
    "InvalidAllowedPatternException": (
        "its allowed pattern is no regular expression that Parameter Store understands",
        "Correct allowed_pattern",
    ),
    "ResourceNotFoundException": (
        "the secret that its value comes from does not exist, or has no current version",
        "Create it and give it a value first, or correct its ARN",
    ),
    "ParameterNotFound": (
        "the parameter, the version of it, or the one that its value is copied from does not exist",
        "Create the one to copy from first; if a version is missing, deploy again",
    ),
    WRONG_CIPHERTEXT: (
        "its sealed value does not open: it was sealed for another name, Region or account, or is damaged or not whole",
        "Seal it again with `ssm-securestring seal`, for this very name, in this account and Region",
    ),
    "IncorrectKeyException": (
        "its sealed value does not open with the declared key",
        "Declare the key that it was sealed with, or seal it again",
    ),
    "DecryptionFailure": (
        "the secret that its value comes from cannot be decrypted",
        "Check that the KMS key of the secret is enabled",
    ),
    "InvalidRequestException": (
        "the secret that its value comes from cannot be read, it may be marked for deletion",
        "Restore the secret",
    ),
}


def code_of(error: ClientError) -> str:
    """Return the service's error code."""
    return str(error.response.get("Error", {}).get("Code", "Unknown"))


def may_hold_value(error: BotoCoreError | ClientError) -> bool:
    """Return whether the text of an error may repeat a value that was sent."""
    return not isinstance(error, ClientError) or code_of(error) in (_VALIDATION, PATTERN_MISMATCH)


def explain(name: str, operation: Operation, error: BotoCoreError | ClientError) -> AwsRefusalError:
    """Translate a refusal of AWS, or the lack of an answer."""
    if not isinstance(error, ClientError):
        kind = type(error).__name__
        return AwsRefusalError(
            name,
            problem=f"{operation.name} got no answer ({kind})",
            fix="If the function runs in a VPC, give it a way to the service, a VPC endpoint for example",
            code=kind,
        )
    code = code_of(error)
    problem, fix = _meaning(operation, code, error)
    return AwsRefusalError(name, problem=problem, fix=fix, code=code)


def _meaning(operation: Operation, code: str, error: ClientError) -> tuple[str, str]:
    # The messages of these two name principals, actions and keys. No other one is repeated: that of a
    # ValidationException, for example, may quote the value that was refused.
    if code in ACCESS_DENIED:
        return (
            f"{operation.name} is refused: {_message(error)[:_QUOTED_CHARS]}",
            f"The function's role needs {operation.permissions}; the key's policy must admit it too",
        )
    if code == "InvalidKeyId":
        return (
            f"its KMS key cannot be used: {_message(error)[:_QUOTED_CHARS]}",
            "Enable the key, cancel its deletion, or name a symmetric key of this account and Region",
        )
    if code in _MEANINGS:
        return _MEANINGS[code]
    request_id = error.response.get("ResponseMetadata", {}).get("RequestId", "unknown")
    return (
        f"{operation.name} failed with {code}, AWS request {request_id}",
        "Look the code up in the API reference of the operation",
    )


def is_downgrade(error: BotoCoreError | ClientError) -> bool:
    """Return whether Parameter Store refused to make a standard parameter of an advanced one."""
    return isinstance(error, ClientError) and code_of(error) == _VALIDATION and "downgrade" in _message(error)


def _message(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Message", ""))
