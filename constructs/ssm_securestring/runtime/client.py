"""Calls through boto3: with a client that was handed in, or when credentials need it (profiles, SSO, web identity)."""

import logging
from base64 import b64decode, b64encode
from collections.abc import Mapping
from typing import Any, Final

from ssm_securestring.runtime.calls import Answer, NoAnswerError, ServiceRefusalError

_METHODS: Final = {
    "GetParameter": "get_parameter",
    "GetParameters": "get_parameters",
    "GetParametersByPath": "get_parameters_by_path",
    "DescribeParameters": "describe_parameters",
    "PutParameter": "put_parameter",
    "Decrypt": "decrypt",
}
_WITHOUT_CREDENTIALS: Final = frozenset(
    {
        *("NoCredentialsError", "PartialCredentialsError", "CredentialRetrievalError", "ProfileNotFound"),
        *("TokenRetrievalError", "SSOTokenLoadError", "UnauthorizedSSOTokenError", "LoginRefreshRequired"),
    }
)


class Boto3Transport:
    """Calls one service through a boto3 client.

    botocore logs request and response bodies at level DEBUG, values included; those lines are dropped from here on.

    Args:
        client: The client, which has its own retries.
    """

    def __init__(self, client: Any) -> None:  # noqa: ANN401 - of Systems Manager or KMS, and neither at run time
        """Keep the client."""
        self._client = client
        logging.getLogger("botocore.parsers").addFilter(_drops_bodies)
        logging.getLogger("botocore.endpoint").addFilter(_drops_bodies)

    def call(self, operation: str, request: Mapping[str, object]) -> Answer:
        """Call an operation; bytes go in and out as base64, as on the wire.

        Raises:
            ServiceRefusalError: The service answered with an error.
            NoAnswerError: It could not be asked, or did not answer.
        """
        from botocore.exceptions import BotoCoreError, ClientError

        if "CiphertextBlob" in request:
            request = {**request, "CiphertextBlob": b64decode(str(request["CiphertextBlob"]))}
        try:
            data = getattr(self._client, _METHODS[operation])(**request)
        except ClientError as error:
            said, meta = error.response["Error"], error.response["ResponseMetadata"]
            raise ServiceRefusalError(
                said["Code"],
                said.get("Message", ""),
                request_id=meta.get("RequestId"),
                status=meta.get("HTTPStatusCode", 0),
            ) from error
        except BotoCoreError as error:
            kind = type(error).__name__
            raise NoAnswerError(kind, credentials=kind in _WITHOUT_CREDENTIALS) from error
        if isinstance(data.get("Plaintext"), bytes):
            data["Plaintext"] = b64encode(data["Plaintext"]).decode()
        return Answer(data, data["ResponseMetadata"].get("RequestId", ""))

    def reset(self) -> None:
        """Drop connections; botocore makes new ones and renews credentials by itself."""
        self._client.close()


def make_client(service: str, *, region: str | None, seconds: float) -> Any:  # noqa: ANN401 - of one service or the other
    """Make a boto3 client with botocore's search for credentials.

    Args:
        service: ``ssm`` or ``kms``.
        region: Region. Default: that of the profile.
        seconds: How long one attempt may take.

    Raises:
        NoAnswerError: boto3 is not installed, or has no Region.
    """
    try:
        import boto3
        from botocore.config import Config
        from botocore.exceptions import BotoCoreError
    except ImportError as error:
        reason = "no credentials in the environment, and boto3, which looks for others, is not installed"
        raise NoAnswerError(reason, credentials=True) from error
    config = Config(
        retries={"mode": "standard", "total_max_attempts": 5}, connect_timeout=min(seconds, 3), read_timeout=seconds
    )
    make: Any = boto3.Session().client
    try:
        return make(service, region_name=region, config=config)
    except BotoCoreError as error:
        kind = type(error).__name__
        raise NoAnswerError(kind, credentials=kind in _WITHOUT_CREDENTIALS) from error


def _drops_bodies(record: logging.LogRecord) -> bool:
    return not str(record.msg).startswith(("Response body", "Making request for", "Sending http request"))
