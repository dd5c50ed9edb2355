"""What a plan is made of. Each step is safe to repeat, so that a request may be delivered again at any point."""

from collections.abc import Mapping
from dataclasses import dataclass

from ssm_securestring.core.spec import ParameterSpec
from ssm_securestring.handler.record import Replacement


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


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckFits:
    """Refuse a value that the parameter could not hold, before anything is touched."""

    spec: ParameterSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyStep:
    """A step of a replacement: the value is kept in a second parameter while the first one is not there.

    Args:
        copy_name: Name of that second parameter.
    """

    copy_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KeepCopy(CopyStep):
    """Put the present value into the copy, with its tags, in one call that fails if one of that name exists."""

    copy: ParameterSpec
    tags: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteOriginal(CopyStep):
    """Delete the parameter, once its copy has been read and is equal."""

    copy: ParameterSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class AwaitName(CopyStep):
    """Wait until the name of the deleted parameter may be used again."""

    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoreCopied(CopyStep):
    """Create the parameter with the value of its copy, in one call that fails if one of its name exists.

    Args:
        spec: What it is to be.
        tags: Its tags.
        may_drop_pattern: In a rollback, which would leave the stack stuck if it failed, a value that does not match the
            allowed pattern is created without one.
    """

    spec: ParameterSpec
    tags: Mapping[str, str]
    may_drop_pattern: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CompareWithCopy(CopyStep):
    """Refuse to go on unless the parameter was created with the value of its copy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteCopy(CopyStep):
    """Delete the copy."""


Step = (
    CreateParameter
    | AdoptParameter
    | CheckSet
    | CheckFits
    | RewriteParameter
    | AddTags
    | RemoveTags
    | DeleteParameter
    | KeepCopy
    | DeleteOriginal
    | AwaitName
    | RestoreCopied
    | CompareWithCopy
    | DeleteCopy
)
