"""What a refusal of Parameter Store or KMS means. Each is translated here, once."""

import re
from typing import Final

from ssm_securestring.core import errors
from ssm_securestring.runtime.calls import NoAnswerError, ServiceRefusalError

_Meaning = tuple[type[errors.ParameterReadError], str, str]

# Systems Manager returns both a refusal by IAM and one by KMS as AccessDeniedException; only the text tells which.
# These patterns are compiled when something fails, and not in the way of the first value.
_ACTION: Final = r"not authorized to perform: (?P<action>[a-z]+:\w+)(?: on resource: (?P<resource>\S+))?"
_ANY_KMS: Final = r"(?i)\bkms\b|ciphertext"
# Parameter Store wraps an error of KMS: (Service: AWSKMS; Status Code: 400; Error Code: DisabledException; ...).
_WRAPPED: Final = r"(?i)Service: A?W?S?Kms;.*?Error Code: (?P<code>\w+)"
# KMS Developer Guide, "Troubleshooting KMS key issues in Parameter Store"; the texts are those of KMS.
_KEY_STATES: Final = (
    (
        "is disabled",
        errors.ParameterKeyDisabledError,
        "its KMS key is disabled",
        "Enable the key with kms:EnableKey and ask again.",
    ),
    (
        "pending deletion",
        errors.ParameterKeyPendingDeletionError,
        "its KMS key is pending deletion",
        "Cancel the deletion with kms:CancelKeyDeletion, enable the key, and ask again.",
    ),
    (
        "pending import",
        errors.ParameterKeyPendingImportError,
        "its KMS key has no key material yet (pending import)",
        "Import the key material and ask again.",
    ),
    (
        "does not exist",
        errors.ParameterKeyNotFoundError,
        "its KMS key does not exist",
        "If the key was deleted, the value is lost; store it again under another key.",
    ),
)
_FOREIGN_CIPHERTEXT: Final = frozenset({"InvalidCiphertextException", "IncorrectKeyException"})
_FOREIGN: Final[_Meaning] = (
    errors.ParameterContextError,
    "what is stored cannot be decrypted as this parameter (other PARAMETER_ARN, other key, or damaged)",
    "Decrypt it as the parameter it was encrypted for, under that key; or store the value again.",
)
_KEY_CODES: Final = frozenset({"DisabledException", "KMSInvalidStateException", "NotFoundException"})
_THROTTLED: Final[_Meaning] = (
    errors.ParameterThrottledError,
    "Parameter Store refused the call because of its rate",
    "Ask for several names at once with get_many, or raise the throughput setting of the account.",
)
_THROTTLES: Final = frozenset(
    {"ThrottlingException", "Throttling", "ThrottledException", "TooManyRequestsException", "RequestLimitExceeded"}
)
_EXPIRED: Final = frozenset({"ExpiredTokenException", "ExpiredToken", "RequestExpired"})
_UNKNOWN_CREDENTIALS: Final = frozenset(
    {
        *("UnrecognizedClientException", "InvalidClientTokenId", "IncompleteSignature"),
        *("InvalidSignatureException", "SignatureDoesNotMatch", "MissingAuthenticationToken"),
    }
)
_BROKEN_SERVICE: Final = frozenset({"InternalServerError", "InternalFailure", "ServiceUnavailable"})
_BY_CODE: Final[dict[str, _Meaning]] = {
    "ParameterNotFound": (
        errors.ParameterNotFoundError,
        "not found in this account and Region",
        "Check the name (it is case-sensitive), the Region and the account.",
    ),
    "ParameterVersionNotFound": (
        errors.ParameterVersionNotFoundError,
        "has no such version or label",
        "Look at its versions with ssm:GetParameterHistory; the oldest go when there are more than a hundred.",
    ),
    "EncryptionSdkMissing": (
        errors.ParameterReadError,
        "is an advanced parameter, and the AWS Encryption SDK is not installed",
        'Install "ssm-securestring[direct]", or let Parameter Store decrypt.',
    ),
    "TooManyUpdates": (
        errors.ParameterThrottledError,
        "somebody else changes it at this moment",
        "Try again.",
    ),
    **dict.fromkeys(_THROTTLES, _THROTTLED),
    **dict.fromkeys(
        _EXPIRED,
        (
            errors.ParameterCredentialsError,
            "the credentials have expired",
            "Log in again, or renew the session; then ask again.",
        ),
    ),
    **dict.fromkeys(
        _UNKNOWN_CREDENTIALS,
        (
            errors.ParameterCredentialsError,
            "AWS does not accept the credentials",
            "Check access key, session token and this machine's clock.",
        ),
    ),
}
_GRANTS: Final = {"ssm:PutParameter": "grant_write", "ssm:DescribeParameters": "grant_read_metadata"}
_ON_KEY: Final = {"ssm:PutParameter": "kms:Encrypt (standard tier) or kms:GenerateDataKey (advanced tier)"}
_SERVER_ERROR: Final = 500
_NO_ANSWER: Final = "NoAnswer"
_NO_CREDENTIALS: Final = "NoCredentials"


def from_refusal(
    name: str, refusal: ServiceRefusalError, *, action: str = "ssm:GetParameter"
) -> errors.ParameterReadError:
    """Return what a refusal of one parameter means and what to do about it.

    Args:
        name: Name or ARN as the caller asked for it.
        refusal: The refusal. Its text is that of AWS and holds no value.
        action: What was asked for; it is denied if a denial does not say which action is.
    """
    kind, problem, fix = _meaning(refusal, action)
    error = kind(name, problem=problem, fix=fix, code=refusal.code, request_id=refusal.request_id)
    error.__cause__ = refusal.__cause__ or refusal
    return error


def missing(name: str, request_id: str | None = None) -> errors.ParameterNotFoundError:
    """Return the error for a name that Parameter Store does not know."""
    _, problem, fix = _BY_CODE["ParameterNotFound"]
    return errors.ParameterNotFoundError(
        name, problem=problem, fix=fix, code="ParameterNotFound", request_id=request_id
    )


def from_no_answer(name: str, failure: NoAnswerError) -> errors.ParameterReadError:
    """Return the error for a call that got no answer: no network, no credentials, no Region."""
    error: errors.ParameterReadError
    if failure.credentials:
        error = errors.ParameterCredentialsError(
            name,
            problem=f"no credentials to ask with ({failure.reason})",
            fix="Log in, choose a profile, or give the process a role; then ask again.",
            code=_NO_CREDENTIALS,
        )
    else:
        error = errors.ParameterUnreachableError(
            name,
            problem=f"Parameter Store could not be asked ({failure.reason})",
            fix="Check credentials, Region and network, then ask again.",
            code=_NO_ANSWER,
        )
    error.__cause__ = failure.__cause__ or failure
    return error


def is_passing(error: errors.ParameterReadError) -> bool:
    """Tell whether a failure says nothing about the parameter, so that the last good value may be used meanwhile.

    A denial, a missing parameter and a key that cannot be used are definite: revocation must win.
    """
    kinds = (errors.ParameterThrottledError, errors.ParameterUnreachableError)
    return isinstance(error, kinds) or error.code in _EXPIRED | _BROKEN_SERVICE | {_NO_CREDENTIALS}


def concerns_one(refusal: ServiceRefusalError) -> bool:
    """Tell whether a call for several names may have failed because of one of them, so that asking singly helps."""
    if refusal.code in _THROTTLES | _EXPIRED | _UNKNOWN_CREDENTIALS | _BROKEN_SERVICE:
        return False
    return refusal.status < _SERVER_ERROR


def _meaning(refusal: ServiceRefusalError, action: str) -> _Meaning:
    code, text = refusal.code, refusal.text
    if code in _BY_CODE:
        return _BY_CODE[code]
    if code == "AccessDeniedException":
        return errors.ParameterAccessDeniedError, *_denial(text, action)
    wrapped = re.search(_WRAPPED, text)
    kms_code = wrapped["code"] if wrapped else code
    if kms_code in _FOREIGN_CIPHERTEXT:
        return _FOREIGN
    if code == "InvalidKeyId" or kms_code in _KEY_CODES:
        return _key_trouble(text)
    if code in _BROKEN_SERVICE or refusal.status >= _SERVER_ERROR:
        fix = "Ask again later; if it stays so, see the AWS Health Dashboard."
        return errors.ParameterUnreachableError, f"Parameter Store failed ({code})", fix
    return errors.ParameterReadError, f"Parameter Store answered {code}", "See the SSM API reference for this code."


def _denial(text: str, asked: str) -> tuple[str, str]:
    found = re.search(_ACTION, text)
    if found:
        action, resource = found["action"], found["resource"] or "the resource"
    else:
        action = _ON_KEY.get(asked, "kms:Decrypt") if re.search(_ANY_KMS, text) else asked
        resource = "its KMS key" if action.startswith("kms:") else "it"
    grant = _GRANTS.get(asked, "grant_read")
    fix = f"Grant {action} on {resource} to this principal; {grant}() of the construct does."
    if action.startswith("kms:"):
        fix += " If it is granted, look at its conditions (PARAMETER_ARN, kms:ViaService) and at the key policy."
    return f"{action} is denied", fix


def _key_trouble(text: str) -> _Meaning:
    for sign, kind, problem, fix in _KEY_STATES:
        if sign in text:
            return kind, problem, fix
    return errors.ParameterKeyError, "its KMS key cannot be used", "Look at the key's state with kms:DescribeKey."
