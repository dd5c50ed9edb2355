"""How a statement comes out for a request, element by element, for people."""

from dataclasses import dataclass

from ssm_securestring.iam.compiled import context_of
from ssm_securestring.iam.conditions import holds
from ssm_securestring.iam.model import Condition, Request, Statement, Text, Unknown
from ssm_securestring.iam.patterns import Texts
from ssm_securestring.iam.principals import Named, named
from ssm_securestring.iam.variables import filled_in


@dataclass(frozen=True, slots=True, kw_only=True)
class Element:
    """One element of a statement.

    Args:
        name: ``Action``, ``Resource``, ``Principal`` or ``Condition``.
        holds: Whether it matches; ``None``: that is not known.
        text: What is compared with what, for people.
        condition: The condition.
        value: What the request has for its key.
    """

    name: str
    holds: bool | None
    text: str
    condition: Condition | None = None
    value: str | tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a statement comes out.

    Args:
        statement: The statement.
        elements: Its elements.
    """

    statement: Statement
    elements: tuple[Element, ...]

    @property
    def applies(self) -> bool | None:
        """Whether it applies; ``None``: that is not known."""
        outcomes = {each.holds for each in self.elements}
        if False in outcomes:
            return False
        return None if None in outcomes else True


def outcome_of(statement: Statement, request: Request) -> Outcome:
    """Return how a statement comes out for a request."""
    context = context_of(request)
    actions = Texts(statement.actions, lower=True).match(request.action.lower())
    filled = (
        filled_in(each, context) if statement.variables and isinstance(each, str) else each
        for each in statement.resources
    )
    resources = Texts(each for each in filled if each is not None).match(request.resource)
    elements = [
        _element("Action", actions, statement.actions, request.action, negated=statement.not_actions),
        _element("Resource", resources, statement.resources, request.resource, negated=statement.not_resources),
    ]
    if statement.principals is not None:
        elements.append(_principal(statement, request))
    for condition in statement.conditions:
        value = context.get(condition.key.lower())
        wanted = f"{condition.operator} {condition.key}: {_said(condition.values)}"
        has = "has none" if value is None else f"has {value}"
        elements.append(
            Element(
                name="Condition",
                holds=holds(condition, context, variables=statement.variables),
                text=f"{wanted}; the request {has}",
                condition=condition,
                value=value,
            )
        )
    return Outcome(statement=statement, elements=tuple(elements))


def _element(name: str, found: bool | None, texts: tuple[Text, ...], has: str, *, negated: bool) -> Element:  # noqa: FBT001 - what was found
    outcome = not found if negated and found is not None else found
    return Element(
        name=name, holds=outcome, text=f"{'Not' if negated else ''}{name}: {_said(texts)}; the request has {has}"
    )


def _principal(statement: Statement, request: Request) -> Element:
    closeness = named(statement, request.caller)
    outcome = {Named.NOT: False, Named.PERHAPS: None}.get(closeness, True)
    texts = tuple(text for each in (statement.principals or {}).values() for text in each)
    name = "NotPrincipal" if statement.not_principals else "Principal"
    text = f"{name}: {_said(texts)}; the request is of {request.caller.arn}"
    return Element(name="Principal", holds=outcome, text=text)


def _said(texts: tuple[Text, ...]) -> str:
    return ", ".join(each if isinstance(each, str) else _unknown(each) for each in texts)


def _unknown(text: Unknown) -> str:
    return f"something like {text.pattern} ({text.reason})"
