"""How a statement of a resource's policy names a caller.

Source:
    IAM User Guide, "AWS JSON policy elements: Principal" and "NotPrincipal".
"""

from enum import IntEnum

from ssm_securestring.iam.model import Caller, Statement, Text, Unknown
from ssm_securestring.iam.patterns import matches


class Named(IntEnum):
    """How closely a statement names a caller; the closest counts."""

    NOT = 0
    PERHAPS = 1
    """By a text that is not known."""
    BY_ACCOUNT = 2
    """By its account, which leaves the rest to the policies of the caller."""
    BY_ROLE = 3
    """By its role, or as everybody: sessions remain limited by boundaries and session policies."""
    ITSELF = 4
    """As the user, the session, the root user or the service that it is."""


def named(statement: Statement, caller: Caller) -> Named:
    """Return how closely a statement names a caller."""
    found = max((_named(kind, text, caller) for kind, text in _principals(statement)), default=Named.NOT)
    if not statement.not_principals or found is Named.PERHAPS:
        return found
    return Named.BY_ROLE if found is Named.NOT else Named.NOT


def _principals(statement: Statement) -> list[tuple[str, Text]]:
    return [(kind, text) for kind, texts in (statement.principals or {}).items() for text in texts]


def _named(kind: str, text: Text, caller: Caller) -> Named:
    if isinstance(text, Unknown):
        own = (caller.arn, caller.session_arn or caller.arn, caller.account)
        return Named.PERHAPS if any(matches(text.pattern, each) for each in own) else Named.NOT
    if kind not in {"*", "AWS"}:
        return Named.ITSELF if text == caller.arn else Named.NOT
    if text == "*":
        return Named.BY_ROLE
    if text == caller.arn:
        return Named.BY_ROLE if ":role/" in text else Named.ITSELF
    if text == caller.session_arn:
        return Named.ITSELF
    return Named.BY_ACCOUNT if _account(text) == caller.account else Named.NOT


def _account(text: str) -> str | None:
    """Return the account that a principal names as a whole: by its number, or as its root."""
    if text.isdigit():
        return text
    return text.split(":")[4] if text.endswith(":root") and text.count(":") == 5 else None  # noqa: PLR2004 - an ARN's
