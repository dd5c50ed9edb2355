"""Decides what to do: a request and what was observed go in, steps come out. Nothing here calls anything."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import Enum, StrEnum, auto
from typing import Final

from ssm_securestring.core.policies import ParameterPolicy
from ssm_securestring.core.sources import ExternalSource, NoEchoSource, Source
from ssm_securestring.core.spec import (
    ADOPTED_TAG,
    INCARNATION_TAG,
    OUR_TAGS,
    PREVIOUS_TAG,
    SOURCE_TAG,
    STACK_TAG,
    TIER_TAG,
    ParameterSpec,
)
from ssm_securestring.core.tiers import Tier
from ssm_securestring.handler.identity import Identity
from ssm_securestring.handler.record import Replacement, request_digest, source_digest
from ssm_securestring.handler.refusals import DowngradeError, expired_already, name_taken, ownership_lost, wrong_stack

_AWS_TAG_PREFIX: Final = "aws:"
_ADOPTED: Final = "yes"


class Presence(Enum):
    """What asking for a parameter's tags told."""

    PRESENT = auto()
    ABSENT = auto()
    HIDDEN = auto()
    """Asking was refused: the parameter is missing or is not this stack's, and IAM does not say which."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """A parameter as it is found.

    Args:
        presence: Whether it is there.
        tags: Its tags.
        version: Its newest version; 0 where no rule asks for it.
        rolling_back: Whether the stack is rolling back; asked only where a rule depends on it.
        expired: Whether the template's expiration has passed.
    """

    presence: Presence
    tags: Mapping[str, str] = field(default_factory=dict)
    version: int = 0
    rolling_back: bool = False
    expired: bool = False


NOTHING: Final = Observed(presence=Presence.ABSENT)


class Verdict(StrEnum):
    """What a plan amounts to, for the log."""

    CREATED = "created"
    RECREATED = "recreated"
    REPEATED = "repeated"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    TAKEN_BACK = "taken back"
    ROLLED_BACK = "rolled back"
    ADOPTED = "adopted"
    RELEASED = "released"
    DELETED = "deleted"
    EXPIRED = "expired"
    MISSING = "missing"
    NOT_OURS = "not ours"


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateParameter:
    """Create the parameter with its tags, in one call that fails if one of that name exists."""

    spec: ParameterSpec
    tags: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class AdoptParameter:
    """Check that a parameter of somebody else is what the template says, then put our tags on it."""

    spec: ParameterSpec
    tags: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckSet:
    """Refuse to go on while the value is still the one that stands for none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RewriteParameter:
    """Put a new version with the present value, or with another one.

    Args:
        spec: What it is to be.
        replacement: Put a value from the source instead, and this is the record of what it replaces.
        restore_version: Put the value of this older version instead.
        old_key_id: Key that the present value is under, if that changes; then what was put is read back.
        clear_policies: Whether there are policies to take away.
        keep_tier: In a rollback, what cannot be taken back stays: an advanced parameter where the template says
            standard, and the allowed pattern of before where the value matches no other.
        old_pattern: Allowed pattern of before. Empty for none.
    """

    spec: ParameterSpec
    replacement: Replacement | None = None
    restore_version: int | None = None
    old_key_id: str | None = None
    clear_policies: bool = False
    keep_tier: bool = False
    old_pattern: str = ""


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


Step = CreateParameter | AdoptParameter | CheckSet | RewriteParameter | AddTags | RemoveTags | DeleteParameter


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Steps to carry out in order, and which parameter the resource is afterwards."""

    identity: Identity
    verdict: Verdict
    steps: tuple[Step, ...] = ()


def plan_create(identity: Identity, *, stack_id: str, spec: ParameterSpec, observed: Observed) -> Plan:
    """Plan for Create.

    Raises:
        LifecycleError: A parameter of this name exists and is not this resource's.
    """
    if observed.presence is not Presence.PRESENT:
        return Plan(identity=identity, verdict=Verdict.CREATED, steps=(_creation(identity, stack_id, spec),))
    if identity.owns(observed.tags, stack_id=stack_id):
        return Plan(identity=identity, verdict=Verdict.REPEATED)
    if not spec.adopt_existing:
        raise name_taken(spec, stack_id=stack_id, tags=observed.tags)
    if observed.tags.get(STACK_TAG, stack_id) != stack_id:
        raise wrong_stack(spec, tags=observed.tags)
    return Plan(identity=identity, verdict=Verdict.ADOPTED, steps=_adoption(identity, stack_id, spec, observed.tags))


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
    steps = _changes(spec=kept_advanced(spec, observed.tags), old=None, observed=observed, request="")
    return Plan(identity=earlier, verdict=Verdict.TAKEN_BACK, steps=steps)


def depends_on_rollback(spec: ParameterSpec, old: ParameterSpec | None) -> bool:
    """Return whether an update means something else in a rollback, so that one has to be told from an update."""
    if old is None:
        return False
    lowered = spec.tier is Tier.STANDARD and old.tier is not Tier.STANDARD
    return lowered or _undone_in_part(spec) != _undone_in_part(old)


def plan_update(
    identity: Identity,
    *,
    stack_id: str,
    request_id: str,
    spec: ParameterSpec,
    old: ParameterSpec | None,
    observed: Observed,
) -> Plan:
    """Plan for Update under the same name.

    Args:
        identity: The resource's parameter.
        stack_id: ARN of the stack.
        request_id: Id of the request.
        spec: What it is to be.
        old: What it was before; ``None`` if that cannot be read, then the value is kept and all else is put again.
        observed: What it is.

    Raises:
        LifecycleError: It is not this resource's any more, an advanced one was to become standard, or its expiration
            was to be moved into the past.
    """
    if old is not None and lowers_tier(old, spec) and not observed.rolling_back:
        raise DowngradeError(spec.name.text)
    if observed.expired and old is not None and spec.policies != old.policies and not observed.rolling_back:
        raise expired_already(spec.name.text)
    if observed.presence is not Presence.PRESENT and observed.expired:
        return Plan(identity=identity, verdict=Verdict.EXPIRED)
    if observed.presence is not Presence.PRESENT:
        return Plan(identity=identity, verdict=Verdict.RECREATED, steps=(_creation(identity, stack_id, spec),))
    if not identity.owns(observed.tags, stack_id=stack_id):
        raise ownership_lost(spec, stack_id=stack_id, tags=observed.tags)
    steps = _changes(spec=kept_advanced(spec, observed.tags), old=old, observed=observed, request=request_id)
    changed = Verdict.ROLLED_BACK if observed.rolling_back else Verdict.CHANGED
    return Plan(identity=identity, verdict=changed if steps else Verdict.UNCHANGED, steps=steps)


def plan_delete(identity: Identity, *, stack_id: str, observed: Observed) -> Plan:
    """Plan for Delete: only what is tagged as this very incarnation."""
    if observed.presence is Presence.ABSENT:
        return Plan(identity=identity, verdict=Verdict.MISSING)
    # HIDDEN is missing or foreign. Either way there is nothing of ours to delete, and to fail would leave a stack
    # that cannot be deleted, for a parameter that is not its own.
    if observed.presence is Presence.HIDDEN or not identity.owns(observed.tags, stack_id=stack_id):
        return Plan(identity=identity, verdict=Verdict.NOT_OURS)
    if ADOPTED_TAG in observed.tags:
        return Plan(identity=identity, verdict=Verdict.RELEASED, steps=_release(observed.tags))
    return Plan(identity=identity, verdict=Verdict.DELETED, steps=(DeleteParameter(),))


def lowers_tier(old: ParameterSpec, spec: ParameterSpec) -> bool:
    """Return whether the template asks for what Parameter Store cannot do."""
    return old.name == spec.name and old.tier is Tier.ADVANCED and spec.tier is Tier.STANDARD


def kept_advanced(spec: ParameterSpec, tags: Mapping[str, str]) -> ParameterSpec:
    """Return what a parameter can be: one that an earlier rollback had to leave advanced stays advanced."""
    kept = spec.tier is Tier.STANDARD and tags.get(TIER_TAG) == Tier.ADVANCED
    return replace(spec, tier=Tier.ADVANCED) if kept else spec


def _creation(identity: Identity, stack_id: str, spec: ParameterSpec) -> CreateParameter:
    return CreateParameter(spec=spec, tags={**_wanted_tags(spec), **identity.tags(stack_id)})


def _wanted_tags(spec: ParameterSpec) -> dict[str, str]:
    return {**{key: text for key, text in spec.tags.items() if _is_theirs(key)}, SOURCE_TAG: source_digest(spec.source)}


def _is_theirs(tag: str) -> bool:
    return tag not in OUR_TAGS and not tag.lower().startswith(_AWS_TAG_PREFIX)


def _adoption(identity: Identity, stack_id: str, spec: ParameterSpec, tags: Mapping[str, str]) -> tuple[Step, ...]:
    """Return the steps that take a parameter over as it is: its value, key and tier stay what they are."""
    earlier = tags.get(INCARNATION_TAG, _ADOPTED) if STACK_TAG in tags else _ADOPTED
    wanted = {**_wanted_tags(spec), **identity.tags(stack_id), ADOPTED_TAG: earlier}
    checks: tuple[Step, ...] = (CheckSet(),) if _must_be_set(spec) else ()
    return (*checks, AdoptParameter(spec=spec, tags=wanted))


def _release(tags: Mapping[str, str]) -> tuple[Step, ...]:
    """Return the steps that give an adopted parameter back to whom it was before, without a touch to its value."""
    earlier = tags[ADOPTED_TAG]
    if earlier == _ADOPTED:
        return (RemoveTags(keys=tuple(sorted(key for key in OUR_TAGS if key in tags))),)
    # In this order: what is neither ours any more nor marked yet is never deleted, at whatever point this is cut off.
    return (AddTags(tags={INCARNATION_TAG: earlier}), RemoveTags(keys=(ADOPTED_TAG,)))


def _changes(*, spec: ParameterSpec, old: ParameterSpec | None, observed: Observed, request: str) -> tuple[Step, ...]:
    tags = observed.tags
    steps: list[Step] = []
    if _must_be_set(spec) and not observed.rolling_back and old is not None:
        steps.append(CheckSet())
    rewriting = _rewriting(spec, old, observed, request)
    wanted = _wanted_tags(spec)
    if rewriting is not None:
        if rewriting.replacement is not None:
            steps.append(AddTags(tags={PREVIOUS_TAG: str(rewriting.replacement)}))
        steps.append(rewriting)
    # After the value, since a source tag that is ahead of its value would make a repeated request keep the old one.
    missing = {key: text for key, text in wanted.items() if tags.get(key) != text}
    if missing:
        steps.append(AddTags(tags=missing))
    surplus = [key for key in (old.tags if old else ()) if key not in spec.tags and key in tags and _is_theirs(key)]
    if observed.rolling_back and PREVIOUS_TAG in tags:
        surplus.append(PREVIOUS_TAG)
    if surplus:
        steps.append(RemoveTags(keys=tuple(sorted(surplus))))
    return tuple(steps)


def _rewriting(
    spec: ParameterSpec, old: ParameterSpec | None, observed: Observed, request: str
) -> RewriteParameter | None:
    """Return the step that puts a new version, if one has to be put."""
    if old is None:
        return RewriteParameter(spec=spec)
    if _was_put(spec, observed, request):
        return None
    replacement = _replacement(spec, old, observed, request)
    restore_version = _version_to_restore(spec, old, observed)
    old = kept_advanced(old, observed.tags)
    if replacement is None and restore_version is None and _metadata(spec) == _metadata(old):
        return None
    return RewriteParameter(
        spec=spec,
        replacement=replacement,
        restore_version=restore_version,
        old_key_id=old.key_id if old.key_id != spec.key_id else None,
        clear_policies=bool(old.policies) and not spec.policies,
        keep_tier=observed.rolling_back,
        old_pattern=old.allowed_pattern,
    )


def _was_put(spec: ParameterSpec, observed: Observed, request: str) -> bool:
    """Return whether this very request put its value before it was cut off; the tag of the source comes after that.

    To put it once more would hide from a rollback that it is the value that this request replaced the earlier one by.
    """
    known, digest = Replacement.parse(observed.tags.get(PREVIOUS_TAG)), source_digest(spec.source)
    # No digest is kept of what comes through CloudFormation, so its tag says nothing.
    if known is None or isinstance(spec.source, NoEchoSource):
        return False
    told = (known.new_source, known.request) == (digest, request_digest(request))
    return told and observed.tags.get(SOURCE_TAG) == digest


def _replacement(spec: ParameterSpec, old: ParameterSpec, observed: Observed, request: str) -> Replacement | None:
    """Return what is to be replaced by a value from the source, if anything is."""
    if isinstance(spec.source, ExternalSource) or spec.source == old.source:
        return None
    digest, source = source_digest(spec.source), observed.tags.get(SOURCE_TAG, "")
    # Through CloudFormation comes the value itself, the earlier one in a rollback too; no digest of it is kept.
    if not isinstance(spec.source, NoEchoSource) and (observed.rolling_back or source == digest):
        return None
    known, now = Replacement.parse(observed.tags.get(PREVIOUS_TAG)), request_digest(request)
    if known is not None and (known.new_source, known.request) == (digest, now):
        # This very request, delivered again after it was cut off: what it put then is not what it replaces.
        return replace(known, newest=observed.version)
    version = observed.version
    return Replacement(source=source, version=version, new_source=digest, request=now, newest=version)


def _version_to_restore(spec: ParameterSpec, old: ParameterSpec, observed: Observed) -> int | None:
    """Return the version whose value a rollback restores, if the update that it undoes had put another one."""
    known = Replacement.parse(observed.tags.get(PREVIOUS_TAG))
    if known is None or not observed.rolling_back or isinstance(spec.source, NoEchoSource):
        return None
    undone = known.undoes(source=source_digest(spec.source), new_source=source_digest(old.source))
    return known.version if undone and known.is_on_top(observed.version) else None


def _must_be_set(spec: ParameterSpec) -> bool:
    return isinstance(spec.source, ExternalSource) and spec.source.must_be_set


def _undone_in_part(spec: ParameterSpec) -> tuple[Source, str, tuple[ParameterPolicy, ...]]:
    """Return what a rollback takes back otherwise than an update would set it."""
    return (spec.source, spec.allowed_pattern, spec.policies)


def _metadata(spec: ParameterSpec) -> tuple[str, Tier, str, tuple[ParameterPolicy, ...], str]:
    return (spec.key_id, spec.tier, spec.description, spec.policies, spec.allowed_pattern)
