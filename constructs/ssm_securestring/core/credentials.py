"""What secrets look like: names that people give them, and forms that are published so that scanners find them.

Source:
    IAM User Guide, "IAM identifiers", unique identifiers (access keys); RFC 7468 (PEM); RFC 7519 (JSON Web Token); the
    documentation of GitHub, GitLab, Google, npm, Slack and Stripe on their tokens.
"""

import math
import re
from collections import Counter
from typing import Final

_FORMS: Final = {
    "an AWS access key id": re.compile(r"\b(AKIA|ASIA)[A-Z2-7]{16}\b"),
    "a private key": re.compile(r"-----BEGIN ([A-Z]+ )*PRIVATE KEY-----"),
    "a GitHub token": re.compile(r"\b(gh[opsur]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{40,})"),
    "a GitLab token": re.compile(r"\bglpat-[A-Za-z0-9_-]{20,}"),
    "a Google API key": re.compile(r"\bAIza[A-Za-z0-9_-]{35}"),
    "an npm token": re.compile(r"\bnpm_[A-Za-z0-9]{36}\b"),
    "a Slack token": re.compile(r"\bxox[abeoprs]-[A-Za-z0-9-]{10,}"),
    "a Stripe key": re.compile(r"\b[rs]k_live_[A-Za-z0-9]{16,}"),
    "a JSON Web Token": re.compile(r"\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}"),
    "a password in a URL": re.compile(r"\b[a-z][a-z0-9+.-]*://[^/\s:@{}]+:[^/\s:@{}]+@[^/\s]"),
}
_WORD: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_SECRET_WORD: Final = re.compile(r"apikey|credentials?|passphrase|passwd|passwords?|pwd|secrets?|tokens?")
_SECRET_PAIRS: Final = frozenset(
    {("access", "key"), ("api", "key"), ("private", "key"), ("secret", "key"), ("signing", "key")}
)
# What may follow: DB_PASSWORD_PROD, TOKEN_VALUE. Anything else says what of it is meant: PASSWORD_LENGTH, TOKEN_URL.
_WHICH: Final = re.compile(
    r"base|current|default|dev|development|latest|live|new|old|plain|plaintext|previous|prod|production|staging|string|"
    r"test|text|value|\d+"
)
_REFERENCE: Final = re.compile(r"(arn:|/|\{\{|https?://|\$\{|s3://|alias/)")
_PLACEHOLDER: Final = re.compile(
    r"[\s\d.,]*|true|false|none|null|<.*>|\*+|x+|.*(change.?me|dummy|example|placeholder|redacted|replace|to.?do).*",
    re.IGNORECASE,
)
# Digests, identifiers and public halves are as random as secrets.
_PUBLIC: Final = re.compile(
    r"cert|certificate|checksum|digest|etag|fingerprint|hash|integrity|md|nonce|public|sha|signature|thumbprint"
)
_RANDOM: Final = re.compile(r"[A-Za-z0-9+/_-]{32,}={0,2}")
_RANDOM_BITS: Final = 4.2
"""Bits of each character; random letters and digits have 4.5 to 5 in 32 characters, hexadecimal ones 4 at most."""


def known_form(value: str) -> str | None:
    """Return what a text is by its published form: ``a private key``. ``None``: no form that is known here."""
    return next((what for what, form in _FORMS.items() if form.search(value)), None)


def names_a_secret(name: str) -> bool:
    """Tell whether somebody who gives this name means a secret, and not something about one.

    Args:
        name: Name of a parameter or variable, in any way of writing: ``/shop/db/password``, ``dbPassword``.
    """
    words = _words(name)
    while words and _WHICH.fullmatch(words[-1]):
        words.pop()
    return bool(words) and (tuple(words[-2:]) in _SECRET_PAIRS or _SECRET_WORD.fullmatch(words[-1]) is not None)


def is_placeholder(value: str) -> bool:
    """Tell whether a text refers to a value, or stands for one that is not there yet."""
    return bool(_REFERENCE.match(value) or _PLACEHOLDER.fullmatch(value))


def looks_random(name: str, value: str) -> bool:
    """Tell whether a text is as random as a key, and its name says nothing else."""
    if not _RANDOM.fullmatch(value) or any(map(_PUBLIC.fullmatch, _words(name))):
        return False
    kinds = (str.islower, str.isupper, str.isdigit)
    return all(any(map(kind, value)) for kind in kinds) and _bits(value) >= _RANDOM_BITS


def _words(name: str) -> list[str]:
    return [each.lower() for each in _WORD.findall(name)]


def _bits(value: str) -> float:
    counts = Counter(value).values()
    return -sum(count / len(value) * math.log2(count / len(value)) for count in counts)
