"""What a refusal of Parameter Store means. Each is translated here, once."""

import re
from typing import TYPE_CHECKING, Final

from ssm_securestring.core.errors import (
    ParameterAccessDeniedError,
    ParameterKeyError,
    ParameterNotFoundError,
    ParameterReadError,
    ParameterThrottledError,
)

if TYPE_CHECKING:
    from botocore.exceptions import BotoCoreError, ClientError

# Systems Manager returns both a refusal by IAM and one by KMS as AccessDeniedException; only the text tells which.
_ACTION: Final = re.compile(r"not authorized to perform: (?P<action>[a-z]+:\w+)(?: on resource: (?P<resource>\S+))?")
_ANY_KMS: Final = re.compile(r"\bkms\b|ciphertext", re.IGNORECASE)
# KMS Developer Guide, "Troubleshooting KMS key issues in Parameter Store"; the texts are those of KMS.
_KEY_STATES: Final = (
    ("is disabled", "its KMS key is disabled", "Enable the key with kms:EnableKey and ask again."),
    (
        "pending deletion",
        "its KMS key is pending deletion",
        "Cancel the deletion with kms:CancelKeyDeletion, enable the key, and ask again.",
    ),
    (
        "pending import",
        "its KMS key has no key material yet (pending import)",
        "Import the key material and ask again.",
    ),
    (
        "does not exist",
        "its KMS key does not exist",
        "If the key was deleted, the value is lost; store it again under another key.",
    ),
)
_THROTTLES: Final = frozenset({"ThrottlingException", "TooManyRequestsException", "RequestLimitExceeded"})
_NO_ANSWER: Final = "NoAnswer"


def from_client_error(name: str, error: "ClientError") -> ParameterReadError:
    """Return what a refusal of one parameter means and what to do about it.

    Args:
        name: Name or ARN as the caller asked for it.
        error: The refusal. Its text is that of AWS and holds no value.
    """
    code = error.response["Error"]["Code"]
    text = error.response["Error"].get("Message", "")
    request_id = error.response["ResponseMetadata"].get("RequestId")
    kind, problem, fix = _meaning(code, text)
    return kind(name, problem=problem, fix=fix, code=code, request_id=request_id)


def missing(name: str, request_id: str | None = None) -> ParameterNotFoundError:
    """Return the error for a name that Parameter Store does not know."""
    _, problem, fix = _meaning("ParameterNotFound", "")
    return ParameterNotFoundError(name, problem=problem, fix=fix, code="ParameterNotFound", request_id=request_id)


def from_no_answer(name: str, error: "BotoCoreError") -> ParameterReadError:
    """Return the error for a call that got no answer: no network, no credentials, no Region."""
    return ParameterReadError(
        name,
        problem=f"Parameter Store could not be asked ({type(error).__name__})",
        fix="Check credentials, Region and network, then ask again.",
        code=_NO_ANSWER,
    )


def _meaning(code: str, text: str) -> tuple[type[ParameterReadError], str, str]:
    if code == "ParameterNotFound":
        return (
            ParameterNotFoundError,
            "not found in this account and Region",
            "Check the name (it is case-sensitive), the Region and the account.",
        )
    if code in _THROTTLES:
        return (
            ParameterThrottledError,
            "Parameter Store refused the call because of its rate",
            "Ask for several names at once with get_many, or raise the throughput setting of the account.",
        )
    if code == "AccessDeniedException":
        return ParameterAccessDeniedError, *_denial(text)
    if code == "InvalidKeyId":
        return ParameterKeyError, *_key_trouble(text)
    return ParameterReadError, f"Parameter Store answered {code}", "See the SSM API reference for this code."


def _denial(text: str) -> tuple[str, str]:
    found = _ACTION.search(text)
    if found:
        action, resource = found["action"], found["resource"] or "the resource"
    else:
        action = "kms:Decrypt" if _ANY_KMS.search(text) else "ssm:GetParameter"
        resource = "its KMS key" if action.startswith("kms:") else "it"
    fix = f"Grant {action} on {resource} to this principal; grant_read() of the construct does."
    if action.startswith("kms:"):
        fix += " If it is granted, look at its conditions (PARAMETER_ARN, kms:ViaService) and at the key policy."
    return f"{action} is denied", fix


def _key_trouble(text: str) -> tuple[str, str]:
    for sign, problem, fix in _KEY_STATES:
        if sign in text:
            return problem, fix
    return "its KMS key cannot be used", "Look at the key's state with kms:DescribeKey."
