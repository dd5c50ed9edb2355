"""Names and ARNs of parameters. The naming rules of Parameter Store are decided here and nowhere else."""

import re
from dataclasses import dataclass, field
from typing import Final, Self

from ssm_securestring.core.errors import ParameterArnError, ParameterNameError
from ssm_securestring.core.limits import MAX_NAME_LEVELS, MAX_PARAMETER_ARN_CHARS

# SSM User Guide, "Creating Parameter Store parameters", requirements and constraints for names.
_FOREIGN_CHARACTER: Final = re.compile(r"[^A-Za-z0-9_.\-/]")
# AWS General Reference, "Amazon Resource Names": arn, partition, service, Region, account, resource.
_ARN_PARTS: Final = 6
_RESERVED: Final = ("aws", "ssm")
# A name is checked where the Region may not be known yet. No ARN prefix is shorter than this one, so
# a name that does not fit behind it fits nowhere; the exact check follows where the Region is known.
_SHORTEST_ARN_PREFIX: Final = "arn:aws:ssm:us-east-1:111122223333:parameter/"


@dataclass(frozen=True, slots=True)
class ParameterName:
    """A name that Parameter Store accepts.

    ``foo`` and ``/foo`` name the same parameter (the ARN has one slash either way), so they are equal.

    Args:
        text: The name. One with several levels starts with a slash: ``/shop/db/password``.

    Raises:
        ParameterNameError: ``text`` breaks a naming rule; the message says which, and what to write.

    Example:
        >>> ParameterName("/shop/db/password").arn(
        ...     partition="aws", region="eu-west-1", account="111122223333"
        ... )
        'arn:aws:ssm:eu-west-1:111122223333:parameter/shop/db/password'

    Source:
        https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-paramstore-su-create.html
    """

    text: str = field(compare=False)
    without_slash: str = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Check every rule that does not depend on the Region."""
        for check in (_check_characters, _check_slashes, _check_reserved, _check_depth, _check_length):
            check(self.text)
        object.__setattr__(self, "without_slash", self.text.removeprefix("/"))

    def __str__(self) -> str:
        """Return the name as it was written."""
        return self.text

    def arn(self, *, partition: str, region: str, account: str) -> str:
        """Return the ARN: one slash after ``parameter``, with or without one before the name."""
        return str(ParameterArn(partition=partition, region=region, account=account, name=self))


@dataclass(frozen=True, slots=True, kw_only=True)
class ParameterArn:
    """Where a parameter is: partition, Region, account and name.

    Args:
        partition: ``aws``, ``aws-cn``, ``aws-us-gov``, … At synthesis this may be a CDK token.
        region: Region, for example ``eu-west-1``. At synthesis this may be a CDK token.
        account: The account's 12 digits. At synthesis this may be a CDK token.
        name: The parameter's name.
    """

    partition: str
    region: str
    account: str
    name: ParameterName

    def __str__(self) -> str:
        """Return the ARN as text.

        Source:
            https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssystemsmanager.html
        """
        return f"{_arn_prefix(self.partition, self.region, self.account)}{self.name.without_slash}"

    def check_length(self) -> None:
        """Refuse a name that is too long for this partition, Region and account.

        Raises:
            ParameterNameError: The ARN is longer than Parameter Store accepts.
        """
        _check_fits(self.name.text, _arn_prefix(self.partition, self.region, self.account))

    @classmethod
    def parse(cls, arn: str) -> Self:
        """Read an ARN.

        A single-level name comes back without a leading slash, which names the same parameter.

        Raises:
            ParameterArnError: ``arn`` is not the ARN of a parameter.
            ParameterNameError: The name in it breaks a naming rule.
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
        name = ParameterName(f"/{rest}" if "/" in rest else rest)
        return cls(partition=partition, region=region, account=account, name=name)


def _arn_prefix(partition: str, region: str, account: str) -> str:
    return f"arn:{partition}:ssm:{region}:{account}:parameter/"


def _check_characters(name: str) -> None:
    if not name:
        raise ParameterNameError(name, problem="is empty", fix="write one such as '/shop/db/password'")
    if name != name.strip():
        # Parameter Store strips them silently, so the parameter would not have the name that was asked for.
        raise ParameterNameError(name, problem="has space around it", fix=f"write {name.strip()!r}")
    foreign = _FOREIGN_CHARACTER.search(name)
    if foreign:
        raise ParameterNameError(
            name,
            problem=f"contains {foreign.group()!r}",
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


def _check_length(name: str) -> None:
    _check_fits(name, _SHORTEST_ARN_PREFIX)


def _check_fits(name: str, arn_prefix: str) -> None:
    room = MAX_PARAMETER_ARN_CHARS - len(arn_prefix)
    length = len(name.removeprefix("/"))
    if length > room:
        raise ParameterNameError(
            name,
            problem=f"is {length} characters long",
            fix=f"use {room} at most, since ARN and name together may have {MAX_PARAMETER_ARN_CHARS}",
        )
