"""Calls an AWS service with the standard library alone: signed JSON on a kept connection, retried until a deadline."""

import json
import os
import time
from collections.abc import Mapping
from typing import Final

from ssm_securestring.runtime.calls import Answer, NoAnswerError, ServiceRefusalError
from ssm_securestring.runtime.connections import Connections
from ssm_securestring.runtime.credentials import ContainerCredentials, CredentialsSource
from ssm_securestring.runtime.endpoints import endpoint
from ssm_securestring.runtime.exchange import Response
from ssm_securestring.runtime.signing import Scope, signed_headers

# The services' own prefixes of X-Amz-Target, from their API models.
_TARGETS: Final = {"ssm": "AmazonSSM", "kms": "TrentService"}
_FIRST_PAUSE_SECONDS: Final = 0.05
_LONGEST_PAUSE_SECONDS: Final = 2.0
_ATTEMPT_SECONDS: Final = 5.0
_RETRIED: Final = frozenset(
    {
        *(
            "ThrottlingException",
            "Throttling",
            "TooManyRequestsException",
            "RequestLimitExceeded",
            "ThrottledException",
        ),
        *("InternalServerError", "InternalFailure", "ServiceUnavailable", "KMSInternalException"),
        *("DependencyTimeoutException", "RequestTimeout", "RequestTimeoutException", "TooManyUpdates"),
    }
)
_EXPIRED: Final = frozenset({"ExpiredTokenException", "ExpiredToken", "RequestExpired"})
_SKEWED: Final = frozenset({"InvalidSignatureException", "RequestTimeTooSkewed", "SignatureDoesNotMatch"})
# Within this much a clock is right; the signature has another fault then.
_TOLERATED_SKEW_SECONDS: Final = 240
_OK: Final = 200
_SERVER_ERROR: Final = 500


class HttpTransport:
    """Calls one service in one Region.

    Args:
        service: ``ssm`` or ``kms``.
        region: Region, for example ``eu-west-1``.
        credentials: Where credentials come from.
        seconds: How long a call may take, all retries included.
        environment: Environment variables, for endpoint and proxies.
    """

    def __init__(
        self,
        service: str,
        *,
        region: str,
        credentials: CredentialsSource,
        seconds: float,
        environment: Mapping[str, str],
    ) -> None:
        """Find the endpoint; no connection is made yet."""
        self._target = _TARGETS[service]
        self._scope = Scope(region, service)
        self._credentials = credentials
        self._seconds = seconds
        self._connections = Connections(endpoint(service, region, environment), environment)
        self._clock_offset = 0.0

    def call(self, operation: str, request: Mapping[str, object]) -> Answer:
        """Call an operation; throttles, failures of the service and of the network are retried until the deadline.

        Raises:
            ServiceRefusalError: The service answered with an error.
            NoAnswerError: It did not answer in time.
        """
        body = json.dumps(request).encode()
        deadline = time.monotonic() + self._seconds
        ceiling = _FIRST_PAUSE_SECONDS
        renewed = False
        refusal: ServiceRefusalError | None = None
        while True:
            left = deadline - time.monotonic()
            failure = self._attempt(operation, body, min(left, _ATTEMPT_SECONDS))
            if isinstance(failure, Answer):
                return failure
            if isinstance(failure, ServiceRefusalError):
                refusal = failure
            if isinstance(failure, ServiceRefusalError) and not _is_passing(failure):
                if renewed or not self._renewed(failure):
                    raise failure
                renewed = True
                continue
            if isinstance(failure, NoAnswerError) and failure.credentials:
                raise failure
            # Full jitter: callers that were refused together do not come back together.
            pause = ceiling * int.from_bytes(os.urandom(2)) / 0x10000
            if pause >= deadline - time.monotonic():
                # What the service said tells more than that the last attempt ran out of time.
                raise refusal or failure
            time.sleep(pause)
            ceiling = min(ceiling * 2, _LONGEST_PAUSE_SECONDS)

    def reset(self) -> None:
        """Drop connections and credentials."""
        self._connections.abandon()
        self._clock_offset = 0.0
        if isinstance(self._credentials, ContainerCredentials):
            self._credentials.forget()

    def _attempt(self, operation: str, body: bytes, seconds: float) -> Answer | ServiceRefusalError | NoAnswerError:
        try:
            headers = {
                "Host": self._connections.host,
                "Content-Type": "application/x-amz-json-1.1",
                "X-Amz-Target": f"{self._target}.{operation}",
            }
            signed = signed_headers(
                headers,
                body,
                path=self._connections.path,
                scope=self._scope,
                credentials=self._credentials(),
                timestamp=time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(time.time() + self._clock_offset)),
            )
            raw = self._connections.post(signed, body, seconds=max(seconds, 0.001))
        except NoAnswerError as error:
            return error
        if raw.status != _OK:
            return self._refusal(raw)
        fields = _fields(raw.body)
        if fields is None:
            return NoAnswerError("malformed answer")
        return Answer(fields, raw.headers.get("x-amzn-requestid", ""))

    def _refusal(self, raw: Response) -> ServiceRefusalError:
        fields = _fields(raw.body) or {}
        code = str(fields.get("__type") or raw.headers.get("x-amzn-errortype") or f"Http{raw.status}")
        return ServiceRefusalError(
            code.split(":", maxsplit=1)[0].rsplit("#", maxsplit=1)[-1],
            str(fields.get("message") or fields.get("Message") or ""),
            request_id=raw.headers.get("x-amzn-requestid"),
            status=raw.status,
            date=raw.headers.get("date", ""),
        )

    def _renewed(self, refusal: ServiceRefusalError) -> bool:
        """Mend what can be mended on our side; tells whether another attempt is worth it."""
        if refusal.code in _EXPIRED:
            if isinstance(self._credentials, ContainerCredentials):
                self._credentials.forget()
            return True
        if refusal.code in _SKEWED:
            offset = _seconds_ahead(refusal.date)
            if abs(offset - self._clock_offset) > _TOLERATED_SKEW_SECONDS:
                self._clock_offset = offset
                return True
        return False


def _is_passing(refusal: ServiceRefusalError) -> bool:
    return refusal.code in _RETRIED or refusal.status >= _SERVER_ERROR


def _fields(body: bytes) -> dict[str, object] | None:
    """Return the fields of an answer; ``None`` if it is none, without an error that would hold it."""
    try:
        fields = json.loads(body.decode())
    except ValueError:
        return None
    return fields if isinstance(fields, dict) else None


def _seconds_ahead(date: str) -> float:
    """Return how far the service's clock is ahead of ours."""
    from email.utils import parsedate_to_datetime

    try:
        return parsedate_to_datetime(date).timestamp() - time.time()
    except ValueError:
        return 0.0
