"""What is planned about a replacement, from what is observed: a table."""

from dataclasses import replace

import pytest

from ssm_securestring.core.errors import LifecycleError
from ssm_securestring.core.names import ParameterName
from ssm_securestring.core.spec import ParameterSpec
from ssm_securestring.handler.observed import Observed, Presence
from ssm_securestring.handler.plan import Plan, Verdict, plan_delete, plan_update
from ssm_securestring.handler.steps import (
    AddTags,
    AwaitName,
    CheckFits,
    CompareWithCopy,
    CreateParameter,
    DeleteCopy,
    DeleteOriginal,
    DeleteParameter,
    KeepCopy,
    RemoveTags,
    RestoreCopied,
    RewriteParameter,
    Step,
)
from tests.handler.cloudformation import STACK_ID
from tests.handler.planning import ADOPTED, ADVANCED, OURS, PREVIOUS, SPEC, TIER, own_tags, present

RECOVERY = "ssm-securestring:recovery"
COPY = "/shop/db.recovery"
ALLOWED = replace(SPEC, allow_replacement=True)
COPY_SPEC = replace(ALLOWED, name=ParameterName(COPY), description="Value of /shop/db while that is replaced")
GONE = Observed(presence=Presence.ABSENT, copy_tags=own_tags(**{RECOVERY: "copy"}))
UNMARK = RemoveTags(keys=(RECOVERY,))
START: tuple[Step, ...] = (
    CheckFits(spec=ALLOWED),
    AddTags(tags={RECOVERY: "original"}),
    KeepCopy(copy_name=COPY, copy=COPY_SPEC, tags=own_tags(**{RECOVERY: "copy"})),
    DeleteOriginal(copy_name=COPY, copy=COPY_SPEC),
)


def creation(spec: ParameterSpec, *, rolling_back: bool = False) -> tuple[Step, ...]:
    """Return the steps that create it anew from its copy."""
    marked = own_tags(**{RECOVERY: "created anew"})
    return (
        AwaitName(copy_name=COPY, seconds=30),
        RestoreCopied(copy_name=COPY, spec=spec, tags=marked, may_drop_pattern=rolling_back),
        CompareWithCopy(copy_name=COPY),
        DeleteCopy(copy_name=COPY),
        UNMARK,
    )


def update(spec: ParameterSpec, old: ParameterSpec, observed: Observed) -> Plan:
    """Plan an update."""
    return plan_update(OURS, stack_id=STACK_ID, request_id="request-9", spec=spec, old=old, observed=observed)


@pytest.mark.parametrize(
    ("observed", "steps"),
    [
        (replace(present(own_tags()), is_advanced=True), (*START, *creation(ALLOWED))),
        (
            replace(present(own_tags(**{PREVIOUS: "x", TIER: "Advanced"})), is_advanced=True),
            (*START, *creation(ALLOWED)),
        ),
        (replace(present(own_tags(**{RECOVERY: "original"})), is_advanced=True), (UNMARK, *START, *creation(ALLOWED))),
        (
            replace(
                present(own_tags(**{RECOVERY: "original"})), is_advanced=True, copy_tags=own_tags(**{RECOVERY: "copy"})
            ),
            (DeleteCopy(copy_name=COPY), UNMARK, *START, *creation(ALLOWED)),
        ),
        (GONE, creation(ALLOWED)),
        (
            replace(present(own_tags(**{RECOVERY: "created anew"})), copy_tags=own_tags(**{RECOVERY: "copy"})),
            (CompareWithCopy(copy_name=COPY), DeleteCopy(copy_name=COPY), UNMARK, RewriteParameter(spec=ALLOWED)),
        ),
        (
            replace(present(own_tags(**{RECOVERY: "created anew"})), copy_tags={"team": "somebody else's"}),
            (UNMARK, RewriteParameter(spec=ALLOWED)),
        ),
        (present(own_tags()), (RewriteParameter(spec=ALLOWED),)),
    ],
    ids=[
        "advanced",
        "advanced, with a history and a kept tier",
        "cut off before the copy",
        "cut off before the deletion",
        "cut off in the pause",
        "cut off after the creation",
        "cut off after the copy's deletion",
        "standard already",
    ],
)
def test_lowering_a_tier_begins_where_it_was_cut_off(observed: Observed, steps: tuple[Step, ...]) -> None:
    """At each point, what has been done is not done again, and the value is in one of two parameters."""
    assert update(ALLOWED, ADVANCED, observed).steps == steps


@pytest.mark.parametrize(
    ("observed", "verdict", "steps"),
    [
        (replace(GONE, rolling_back=True), Verdict.RESTORED, creation(ADVANCED, rolling_back=True)),
        (replace(GONE, rolling_back=True, expired=True), Verdict.EXPIRED, (DeleteCopy(copy_name=COPY),)),
        (
            replace(
                present(own_tags(**{RECOVERY: "original"}), rolling_back=True),
                copy_tags=own_tags(**{RECOVERY: "copy"}),
            ),
            Verdict.ROLLED_BACK,
            (DeleteCopy(copy_name=COPY), UNMARK, RewriteParameter(spec=ADVANCED, keep_tier=True)),
        ),
        (
            present(own_tags(), rolling_back=True),
            Verdict.ROLLED_BACK,
            (RewriteParameter(spec=ADVANCED, keep_tier=True),),
        ),
    ],
    ids=["in the pause", "in the pause, and expired", "before the deletion", "when done"],
)
def test_rollback_of_a_replacement(observed: Observed, verdict: Verdict, steps: tuple[Step, ...]) -> None:
    """Advanced again, wherever it was cut off, by a template that does not know of replacements."""
    plan = update(ADVANCED, ALLOWED, observed)

    assert (plan.verdict, plan.steps) == (verdict, steps)


def test_rollback_replaces_nothing() -> None:
    """The template from before allows it; a rollback still keeps the tier."""
    plan = update(ALLOWED, ADVANCED, replace(present(own_tags(), rolling_back=True), is_advanced=True))

    assert plan.steps == (RewriteParameter(spec=ALLOWED, keep_tier=True),)


def test_a_copy_of_somebody_else_restores_nothing() -> None:
    """It has our name for it, and not our tags."""
    plan = update(ALLOWED, ADVANCED, replace(GONE, copy_tags={"team": "orders"}))

    assert [type(step) for step in plan.steps] == [CreateParameter]


def test_fails_for_an_adopted_parameter() -> None:
    """It is never deleted."""
    with pytest.raises(LifecycleError, match="adopted"):
        update(ALLOWED, ADVANCED, replace(present(own_tags(**{ADOPTED: "yes"})), is_advanced=True))


@pytest.mark.parametrize(
    ("observed", "verdict", "steps"),
    [
        (GONE, Verdict.DELETED, (DeleteCopy(copy_name=COPY),)),
        (replace(GONE, presence=Presence.HIDDEN), Verdict.DELETED, (DeleteCopy(copy_name=COPY),)),
        (replace(GONE, copy_tags={"team": "orders"}), Verdict.MISSING, ()),
        (
            replace(present(own_tags()), copy_tags=own_tags(**{RECOVERY: "copy"})),
            Verdict.DELETED,
            (DeleteParameter(), DeleteCopy(copy_name=COPY)),
        ),
    ],
    ids=["gone", "hidden", "a copy of somebody else", "both there"],
)
def test_deletion_takes_the_copy_along(observed: Observed, verdict: Verdict, steps: tuple[Step, ...]) -> None:
    """If it is this resource's."""
    plan = plan_delete(OURS, stack_id=STACK_ID, observed=observed)

    assert (plan.verdict, plan.steps) == (verdict, steps)
