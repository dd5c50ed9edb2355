"""Our signatures against botocore's."""

import datetime as dt
from unittest import mock

import botocore.auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotocoreCredentials
from hypothesis import given, settings
from hypothesis import strategies as st

from ssm_securestring.runtime.credentials import Credentials
from ssm_securestring.runtime.signing import Scope, signed_headers

TEXT = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=40)
TOKEN = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=60)
HEADER = st.from_regex(r"X-[A-Za-z0-9-]{1,20}", fullmatch=True).filter(
    lambda name: not name.lower().startswith("x-amz")
)
SEGMENT = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="/?#\\"), min_size=1, max_size=8)
PATH = st.lists(SEGMENT.filter(lambda part: part.strip(".") != ""), max_size=3).map(lambda parts: "/" + "/".join(parts))


def by_botocore(
    headers: dict[str, str], body: bytes, *, path: str, scope: Scope, keys: BotocoreCredentials, at: dt.datetime
) -> str:
    """Let botocore sign the same request."""
    request = AWSRequest("POST", f"https://{headers['Host']}{path}", headers=headers, data=body)
    request.context["timestamp"] = at.strftime("%Y%m%dT%H%M%SZ")
    with mock.patch.object(botocore.auth, "get_current_datetime", return_value=at):
        botocore.auth.SigV4Auth(keys, scope.service, scope.region).add_auth(request)
    signature: str = request.headers["Authorization"]
    return signature


@settings(max_examples=300, deadline=None)
@given(
    more=st.dictionaries(HEADER, TEXT, max_size=4),
    body=st.binary(max_size=300),
    path=PATH,
    scope=st.builds(Scope, st.sampled_from(["eu-west-1", "cn-north-1"]), st.sampled_from(["ssm", "kms"])),
    keys=st.tuples(TOKEN, TOKEN, st.none() | TOKEN),
    at=st.datetimes(dt.datetime(2020, 1, 1), dt.datetime(2099, 1, 1)),  # noqa: DTZ001 - botocore's are so
)
def test_a_signature_equals_botocores(
    *,
    more: dict[str, str],
    body: bytes,
    path: str,
    scope: Scope,
    keys: tuple[str, str, str | None],
    at: dt.datetime,
) -> None:
    """Byte for byte, for any headers, path, body, keys and time."""
    headers = {"Host": "ssm.example.com", **{name.lower(): text for name, text in more.items()}}

    ours = signed_headers(
        headers,
        body,
        path=path,
        scope=scope,
        credentials=Credentials(keys[0], keys[1], keys[2] or ""),
        timestamp=at.strftime("%Y%m%dT%H%M%SZ"),
    )

    assert ours["Authorization"] == by_botocore(
        headers, body, path=path, scope=scope, keys=BotocoreCredentials(*keys), at=at
    )
