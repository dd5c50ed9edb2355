"""What CloudFormation asks for, as a type instead of a dictionary."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Self

from ssm_securestring.core.errors import ContractError
from ssm_securestring.core.names import ParameterArn, ParameterName


class RequestType(StrEnum):
    """What is to happen to the resource."""

    CREATE = "Create"
    UPDATE = "Update"
    DELETE = "Delete"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request of CloudFormation to a custom resource.

    Args:
        request_type: Create, Update or Delete. Text, because a request of an unknown type must be answered too.
        response_url: Where to put the answer. Whoever has it can answer, so it is in no ``repr`` and no log.
        stack_id: ARN of the stack.
        request_id: Id of this request; a second delivery of it has the same one.
        logical_id: Logical id of the resource in its template.
        physical_id: What the last answer called the resource. Empty on Create.
        properties: What the template says.
        old_properties: What the template said before. Empty unless on Update.

    Source:
        CloudFormation User Guide, "Custom resource request objects".
    """

    request_type: str
    response_url: str = field(repr=False)
    stack_id: str
    request_id: str
    logical_id: str
    physical_id: str = ""
    properties: Mapping[str, object] = field(default_factory=dict, repr=False)
    old_properties: Mapping[str, object] = field(default_factory=dict, repr=False)

    @classmethod
    def from_event(cls, event: Mapping[str, object]) -> Self:
        """Read the event.

        Raises:
            ContractError: It lacks what an answer needs, so it cannot even be refused.
        """
        try:
            return cls(
                request_type=str(event.get("RequestType")),
                response_url=str(event["ResponseURL"]),
                stack_id=str(event["StackId"]),
                request_id=str(event["RequestId"]),
                logical_id=str(event["LogicalResourceId"]),
                physical_id=str(event.get("PhysicalResourceId", "")),
                properties=_object(event.get("ResourceProperties")),
                old_properties=_object(event.get("OldResourceProperties")),
            )
        except KeyError as error:
            raise ContractError(f"the event is not from CloudFormation, it has no {error}") from error

    @property
    def stack_name(self) -> str:
        """Name of the stack, out of its ARN."""
        parts = self.stack_id.split("/")
        return parts[1] if len(parts) > 1 else self.stack_id

    def arn_of(self, name: ParameterName) -> ParameterArn:
        """Return the ARN of a parameter in the stack's partition, Region and account.

        Raises:
            ContractError: StackId is not the ARN of a stack.
            ParameterNameError: The name is too long for this Region.
        """
        match self.stack_id.split(":"):
            case ["arn", partition, "cloudformation", region, account, _]:
                arn = ParameterArn(partition=partition, region=region, account=account, name=name)
                arn.check_length()
                return arn
            case _:
                raise ContractError(f"StackId {self.stack_id!r} is not the ARN of a stack")


def _object(properties: object) -> Mapping[str, object]:
    return properties if isinstance(properties, Mapping) else {}
