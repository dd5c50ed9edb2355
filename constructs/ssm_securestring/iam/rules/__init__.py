"""Rules that a template is held against at synthesis, whichever constructs it was made with.

A rule reports what is wrong for certain. A value that is not known before the deployment breaks no rule by itself: it
is no wildcard, no literal and no alias, unless its pattern says that it cannot be anything else.
"""

from collections.abc import Iterable
from typing import Final

from ssm_securestring.iam.rules import access, arns, conditions, keys, literals
from ssm_securestring.iam.rules.rule import Finding, Problem, Resource, Rule, Severity

__all__ = ["RULES", "Finding", "Problem", "Resource", "Rule", "Severity", "check"]

RULES: Final[tuple[Rule, ...]] = tuple(
    each
    for module in (literals, access, arns, conditions, keys)
    for each in vars(module).values()
    if isinstance(each, Rule)
)


def check(resources: Iterable[Resource]) -> list[Finding]:
    """Hold resources against all rules.

    Returns:
        What they break: resource by resource, in the order of the rules.
    """
    return [
        Finding(rule=rule, resource=resource, problem=problem)
        for resource in resources
        for rule in RULES
        for problem in rule.check(resource)
    ]
