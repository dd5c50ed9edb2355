"""The planner in rollbacks, with tiers, policies and adoption."""

from dataclasses import replace

import pytest

from ssm_securestring.core.errors import LifecycleError
from ssm_securestring.core.policies import NoChangeNotification
from ssm_securestring.core.sources import NoEchoSource
from ssm_securestring.core.spec import ParameterSpec
from ssm_securestring.core.tiers import Tier
from ssm_securestring.handler.plan import (
    Plan,
    Verdict,
    plan_create,
    plan_delete,
    plan_update,
)
from ssm_securestring.handler.record import source_digest
from ssm_securestring.handler.steps import (
    AddTags,
    AdoptParameter,
    RemoveTags,
    RewriteParameter,
    Step,
)
from tests.handler.cloudformation import OTHER_STACK_ID, STACK_ID
from tests.handler.planning import (
    ADOPTED,
    ADVANCED,
    DESCRIBED,
    GENERATED,
    INCARNATION,
    LATER,
    LONG,
    LONGER,
    OURS,
    PREVIOUS,
    SECRET,
    SOURCE,
    SPEC,
    STACK,
    TIER,
    fresh,
    own_tags,
    present,
    replaces,
    source_tag,
)

RECORD = replaces(GENERATED, LONGER)  # version 7 has the value of GENERATED, version 8 that of LONGER
RECORDED = own_tags(LONGER, **{PREVIOUS: str(RECORD)})
CUT_OFF = own_tags(GENERATED, **{PREVIOUS: str(RECORD)})
FORGET = RemoveTags(keys=(PREVIOUS,))
RESTORE = RewriteParameter(spec=SPEC, restore_version=7, keep_tier=True)
ROLLBACKS: dict[str, tuple[dict[str, str], int, tuple[Step, ...]]] = {
    "done": (RECORDED, 8, (RESTORE, source_tag(GENERATED), FORGET)),
    "put, and cut off before its tag": (CUT_OFF, 8, (RESTORE, FORGET)),
    "cut off before the put": (CUT_OFF, 7, (FORGET,)),
    "done, and a person has set a value since": (RECORDED, 9, (source_tag(GENERATED), FORGET)),
    "put twice, after a second delivery": (
        own_tags(LONGER, **{PREVIOUS: str(replaces(GENERATED, LONGER, newest=8))}),
        9,
        (RESTORE, source_tag(GENERATED), FORGET),
    ),
    "second delivery, cut off before its put": (
        own_tags(GENERATED, **{PREVIOUS: str(replaces(GENERATED, LONGER, newest=8))}),
        8,
        (RESTORE, FORGET),
    ),
    "nothing was recorded": (own_tags(LONGER), 8, (source_tag(GENERATED),)),
    "the record is of another change": (
        own_tags(LONGER, **{PREVIOUS: str(replaces(SECRET, LONGER))}),
        8,
        (source_tag(GENERATED), FORGET),
    ),
    "the record is malformed": (own_tags(LONGER, **{PREVIOUS: "edited"}), 8, (source_tag(GENERATED), FORGET)),
    "nothing was done": (own_tags(), 7, ()),
}


@pytest.mark.parametrize(("tags", "version", "steps"), ROLLBACKS.values(), ids=ROLLBACKS.keys())
def test_rollback_restores_what_its_update_had_replaced(
    tags: dict[str, str], version: int, steps: tuple[Step, ...]
) -> None:
    """From GENERATED to LONGER and back: never a third value, and never over one that a person has set since."""
    observed = present(tags, version=version, rolling_back=True)

    plan = plan_update(OURS, stack_id=STACK_ID, request_id="request-9", spec=SPEC, old=LONG, observed=observed)

    verdict = Verdict.ROLLED_BACK if steps else Verdict.UNCHANGED
    assert plan == Plan(identity=OURS, verdict=verdict, steps=steps)


def test_second_delivery_remembers_the_value_from_before_the_first() -> None:
    """What the first delivery had put, and nobody was told of, is not what a rollback has to restore."""
    plan = plan_update(
        OURS, stack_id=STACK_ID, request_id="request-9", spec=LONG, old=SPEC, observed=present(CUT_OFF, version=8)
    )

    assert plan.steps == (*fresh(LONG, old=GENERATED, version=7, newest=8), source_tag(LONGER))


def test_trace_of_another_request_is_overwritten() -> None:
    """Its version may be old: a person may have set the value since."""
    stale = own_tags(GENERATED, **{PREVIOUS: str(replace(RECORD, request="0" * 8, version=3, newest=3))})

    plan = plan_update(
        OURS, stack_id=STACK_ID, request_id="request-9", spec=LONG, old=SPEC, observed=present(stale, version=8)
    )

    assert plan.steps == (*fresh(LONG, old=GENERATED, version=8, newest=8), source_tag(LONGER))


def test_value_that_cloudformation_passes_is_put_in_every_direction() -> None:
    """It is in the request, so a rollback has the earlier one; no digest of it is in a tag."""
    first, second = (replace(SPEC, source=NoEchoSource(value=each)) for each in ("canary-1", "canary-2"))
    tags = own_tags(first.source)

    forth = plan_update(OURS, stack_id=STACK_ID, request_id="request-9", spec=second, old=first, observed=present(tags))
    back = plan_update(
        OURS,
        stack_id=STACK_ID,
        request_id="request-9",
        spec=first,
        old=second,
        observed=present(tags, rolling_back=True),
    )

    assert source_digest(first.source) == source_digest(second.source)
    assert forth.steps == fresh(second, old=first.source)
    assert [type(each) for each in back.steps] == [AddTags, RewriteParameter]
    assert "canary" not in repr(forth)


def test_rollback_of_a_tier_leaves_the_parameter_advanced() -> None:
    """Parameter Store cannot take it back, and a rollback that fails leaves the stack stuck."""
    observed = present(own_tags(), rolling_back=True)

    plan = plan_update(OURS, stack_id=STACK_ID, request_id="request-9", spec=SPEC, old=ADVANCED, observed=observed)

    assert plan.steps == (RewriteParameter(spec=SPEC, keep_tier=True),)


def test_parameter_that_stayed_advanced_is_treated_as_such_from_then_on() -> None:
    """Otherwise each later edit would be refused as a downgrade."""
    observed = present(own_tags(GENERATED, **{TIER: "Advanced"}))

    plan = plan_update(OURS, stack_id=STACK_ID, request_id="request-9", spec=DESCRIBED, old=SPEC, observed=observed)

    assert plan.steps == (RewriteParameter(spec=replace(DESCRIBED, tier=Tier.ADVANCED)),)


def test_cleared_policies_are_said_to_be_cleared() -> None:
    """To leave them out would keep them."""
    limited = replace(ADVANCED, policies=(NoChangeNotification(after=20),))

    def steps(old: ParameterSpec, new: ParameterSpec) -> tuple[Step, ...]:
        observed = present(own_tags())
        return plan_update(OURS, stack_id=STACK_ID, request_id="request-9", spec=new, old=old, observed=observed).steps

    assert steps(ADVANCED, limited) == (RewriteParameter(spec=limited),)
    assert steps(limited, ADVANCED) == (RewriteParameter(spec=ADVANCED, clear_policies=True),)
    assert steps(limited, limited) == ()


ADOPTING = replace(SPEC, adopt_existing=True)


@pytest.mark.parametrize(
    ("tags", "earlier"),
    [
        ({}, "yes"),
        ({"team": "people"}, "yes"),
        ({STACK: STACK_ID, INCARNATION: LATER.incarnation}, LATER.incarnation),
    ],
    ids=["untagged", "tagged by people", "retained by this stack"],
)
def test_adoption_and_its_undoing_touch_tags_alone(tags: dict[str, str], earlier: str) -> None:
    """Whose it was before is remembered, and given back by Delete instead of deleting."""
    adopted = {STACK: STACK_ID, INCARNATION: OURS.incarnation, SOURCE: source_digest(GENERATED), ADOPTED: earlier}

    plan = plan_create(OURS, stack_id=STACK_ID, spec=ADOPTING, observed=present(tags))
    undoing = plan_delete(OURS, stack_id=STACK_ID, observed=present({**tags, **adopted}))

    step = AdoptParameter(spec=ADOPTING, tags=adopted)
    assert plan == Plan(identity=OURS, verdict=Verdict.ADOPTED, steps=(step,))
    assert undoing.verdict is Verdict.RELEASED
    if earlier == "yes":
        assert undoing.steps == (RemoveTags(keys=(ADOPTED, INCARNATION, SOURCE, STACK)),)
    else:
        assert undoing.steps == (AddTags(tags={INCARNATION: earlier}), RemoveTags(keys=(ADOPTED,)))


def test_fails_to_adopt_what_another_stack_keeps_in_place() -> None:
    """Two stacks would pull at it from two sides."""
    with pytest.raises(LifecycleError, match=f"it cannot be adopted, because it is that of {OTHER_STACK_ID}"):
        plan_create(
            OURS,
            stack_id=STACK_ID,
            spec=ADOPTING,
            observed=present({STACK: OTHER_STACK_ID, INCARNATION: LATER.incarnation}),
        )
