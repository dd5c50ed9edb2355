"""Conditions: whether they hold for a request."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssm_securestring.iam.conditions import compile_condition, holds
from ssm_securestring.iam.model import Condition, Text, Unknown

Context = dict[str, str | tuple[str, ...]]
UNKNOWN = Unknown(place="Shop/Policy", reason="Fn::Cidr is not supported")
KEY_ARN = "arn:aws:kms:eu-west-1:111122223333:key/a"


def condition(operator: str, *values: Text, key: str = "k") -> Condition:
    """Spell a condition."""
    return Condition(operator=operator, key=key, values=values)


@pytest.mark.parametrize(
    ("operator", "values", "actual", "expected"),
    [
        ("StringEquals", ["a"], "a", True),
        ("StringEquals", ["a"], "A", False),
        ("StringEquals", ["a", "b"], "b", True),
        ("StringEquals", ["a*"], "ab", False),
        ("StringEquals", ["a*"], "a*", True),
        ("StringEquals", [""], "", True),
        ("StringNotEquals", ["a"], "b", True),
        ("StringNotEquals", ["a", "b"], "b", False),
        ("StringEqualsIgnoreCase", ["aB"], "Ab", True),
        ("StringNotEqualsIgnoreCase", ["aB"], "Ab", False),
        ("StringLike", ["a*"], "ab", True),
        ("StringLike", ["A*"], "ab", False),
        ("StringLike", ["a?"], "a", False),
        ("StringLike", ["x", "b*"], "bc", True),
        ("StringNotLike", ["a*", "b*"], "bc", False),
        ("StringNotLike", ["a*", "b*"], "c", True),
        ("ArnEquals", ["arn:aws:kms:*:111122223333:key/*"], KEY_ARN, True),
        ("ArnLike", ["arn:aws:kms:eu-west-?:*:key/a"], KEY_ARN, True),
        ("ArnLike", ["arn:aws:kms:*:key/a"], KEY_ARN, None),
        ("ArnLike", ["arn:aws:*:*:key/a:*"], KEY_ARN, False),
        ("ArnLike", ["arn:aws:k*:*:*:key/*"], "arn:aws:kms:a:b:c:key/a", False),
        ("ArnLike", ["arn:aws:*:*:*:key/*"], "arn:aws:kms:eu-west-1:111122223333:key/a:b", True),
        ("ArnLike", ["arn:aws:kms:*:*:KEY/*"], KEY_ARN, False),
        ("ArnNotLike", ["arn:aws:kms:*:*:key/*"], KEY_ARN, False),
        ("ArnNotEquals", ["arn:aws:kms:*:*:key/b"], KEY_ARN, True),
        ("ArnLike", ["*"], KEY_ARN, None),
        ("Bool", ["true"], "true", True),
        ("Bool", ["True"], "true", True),
        ("Bool", ["false"], "true", False),
        ("NumericEquals", ["10"], "1e1", True),
        ("NumericNotEquals", ["10"], "11", True),
        ("NumericNotEquals", ["10", "11"], "11", False),
        ("NumericLessThan", ["10"], "9.5", True),
        ("NumericLessThan", ["10"], "10", False),
        ("NumericLessThanEquals", ["10"], "10", True),
        ("NumericGreaterThan", ["10"], "10", False),
        ("NumericGreaterThanEquals", ["10"], "10", True),
        ("NumericGreaterThan", ["100", "5"], "10", True),
        ("NumericEquals", ["ten"], "10", None),
        ("NumericEquals", ["ten", "10"], "10", True),
        ("NumericEquals", ["10"], "ten", None),
        ("NumericNotEquals", ["10"], "ten", None),
        ("DateEquals", ["2026-01-01T00:00:00Z"], "1767225600", True),
        ("DateEquals", ["2026-01-01"], "2026-01-01T01:00:00+01:00", True),
        ("DateNotEquals", ["2026-01-01"], "2026-01-02", True),
        ("DateLessThan", ["2026-01-01T00:00:00Z"], "2025-12-31T23:59:59Z", True),
        ("DateLessThanEquals", ["2026-01-01"], "2026-01-01", True),
        ("DateGreaterThan", ["2026-01-01"], "2026-01-01", False),
        ("DateGreaterThanEquals", ["2026-01-01"], "2026-01-01", True),
        ("DateLessThan", ["soon"], "2026-01-01", None),
        ("IpAddress", ["10.0.0.0/8"], "10.1.2.3", True),
        ("IpAddress", ["10.0.0.7/8"], "10.1.2.3", True),
        ("IpAddress", ["192.0.2.7"], "192.0.2.7", True),
        ("IpAddress", ["192.0.2.7", "10.0.0.0/8"], "10.0.0.1", True),
        ("IpAddress", ["2001:db8::/32"], "2001:db8::1", True),
        ("IpAddress", ["0.0.0.0/0"], "2001:db8::1", False),
        ("NotIpAddress", ["10.0.0.0/8"], "10.1.2.3", False),
        ("NotIpAddress", ["10.0.0.0/8"], "192.0.2.7", True),
        ("IpAddress", ["here"], "10.1.2.3", None),
        ("BinaryEquals", ["QmluYXJ5"], "QmluYXJ5", True),
        ("BinaryEquals", ["QmluYXJ5"], "qmluyxj5", False),
        ("stringequals", ["a"], "a", True),
        ("StringEqualsIfExists", ["a"], "b", False),
    ],
)
def test_each_operator_compares_as_iam_documents(
    operator: str,
    values: list[str],
    actual: str,
    expected: bool | None,  # noqa: FBT001 - a table
) -> None:
    """One value has to fit; for a negated operator none may. What is malformed is not known."""
    assert holds(condition(operator, *values), {"k": actual}) is expected


@pytest.mark.parametrize(
    ("operator", "expected"),
    [
        *((f"{kind}Equals", False) for kind in ("String", "Numeric", "Date", "Arn", "Binary")),
        *((f"{kind}NotEquals", True) for kind in ("String", "Numeric", "Date", "Arn")),
        ("StringLike", False),
        ("StringNotLike", True),
        ("ArnNotLike", True),
        ("Bool", False),
        ("IpAddress", False),
        ("NotIpAddress", True),
        ("NumericLessThan", False),
        ("DateGreaterThan", False),
        ("StringEqualsIfExists", True),
        ("StringNotEqualsIfExists", True),
        ("BoolIfExists", True),
        ("ArnLikeIfExists", True),
        ("NumericLessThanIfExists", True),
        ("ForAllValues:StringEquals", True),
        ("ForAllValues:StringNotEquals", True),
        ("ForAllValues:StringEqualsIfExists", True),
        ("ForAnyValue:StringEquals", False),
        ("ForAnyValue:StringNotEquals", False),
        ("ForAnyValue:StringEqualsIfExists", None),
    ],
)
@pytest.mark.parametrize("context", [{}, {"k": ()}], ids=["absent", "empty"])
def test_a_missing_key_fails_affirmative_operators_and_satisfies_negated_ones(
    operator: str,
    expected: bool | None,  # noqa: FBT001 - a table
    context: Context,
) -> None:
    """An empty list is as good as no key; what ForAnyValue and IfExists do together is not documented."""
    assert holds(condition(operator, "1"), context) is expected


@pytest.mark.parametrize(
    ("operator", "values", "actual", "expected"),
    [
        ("ForAllValues:StringEquals", ["a", "b"], ("a",), True),
        ("ForAllValues:StringEquals", ["a", "b"], ("a", "b"), True),
        ("ForAllValues:StringEquals", ["a", "b"], ("a", "c"), False),
        ("ForAllValues:StringLike", ["a*"], ("ab", "ac"), True),
        ("ForAllValues:StringNotEquals", ["a"], ("b", "c"), True),
        ("ForAllValues:StringNotEquals", ["a"], ("a", "c"), False),
        ("ForAllValues:StringEquals", ["a"], "a", True),
        ("ForAllValues:StringEquals", ["a"], "", True),
        ("ForAnyValue:StringEquals", ["a", "b"], ("c", "b"), True),
        ("ForAnyValue:StringEquals", ["a", "b"], ("c", "d"), False),
        ("ForAnyValue:StringNotEquals", ["a"], ("a", "b"), True),
        ("ForAnyValue:StringNotEquals", ["a"], ("a",), False),
        ("ForAnyValue:StringEquals", [""], "", False),
        ("ForAnyValue:StringEqualsIfExists", ["a"], ("a", "b"), True),
        ("ForAnyValue:ArnLike", ["arn:aws:*:*:*:x"], ("arn:aws:s3:::x", "y"), True),
        ("StringEquals", ["a"], ("a",), True),
        ("StringEquals", ["a"], ("b",), False),
        ("StringEquals", ["a"], ("a", "b"), None),
    ],
)
def test_set_operators_look_at_all_values_of_the_request(
    operator: str,
    values: list[str],
    actual: str | tuple[str, ...],
    expected: bool | None,  # noqa: FBT001 - a table
) -> None:
    """An empty text is no value for them; several values under an operator for one are not documented."""
    assert holds(condition(operator, *values), {"k": actual}) is expected


@pytest.mark.parametrize(
    ("values", "absent", "present"),
    [
        (["true"], True, False),
        (["false"], False, True),
        (["True"], True, False),
        (["true", "false"], True, True),
        (["perhaps"], None, None),
        (["true", UNKNOWN], True, None),
    ],
)
def test_null_asks_whether_there_is_a_key(
    values: list[Text],
    absent: bool | None,  # noqa: FBT001 - a table
    present: bool | None,  # noqa: FBT001 - a table
) -> None:
    """True is for a request without it; an empty list is none."""
    assert holds(condition("Null", *values), {}) is absent
    assert holds(condition("Null", *values), {"k": ()}) is absent
    assert holds(condition("Null", *values), {"k": "x"}) is present
    assert holds(condition("Null", *values), {"k": ""}) is present


def test_the_case_of_keys_does_not_count() -> None:
    """Neither in the policy nor in the request."""
    assert holds(condition("StringEquals", "x", key="AWS:sourcevpc"), {"aws:SourceVpc": "x"}) is True


@pytest.mark.parametrize(
    "operator", ["StringMatches", "NullIfExists", "ForAllValues:Null", "ForSomeValues:StringEquals", "", "a:b:Null"]
)
def test_an_operator_that_iam_has_not_is_not_known(operator: str) -> None:
    """Neither does it hold nor fail, and the reason names it."""
    compiled = compile_condition(condition(operator, "true"))

    assert compiled.holds({"k": "true"}) is None
    assert compiled.unknown_for({}) == [Unknown(place="k", reason=f"the operator {operator} is not supported")]


@pytest.mark.parametrize(
    ("operator", "actual", "expected"),
    [
        ("StringEquals", "a", True),
        ("StringEquals", "b", None),
        ("StringNotEquals", "a", False),
        ("StringNotEquals", "b", None),
        ("NumericEquals", "7", None),
        ("ForAllValues:StringEquals", ("a", "b"), None),
        ("ForAnyValue:StringEquals", ("a", "b"), True),
        ("ForAllValues:StringNotEquals", ("a", "b"), False),
    ],
)
def test_a_value_that_is_not_known_leaves_open_only_what_depends_on_it(
    operator: str,
    actual: str | tuple[str, ...],
    expected: bool | None,  # noqa: FBT001 - a table
) -> None:
    """What another value settles is settled."""
    compiled = compile_condition(condition(operator, "a", UNKNOWN))

    assert compiled.holds({"k": actual}) is expected
    if expected is None:
        assert UNKNOWN in compiled.unknown_for({"k": actual})


@given(
    quantifier=st.sampled_from(["", "ForAllValues:", "ForAnyValue:"]),
    name=st.sampled_from(["StringEquals", "StringLike", "StringEqualsIgnoreCase", "NumericEquals", "IpAddress"]),
    values=st.lists(st.sampled_from(["1", "a*", "10.0.0.0/8", "A1"]), min_size=1, max_size=3),
    actual=st.sampled_from(["1", "a1", "10.0.0.1", "2"]),
)
def test_for_one_value_a_negated_operator_is_the_opposite(
    quantifier: str, name: str, values: list[str], actual: str
) -> None:
    """Whatever the quantifier; what is not known stays so."""
    kind = name.removeprefix("Ip")
    negated = f"Not{name}" if name == "IpAddress" else kind.replace("String", "StringNot").replace("eric", "ericNot")
    plain = holds(condition(quantifier + name, *values), {"k": actual})
    opposite = holds(condition(quantifier + negated, *values), {"k": actual})

    assert opposite is (None if plain is None else not plain)


@given(values=st.lists(st.text("ab", max_size=2), max_size=3), actual=st.lists(st.text("ab", min_size=1, max_size=2)))
def test_all_values_fit_unless_any_does_not(values: list[str], actual: list[str]) -> None:
    """ForAllValues fails exactly where ForAnyValue with the negated operator holds."""
    context: Context = {"k": tuple(actual)}
    every = holds(condition("ForAllValues:StringEquals", *values), context)
    some = holds(condition("ForAnyValue:StringNotEquals", *values), context)

    assert every is (not some)
