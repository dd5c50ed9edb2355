"""What a rule is, what it looks at, and what it reports."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum


class Severity(Enum):
    """How bad a finding is."""

    ERROR = "error"
    """It exposes a value, has no effect, or is refused by AWS."""
    WARNING = "warning"
    """It allows more than somebody who reads it would think."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """One resource of a template, with its references resolved as far as they can be.

    Args:
        stack: Name of its stack.
        logical_id: Its logical id.
        type: Its type: ``AWS::IAM::Policy``.
        properties: Its properties. A leaf is a text, a number, a boolean or an ``Unknown``. Not in its ``repr``: a
            value in a template may be secret.
        written: Its properties as they are in the template, with their functions. Default: they have none.
        path: Its construct path. Default: not known.
        arn: Its ARN, or what stands for it. Default: not known.
        parameter_keys: ARNs of the keys of the same templates that are known to encrypt parameters.
        other_keys: ARNs of those that are known to be for something else, at least as well.
    """

    stack: str
    logical_id: str
    type: str
    properties: Mapping[str, object] = field(hash=False, repr=False)
    written: Mapping[str, object] | None = field(default=None, hash=False, repr=False)
    path: str = ""
    arn: str = ""
    parameter_keys: frozenset[str] = frozenset()
    other_keys: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One place where a rule is broken.

    Args:
        location: Where, within the resource: ``Properties/PolicyDocument/Statement/2/Resource``.
        text: What is wrong there; it never repeats a value that may be secret.
    """

    location: str
    text: str


Check = Callable[[Resource], Iterator[Problem]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """Something that is wrong whichever way the rest of the app is.

    Args:
        rule_id: Its id: ``decrypt-without-context``.
        severity: How bad a finding is.
        title: What it finds.
        reason: Why that is wrong.
        fix: What to write instead.
        source: Page of AWS's documentation that the reason is from.
        check: Finds the places in one resource.
    """

    rule_id: str
    severity: Severity
    title: str
    reason: str
    fix: str
    source: str
    check: Check = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A rule that a resource breaks.

    Args:
        rule: The rule.
        resource: The resource.
        problem: The place, and what is wrong there.
    """

    rule: Rule
    resource: Resource
    problem: Problem

    def __str__(self) -> str:
        """Return it in one line."""
        place = self.resource.path or f"{self.resource.stack}/{self.resource.logical_id}"
        return f"{place}: {self.rule.rule_id} at {self.problem.location}: {self.problem.text}"


def rule(
    rule_id: str, severity: Severity, *, title: str, reason: str, fix: str, source: str
) -> Callable[[Check], Rule]:
    """Make a rule of the function that finds its places."""

    def made(check: Check) -> Rule:
        return Rule(rule_id=rule_id, severity=severity, title=title, reason=reason, fix=fix, source=source, check=check)

    return made
