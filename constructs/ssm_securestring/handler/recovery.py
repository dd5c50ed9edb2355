"""Decides how a parameter is replaced under its own name, so that its value is in Parameter Store at every moment.

A tag of the parameter says how far that has come. It is put before the copy is, and taken away after the copy is, so
that there can be a copy only where the tag is, or where the parameter is gone.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from ssm_securestring.core.limits import DELETION_PAUSE_SECONDS
from ssm_securestring.core.names import ParameterName
from ssm_securestring.core.spec import PREVIOUS_TAG, RECOVERY_TAG, TIER_TAG, ParameterSpec, recovery_name
from ssm_securestring.core.tiers import Tier
from ssm_securestring.handler.observed import Observed, Presence
from ssm_securestring.handler.steps import (
    AddTags,
    AwaitName,
    CheckFits,
    CompareWithCopy,
    DeleteCopy,
    DeleteOriginal,
    KeepCopy,
    RemoveTags,
    RestoreCopied,
    Step,
)

_AWS_TAG_PREFIX: Final = "aws:"
_ORIGINAL: Final = "original"
_COPY: Final = "copy"
_CREATED_ANEW: Final = "created anew"
# They tell of versions and of a tier that the parameter has not any more once it is created anew.
_OUTDATED: Final = (PREVIOUS_TAG, TIER_TAG, RECOVERY_TAG)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """What has to be done about an earlier replacement that was cut off, and what the parameter is then.

    Args:
        steps: The steps.
        tags: Tags that the parameter has afterwards.
        version: Version that it has afterwards; 0 where no rule asks for it.
    """

    steps: tuple[Step, ...]
    tags: Mapping[str, str]
    version: int


def finish(spec: ParameterSpec, observed: Observed, *, copied: bool) -> Finished:
    """Finish a replacement that was cut off, if one was.

    Args:
        spec: What the parameter is to be.
        observed: What it is.
        copied: Whether there is a copy, and it is this resource's.
    """
    if observed.presence is not Presence.PRESENT:
        tags = carried(observed.copy_tags or {})
        return Finished(steps=_creation(spec, tags), tags=tags, version=1)
    stage = observed.tags.get(RECOVERY_TAG)
    if stage is None:
        return Finished(steps=(), tags=observed.tags, version=observed.version)
    steps: list[Step] = []
    if copied:
        # The original is the truth: somebody may have set a value after it was copied.
        checks = (CompareWithCopy(copy_name=_copy_name(spec)),) if stage == _CREATED_ANEW else ()
        steps += [*checks, DeleteCopy(copy_name=_copy_name(spec))]
    steps.append(RemoveTags(keys=(RECOVERY_TAG,)))
    tags = {key: text for key, text in observed.tags.items() if key != RECOVERY_TAG}
    return Finished(steps=tuple(steps), tags=tags, version=observed.version)


def replacement(spec: ParameterSpec, tags: Mapping[str, str]) -> tuple[Step, ...]:
    """Return the steps that delete a parameter and create it anew, with its value and tags.

    Args:
        spec: What it is to be.
        tags: Its tags.
    """
    kept = carried(tags)
    copy, name = copy_of(spec), _copy_name(spec)
    return (
        CheckFits(spec=spec),
        AddTags(tags={RECOVERY_TAG: _ORIGINAL}),
        KeepCopy(copy_name=name, copy=copy, tags={**kept, RECOVERY_TAG: _COPY}),
        DeleteOriginal(copy_name=name, copy=copy),
        *_creation(spec, kept),
    )


def copy_deletion(name: ParameterName) -> Step:
    """Return the step that deletes the copy of the value of the parameter ``name``."""
    return DeleteCopy(copy_name=recovery_name(name).text)


def carried(tags: Mapping[str, str]) -> dict[str, str]:
    """Return the tags that go along when a parameter is created anew: those of people, too."""
    return {key: text for key, text in tags.items() if key not in _OUTDATED and may_be_set(key)}


def may_be_set(tag: str) -> bool:
    """Return whether anybody but AWS may set a tag of this key."""
    return not tag.lower().startswith(_AWS_TAG_PREFIX)


def copy_of(spec: ParameterSpec) -> ParameterSpec:
    """Return what the copy is to be: under the same key, and in the tier that holds whatever the new parameter does."""
    return replace(
        spec,
        name=recovery_name(spec.name),
        tier=Tier.STANDARD,
        description=f"Value of {spec.name} while that is replaced",
        policies=(),
    )


def _creation(spec: ParameterSpec, tags: Mapping[str, str]) -> tuple[Step, ...]:
    name = _copy_name(spec)
    return (
        AwaitName(copy_name=name, seconds=DELETION_PAUSE_SECONDS),
        RestoreCopied(copy_name=name, spec=spec, tags={**tags, RECOVERY_TAG: _CREATED_ANEW}),
        CompareWithCopy(copy_name=name),
        DeleteCopy(copy_name=name),
        RemoveTags(keys=(RECOVERY_TAG,)),
    )


def _copy_name(spec: ParameterSpec) -> str:
    return recovery_name(spec.name).text
