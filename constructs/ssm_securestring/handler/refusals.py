"""What a request asks for and the rules refuse, in words that say what to do."""

from collections.abc import Mapping
from typing import Self

from ssm_securestring.core.errors import LifecycleError
from ssm_securestring.core.limits import STANDARD_TIER_BYTES
from ssm_securestring.core.spec import OWNERSHIP_TAGS, STACK_TAG, ParameterSpec


class KeptIn(str):
    """A note on any failure in a replacement. It has a type of its own, since the notes of others may hold values."""

    __slots__ = ()

    def __new__(cls, copy_name: str) -> Self:
        """Say where the value is."""
        return super().__new__(
            cls, f"Its value is kept in parameter {copy_name}, from which a rollback or the next attempt restores it."
        )


class DowngradeError(LifecycleError):
    """An advanced parameter was to become a standard one."""

    def __init__(self, name: str) -> None:
        """Say why not, and what to do."""
        super().__init__(
            name,
            problem=(
                "it is an advanced parameter, and Parameter Store does not turn one into a standard one, since that "
                f"would cut the value at {STANDARD_TIER_BYTES} bytes and drop its policies. Nothing was changed"
            ),
            fix=(
                "Keep tier=Tier.ADVANCED, or give the standard parameter another name, or write allow_replacement=True "
                "to have it deleted and created anew with its value"
            ),
        )


def name_taken(spec: ParameterSpec, *, stack_id: str, tags: Mapping[str, str]) -> LifecycleError:
    """Return the error for a name that somebody else's parameter has."""
    return LifecycleError(
        spec.name.text,
        problem=(
            f"a parameter of this name exists and is not this resource's{_owner(stack_id, tags)}. It was not touched"
        ),
        fix=(
            "Delete it, or use another name, or refer to it with SecureStringParameter.from_name instead of creating "
            "it, or take it over with adopt_existing=True"
        ),
    )


def wrong_stack(spec: ParameterSpec, *, tags: Mapping[str, str]) -> LifecycleError:
    """Return the error for a parameter that another stack keeps in place and that was to be adopted."""
    return LifecycleError(
        spec.name.text,
        problem=f"it cannot be adopted, because it is that of {tags[STACK_TAG]}. It was not touched",
        fix=(
            "Remove it from that stack and keep it (removal_policy=RemovalPolicy.RETAIN); "
            f"if that stack is gone already, remove the tags {' and '.join(OWNERSHIP_TAGS)} from the parameter"
        ),
    )


def not_adoptable(name: str, *, problem: str, fix: str) -> LifecycleError:
    """Return the error for a parameter that is not what the template says."""
    return LifecycleError(name, problem=f"it cannot be adopted, because {problem}. It was not touched", fix=fix)


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


def expired_already(name: str) -> LifecycleError:
    """Return the error for a parameter that would be gone at once."""
    return LifecycleError(
        name,
        problem="its Expiration has passed already",
        fix="Write a later timestamp, or take the parameter out of the stack",
    )


def adopted_is_never_deleted(name: str) -> LifecycleError:
    """Return the error for a replacement of a parameter that was there before this resource."""
    return LifecycleError(
        name,
        problem="it was adopted, and an adopted parameter is never deleted, not for a replacement either",
        fix="Keep tier=Tier.ADVANCED, or give the standard parameter another name",
    )


def copy_name_taken(name: str, *, copy_name: str) -> LifecycleError:
    """Return the error for a replacement that finds somebody else's parameter where it would keep the value."""
    return LifecycleError(
        name,
        problem=(
            f"while it is replaced, its value is kept in parameter {copy_name}, and one of that name exists that is "
            "not this resource's. Neither was touched"
        ),
        fix=f"Delete or rename {copy_name}",
    )


def not_replaced_for_pattern(name: str) -> LifecycleError:
    """Return the error for a value that could not be put again once its parameter is deleted."""
    return LifecycleError(
        name,
        problem="its value does not match its allowed pattern, so it was not replaced",
        fix="Let allowed_pattern admit it, or set a value that matches first",
    )


def too_late_to_replace(name: str, *, needed_seconds: float) -> LifecycleError:
    """Return the error for a replacement that the function would not live to finish."""
    return LifecycleError(
        name,
        problem=(
            f"to delete it and create it anew takes {needed_seconds:.0f} seconds, which are not left, "
            "since AWS was slow or refused the rate of calls. It was not deleted"
        ),
        fix="Deploy again",
    )


def differs_from_copy(name: str, *, copy_name: str) -> LifecycleError:
    """Return the error for a parameter that was created anew and does not read as its copy does."""
    return LifecycleError(
        name,
        problem=f"it was created anew, and does not read as the copy of its value in parameter {copy_name} does",
        fix=f"Put the value of {copy_name} into it, then deploy again",
    )


def copy_hidden(name: str, *, copy_name: str) -> LifecycleError:
    """Return the error for a replacement of which cannot be seen how far an earlier one has come."""
    return LifecycleError(
        name,
        problem=f"whether a copy of its value is in parameter {copy_name} cannot be seen. Nothing was changed",
        fix="The function's role needs ssm:ListTagsForResource on that one",
    )


def damaged_seal(name: str) -> LifecycleError:
    """Return the error for a sealed value that is no ciphertext, or holds no text."""
    return LifecycleError(
        name,
        problem="its sealed value is not what `ssm-securestring seal` prints, or holds something else than text",
        fix="Seal it again, and copy the whole text",
    )


def sealed_elsewhere(name: str, *, key_region: str, region: str) -> LifecycleError:
    """Return the error for a value that was sealed in another Region."""
    return LifecycleError(
        name,
        problem=f"its sealed value is for another Region: its key is in {key_region}, and the parameter is in {region}",
        fix=f"Seal it again, with a key of {region}",
    )


def foreign_part(name: str, *, part: int) -> LifecycleError:
    """Return the error for a sealed value of which a later part does not open, while the first one does."""
    return LifecycleError(
        name,
        problem=f"part {part} of its sealed value does not open: it is of another sealing, or is damaged",
        fix="Seal it again, and copy the whole text",
    )


def not_set_yet(name: str) -> LifecycleError:
    """Return the error for an external value that nobody has set."""
    return LifecycleError(
        name,
        problem="nobody has set its value yet, and must_be_set=True asks for that",
        fix=f"Set it, with `aws ssm put-parameter --overwrite --name {name} ...`, then deploy again",
    )


def not_read_back(name: str, *, version: int) -> LifecycleError:
    """Return the error for a value that reads differently under its new key."""
    return LifecycleError(
        name,
        problem=f"its value does not read under the new key as it did under the old one, in version {version}",
        fix="The version before it holds the right value; put it again, and do not delete the old key",
    )


def never_on_top(name: str) -> LifecycleError:
    """Return the error for a value that others set faster than it can be put."""
    return LifecycleError(
        name,
        problem="somebody else sets its value again and again, so it could not be kept",
        fix="Deploy again when that has ended, and check its value: the version before the newest is theirs",
    )


def _owner(stack_id: str, tags: Mapping[str, str]) -> str:
    owner = tags.get(STACK_TAG)
    if owner is None:
        return ""
    if owner == stack_id:
        return ", but was made by another resource of this stack, or by an earlier one that was retained"
    return f", but that of {owner}"
