"""What a request asks for and the rules refuse, in words that say what to do."""

from collections.abc import Mapping

from ssm_securestring.core.errors import LifecycleError
from ssm_securestring.core.limits import STANDARD_TIER_BYTES
from ssm_securestring.core.spec import OWNERSHIP_TAGS, STACK_TAG, ParameterSpec


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
