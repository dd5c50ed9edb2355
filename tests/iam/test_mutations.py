"""Every way to break a good template is found: by the proof, by a rule, or by both, as the table says."""

import copy
from collections.abc import Mapping
from typing import Any

import pytest

from ssm_securestring.iam.assembly import from_templates
from ssm_securestring.iam.outsiders import ADMINISTRATOR
from ssm_securestring.iam.proof import prove
from ssm_securestring.iam.reading import read_world
from ssm_securestring.iam.report import columns, describe
from ssm_securestring.iam.rules import RULES
from ssm_securestring.iam.rules.reading import report_on
from tests.iam.good_app import STACK, templates
from tests.iam.mutations import EXTRA, MISSING, MUTATIONS, OPEN, Mutation


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The templates of the good app, synthesized once."""
    return templates(tmp_path_factory.mktemp("cdk.out"))


class Judge:
    """Finds what is wrong with templates, beyond what is told of the good ones.

    Args:
        good: The good templates. Of those, the proof tells what a role is allowed that nobody granted, by design.
    """

    def __init__(self, good: Mapping[str, Any]) -> None:
        self._usual = self._told(good)

    def findings_of(self, stacks: Mapping[str, Any]) -> list[str]:
        """Return what is found: kinds of findings of the proof, and ids of rules."""
        told = self._told(stacks) - self._usual
        kinds = {OPEN if principal == ADMINISTRATOR else kind for kind, principal, *_ in told}
        rules = {each.rule.rule_id for each in report_on(from_templates(stacks)).findings}
        return sorted(kinds | rules)

    @staticmethod
    def _told(stacks: Mapping[str, Any]) -> set[tuple[str, str, str, tuple[str, ...], int]]:
        proof = prove(read_world(from_templates(stacks)), open_world=True)
        return {
            (each.kind.value, each.principal, each.action, tuple(map(describe, each.requests)), each.count)
            for each in proof.findings
        }


@pytest.fixture(scope="module")
def judge(good: dict[str, Any]) -> Judge:
    """The good templates proved, once."""
    return Judge(good)


@pytest.fixture(scope="module")
def found(judge: Judge, good: dict[str, Any]) -> dict[str, list[str]]:
    """What is found in each mutation, by its name."""
    return {each.name: judge.findings_of(changed(good, each)) for each in MUTATIONS}


def expected(mutation: Mutation) -> list[str]:
    """Return what has to be found."""
    return sorted([*mutation.proof, *mutation.rules])


def changed(good: Mapping[str, Any], mutation: Mutation) -> dict[str, Any]:
    """Return the good templates after a mutation."""
    stacks = copy.deepcopy(dict(good))
    mutation.change(stacks[STACK])
    return stacks


def test_nothing_is_found_in_the_good_app(judge: Judge, good: dict[str, Any]) -> None:
    """What is found in a mutation is due to it."""
    assert judge.findings_of(good) == []


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda each: each.name)
def test_a_mutation_changes_the_template(good: dict[str, Any], mutation: Mutation) -> None:
    """It is not the good one that is examined."""
    before = copy.deepcopy(good)

    assert changed(good, mutation) != good
    assert good == before


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda each: each.name)
def test_a_mutation_is_found(found: dict[str, list[str]], mutation: Mutation) -> None:
    """Exactly what the table says, and nothing that is only near it."""
    assert found[mutation.name] == expected(mutation)


def test_every_mutation_is_found(found: dict[str, list[str]]) -> None:
    """The table of all, by what finds each; ``pytest -s`` shows it."""
    print()
    print(columns(["what somebody did", "found"], [(name, ", ".join(each)) for name, each in found.items()]))
    caught = [name for name, each in found.items() if each]
    print(f"{len(caught)} of {len(MUTATIONS)} found")
    assert len(caught) == len(MUTATIONS)


def test_the_table_is_long_and_names_what_there_is() -> None:
    """Each has a name of its own, and expects something that can be found."""
    names = [each.name for each in MUTATIONS]

    assert len(names) == len(set(names)) >= 25
    assert {kind for each in MUTATIONS for kind in each.proof} == {EXTRA, MISSING, OPEN}
    assert {rule for each in MUTATIONS for rule in each.rules} <= {each.rule_id for each in RULES}
    assert [each.name for each in MUTATIONS if not each.proof and not each.rules] == []
