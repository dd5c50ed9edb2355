"""Decides what to do: a request and what was observed go in, steps come out. Nothing here calls anything."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, StrEnum, auto
from typing import Final

from ssm_securestring.core.errors import LifecycleError
from ssm_securestring.core.limits import STANDARD_TIER_BYTES
from ssm_securestring.core.sources import ExternalSource, Source
from ssm_securestring.core.spec import OUR_TAGS, OWNERSHIP_TAGS, SOURCE_TAG, STACK_TAG, ParameterSpec
from ssm_securestring.core.tiers import Tier
from ssm_securestring.handler.identity import Identity

_AWS_TAG_PREFIX: Final = "aws:"
_SOURCE_DIGITS: Final = 16


class Presence(Enum):
    """What asking for a parameter's tags told."""

    PRESENT = auto()
    ABSENT = auto()
    HIDDEN = auto()
    """Asking was refused: the parameter is missing or is not this stack's, and IAM does not say which."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """A parameter as it is found."""

    presence: Presence
    tags: Mapping[str, str] = field(default_factory=dict)


NOTHING: Final = Observed(presence=Presence.ABSENT)


class Verdict(StrEnum):
    """What a plan amounts to, for the log."""

    CREATED = "created"
    RECREATED = "recreated"
    REPEATED = "repeated"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    TAKEN_BACK = "taken back"
    DELETED = "deleted"
    MISSING = "missing"
    NOT_OURS = "not ours"


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateParameter:
    """Create the parameter with its tags, in one call that fails if one of that name exists."""

    spec: ParameterSpec
    tags: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class RewriteParameter:
    """Put a new version: with a value from the source if ``fresh``, else with the present one.

    ``old_key_id`` is the key that the present value is under, if that changes.
    """

    spec: ParameterSpec
    fresh: bool
    old_key_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AddTags:
    """Set tags."""

    tags: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoveTags:
    """Remove tags."""

    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteParameter:
    """Delete the parameter."""


Step = CreateParameter | RewriteParameter | AddTags | RemoveTags | DeleteParameter


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Steps to carry out in order, and which parameter the resource is afterwards."""

    identity: Identity
    verdict: Verdict
    steps: tuple[Step, ...] = ()


def source_digest(source: Source) -> str:
    """Return a short digest of where a value comes from; the value has no part in it."""
    text = json.dumps(source.to_properties(), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:_SOURCE_DIGITS]


def plan_create(identity: Identity, *, stack_id: str, spec: ParameterSpec, observed: Observed) -> Plan:
    """Plan for Create.

    Raises:
        LifecycleError: A parameter of this name exists and is not this resource's.
    """
    if observed.presence is not Presence.PRESENT:
        return Plan(identity=identity, verdict=Verdict.CREATED, steps=(_creation(identity, stack_id, spec),))
    if identity.owns(observed.tags, stack_id=stack_id):
        return Plan(identity=identity, verdict=Verdict.REPEATED)
    raise name_taken(spec, stack_id=stack_id, tags=observed.tags)


def plan_rename(identity: Identity, *, stack_id: str, spec: ParameterSpec, observed: Observed) -> Plan:
    """Plan for Update under another name: create. CloudFormation deletes the old one later, by its own id.

    If the stack rolls back a rename, it asks for the old name while the old parameter is still there: that one is
    taken back, provided that its value is from the source that is asked for.

    Raises:
        LifecycleError: A parameter of this name exists and is not this resource's.
    """
    earlier = identity.predecessor(observed.tags, stack_id=stack_id)
    if earlier is None or earlier == identity or observed.tags.get(SOURCE_TAG) != source_digest(spec.source):
        return plan_create(identity, stack_id=stack_id, spec=spec, observed=observed)
    return Plan(identity=earlier, verdict=Verdict.TAKEN_BACK, steps=_changes(spec=spec, old=None, tags=observed.tags))


def plan_update(
    identity: Identity, *, stack_id: str, spec: ParameterSpec, old: ParameterSpec | None, observed: Observed
) -> Plan:
    """Plan for Update under the same name.

    Args:
        identity: The resource's parameter.
        stack_id: ARN of the stack.
        spec: What it is to be.
        old: What it was before; ``None`` if that cannot be read, then the value is kept and all else is put again.
        observed: What it is.

    Raises:
        LifecycleError: It is not this resource's any more.
    """
    if observed.presence is not Presence.PRESENT:
        return Plan(identity=identity, verdict=Verdict.RECREATED, steps=(_creation(identity, stack_id, spec),))
    if not identity.owns(observed.tags, stack_id=stack_id):
        raise ownership_lost(spec, stack_id=stack_id, tags=observed.tags)
    steps = _changes(spec=spec, old=old, tags=observed.tags)
    return Plan(identity=identity, verdict=Verdict.CHANGED if steps else Verdict.UNCHANGED, steps=steps)


def plan_delete(identity: Identity, *, stack_id: str, observed: Observed) -> Plan:
    """Plan for Delete: only what is tagged as this very incarnation."""
    if observed.presence is Presence.ABSENT:
        return Plan(identity=identity, verdict=Verdict.MISSING)
    # HIDDEN is missing or foreign. Either way there is nothing of ours to delete, and to fail would leave a stack
    # that cannot be deleted, for a parameter that is not its own.
    if observed.presence is Presence.HIDDEN or not identity.owns(observed.tags, stack_id=stack_id):
        return Plan(identity=identity, verdict=Verdict.NOT_OURS)
    return Plan(identity=identity, verdict=Verdict.DELETED, steps=(DeleteParameter(),))


def refuse_downgrade(old: ParameterSpec, spec: ParameterSpec) -> None:
    """Refuse what Parameter Store cannot do, before anything is called.

    Raises:
        LifecycleError: An advanced parameter was to become a standard one.
    """
    if old.name == spec.name and old.tier is Tier.ADVANCED and spec.tier is Tier.STANDARD:
        raise downgrade(spec.name.text)


def downgrade(name: str) -> LifecycleError:
    """Return the error for an advanced parameter that was to become a standard one."""
    return LifecycleError(
        name,
        problem=(
            "it is an advanced parameter, and Parameter Store does not turn one into a standard one, since that would "
            f"cut the value at {STANDARD_TIER_BYTES} bytes and drop its policies. Nothing was changed"
        ),
        fix="Keep tier=Tier.ADVANCED, or give the standard parameter another name",
    )


def name_taken(spec: ParameterSpec, *, stack_id: str, tags: Mapping[str, str]) -> LifecycleError:
    """Return the error for a name that somebody else's parameter has."""
    return LifecycleError(
        spec.name.text,
        problem=(
            f"a parameter of this name exists and is not this resource's{_owner(stack_id, tags)}. It was not touched"
        ),
        fix=(
            "Delete it, or use another name, or refer to it with SecureStringParameter.from_name instead of creating it"
        ),
    )


def ownership_lost(spec: ParameterSpec, *, stack_id: str, tags: Mapping[str, str]) -> LifecycleError:
    """Return the error for a parameter that was this resource's and is not tagged so any more."""
    return LifecycleError(
        spec.name.text,
        problem=f"its tags do not say any more that it is this resource's{_owner(stack_id, tags)}. It was not touched",
        fix=(
            f"If only the tags {' and '.join(OWNERSHIP_TAGS)} were changed or removed, restore them; "
            "if somebody else created this parameter anew, use another name"
        ),
    )


def _owner(stack_id: str, tags: Mapping[str, str]) -> str:
    owner = tags.get(STACK_TAG)
    if owner is None:
        return ""
    if owner == stack_id:
        return ", but was made by another resource of this stack, or by an earlier one that was retained"
    return f", but that of {owner}"


def _creation(identity: Identity, stack_id: str, spec: ParameterSpec) -> CreateParameter:
    return CreateParameter(spec=spec, tags={**_wanted_tags(spec), **identity.tags(stack_id)})


def _wanted_tags(spec: ParameterSpec) -> dict[str, str]:
    return {**{key: text for key, text in spec.tags.items() if _is_theirs(key)}, SOURCE_TAG: source_digest(spec.source)}


def _is_theirs(tag: str) -> bool:
    return tag not in OUR_TAGS and not tag.lower().startswith(_AWS_TAG_PREFIX)


def _changes(*, spec: ParameterSpec, old: ParameterSpec | None, tags: Mapping[str, str]) -> tuple[Step, ...]:
    steps: list[Step] = []
    fresh = old is not None and _needs_new_value(spec, old, tags)
    if old is None or fresh or _metadata(spec) != _metadata(old):
        old_key_id = old.key_id if old is not None and old.key_id != spec.key_id else None
        steps.append(RewriteParameter(spec=spec, fresh=fresh, old_key_id=old_key_id))
    # After the value, since a source tag that is ahead of its value would make a repeated request keep the old one.
    missing = {key: text for key, text in _wanted_tags(spec).items() if tags.get(key) != text}
    if missing:
        steps.append(AddTags(tags=missing))
    surplus = [key for key in (old.tags if old else ()) if key not in spec.tags and key in tags and _is_theirs(key)]
    if surplus:
        steps.append(RemoveTags(keys=tuple(sorted(surplus))))
    return tuple(steps)


def _needs_new_value(spec: ParameterSpec, old: ParameterSpec, tags: Mapping[str, str]) -> bool:
    if isinstance(spec.source, ExternalSource) or spec.source == old.source:
        return False
    return tags.get(SOURCE_TAG) != source_digest(spec.source)


def _metadata(spec: ParameterSpec) -> tuple[str, Tier, str]:
    return (spec.key_id, spec.tier, spec.description)
