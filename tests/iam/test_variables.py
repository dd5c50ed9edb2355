"""Policy variables: what they stand for in resources and in the values of conditions."""

import pytest

from ssm_securestring.iam.conditions import holds
from ssm_securestring.iam.evaluate import decide
from ssm_securestring.iam.model import Caller, Condition, Identity, Request
from ssm_securestring.iam.policy import parse_policy

ALICE = Caller(arn="arn:aws:iam::111122223333:user/team/alice", account="111122223333")


def allows(resource: str, asked: str, *, version: str = "2012-10-17", **context: str) -> bool:
    """Tell whether a policy with this resource lets Alice have that one."""
    document = {
        "Version": version,
        "Statement": {"Effect": "Allow", "Action": "ssm:GetParameter", "Resource": resource},
    }
    identity = Identity(policies=(parse_policy(document, place="Policy"),))
    values = {key.replace("__", ":").replace("_", "/"): value for key, value in context.items()}
    request = Request(caller=ALICE, action="ssm:GetParameter", resource=asked, context=values)
    return decide(request, identity).allowed


@pytest.mark.parametrize(
    ("resource", "asked", "context", "allowed"),
    [
        ("p/${aws:username}", "p/alice", {}, True),
        ("p/${aws:username}", "p/bob", {}, False),
        ("p/${AWS:UserName}/*", "p/alice/x", {}, True),
        ("p/${ aws:username }", "p/alice", {}, True),
        ("p/${aws:PrincipalTag/team}", "p/shop", {"aws__PrincipalTag_team": "shop"}, True),
        ("p/${aws:PrincipalTag/team}", "p/", {}, False),
        ("p/${aws:PrincipalTag/team}", "p/${aws:PrincipalTag/team}", {}, False),
        ("p/${aws:PrincipalTag/team, 'all'}", "p/all", {}, True),
        ("p/${aws:PrincipalTag/team, 'all'}", "p/shop", {"aws__PrincipalTag_team": "shop"}, True),
        ("p/${aws:PrincipalTag/team, 'all'}", "p/all", {"aws__PrincipalTag_team": "shop"}, False),
        ("p/${aws:PrincipalTag/team, ''}", "p/", {}, True),
        ("p/${*}", "p/*", {}, True),
        ("p/${*}", "p/x", {}, False),
        ("p/${?}*", "p/?x", {}, True),
        ("p/${?}", "p/x", {}, False),
        ("p/${$}{x}", "p/${x}", {}, True),
        ("p/${aws:PrincipalTag/team}", "p/x", {"aws__PrincipalTag_team": "*"}, False),
        ("p/${aws:PrincipalTag/team}/*", "p/shop/db", {"aws__PrincipalTag_team": "shop"}, True),
        ("${aws:PrincipalTag/a}-${aws:username}", "x-alice", {"aws__PrincipalTag_a": "x"}, True),
        ("p/$x", "p/$x", {}, True),
    ],
)
def test_a_variable_in_a_resource_stands_for_a_value_of_the_request(
    resource: str,
    asked: str,
    context: dict[str, str],
    allowed: bool,  # noqa: FBT001 - a table
) -> None:
    """Without one it fits nothing, and what it stands for is plain text: a star in a tag opens nothing."""
    assert allows(resource, asked, **context) is allowed


def test_variables_are_plain_text_in_policies_of_2008() -> None:
    """IAM only resolves them in documents of the version of 2012."""
    assert not allows("p/${aws:username}", "p/alice", version="2008-10-17")
    assert allows("p/${aws:username}", "p/${aws:username}", version="2008-10-17")


@pytest.mark.parametrize(
    ("operator", "value", "context", "expected"),
    [
        ("StringEquals", "${aws:username}", {"k": "alice", "aws:username": "alice"}, True),
        ("StringEquals", "${aws:username}", {"k": "bob", "aws:username": "alice"}, False),
        ("StringEquals", "${aws:username}", {"k": "bob"}, False),
        ("StringNotEquals", "${aws:username}", {"k": "bob"}, True),
        ("StringEqualsIgnoreCase", "x-${aws:username}", {"k": "X-ALICE", "aws:username": "Alice"}, True),
        ("StringLike", "${aws:username}/*", {"k": "alice/x", "aws:username": "alice"}, True),
        ("StringLike", "${aws:username}", {"k": "anything", "aws:username": "*"}, False),
        ("StringLike", "${*}", {"k": "*"}, True),
        ("StringLike", "${*}", {"k": "x"}, False),
        ("StringEquals", "${aws:TagKeys}", {"k": "a", "aws:TagKeys": ("a", "b")}, False),
        ("ArnLike", "arn:aws:iam::*:user/${aws:username}", {"k": "arn:aws:iam::1:user/a", "aws:username": "a"}, True),
        ("ArnLike", "${aws:PrincipalArn}", {"k": "a:b:c:d:e:f", "aws:PrincipalArn": "a:b:c:d:e:f"}, True),
    ],
)
def test_a_variable_in_a_condition_stands_for_a_value_of_the_request(
    operator: str,
    value: str,
    context: dict[str, str | tuple[str, ...]],
    expected: bool,  # noqa: FBT001 - a table
) -> None:
    """Where it has none, or several, nothing equals it."""
    assert holds(Condition(operator=operator, key="k", values=(value,)), context) is expected


def test_actions_have_no_variables() -> None:
    """They are compared as written."""
    document = {
        "Version": "2012-10-17",
        "Statement": {"Effect": "Allow", "Action": "ssm:${aws:username}", "Resource": "*"},
    }
    identity = Identity(policies=(parse_policy(document, place="Policy"),))

    assert not decide(Request(caller=ALICE, action="ssm:alice", resource="*"), identity).allowed
