"""Every mutation of a good template changes it, and the rules find those that they can find alone."""

import copy
from collections.abc import Mapping
from typing import Any

import pytest

from ssm_securestring.iam.assembly import from_templates
from ssm_securestring.iam.rules import RULES
from ssm_securestring.iam.rules.reading import report_on
from tests.iam.good_app import STACK, templates
from tests.iam.mutations import EXTRA, MISSING, MUTATIONS, OPEN, Mutation


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The templates of the good app, synthesized once."""
    return templates(tmp_path_factory.mktemp("cdk.out"))


def findings_of(stacks: Mapping[str, Any]) -> list[str]:
    """Return what is found in templates: the ids of rules.

    The kinds of findings that a proof makes belong here, too, as soon as there is one; then ``expected`` returns both.
    """
    return sorted({each.rule.rule_id for each in report_on(from_templates(stacks)).findings})


def expected(mutation: Mutation) -> list[str]:
    """Return what has to be found."""
    return sorted(mutation.rules)


def changed(good: Mapping[str, Any], mutation: Mutation) -> dict[str, Any]:
    """Return the good templates after a mutation."""
    stacks = copy.deepcopy(dict(good))
    mutation.change(stacks[STACK])
    return stacks


def test_nothing_is_found_in_the_good_app(good: dict[str, Any]) -> None:
    """What is found in a mutation is due to it."""
    assert findings_of(good) == []


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda each: each.name)
def test_a_mutation_changes_the_template(good: dict[str, Any], mutation: Mutation) -> None:
    """It is not the good one that is examined."""
    before = copy.deepcopy(good)

    assert changed(good, mutation) != good
    assert good == before


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda each: each.name)
def test_a_mutation_is_found(good: dict[str, Any], mutation: Mutation) -> None:
    """Exactly what the table says, and nothing that is only near it."""
    assert findings_of(changed(good, mutation)) == expected(mutation)


def test_the_table_is_long_and_names_what_there_is() -> None:
    """Each has a name of its own, and expects something that can be found."""
    names = [each.name for each in MUTATIONS]

    assert len(names) == len(set(names)) >= 25
    assert {kind for each in MUTATIONS for kind in each.proof} == {EXTRA, MISSING, OPEN}
    assert {rule for each in MUTATIONS for rule in each.rules} <= {each.rule_id for each in RULES}
    assert [each.name for each in MUTATIONS if not each.proof and not each.rules] == []
