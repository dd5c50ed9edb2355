"""Names and ARNs of parameters: texts that have been checked, and so cannot be wrong."""

from dataclasses import dataclass, field
from typing import Self

from ssm_securestring.core.name_rules import check_fits, check_name, split_arn


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
        check_name(self.text)
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
        check_fits(self.name.text, _arn_prefix(self.partition, self.region, self.account))

    @classmethod
    def parse(cls, arn: str) -> Self:
        """Read an ARN.

        A single-level name comes back without a leading slash, which names the same parameter.

        Raises:
            ParameterArnError: ``arn`` is not the ARN of a parameter.
            ParameterNameError: The name in it breaks a naming rule.
        """
        parts = split_arn(arn)
        name = ParameterName(parts.name)
        return cls(partition=parts.partition, region=parts.region, account=parts.account, name=name)


def _arn_prefix(partition: str, region: str, account: str) -> str:
    return f"arn:{partition}:ssm:{region}:{account}:parameter/"
