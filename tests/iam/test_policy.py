"""Reading policy documents."""

from typing import Any

import pytest

from ssm_securestring.core.errors import PolicyError
from ssm_securestring.iam.model import Condition, Effect, Policy, Statement, Unknown
from ssm_securestring.iam.policy import parse_policy

UNKNOWN = Unknown(place="Shop/Policy", reason="Fn::Cidr is not supported")
PLAIN = {"Effect": "Allow", "Action": "kms:Decrypt", "Resource": "*"}


def statement(**elements: object) -> Statement:
    """Read a statement with these elements on top of a plain one."""
    document = {"Version": "2012-10-17", "Statement": PLAIN | elements}
    return parse_policy(document, place="Shop/Policy").statements[0]


def test_a_document_reads_as_it_is_written() -> None:
    """Each element in its place, lists or not, and where it stands."""
    document = {
        "Version": "2012-10-17",
        "Id": "anything",
        "Statement": [
            {
                "Sid": "Read",
                "Effect": "Allow",
                "Action": ["kms:Decrypt", "kms:Encrypt"],
                "Resource": "arn:aws:kms:eu-west-1:111122223333:key/a",
                "Condition": {"StringEquals": {"kms:ViaService": "ssm", "kms:CallerAccount": ["1", "2"]}},
            },
            {"Effect": "Deny", "NotAction": "kms:*", "NotResource": ["a", "b"]},
        ],
    }

    assert parse_policy(document, place="Shop/Policy") == Policy(
        place="Shop/Policy",
        statements=(
            Statement(
                effect=Effect.ALLOW,
                actions=("kms:Decrypt", "kms:Encrypt"),
                resources=("arn:aws:kms:eu-west-1:111122223333:key/a",),
                conditions=(
                    Condition(operator="StringEquals", key="kms:ViaService", values=("ssm",)),
                    Condition(operator="StringEquals", key="kms:CallerAccount", values=("1", "2")),
                ),
                place="Shop/Policy, statement 1",
                sid="Read",
            ),
            Statement(
                effect=Effect.DENY,
                actions=("kms:*",),
                not_actions=True,
                resources=("a", "b"),
                not_resources=True,
                place="Shop/Policy, statement 2",
            ),
        ),
    )


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("*", {"*": ("*",)}),
        ({"AWS": "*"}, {"AWS": ("*",)}),
        ({"AWS": "111122223333"}, {"AWS": ("111122223333",)}),
        ({"AWS": ["a", "b"], "Service": "ssm.amazonaws.com"}, {"AWS": ("a", "b"), "Service": ("ssm.amazonaws.com",)}),
        ({"Federated": "cognito"}, {"Federated": ("cognito",)}),
        ({"CanonicalUser": "79a5"}, {"CanonicalUser": ("79a5",)}),
        (UNKNOWN, {"AWS": (UNKNOWN,)}),
        ({"AWS": UNKNOWN}, {"AWS": (UNKNOWN,)}),
    ],
)
@pytest.mark.parametrize("element", ["Principal", "NotPrincipal"])
def test_principals_read_by_kind(element: str, written: object, read: object) -> None:
    """Everybody, accounts, ARNs, services, providers; named, or all but them."""
    found = statement(**{element: written})

    assert found.principals == read
    assert found.not_principals is (element == "NotPrincipal")


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (True, ("true",)),
        ([False], ("false",)),
        (90, ("90",)),
        ([1.5, "x"], ("1.5", "x")),
        (UNKNOWN, (UNKNOWN,)),
        ([], ()),
    ],
)
def test_values_of_conditions_become_texts(written: object, read: object) -> None:
    """As IAM stores them."""
    (found,) = statement(Condition={"Bool": {"k": written}}).conditions

    assert found.values == read


@pytest.mark.parametrize(
    ("version", "variables"), [({"Version": "2012-10-17"}, True), ({"Version": "2008-10-17"}, False), ({}, False)]
)
def test_variables_are_those_of_2012(version: dict[str, str], variables: bool) -> None:  # noqa: FBT001 - a table
    """Without a version, a document is of 2008."""
    (found,) = parse_policy({**version, "Statement": PLAIN}, place="P").statements

    assert found.variables is variables


@pytest.mark.parametrize("missing", ["Action", "Resource"])
def test_a_statement_of_a_key_policy_may_lack_action_or_resource(missing: str) -> None:
    """KMS takes it; it has no effect."""
    elements = {name: value for name, value in PLAIN.items() if name != missing} | {"Principal": "*"}

    assert len(parse_policy({"Statement": [elements]}, place="Key").statements) == 1


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ([], "P is not a JSON object: write a policy document"),
        ({"Version": "2013-01-01", "Statement": PLAIN}, "P has the Version '2013-01-01': write \"2012-10-17\""),
        ({"Version": {"Ref": "V"}, "Statement": PLAIN}, "P has the Version {'Ref': 'V'}: write \"2012-10-17\""),
        ({}, "P, statement 1 is not a JSON object: write an object with Effect, Action and Resource"),
        ({"Statement": ["x"]}, "P, statement 1 is not a JSON object: write an object with Effect, Action and Resource"),
        ({"Statement": [PLAIN, {}]}, "P, statement 2 has no Action: add Action or NotAction"),
        (
            {"Statement": PLAIN | {"Effect": "allow"}},
            'P, statement 1 has the Effect \'allow\': write "Allow" or "Deny"',
        ),
        ({"Statement": PLAIN | {"NotAction": "x"}}, "P, statement 1 has both Action and NotAction: leave one of them"),
        ({"Statement": PLAIN | {"NotResource": "x"}}, "P, statement 1 has both Resource and NotResource"),
        (
            {"Statement": {"Effect": "Allow", "Action": "x"}},
            "P, statement 1 has no Resource: add Resource or NotResource",
        ),
        ({"Statement": PLAIN | {"Action": [1]}}, "P, statement 1, Action holds 1: write a text, or a list of texts"),
        ({"Statement": PLAIN | {"Actions": "x"}}, "P, statement 1 has an element Actions: use Action, Condition"),
        ({"Statement": PLAIN | {"Principal": "me"}}, "P, statement 1 has the Principal 'me': write \"*\" or an object"),
        ({"Statement": PLAIN | {"Principal": {"Aws": "x"}}}, "with one of AWS, CanonicalUser, Federated, Service"),
        (
            {"Statement": PLAIN | {"Principal": "*", "NotPrincipal": "*"}},
            "P, statement 1 has both Principal and NotPrincipal: leave one of them",
        ),
        ({"Statement": PLAIN | {"Condition": []}}, "P, statement 1, Condition is not a JSON object: write"),
        (
            {"Statement": PLAIN | {"Condition": {"Bool": "x"}}},
            "P, statement 1, Condition Bool is not a JSON object: write",
        ),
        (
            {"Statement": PLAIN | {"Condition": {"Bool": {"k": {}}}}},
            "P, statement 1, Condition Bool k holds {}: write a text, a number, true or false, or a list",
        ),
    ],
)
def test_fails_for_a_document_that_iam_would_refuse(document: Any, message: str) -> None:  # noqa: ANN401 - malformed
    """The error says where, what is wrong and what to write."""
    with pytest.raises(PolicyError) as raised:
        parse_policy(document, place="P")

    assert message in str(raised.value)
    assert raised.value.place.startswith("P")
