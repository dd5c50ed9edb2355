"""The planner, case by case: what is asked and what is observed, and the steps that follow."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import pytest

from ssm_securestring.core.errors import LifecycleError
from ssm_securestring.core.spec import ParameterSpec
from ssm_securestring.core.tiers import Tier
from ssm_securestring.handler.observed import (
    NOTHING,
    Observed,
)
from ssm_securestring.handler.plan import (
    Plan,
    Verdict,
    plan_create,
    plan_delete,
    plan_rename,
    plan_update,
)
from ssm_securestring.handler.record import source_digest
from ssm_securestring.handler.steps import (
    AddTags,
    CreateParameter,
    DeleteParameter,
    RemoveTags,
    RewriteParameter,
    Step,
)
from tests.handler.cloudformation import KEY_ARN, OTHER_STACK_ID, STACK_ID
from tests.handler.planning import (
    ADVANCED,
    COPIED,
    DESCRIBED,
    EXTERNAL,
    GENERATED,
    HIDDEN,
    INCARNATION,
    LATER,
    LEFT_ALONE,
    LONG,
    LONGER,
    MOVED,
    OURS,
    PATTERNED,
    SECRET,
    SOURCE,
    SPEC,
    STACK,
    TAGGED,
    TIER,
    fresh,
    own_tags,
    present,
    source_tag,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """An update of a parameter that is there and ours."""

    old: ParameterSpec | None = SPEC
    new: ParameterSpec = SPEC
    tags: dict[str, str] = field(default_factory=own_tags)
    steps: tuple[Step, ...] = ()


UPDATES = {
    "nothing changed": Case(),
    "description": Case(new=DESCRIBED, steps=(RewriteParameter(spec=DESCRIBED),)),
    "description cleared": Case(old=DESCRIBED, steps=(RewriteParameter(spec=SPEC),)),
    "allowed pattern": Case(new=PATTERNED, steps=(RewriteParameter(spec=PATTERNED),)),
    "allowed pattern taken away": Case(old=PATTERNED, steps=(RewriteParameter(spec=SPEC, old_pattern="[a-z0-9]+"),)),
    "key": Case(new=MOVED, steps=(RewriteParameter(spec=MOVED, old_key_id=KEY_ARN),)),
    "tier raised": Case(new=ADVANCED, steps=(RewriteParameter(spec=ADVANCED),)),
    "other secret": Case(new=COPIED, steps=(*fresh(COPIED, old=GENERATED), source_tag(SECRET))),
    "longer value": Case(new=LONG, steps=(*fresh(LONG, old=GENERATED), source_tag(LONGER))),
    "handed over to people": Case(new=LEFT_ALONE, steps=(source_tag(EXTERNAL),)),
    "taken over from people": Case(
        old=LEFT_ALONE,
        tags=own_tags(EXTERNAL),
        steps=(*fresh(SPEC, old=EXTERNAL), source_tag(GENERATED)),
    ),
    "delivered twice": Case(new=LONG, tags=own_tags(LONGER), steps=()),
    "rolled back before anything was changed": Case(old=LONG, new=SPEC, tags=own_tags(GENERATED), steps=()),
    "no source tag, source unchanged": Case(
        tags={STACK: STACK_ID, INCARNATION: OURS.incarnation}, steps=(source_tag(GENERATED),)
    ),
    "source digest of another version of ours": Case(
        tags={**own_tags(), SOURCE: "0" * 16}, steps=(source_tag(GENERATED),)
    ),
    "old properties unreadable": Case(
        old=None, new=DESCRIBED, tags=own_tags(kept="yes"), steps=(RewriteParameter(spec=DESCRIBED),)
    ),
    "tags added": Case(new=TAGGED, steps=(AddTags(tags={"team": "orders", "stage": "test"}),)),
    "one tag changed": Case(
        old=TAGGED,
        new=TAGGED,
        tags=own_tags(team="people", stage="test"),
        steps=(AddTags(tags={"team": "orders"}),),
    ),
    "tags removed": Case(
        old=TAGGED, tags=own_tags(team="orders", stage="test"), steps=(RemoveTags(keys=("stage", "team")),)
    ),
    "removed tag is gone already": Case(old=TAGGED, tags=own_tags(team="orders"), steps=(RemoveTags(keys=("team",)),)),
    "tags of others stay": Case(tags={**own_tags(cost="42"), "aws:cloudformation:stack": "x"}),
    "our own tags stay": Case(
        old=replace(SPEC, tags={STACK: "x", INCARNATION: "y", SOURCE: "z", "aws:x": "w"}), new=SPEC, tags=own_tags()
    ),
    "our own tags are not the template's": Case(
        new=replace(SPEC, tags={STACK: "x", INCARNATION: "y", SOURCE: "z", "AWS:x": "w"}), tags=own_tags()
    ),
    "everything at once": Case(
        old=TAGGED,
        new=replace(MOVED, source=SECRET, tags={"team": "people"}),
        tags=own_tags(team="orders", stage="test"),
        steps=(
            *fresh(replace(MOVED, source=SECRET, tags={"team": "people"}), old=GENERATED, old_key_id=KEY_ARN),
            AddTags(tags={"team": "people", SOURCE: source_digest(SECRET)}),
            RemoveTags(keys=("stage",)),
        ),
    ),
}


@pytest.mark.parametrize("case", UPDATES.values(), ids=UPDATES.keys())
def test_update_changes_what_changed_and_nothing_else(case: Case) -> None:
    """The value is new only if its source is; metadata puts the present value back; tags alone put nothing."""
    plan = plan_update(
        OURS, stack_id=STACK_ID, request_id="request-9", spec=case.new, old=case.old, observed=present(case.tags)
    )

    verdict = Verdict.CHANGED if case.steps else Verdict.UNCHANGED
    assert plan == Plan(identity=OURS, verdict=verdict, steps=case.steps)


CREATION = CreateParameter(
    spec=TAGGED,
    tags={
        "team": "orders",
        "stage": "test",
        STACK: STACK_ID,
        INCARNATION: OURS.incarnation,
        SOURCE: source_digest(GENERATED),
    },
)


@pytest.mark.parametrize("observed", [NOTHING, HIDDEN], ids=["absent", "hidden"])
def test_create_makes_the_parameter_with_its_tags(observed: Observed) -> None:
    """In one step, so that there is never a parameter of ours without the tags that say so."""
    plan = plan_create(OURS, stack_id=STACK_ID, spec=TAGGED, observed=observed)

    assert plan == Plan(identity=OURS, verdict=Verdict.CREATED, steps=(CREATION,))


def test_second_delivery_of_create_does_nothing() -> None:
    """The tags name this very incarnation."""
    plan = plan_create(OURS, stack_id=STACK_ID, spec=SPEC, observed=present(own_tags()))

    assert plan == Plan(identity=OURS, verdict=Verdict.REPEATED)


@pytest.mark.parametrize("observed", [NOTHING, HIDDEN], ids=["absent", "hidden"])
def test_update_makes_a_missing_parameter_anew(observed: Observed) -> None:
    """Under the same physical id: to CloudFormation it is the same resource."""
    plan = plan_update(OURS, stack_id=STACK_ID, request_id="request-9", spec=TAGGED, old=TAGGED, observed=observed)

    assert plan == Plan(identity=OURS, verdict=Verdict.RECREATED, steps=(CREATION,))


NO_OWNER = "is not this resource's. It was not touched"
FOREIGN = {
    "untagged": ({}, NO_OWNER),
    "of another stack": (
        {STACK: OTHER_STACK_ID, INCARNATION: OURS.incarnation},
        f"is not this resource's, but that of {OTHER_STACK_ID}. It was not touched",
    ),
    "another resource of this stack": (
        {STACK: STACK_ID, INCARNATION: "0" * 12},
        (
            "is not this resource's, but was made by another resource of this stack, or by an earlier one that was "
            "retained. It was not touched"
        ),
    ),
    "stack tag lost": ({INCARNATION: OURS.incarnation}, NO_OWNER),
}


@pytest.mark.parametrize(("tags", "says"), FOREIGN.values(), ids=FOREIGN.keys())
@pytest.mark.parametrize("planned", [plan_create, plan_rename], ids=["create", "rename"])
def test_fails_to_create_over_a_foreign_parameter(
    planned: Callable[..., Plan], tags: dict[str, str], says: str
) -> None:
    """The message names the owner where a tag does, and the three ways out."""
    with pytest.raises(LifecycleError) as caught:
        planned(OURS, stack_id=STACK_ID, spec=SPEC, observed=present(tags))

    assert str(caught.value) == (
        f"parameter /shop/db: a parameter of this name exists and {says}. Delete it, or use another name, "
        "or refer to it with SecureStringParameter.from_name instead of creating it, or take it over with "
        "adopt_existing=True"
    )


@pytest.mark.parametrize(("tags", "says"), FOREIGN.values(), ids=FOREIGN.keys())
def test_fails_to_update_what_is_not_ours_any_more(tags: dict[str, str], says: str) -> None:
    """A lost tag is reported, not guessed."""
    with pytest.raises(LifecycleError) as caught:
        plan_update(OURS, stack_id=STACK_ID, request_id="request-9", spec=DESCRIBED, old=SPEC, observed=present(tags))

    owner = says.removeprefix("is not this resource's")
    assert str(caught.value) == (
        f"parameter /shop/db: its tags do not say any more that it is this resource's{owner}. If only the tags "
        "ssm-securestring:stack and ssm-securestring:incarnation were changed or removed, restore them; if somebody "
        "else created this parameter anew, use another name"
    )


def test_rename_that_is_rolled_back_takes_its_old_parameter_back() -> None:
    """CloudFormation asks for the old name while the old parameter is there still; the value stays."""
    plan = plan_rename(LATER, stack_id=STACK_ID, spec=SPEC, observed=present(own_tags()))

    assert plan == Plan(identity=OURS, verdict=Verdict.TAKEN_BACK, steps=(RewriteParameter(spec=SPEC),))


def test_parameter_that_stayed_advanced_is_taken_back_as_such() -> None:
    """The rollback of a rename finds the tag of an earlier rollback."""
    observed = present(own_tags(GENERATED, **{TIER: "Advanced"}))

    plan = plan_rename(LATER, stack_id=STACK_ID, spec=SPEC, observed=observed)

    assert plan.steps == (RewriteParameter(spec=ADVANCED),)


def test_fails_to_take_back_a_value_from_another_source() -> None:
    """One that was retained long ago does not hold what is asked for now."""
    with pytest.raises(LifecycleError, match="or by an earlier one that was retained"):
        plan_rename(LATER, stack_id=STACK_ID, spec=LONG, observed=present(own_tags()))


def test_second_delivery_of_a_rename_does_nothing() -> None:
    """The tags name this very incarnation."""
    plan = plan_rename(OURS, stack_id=STACK_ID, spec=SPEC, observed=present(own_tags()))

    assert plan == Plan(identity=OURS, verdict=Verdict.REPEATED)


def test_create_does_not_take_back_what_was_retained() -> None:
    """Nobody asked for that; it may have been in use by others for years."""
    with pytest.raises(LifecycleError, match="or by an earlier one that was retained"):
        plan_create(LATER, stack_id=STACK_ID, spec=SPEC, observed=present(own_tags()))


DELETIONS = {
    "ours": (present(own_tags()), Verdict.DELETED, (DeleteParameter(),)),
    "missing": (NOTHING, Verdict.MISSING, ()),
    "hidden": (HIDDEN, Verdict.NOT_OURS, ()),
    "untagged": (present({}), Verdict.NOT_OURS, ()),
    "other incarnation": (present({**own_tags(), INCARNATION: LATER.incarnation}), Verdict.NOT_OURS, ()),
    "other stack": (present({**own_tags(), STACK: OTHER_STACK_ID}), Verdict.NOT_OURS, ()),
}


@pytest.mark.parametrize(("observed", "verdict", "steps"), DELETIONS.values(), ids=DELETIONS.keys())
def test_delete_takes_this_very_incarnation_only(observed: Observed, verdict: Verdict, steps: tuple[Step, ...]) -> None:
    """All else is left alone, and none of it fails: a stuck stack would be worse, and nothing is lost."""
    assert plan_delete(OURS, stack_id=STACK_ID, observed=observed) == Plan(identity=OURS, verdict=verdict, steps=steps)


def test_fails_to_turn_an_advanced_parameter_into_a_standard_one() -> None:
    """With AWS's reason and the way out; all other changes of tier pass."""

    def planned(old: ParameterSpec, new: ParameterSpec) -> Plan:
        observed = present(own_tags())
        return plan_update(OURS, stack_id=STACK_ID, request_id="request-9", spec=new, old=old, observed=observed)

    with pytest.raises(LifecycleError, match=r"Nothing was changed\. Keep tier=Tier\.ADVANCED") as caught:
        planned(ADVANCED, SPEC)

    assert "4096 bytes" in str(caught.value)
    for old, new in (
        (SPEC, ADVANCED),
        (ADVANCED, ADVANCED),
        (ADVANCED, replace(SPEC, tier=Tier.INTELLIGENT_TIERING)),
    ):
        assert planned(old, new).identity == OURS
