"""Credentials of an EC2 instance's role, from its metadata service, version 2 of it alone.

Version 1 answers whoever can make this machine send a request somewhere; version 2 wants a token first, and sends that
one hop far unless the instance is told otherwise. It is on wherever version 1 is.

Source:
    EC2 User Guide, "Use the Instance Metadata Service to access instance metadata" and "Retrieve security credentials
    from instance metadata"; AWS SDKs and Tools Reference Guide, "IMDS credential provider".
"""

from collections.abc import Mapping
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Final
from urllib.parse import SplitResult, quote, urlsplit

from ssm_securestring.runtime.calls import NoAnswerError
from ssm_securestring.runtime.credentials import ContainerCredentials, Credentials, read_credentials

_ENDPOINT: Final = "http://169.254.169.254"
_ENDPOINT_IPV6: Final = "http://[fd00:ec2::254]"
_TOKEN_PATH: Final = "/latest/api/token"  # noqa: S105 - where one is to be had
_ROLE_PATH: Final = "/latest/meta-data/iam/security-credentials/"
_TOKEN_LIFETIME: Final = {"x-aws-ec2-metadata-token-ttl-seconds": "21600"}
_TIMEOUT_SECONDS: Final = 1.0
_MAX_ANSWER_BYTES: Final = 64 * 1024
_OK: Final = 200


class InstanceCredentials(ContainerCredentials):
    """Credentials of an instance's role, renewed before they end.

    Args:
        environment: Environment variables: ``AWS_EC2_METADATA_SERVICE_ENDPOINT`` or, if that is not set,
            ``AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE`` (``IPv6``) say where to ask. Proxies are not for this.
    """

    def _ask(self) -> Credentials:
        endpoint = urlsplit(_endpoint(self._environment))
        base = endpoint.path.rstrip("/")
        connection = _connection(endpoint)
        try:
            token = _answer(connection, "PUT", base + _TOKEN_PATH, _TOKEN_LIFETIME)
            headers = {"x-aws-ec2-metadata-token": token.decode("ascii")}
            role = _answer(connection, "GET", base + _ROLE_PATH, headers).decode("ascii").strip()
            body = _answer(connection, "GET", base + _ROLE_PATH + quote(role), headers)
        except TimeoutError:
            reason = "did not answer in 1 s; in a container, raise the instance's hop limit to 2"
        except (OSError, HTTPException, ValueError) as error:
            reason = type(error).__name__
        else:
            return read_credentials(_OK, body, of="the instance's credentials")
        finally:
            connection.close()
        problem = f"none in the environment, in files or from a container, and the metadata service of EC2: {reason}"
        # Outside of the except block: an error may hold the token, or what was read so far.
        raise NoAnswerError(problem, credentials=True)


def _endpoint(environment: Mapping[str, str]) -> str:
    given = environment.get("AWS_EC2_METADATA_SERVICE_ENDPOINT")
    if given:
        return given
    is_ipv6 = environment.get("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "").lower() == "ipv6"
    return _ENDPOINT_IPV6 if is_ipv6 else _ENDPOINT


def _connection(url: SplitResult) -> HTTPConnection:
    if url.scheme not in {"http", "https"} or not url.hostname:
        raise NoAnswerError("AWS_EC2_METADATA_SERVICE_ENDPOINT is not the URL of an endpoint", credentials=True)
    kind = HTTPSConnection if url.scheme == "https" else HTTPConnection
    return kind(url.hostname, url.port, timeout=_TIMEOUT_SECONDS)


def _answer(connection: HTTPConnection, method: str, path: str, headers: Mapping[str, str]) -> bytes:
    connection.request(method, path, headers=dict(headers))
    with connection.getresponse() as response:
        body = response.read(_MAX_ANSWER_BYTES)
        if response.status == _OK and body:
            return body
        raise HTTPException(f"status {response.status}")
