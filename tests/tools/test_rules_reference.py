"""The reference of the rules is what the rules say today."""

from ssm_securestring.iam.rules import RULES
from tools.rules_reference import REFERENCE, reference


def test_the_reference_of_rules_is_current() -> None:
    """After a wanted change: ``python -m tools.rules_reference``, and look at the diff."""
    assert REFERENCE.read_text(encoding="utf-8") == reference()


def test_every_rule_is_in_the_reference() -> None:
    """Once in a table and once by itself."""
    text = reference()

    assert [each.rule_id for each in RULES if text.count(f"`{each.rule_id}`") < 2] == []
