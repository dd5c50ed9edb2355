"""Decides how a parameter is replaced under its own name, so that its value is in Parameter Store at every moment.

A tag of the parameter says how far that has come. It is put before the copy is, and taken away after the copy is, so
that there can be a copy only where the tag is, or where the parameter is gone.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from ssm_securestring.core.limits import DELETION_PAUSE_SECONDS
from ssm_securestring.core.names import ParameterName
from ssm_securestring.core.spec import PREVIOUS_TAG, RECOVERY_TAG, TIER_TAG, ParameterSpec, recovery_name
from ssm_securestring.core.tiers import Tier
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


def restoration(created: ParameterSpec, tags: Mapping[str, str], *, may_drop_pattern: bool = False) -> tuple[Step, ...]:
    """Return the steps that create a parameter from the copy of its value.

    Args:
        created: What it is to be, with the value of before.
        tags: Its tags.
        may_drop_pattern: Whether a value that does not match its allowed pattern is created without one.
    """
    name, marked = _copy_name(created), {**tags, RECOVERY_TAG: _CREATED_ANEW}
    return (
        AwaitName(copy_name=name, seconds=DELETION_PAUSE_SECONDS),
        RestoreCopied(copy_name=name, spec=created, tags=marked, may_drop_pattern=may_drop_pattern),
        CompareWithCopy(copy_name=name),
        DeleteCopy(copy_name=name),
        RemoveTags(keys=(RECOVERY_TAG,)),
    )


def finish(spec: ParameterSpec, tags: Mapping[str, str], *, copied: bool) -> tuple[Step, ...]:
    """Return the steps that clear up after a replacement that was cut off and left the parameter there, if one was.

    Args:
        spec: What the parameter is to be.
        tags: Its tags.
        copied: Whether there is a copy, and it is this resource's.
    """
    stage = tags.get(RECOVERY_TAG)
    if stage is None:
        return ()
    steps: list[Step] = []
    if copied:
        # The original is the truth: somebody may have set a value after it was copied.
        checks = (CompareWithCopy(copy_name=_copy_name(spec)),) if stage == _CREATED_ANEW else ()
        steps += [*checks, DeleteCopy(copy_name=_copy_name(spec))]
    return (*steps, RemoveTags(keys=(RECOVERY_TAG,)))


def replacement(created: ParameterSpec, tags: Mapping[str, str]) -> tuple[Step, ...]:
    """Return the steps that delete a parameter and create it anew, with its value and tags.

    Args:
        created: What it is to be, with the value of before.
        tags: Its tags.
    """
    kept = carried(tags)
    copy, name = copy_of(created), _copy_name(created)
    return (
        CheckFits(spec=created),
        AddTags(tags={RECOVERY_TAG: _ORIGINAL}),
        KeepCopy(copy_name=name, copy=copy, tags={**kept, RECOVERY_TAG: _COPY}),
        DeleteOriginal(copy_name=name, copy=copy),
        *restoration(created, kept),
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
    """Return what the copy is to be: under the same key, and in the tier that holds whatever the new parameter does.

    Under the same allowed pattern as well, so that Parameter Store refuses the copy, while the parameter is still
    there, if it would refuse the new parameter.
    """
    return replace(
        spec,
        name=recovery_name(spec.name),
        tier=Tier.STANDARD,
        description=f"Value of {spec.name} while that is replaced",
        policies=(),
    )


def _copy_name(spec: ParameterSpec) -> str:
    return recovery_name(spec.name).text
