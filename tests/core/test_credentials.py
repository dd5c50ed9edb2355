"""What looks like a secret is told from what is only named like one."""

import hashlib
import secrets
import string
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssm_securestring.core.credentials import is_placeholder, known_form, looks_random, names_a_secret


@pytest.mark.parametrize(
    ("value", "form"),
    [
        ("id AKIAIOSFODNN7EXAMPLE", "an AWS access key id"),
        ("-----BEGIN PRIVATE KEY-----\nMIIE", "a private key"),
        ("-----BEGIN OPENSSH PRIVATE KEY-----\nb3Bl", "a private key"),
        (f"ghp_{'a1B2' * 9}", "a GitHub token"),
        (f"glpat-{'x' * 20}", "a GitLab token"),
        (f"AIza{'y' * 35}", "a Google API key"),
        (f"npm_{'z' * 36}", "an npm token"),
        ("xoxb-1234567890-abc", "a Slack token"),
        (f"sk_live_{'1' * 24}", "a Stripe key"),
        (f"eyJ{'a' * 12}.eyJ{'b' * 12}.{'c' * 12}", "a JSON Web Token"),
        ("postgres://shop:hunter2@db.example/shop", "a password in a URL"),
    ],
)
def test_a_published_form_is_known(value: str, form: str) -> None:
    """Whatever it is called."""
    assert known_form(value) == form


@pytest.mark.parametrize(
    "value",
    [
        "https://example.com/path?a=b@c",
        "-----BEGIN CERTIFICATE-----\nMIIE",
        "-----BEGIN PUBLIC KEY-----\nMIIE",
        "postgres://shop:{{resolve:secretsmanager:shop}}@db.example/shop",
        "postgres://shop@db.example/shop",
        "AKIA",
        "",
    ],
)
def test_what_is_no_secret_has_no_form(value: str) -> None:
    """Public halves, references and addresses."""
    assert known_form(value) is None


@pytest.mark.parametrize(
    "name",
    [
        "DB_PASSWORD",
        "dbPassword",
        "/shop/db/password",
        "ApiKey",
        "api-key",
        "APIKEY",
        "STRIPE_SECRET",
        "authToken",
        "AWS_SECRET_ACCESS_KEY",
        "privateKey",
        "signing.key",
        "DB_PASSWORD2",
        "DB_PASSWORD_PROD",
        "SECRET_KEY_BASE",
        "credentials",
    ],
)
def test_a_name_that_means_a_secret(name: str) -> None:
    """In every way of writing."""
    assert names_a_secret(name)


@pytest.mark.parametrize(
    "name",
    [
        "DB_PASSWORD_PARAMETER",
        "SECRET_ARN",
        "tokenUrl",
        "PASSWORD_MIN_LENGTH",
        "SecretName",
        "API_KEY_ID",
        "KEY",
        "",
        "tokenizer",
        "secretary",
        "keyboard",
        "PASSWORD_PATH",
        "TOKEN_TTL_SECONDS",
        "PUBLIC_KEY",
        "CREDENTIALS_FILE",
        "PARAMETERS_SECRETS_EXTENSION_LOG_LEVEL",
        "PROD",
    ],
)
def test_a_name_that_is_only_about_one(name: str) -> None:
    """Where it is, how long it is, and words that merely contain it."""
    assert not names_a_secret(name)


@pytest.mark.parametrize(
    "value",
    [
        "",
        "  ",
        "0",
        "4096",
        "true",
        "None",
        "changeme",
        "CHANGE_ME",
        "<password>",
        "***",
        "xxxx",
        "a placeholder",
        "/shop/db/password",
        "arn:aws:ssm:eu-west-1:111122223333:parameter/shop",
        "{{resolve:ssm:/a}}",
        "alias/shop",
    ],
)
def test_a_value_that_stands_for_another(value: str) -> None:
    """References, numbers and what somebody is to replace."""
    assert is_placeholder(value)


def test_a_password_stands_for_nothing_else() -> None:
    """The check above can fail."""
    assert not is_placeholder("hunter2")


_LETTERS = string.ascii_letters + string.digits


@given(st.integers(min_value=40, max_value=200))
def test_random_letters_and_digits_look_random(length: int) -> None:
    """Keys and tokens as generators make them; the odds that one does not are far below one in a million."""
    value = "aZ0" + "".join(secrets.choice(_LETTERS) for _ in range(length))

    assert looks_random("SIGNING", value)


@given(st.binary())
def test_digests_and_identifiers_do_not(data: bytes) -> None:
    """Hexadecimal text has four bits in a character at most."""
    assert not looks_random("VALUE", hashlib.sha256(data).hexdigest())
    assert not looks_random("VALUE", str(uuid.UUID(bytes=hashlib.md5(data, usedforsecurity=False).digest())))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CERTIFICATE_HASH", "mN4vQ8rT2xY6zA0bC3dE7fG9hJ1kL5pS"),
        ("GREETING", "The quick brown Fox jumps over 13 lazy dogs"),
        ("CLASS", "com.example.shop.orders.OrdersFunctionHandler2"),
        ("LIST", "aaaaaaaaaaaaaaaaAAAAAAAAAAAAAAAA1111111111111111"),
        ("PATTERN", "abcABC123abcABC123abcABC123abcABC123"),
        ("BUCKET", "shop-parameters-assets-111122223333-eu-west-1"),
    ],
)
def test_other_long_texts_do_not(name: str, value: str) -> None:
    """Sentences, names and digests that say so."""
    assert not looks_random(name, value)
