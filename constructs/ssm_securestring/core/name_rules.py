"""The naming rules of Parameter Store, decided here and nowhere else.

Plain functions: the helper loads these and not :mod:`.names`, since dataclasses are slow to import.
"""

from typing import Final, NamedTuple

from ssm_securestring.core.errors import ParameterArnError, ParameterNameError
from ssm_securestring.core.limits import MAX_NAME_LEVELS, MAX_PARAMETER_ARN_CHARS

# SSM User Guide, "Creating Parameter Store parameters", requirements and constraints for names.
_CHARACTERS: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-/")
# AWS General Reference, "Amazon Resource Names": arn, partition, service, Region, account, resource.
_ARN_PARTS: Final = 6
_RESERVED: Final = ("aws", "ssm")
# A name is checked where the Region may not be known yet. No ARN prefix is shorter than this one, so
# a name that does not fit behind it fits nowhere; the exact check follows where the Region is known.
_SHORTEST_ARN_PREFIX: Final = "arn:aws:ssm:us-east-1:111122223333:parameter/"


class ArnParts(NamedTuple):
    """What the ARN of a parameter says; nothing of it is checked but that it is there."""

    partition: str
    region: str
    account: str
    name: str


def check_name(name: str) -> None:
    """Check every rule that does not depend on the Region.

    Raises:
        ParameterNameError: ``name`` breaks one; the message says which, and what to write.
    """
    for check in (_check_characters, _check_slashes, _check_reserved, _check_depth):
        check(name)
    check_fits(name, _SHORTEST_ARN_PREFIX)


def check_fits(name: str, arn_prefix: str) -> None:
    """Refuse a name that is too long behind this start of an ARN.

    Raises:
        ParameterNameError: The ARN is longer than Parameter Store accepts.
    """
    room = MAX_PARAMETER_ARN_CHARS - len(arn_prefix)
    length = len(name.removeprefix("/"))
    if length > room:
        raise ParameterNameError(
            name,
            problem=f"is {length} characters long",
            fix=f"use {room} at most, since ARN and name together may have {MAX_PARAMETER_ARN_CHARS}",
        )


def split_arn(arn: str) -> ArnParts:
    """Read an ARN, without checking the name in it.

    A single-level name comes back without a leading slash, which names the same parameter.

    Raises:
        ParameterArnError: ``arn`` is not the ARN of a parameter.
    """
    parts = arn.split(":")
    if len(parts) != _ARN_PARTS or parts[0] != "arn":
        raise ParameterArnError(arn, problem="it does not have the six parts of an ARN")
    _, partition, service, region, account, resource = parts
    if service != "ssm":
        raise ParameterArnError(arn, problem=f"its service is {service!r}")
    if not (partition and region and account):
        raise ParameterArnError(arn, problem="its partition, Region or account is empty")
    prefix = "parameter/"
    if not resource.startswith(prefix):
        raise ParameterArnError(arn, problem="its resource does not start with 'parameter/'")
    rest = resource.removeprefix(prefix)
    return ArnParts(partition, region, account, f"/{rest}" if "/" in rest else rest)


def _check_characters(name: str) -> None:
    if not name:
        raise ParameterNameError(name, problem="is empty", fix="write one such as '/shop/db/password'")
    if name != name.strip():
        # Parameter Store strips them silently, so the parameter would not have the name that was asked for.
        raise ParameterNameError(name, problem="has space around it", fix=f"write {name.strip()!r}")
    foreign = next((each for each in name if each not in _CHARACTERS), "")
    if foreign:
        raise ParameterNameError(
            name,
            problem=f"contains {foreign!r}",
            fix="use only letters a-z and A-Z, digits, '_', '.', '-', and '/' between levels",
        )


def _check_slashes(name: str) -> None:
    if "//" in name or name.endswith("/"):
        tidy = "/" + "/".join(level for level in name.split("/") if level)
        fix = f"write {tidy!r}" if tidy != "/" else "write one such as '/shop/db/password'"
        raise ParameterNameError(name, problem="has an empty level", fix=fix)
    if "/" in name and not name.startswith("/"):
        raise ParameterNameError(name, problem="has no leading slash", fix=f"write '/{name}'")


def _check_reserved(name: str) -> None:
    start = name.removeprefix("/").lower()
    for word in _RESERVED:
        if start.startswith(word):
            raise ParameterNameError(
                name,
                problem=f"starts with {word!r}, which AWS keeps for itself in any case of letters",
                fix="start with another word; further levels are free, '/shop/aws-key' for example",
            )


def _check_depth(name: str) -> None:
    levels = name.removeprefix("/").count("/") + 1
    if levels > MAX_NAME_LEVELS:
        raise ParameterNameError(name, problem=f"has {levels} levels", fix=f"use {MAX_NAME_LEVELS} at most")
