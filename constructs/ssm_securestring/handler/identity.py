"""Which parameter a resource is, and how to tell that it is this resource's and nobody else's."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Self

from ssm_securestring.core.errors import ParameterArnError, ParameterNameError
from ssm_securestring.core.names import ParameterArn, ParameterName
from ssm_securestring.core.spec import INCARNATION_TAG, RESOURCE_TYPE, STACK_TAG
from ssm_securestring.handler.request import Request

# ARN (1,011 at most), mark and incarnation are 1,024 bytes together: all that a physical id may have.
_MARK: Final = "#"
_RESOURCE_DIGITS: Final = 4
_REQUEST_DIGITS: Final = 8
_INCARNATION: Final = re.compile(rf"[0-9a-f]{{{_RESOURCE_DIGITS + _REQUEST_DIGITS}}}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """The physical id: a parameter's ARN and its incarnation, which is one creation of it by one request.

    The name alone would not do: CloudFormation sends Delete for a failed Create too, and for the old resource after a
    replacement under the same name. The incarnation is also a tag of the parameter, and only that pair is ours.

    Args:
        arn: The parameter's ARN.
        incarnation: Digest of stack and logical id, then digest of these and the request's id.
    """

    arn: ParameterArn
    incarnation: str

    @classmethod
    def mint(cls, request: Request, name: ParameterName) -> Self:
        """Return the identity of what this request creates: the same at each delivery of the request.

        Raises:
            ContractError: The request names no stack.
            ParameterNameError: The name is too long for this Region.
        """
        resource = f"{request.stack_id}\n{request.logical_id}"
        incarnation = (
            _digest(resource)[:_RESOURCE_DIGITS] + _digest(f"{resource}\n{request.request_id}")[:_REQUEST_DIGITS]
        )
        return cls(arn=request.arn_of(name), incarnation=incarnation)

    @classmethod
    def parse(cls, physical_id: str) -> Self | None:
        """Read a physical id. ``None`` for one that this function never gave: CloudFormation invents some."""
        arn, _, incarnation = physical_id.rpartition(_MARK)
        if not _INCARNATION.fullmatch(incarnation):
            return None
        try:
            return cls(arn=ParameterArn.parse(arn), incarnation=incarnation)
        except (ParameterArnError, ParameterNameError):
            return None

    def __str__(self) -> str:
        """Return the physical id."""
        return f"{self.arn}{_MARK}{self.incarnation}"

    def tags(self, stack_id: str) -> dict[str, str]:
        """Return the tags that say that a parameter is this one."""
        return {STACK_TAG: stack_id, INCARNATION_TAG: self.incarnation}

    def owns(self, tags: Mapping[str, str], *, stack_id: str) -> bool:
        """Return whether a parameter with these tags is this very incarnation."""
        return self.tags(stack_id).items() <= tags.items()

    def predecessor(self, tags: Mapping[str, str], *, stack_id: str) -> Self | None:
        """Return the identity of a parameter with these tags if an earlier request of this same resource made it."""
        incarnation = tags.get(INCARNATION_TAG, "")
        same_resource = incarnation[:_RESOURCE_DIGITS] == self.incarnation[:_RESOURCE_DIGITS]
        if tags.get(STACK_TAG) != stack_id or not same_resource or not _INCARNATION.fullmatch(incarnation):
            return None
        return type(self)(arn=self.arn, incarnation=incarnation)


def failed_create_id(request: Request) -> str:
    """Return the physical id to answer when a Create failed.

    CloudFormation sends Delete for it. So it is the one that the parameter would have had, in case it was made after
    all; if not even that can be told, one that Delete ignores.
    """
    try:
        return str(Identity.mint(request, ParameterName(str(request.properties.get("Name", "")))))
    except ValueError:
        return f"{RESOURCE_TYPE}/create-failed/{request.request_id}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
