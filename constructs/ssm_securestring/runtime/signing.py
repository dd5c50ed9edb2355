"""AWS Signature Version 4, for requests without a query.

Source:
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

import hmac
from collections.abc import Mapping
from functools import lru_cache
from hashlib import sha256
from typing import Final, NamedTuple
from urllib.parse import quote

from ssm_securestring.runtime.credentials import Credentials

_ALGORITHM: Final = "AWS4-HMAC-SHA256"


class Scope(NamedTuple):
    """What a signature is good for.

    Args:
        region: Region, for example ``eu-west-1``.
        service: The service's name in signatures, for example ``ssm``.
    """

    region: str
    service: str


def signed_headers(
    headers: Mapping[str, str], body: bytes, *, path: str, scope: Scope, credentials: Credentials, timestamp: str
) -> dict[str, str]:
    """Return the headers of a POST request with date, session token and signature added.

    Args:
        headers: All headers to sign; ``Host`` must be among them.
        body: The request's body.
        path: Its path, not yet encoded.
        scope: Region and service.
        credentials: Who signs.
        timestamp: Now, in UTC, as ``20260131T235959Z``.
    """
    signed = {**headers, "X-Amz-Date": timestamp}
    if credentials.session_token:
        signed["X-Amz-Security-Token"] = credentials.session_token
    lines = sorted((name.lower(), " ".join(text.split())) for name, text in signed.items())
    names = ";".join([name for name, _ in lines])
    canonical = "\n".join(
        (
            "POST",
            quote(path, safe="/~"),
            "",
            *[f"{name}:{text}" for name, text in lines],
            "",
            names,
            sha256(body).hexdigest(),
        )
    )
    day = timestamp[:8]
    within = f"{day}/{scope.region}/{scope.service}/aws4_request"
    to_sign = f"{_ALGORITHM}\n{timestamp}\n{within}\n{sha256(canonical.encode()).hexdigest()}"
    signature = hmac.digest(_key(credentials.secret_key, day, scope), to_sign.encode(), "sha256").hex()
    signed["Authorization"] = (
        f"{_ALGORITHM} Credential={credentials.access_key}/{within}, SignedHeaders={names}, Signature={signature}"
    )
    return signed


# A key is good for a day, and one service needs one.
@lru_cache(maxsize=4)
def _key(secret_key: str, day: str, scope: Scope) -> bytes:
    key = f"AWS4{secret_key}".encode()
    for part in (day, scope.region, scope.service, "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return key
