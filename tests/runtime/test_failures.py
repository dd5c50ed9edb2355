"""What each refusal of Parameter Store and KMS becomes."""

import pytest

from ssm_securestring.core import errors
from ssm_securestring.runtime.calls import ServiceRefusalError
from ssm_securestring.runtime.failures import from_refusal

KEY = "arn:aws:kms:eu-west-1:111122223333:key/k"


def wrapped(code: str, text: str = "null") -> str:
    """Spell an error of KMS as Parameter Store wraps it."""
    return f"{text} (Service: AWSKMS; Status Code: 400; Error Code: {code}; Request ID: r; Proxy: null)"


@pytest.mark.parametrize(
    ("code", "text", "kind", "sentence"),
    [
        (
            "ParameterNotFound",
            "",
            errors.ParameterNotFoundError,
            "not found in this account and Region. Check the name",
        ),
        ("ParameterVersionNotFound", "", errors.ParameterVersionNotFoundError, "has no such version or label. Look"),
        (
            "ThrottlingException",
            "Rate exceeded",
            errors.ParameterThrottledError,
            "because of its rate. Ask for several",
        ),
        (
            "InvalidKeyId",
            wrapped("DisabledException", f"{KEY} is disabled."),
            errors.ParameterKeyDisabledError,
            "its KMS key is disabled. Enable the key",
        ),
        (
            "InvalidKeyId",
            wrapped("KMSInvalidStateException", f"{KEY} is pending deletion."),
            errors.ParameterKeyPendingDeletionError,
            "is pending deletion. Cancel the deletion",
        ),
        (
            "InvalidKeyId",
            wrapped("KMSInvalidStateException", f"{KEY} is pending import."),
            errors.ParameterKeyPendingImportError,
            "(pending import). Import the key material",
        ),
        (
            "InvalidKeyId",
            wrapped("NotFoundException", f"Key '{KEY}' does not exist"),
            errors.ParameterKeyNotFoundError,
            "its KMS key does not exist",
        ),
        ("InvalidKeyId", wrapped("Other"), errors.ParameterKeyError, "cannot be used. Look at the key's state"),
        ("InvalidKeyId", wrapped("InvalidCiphertextException"), errors.ParameterContextError, "other PARAMETER_ARN"),
        ("InvalidCiphertextException", "", errors.ParameterContextError, "other PARAMETER_ARN"),
        ("IncorrectKeyException", "", errors.ParameterContextError, "other key"),
        ("DisabledException", f"{KEY} is disabled.", errors.ParameterKeyDisabledError, "Enable the key"),
        (
            "AccessDeniedException",
            f"User: u is not authorized to perform: kms:Decrypt on resource: {KEY} because no policy allows",
            errors.ParameterAccessDeniedError,
            f"Grant kms:Decrypt on {KEY} to this principal",
        ),
        (
            "AccessDeniedException",
            wrapped("AccessDeniedException", "The ciphertext refers to a customer master key that does not exist"),
            errors.ParameterAccessDeniedError,
            "kms:Decrypt is denied",
        ),
        ("ExpiredTokenException", "", errors.ParameterCredentialsError, "have expired. Log in again"),
        ("UnrecognizedClientException", "", errors.ParameterCredentialsError, "does not accept the credentials"),
        ("InternalServerError", "", errors.ParameterUnreachableError, "failed (InternalServerError). Ask again later"),
        ("EncryptionSdkMissing", "", errors.ParameterReadError, 'Install "ssm-securestring[direct]"'),
        ("ValidationException", "", errors.ParameterReadError, "answered ValidationException"),
    ],
)
def test_a_refusal_becomes_an_error_with_its_fix(
    code: str, text: str, kind: type[errors.ParameterReadError], sentence: str
) -> None:
    """Exactly this class, with name, code, request id and cause on it."""
    refusal = ServiceRefusalError(code, text, request_id="r-1")
    error = from_refusal("/x", refusal)
    assert type(error) is kind
    assert sentence in str(error)
    assert str(error).startswith("parameter /x: ")
    assert (error.name, error.code, error.request_id, error.__cause__) == ("/x", code, "r-1", refusal)
    assert str(error) == f"parameter /x: {error.problem}. {error.fix}"


def test_a_copy_is_the_same_error_for_another_caller() -> None:
    """Another object, another name; class, text and cause stay."""
    error = from_refusal("/x", ServiceRefusalError("ParameterNotFound", "", request_id=None))
    copied = error.copy_for("x")
    assert copied is not error
    assert (type(copied), copied.name, copied.problem) == (type(error), "x", error.problem)
    assert copied.__cause__ is error.__cause__
