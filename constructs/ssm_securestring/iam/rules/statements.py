"""The statements of a template's resources, each with the place where it stands, and what they say for certain."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from ssm_securestring.core.encryption import CONTEXT_KEY
from ssm_securestring.core.errors import PolicyError
from ssm_securestring.iam.model import Condition, Effect, Statement, Text
from ssm_securestring.iam.patterns import matches, pattern_of
from ssm_securestring.iam.policy import parse_policy
from ssm_securestring.iam.rules.rule import Resource

_DOCUMENTS: Final[Mapping[str, str]] = {
    "AWS::IAM::GroupPolicy": "PolicyDocument",
    "AWS::IAM::ManagedPolicy": "PolicyDocument",
    "AWS::IAM::Policy": "PolicyDocument",
    "AWS::IAM::RolePolicy": "PolicyDocument",
    "AWS::IAM::UserPolicy": "PolicyDocument",
    "AWS::KMS::Key": "KeyPolicy",
    "AWS::KMS::ReplicaKey": "KeyPolicy",
}
_WITH_INLINE_POLICIES: Final = ("AWS::IAM::Group", "AWS::IAM::Role", "AWS::IAM::User")
_KEYS: Final = ("AWS::KMS::Key", "AWS::KMS::ReplicaKey")
CONTEXT_PREFIX: Final = "kms:encryptioncontext:"
CONTEXT: Final = f"{CONTEXT_PREFIX}{CONTEXT_KEY.lower()}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """A statement, and where it stands.

    Args:
        statement: The statement.
        location: Where, within its resource: ``Properties/PolicyDocument/Statement/2``.
        document: All statements of the same document.
        of_key: The document is the policy of a key.
    """

    statement: Statement
    location: str
    document: tuple[Statement, ...]
    of_key: bool

    @property
    def allows(self) -> bool:
        """Whether it is an ``Allow``."""
        return self.statement.effect is Effect.ALLOW

    def at(self, element: str) -> str:
        """Return where one of its elements stands."""
        return f"{self.location}/{element}"

    @property
    def resources_at(self) -> str:
        """Where its resources stand."""
        return self.at("NotResource" if self.statement.not_resources else "Resource")

    @property
    def actions_at(self) -> str:
        """Where its actions stand."""
        return self.at("NotAction" if self.statement.not_actions else "Action")


@lru_cache(maxsize=16)  # every rule asks for those of the same resource
def placed_statements(resource: Resource) -> tuple[Placed, ...]:
    """Return the statements of all policy documents of a resource."""
    return tuple(
        placed
        for location, document in documents(resource)
        for placed in _placed(document, location, of_key=resource.type in _KEYS)
    )


def documents(resource: Resource) -> Iterator[tuple[str, Mapping[str, object]]]:
    """Return the policy documents of a resource, and where each stands."""
    found = []
    if name := _DOCUMENTS.get(resource.type):
        found.append((f"Properties/{name}", resource.properties.get(name)))
    if resource.type in _WITH_INLINE_POLICIES:
        policies = resource.properties.get("Policies")
        for index, each in enumerate(policies if isinstance(policies, list) else []):
            document = each.get("PolicyDocument") if isinstance(each, Mapping) else None
            found.append((f"Properties/Policies/{index}/PolicyDocument", document))
    return ((location, document) for location, document in found if isinstance(document, Mapping))


def _placed(document: Mapping[str, object], location: str, *, of_key: bool) -> Iterator[Placed]:
    written = document.get("Statement")
    statements = {
        f"{location}/Statement/{index}" if isinstance(written, list) else f"{location}/Statement": statement
        for index, each in enumerate(written if isinstance(written, list) else [written])
        if (statement := _parsed(document, each)) is not None
    }
    for where, statement in statements.items():
        yield Placed(statement=statement, location=where, document=tuple(statements.values()), of_key=of_key)


def _parsed(document: Mapping[str, object], written: object) -> Statement | None:
    """Read one statement. ``None``: it is malformed, or not known in a place where nothing can be made of it."""
    try:
        return parse_policy({**document, "Statement": [written]}, place="").statements[0]
    except PolicyError:
        # IAM refuses it, so it opens nothing; and it must not hide what is wrong with the others.
        return None


def names_action(statement: Statement, action: str) -> Text | None:
    """Return the pattern by which a statement is about an action for certain, if it is."""
    hits = [each for each in statement.actions if matches(pattern_of(each).lower(), action.lower())]
    if statement.not_actions:
        return None if hits else "*"
    return next((each for each in hits if isinstance(each, str)), None)


def conditions_on(statement: Statement, *keys: str) -> list[Condition]:
    """Return the conditions whose key is one of these, or begins with it where it ends in a colon or a slash."""
    wanted = [each.lower() for each in keys]
    return [
        condition
        for condition in statement.conditions
        if any(
            condition.key.lower().startswith(each) if each[-1] in ":/" else condition.key.lower() == each
            for each in wanted
        )
    ]


def has_context(statement: Statement) -> bool:
    """Tell whether a statement has a condition on the encryption context, right or wrong."""
    return bool(conditions_on(statement, CONTEXT_PREFIX))


def is_through_other_services(statement: Statement) -> bool:
    """Tell whether a statement is bound to calls of services other than Parameter Store."""
    return any(
        all(isinstance(each, str) and not matches(each, "ssm.*") and not each.startswith("ssm") for each in via.values)
        for via in conditions_on(statement, "kms:ViaService")
        if "not" not in via.operator.lower()
    )


def operator_of(condition: Condition) -> tuple[str, str, bool]:
    """Return the set operator, the operator and whether ``IfExists`` follows, all lower case."""
    before, _, operator = condition.operator.lower().rpartition(":")
    return before, operator.removesuffix("ifexists"), operator.endswith("ifexists")


def is_parameter_key(resource: Resource) -> bool:
    """Tell whether a key is for parameters: one is under it, or its own policy names Parameter Store or its context."""
    if resource.type not in _KEYS:
        return False
    return resource.arn in resource.parameter_keys or any(
        conditions_on(placed.statement, CONTEXT)
        or any(
            isinstance(text, str) and text.startswith("ssm.")
            for via in conditions_on(placed.statement, "kms:ViaService")
            for text in via.values
        )
        for placed in placed_statements(resource)
    )
