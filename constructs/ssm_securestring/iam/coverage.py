"""Finds among many grants those that a request is covered by, without looking at each."""

from collections import defaultdict
from collections.abc import Iterable
from itertools import chain
from typing import ClassVar

from ssm_securestring.iam.allowances import CONTEXT, VIA_SERVICE, Allowance
from ssm_securestring.iam.model import Request
from ssm_securestring.iam.witnesses import is_literal


class Coverage:
    """What one principal was granted.

    Args:
        allowances: Its grants.
    """

    KEYS: ClassVar[tuple[str, str]] = (CONTEXT, VIA_SERVICE)

    def __init__(self, allowances: Iterable[Allowance]) -> None:
        """Sort them by what they are about."""
        self._by_subject: defaultdict[tuple[str, str | None], list[Allowance]] = defaultdict(list)
        self._by_action: defaultdict[str, list[Allowance]] = defaultdict(list)
        for allowance in allowances:
            for action in allowance.actions:
                self._by_subject[action, _subject(allowance)].append(allowance)
                self._by_action[action].append(allowance)

    def covering(self, request: Request) -> list[Allowance]:
        """Return the grants that cover a request."""
        context = request.context.get(CONTEXT)
        subjects: dict[str | None, None] = dict.fromkeys((request.resource, None))
        if isinstance(context, str):
            # Of a grant that is about a key as a whole, or about another pair of the context, it is not the subject.
            subjects[context] = None
        near = chain.from_iterable(self._by_subject.get((request.action, each), ()) for each in subjects)
        return [each for each in near if each.covers(request)]

    def subjects(self) -> set[str]:
        """Return the parameters and patterns that anything was granted on."""
        return {_subject_text(each) for allowances in self._by_action.values() for each in allowances}

    def resources(self, action: str) -> set[str]:
        """Return the resources that an action was granted on: ARNs and patterns."""
        return {each.resource for each in self._by_action.get(action, ())}

    def contexts(self, action: str, *, key_arn: str) -> set[str]:
        """Return the encryption contexts that an action was granted for with a key: ARNs and patterns."""
        about = (each for each in self._by_action.get(action, ()) if each.resource == key_arn)
        return {each.context[CONTEXT] for each in about if CONTEXT in each.context}

    def values(self, action: str, key: str) -> set[str]:
        """Return what grants of an action demand of a condition key."""
        return {each.context[key] for each in self._by_action.get(action, ()) if key in each.context}

    def further_keys(self, action: str, *, key_arn: str) -> set[str]:
        """Return the condition keys, save those in :attr:`KEYS`, of which grants of an action with a key demand."""
        about = (each for each in self._by_action.get(action, ()) if each.resource == key_arn)
        return {key for each in about for key in each.context if key not in self.KEYS}

    def grants(self, action: str) -> bool:
        """Return whether an action was granted at all."""
        return action in self._by_action


def _subject(allowance: Allowance) -> str | None:
    """Return the one parameter or resource that it is about; ``None``: several."""
    subject = _subject_text(allowance)
    return subject if is_literal(subject) else None


def _subject_text(allowance: Allowance) -> str:
    return allowance.context.get(CONTEXT, allowance.resource)
