"""Credentials that need no AWS SDK: from the environment, and from the endpoints of ECS, EKS, SnapStart and EC2.

Everything else (profiles, SSO, web identity) is botocore's business.

Source:
    https://docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html
"""

import os
import time
from collections.abc import Callable, Mapping
from typing import Final, final

from ssm_securestring.runtime.calls import NoAnswerError

# AWS SDKs and Tools Reference Guide, "Container credential provider".
_RELATIVE_URI: Final = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"
_FULL_URI: Final = "AWS_CONTAINER_CREDENTIALS_FULL_URI"
_NEED_BOTOCORE: Final = (
    *("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_WEB_IDENTITY_TOKEN_FILE"),
    *("AWS_CREDENTIAL_FILE", "BOTO_CONFIG"),
)
_ECS_HOST: Final = "169.254.170.2"
_PLAIN_HTTP_HOSTS: Final = frozenset({_ECS_HOST, "169.254.170.23", "fd00:ec2::23", "localhost", "127.0.0.1", "::1"})
_TIMEOUT_SECONDS: Final = 2.0
_MAX_ANSWER_BYTES: Final = 64 * 1024
# New ones are there some time before the old ones end; botocore asks that early, too.
_RENEW_SECONDS: Final = 300


@final
class Credentials:
    """Who signs.

    Attributes:
        access_key: Access key id.
        secret_key: Secret access key.
        session_token: Session token; empty for long-term credentials.
        expires_at: Wall-clock second of their end. ``None`` if not known.
    """

    __slots__ = ("access_key", "expires_at", "secret_key", "session_token")

    def __init__(
        self, access_key: str, secret_key: str, session_token: str = "", expires_at: float | None = None
    ) -> None:
        """Keep them."""
        self.access_key = access_key
        self.secret_key = secret_key
        self.session_token = session_token
        self.expires_at = expires_at

    def __repr__(self) -> str:
        """Show nothing of the secret parts."""
        return f"Credentials({self.access_key!r}, ***)"


CredentialsSource = Callable[[], Credentials]


def find(environment: Mapping[str, str]) -> CredentialsSource | None:
    """Return where to get credentials without an AWS SDK; ``None`` if one is needed.

    The order is botocore's: the environment, then everything that files and web identities offer, then the container's,
    then the instance's.
    """
    if environment.get("AWS_ACCESS_KEY_ID"):
        return lambda: from_environment(environment)
    if any(environment.get(name) for name in _NEED_BOTOCORE) or _has_files(environment):
        return None
    if environment.get(_RELATIVE_URI) or environment.get(_FULL_URI):
        return ContainerCredentials(environment)
    if environment.get("AWS_EC2_METADATA_DISABLED", "").lower() == "true":
        return None
    from ssm_securestring.runtime.instance import InstanceCredentials

    return InstanceCredentials(environment)


def from_environment(environment: Mapping[str, str]) -> Credentials:
    """Read them anew for each call, so that a process that renews them there is followed.

    Raises:
        NoAnswerError: One of the two keys is missing.
    """
    access_key, secret_key = environment.get("AWS_ACCESS_KEY_ID"), environment.get("AWS_SECRET_ACCESS_KEY")
    if not access_key or not secret_key:
        raise NoAnswerError("AWS_ACCESS_KEY_ID or AWS_SECRET_ACCESS_KEY is not set", credentials=True)
    return Credentials(access_key, secret_key, environment.get("AWS_SESSION_TOKEN", ""))


def _has_files(environment: Mapping[str, str]) -> bool:
    named = (("AWS_CONFIG_FILE", "~/.aws/config"), ("AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials"))
    return any(os.path.isfile(os.path.expanduser(environment.get(name) or usual)) for name, usual in named)  # noqa: PTH111, PTH113 - pathlib is slow to import


class ContainerCredentials:
    """Credentials of an ECS task, an EKS pod or a restored Lambda function, renewed before they end.

    Args:
        environment: Environment variables that say where to ask and with which token.
    """

    def __init__(self, environment: Mapping[str, str]) -> None:
        """Remember where to ask; nothing is asked yet."""
        self._environment = environment
        self._current: Credentials | None = None

    def __call__(self) -> Credentials:
        """Return credentials that are good for some minutes.

        Raises:
            NoAnswerError: The endpoint does not answer, or not with credentials.
        """
        now = time.time()
        current = self._current
        if current is None or (current.expires_at is not None and now > current.expires_at - _RENEW_SECONDS):
            try:
                self._current = current = self._ask()
            except NoAnswerError:
                # The old ones may last until the endpoint is back.
                if current is None or current.expires_at is None or now >= current.expires_at:
                    raise
        return current

    def forget(self) -> None:
        """Ask again next time."""
        self._current = None

    def _ask(self) -> Credentials:
        from http.client import HTTPConnection, HTTPException, HTTPSConnection
        from urllib.parse import urlsplit

        relative = self._environment.get(_RELATIVE_URI)
        url = urlsplit(f"http://{_ECS_HOST}{relative}" if relative else self._environment[_FULL_URI])
        host = url.hostname or ""
        if url.scheme != "https" and host not in _PLAIN_HTTP_HOSTS:
            raise NoAnswerError(f"{_FULL_URI} is not https and not of this machine", credentials=True)
        kind = HTTPSConnection if url.scheme == "https" else HTTPConnection
        connection = kind(host, url.port, timeout=_TIMEOUT_SECONDS)
        try:
            target = f"{url.path or '/'}?{url.query}" if url.query else url.path or "/"
            connection.request("GET", target, headers={"Accept": "application/json", **self._token()})
            response = connection.getresponse()
            body, status = response.read(_MAX_ANSWER_BYTES), response.status
        except (OSError, HTTPException) as error:
            raise NoAnswerError(f"the container's credentials: {type(error).__name__}", credentials=True) from None
        finally:
            connection.close()
        return read_credentials(status, body, of="the container's credentials")

    def _token(self) -> dict[str, str]:
        path = self._environment.get("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE")
        if path:
            with open(path, encoding="utf-8") as file:  # noqa: PTH123 - pathlib is slow to import
                token = file.read().strip()
        else:
            token = self._environment.get("AWS_CONTAINER_AUTHORIZATION_TOKEN", "")
        if "\r" in token or "\n" in token:
            raise NoAnswerError("the container's authorization token has several lines", credentials=True)
        return {"Authorization": token} if token else {}


def read_credentials(status: int, body: bytes, *, of: str) -> Credentials:
    """Read what an endpoint answers.

    Args:
        status: The answer's status.
        body: Its body.
        of: What they are, for the error.

    Raises:
        NoAnswerError: It holds no credentials. Nothing of it is in the error.
    """
    import json
    from datetime import datetime

    problem = f"{of}: status {status}"
    try:
        if status == 200:  # noqa: PLR2004 - HTTP's OK
            fields = json.loads(body)
            expires = fields.get("Expiration")
            return Credentials(
                fields["AccessKeyId"],
                fields["SecretAccessKey"],
                fields.get("Token") or "",
                datetime.fromisoformat(expires).timestamp() if expires else None,
            )
    except (ValueError, KeyError, TypeError, AttributeError):
        problem = f"{of}: malformed answer"
    # Outside of the except block: the error would take the answer along, which holds the keys.
    raise NoAnswerError(problem, credentials=True)
