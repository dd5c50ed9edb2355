"""What each statement came to, for explanations."""

from hypothesis import given
from hypothesis import strategies as st

from ssm_securestring.iam.evaluate import decide
from ssm_securestring.iam.model import Condition, Unknown
from ssm_securestring.iam.trace import ConditionOutcome, Source, trace
from tests.iam.asking import ALLOWED, ROLE_ARN, USER_ARN, allow, deny, identity, policy, request

UNKNOWN = Unknown(place="Shop/Policy", reason="Fn::Cidr is not supported")


def test_each_statement_says_what_matched_and_what_did_not() -> None:
    """Of every policy, with the values that the conditions saw."""
    who = identity(
        allow("kms:*", resource=UNKNOWN),
        allow("ssm:*", Condition={"StringEquals": {"AWS:PrincipalTag/team": "shop"}, "Null": {"aws:TagKeys": "true"}}),
        boundary=policy(deny("ssm:*", "arn:aws:ssm:*:*:parameter/ops/*")),
        session=policy(allow()),
        service_control=((policy(allow("s3:*")),),),
    )
    theirs = policy(allow(Principal={"AWS": USER_ARN}), allow(Principal={"AWS": ROLE_ARN}))

    outcomes = trace(request(context={"aws:principaltag/team": "ops"}), who, resource_policy=theirs)

    assert [
        (each.source, each.statement.place, each.action, each.resource, each.principal, each.applies)
        for each in outcomes
    ] == [
        (Source.IDENTITY, "Identity, statement 1", False, None, True, False),
        (Source.IDENTITY, "Identity, statement 2", True, True, True, False),
        (Source.BOUNDARY, "Policy, statement 1", True, False, True, False),
        (Source.SESSION, "Policy, statement 1", True, True, True, True),
        (Source.ORGANIZATION, "Policy, statement 1", False, True, True, False),
        (Source.RESOURCE, "Policy, statement 1", True, True, False, False),
        (Source.RESOURCE, "Policy, statement 2", True, True, True, True),
    ]
    assert outcomes[1].conditions == (
        ConditionOutcome(
            condition=Condition(operator="StringEquals", key="AWS:PrincipalTag/team", values=("shop",)),
            actual="ops",
            holds=False,
        ),
        ConditionOutcome(
            condition=Condition(operator="Null", key="aws:TagKeys", values=("true",)), actual=None, holds=True
        ),
    )


def test_a_condition_that_is_not_known_says_why() -> None:
    """With what it depends on."""
    (outcome,) = trace(request(), identity(allow(Condition={"StringEquals": {"aws:PrincipalAccount": UNKNOWN}})))

    assert outcome.applies is None
    assert [(each.holds, each.unknown) for each in outcome.conditions] == [(None, (UNKNOWN,))]


@given(
    statements=st.lists(
        st.sampled_from(
            [
                allow("ssm:*"),
                allow("kms:*"),
                allow(resource=UNKNOWN),
                deny("ssm:*", "*/ops/*"),
                deny(Condition={"Null": {"aws:TagKeys": "false"}}),
                deny("ssm:GetParameter"),
            ]
        ),
        min_size=1,
        max_size=4,
    )
)
def test_the_trace_agrees_with_the_decision(statements: list[dict[str, object]]) -> None:
    """Allowed for certain is what an Allow is for and no Deny may be."""
    who = identity(*statements)
    outcomes = [(each.statement.effect.value, each.applies) for each in trace(request(), who)]

    allowed = ("Allow", True) in outcomes and all(each == ("Deny", False) for each in outcomes if each[0] == "Deny")
    assert (decide(request(), who).verdict is ALLOWED) is allowed
