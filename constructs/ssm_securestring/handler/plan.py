"""Decides what to do: a request and what was observed go in, steps come out. Nothing here calls anything."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
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
    recovery_name,
)
from ssm_securestring.core.tiers import Tier
from ssm_securestring.handler import recovery
from ssm_securestring.handler.identity import Identity
from ssm_securestring.handler.observed import Observed, Presence
from ssm_securestring.handler.record import Replacement, request_digest, source_digest
from ssm_securestring.handler.refusals import (
    DowngradeError,
    KeptIn,
    adopted_is_never_deleted,
    expired_already,
    name_taken,
    ownership_lost,
    wrong_stack,
)
from ssm_securestring.handler.steps import (
    AddTags,
    AdoptParameter,
    CheckSet,
    CreateParameter,
    DeleteParameter,
    RemoveTags,
    RewriteParameter,
    Step,
)

_ADOPTED: Final = "yes"


class Verdict(StrEnum):
    """What a plan amounts to, for the log."""

    CREATED = "created"
    RECREATED = "recreated"
    REPEATED = "repeated"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    REPLACED = "replaced"
    RESTORED = "restored from its copy"
    TAKEN_BACK = "taken back"
    ROLLED_BACK = "rolled back"
    ADOPTED = "adopted"
    RELEASED = "released"
    DELETED = "deleted"
    EXPIRED = "expired"
    MISSING = "missing"
    NOT_OURS = "not ours"


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
    # Whatever is put under an allowed pattern may be refused.
    if may_be_replaced(spec) or spec.allowed_pattern:
        return True
    if old is None:
        return False
    lowered = spec.tier is Tier.STANDARD and old.tier is not Tier.STANDARD
    return lowered or _undone_in_part(spec) != _undone_in_part(old)


def may_be_replaced(spec: ParameterSpec) -> bool:
    """Return whether the parameter is deleted and created anew if it is an advanced one."""
    return spec.allow_replacement and spec.tier is Tier.STANDARD


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
    if not observed.rolling_back and old is not None:
        _check_may_become(spec, old, observed)
    copied = _is_copied(identity, stack_id, observed)
    if observed.presence is not Presence.PRESENT and observed.expired:
        # What was to be gone by now goes with the copy of its value.
        return Plan(identity=identity, verdict=Verdict.EXPIRED, steps=_copy_deletion(identity, copied=copied))
    if observed.presence is not Presence.PRESENT and not copied:
        return Plan(identity=identity, verdict=Verdict.RECREATED, steps=(_creation(identity, stack_id, spec),))
    if observed.presence is not Presence.PRESENT:
        return Plan(identity=identity, verdict=Verdict.RESTORED, steps=_restoring(spec, old, observed, request_id))
    if not identity.owns(observed.tags, stack_id=stack_id):
        refusal = ownership_lost(spec, stack_id=stack_id, tags=observed.tags)
        if copied:
            refusal.add_note(KeptIn(recovery_name(spec.name).text))
        raise refusal
    earlier = recovery.finish(spec, observed.tags, copied=copied)
    if may_be_replaced(spec) and observed.is_advanced and not observed.rolling_back:
        steps = earlier + _replacing(spec, old, observed, request_id)
        return Plan(identity=identity, verdict=Verdict.REPLACED, steps=steps)
    kept = kept_advanced(spec, observed.tags)
    steps = earlier + _changes(spec=kept, old=old, observed=observed, request=request_id)
    changed = Verdict.ROLLED_BACK if observed.rolling_back else Verdict.CHANGED
    return Plan(identity=identity, verdict=changed if steps else Verdict.UNCHANGED, steps=steps)


def plan_delete(identity: Identity, *, stack_id: str, observed: Observed) -> Plan:
    """Plan for Delete: only what is tagged as this very incarnation, the copy of a replacement that was cut off too."""
    copied = _is_copied(identity, stack_id, observed)
    copy = _copy_deletion(identity, copied=copied)
    # HIDDEN is missing or foreign. Either way there is nothing of ours to delete, and to fail would leave a stack
    # that cannot be deleted, for a parameter that is not its own.
    if observed.presence is not Presence.PRESENT or not identity.owns(observed.tags, stack_id=stack_id):
        missing = Verdict.MISSING if observed.presence is Presence.ABSENT else Verdict.NOT_OURS
        return Plan(identity=identity, verdict=Verdict.DELETED if copied else missing, steps=copy)
    if ADOPTED_TAG in observed.tags:
        return Plan(identity=identity, verdict=Verdict.RELEASED, steps=_release(observed.tags))
    return Plan(identity=identity, verdict=Verdict.DELETED, steps=(DeleteParameter(), *copy))


def lowers_tier(old: ParameterSpec, spec: ParameterSpec) -> bool:
    """Return whether the template asks for what Parameter Store cannot do, and does not allow to replace it."""
    lowers = old.tier is Tier.ADVANCED and spec.tier is Tier.STANDARD
    return old.name == spec.name and lowers and not spec.allow_replacement


def kept_advanced(spec: ParameterSpec, tags: Mapping[str, str]) -> ParameterSpec:
    """Return what a parameter can be: one that an earlier rollback had to leave advanced stays advanced."""
    kept = spec.tier is Tier.STANDARD and tags.get(TIER_TAG) == Tier.ADVANCED
    return replace(spec, tier=Tier.ADVANCED) if kept else spec


def _check_may_become(spec: ParameterSpec, old: ParameterSpec, observed: Observed) -> None:
    if lowers_tier(old, spec):
        raise DowngradeError(spec.name.text)
    if observed.expired and spec.policies != old.policies:
        raise expired_already(spec.name.text)


def _is_copied(identity: Identity, stack_id: str, observed: Observed) -> bool:
    return observed.copy_tags is not None and identity.owns(observed.copy_tags, stack_id=stack_id)


def _copy_deletion(identity: Identity, *, copied: bool) -> tuple[Step, ...]:
    return (recovery.copy_deletion(identity.arn.name),) if copied else ()


def _restoring(spec: ParameterSpec, old: ParameterSpec | None, observed: Observed, request: str) -> tuple[Step, ...]:
    """Return the steps that create a parameter from the copy of its value, then change what is to be changed."""
    anew = replace(observed, tags=recovery.carried(observed.copy_tags or {}), version=1)
    created = _as_created(spec, old, anew, request)
    restoration = recovery.restoration(created, anew.tags, may_drop_pattern=observed.rolling_back)
    return restoration + _changes(spec=spec, old=created, observed=anew, request=request)


def _replacing(spec: ParameterSpec, old: ParameterSpec | None, observed: Observed, request: str) -> tuple[Step, ...]:
    """Return the steps that create a parameter anew, then change what is to be changed besides."""
    if ADOPTED_TAG in observed.tags:
        raise adopted_is_never_deleted(spec.name.text)
    anew = replace(observed, tags=recovery.carried(observed.tags), version=1)
    created = _as_created(spec, old, anew, request)
    changes = _changes(spec=spec, old=created, observed=anew, request=request)
    checks = tuple(step for step in changes if isinstance(step, CheckSet))
    # What it has to be is checked while it still is what it was.
    return (*checks, *recovery.replacement(created, observed.tags), *changes[len(checks) :])


def _as_created(spec: ParameterSpec, old: ParameterSpec | None, observed: Observed, request: str) -> ParameterSpec:
    """Return what a parameter is created anew as: all that is asked for, but for its tags and its value.

    A value that is replaced right after need not match the allowed pattern of the one that replaces it.
    """
    if old is None:
        return spec
    if _replacement(spec, old, observed, request) is None:
        return replace(spec, tags=old.tags)
    return replace(spec, source=old.source, tags=old.tags, allowed_pattern=old.allowed_pattern)


def _creation(identity: Identity, stack_id: str, spec: ParameterSpec) -> CreateParameter:
    return CreateParameter(spec=spec, tags={**_wanted_tags(spec), **identity.tags(stack_id)})


def _wanted_tags(spec: ParameterSpec) -> dict[str, str]:
    return {**{key: text for key, text in spec.tags.items() if _is_theirs(key)}, SOURCE_TAG: source_digest(spec.source)}


def _is_theirs(tag: str) -> bool:
    return tag not in OUR_TAGS and recovery.may_be_set(tag)


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
