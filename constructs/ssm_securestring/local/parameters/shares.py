"""Resource shares of AWS RAM in CloudFormation, for parameters.

What a share means to Parameter Store is a resource policy on each of its parameters. RAM itself is not emulated:
there are no invitations, and the other account has accepted at once, as within an organization that shares.

Source:
    CloudFormation Template Reference, "AWS::RAM::ResourceShare"; SSM User Guide, "Working with shared parameters in
    Parameter Store".
"""

import json
import re
import uuid
from collections.abc import Callable
from typing import Any, Final

from ssm_securestring.core.access import DEFAULT_SHARE_PERMISSION, SHARE_PERMISSIONS
from ssm_securestring.local.parameters.sharing import ParameterSharing, owner_of
from ssm_securestring.local.protocol import Caller, JsonObject, ServiceError

RESOURCE_SHARE: Final = "AWS::RAM::ResourceShare"
_ACCOUNT: Final = re.compile(r"\d{12}")
_PRINCIPAL: Final = re.compile(r"arn:[^:]+:iam::\d{12}:(?:role|user)/.+")

Made = tuple[str, dict[str, Any]]
"""Physical id and attributes of a resource."""


class ResourceShares:
    """Makes, changes and ends resource shares.

    Args:
        sharing: The resource policies of parameters.
        caller: Tells as whom CloudFormation works, and where.
    """

    def __init__(self, sharing: ParameterSharing, caller: Callable[[], Caller]) -> None:
        """Keep the collaborators."""
        self._sharing = sharing
        self._caller = caller

    def handlers(self) -> dict[str, Any]:
        """Return what CloudFormation calls."""
        return {"create": self._create, "update": self._update, "delete": self._delete}

    def _create(self, _logical_id: str, properties: JsonObject, _stack_name: str) -> Made:
        caller = self._caller()
        arn = f"arn:aws:ram:{caller.region}:{caller.account}:resource-share/{uuid.uuid4()}"
        try:
            self._admit(caller, arn, properties)
        except ServiceError:
            self._delete(arn, properties)
            raise
        return arn, {"Arn": arn}

    def _update(self, arn: str, old: JsonObject, new: JsonObject, _stack_name: str) -> Made:
        self._admit(self._caller(), arn, new)
        kept = set(_parameters(new))
        for gone in (each for each in _parameters(old) if each not in kept):
            self._sharing.withdraw(gone, policy_id=arn)
        return arn, {"Arn": arn}

    def _delete(self, arn: str, properties: JsonObject) -> None:
        for parameter in _parameters(properties):
            self._sharing.withdraw(parameter, policy_id=arn)

    def _admit(self, caller: Caller, arn: str, properties: JsonObject) -> None:
        principals, actions = _principals(properties), _actions(properties)
        for parameter in _parameters(properties):
            if owner_of(parameter) is None:
                raise _unsupported(f"Resource {parameter} is not a parameter, and only parameters can be shared here")
            statement = {
                "Effect": "Allow",
                "Principal": {"AWS": principals},
                "Action": actions,
                "Resource": parameter,
            }
            policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
            self._sharing.admit(caller, parameter, policy_id=arn, policy=policy)


def _parameters(properties: JsonObject) -> list[str]:
    return [str(each) for each in properties.get("ResourceArns") or []]


def _principals(properties: JsonObject) -> list[str]:
    if str(properties.get("AllowExternalPrincipals", True)).lower() == "false":
        raise _unsupported("AllowExternalPrincipals: false needs an organization, and there is none here")
    principals = []
    for each in map(str, properties.get("Principals") or []):
        if not (_ACCOUNT.fullmatch(each) or _PRINCIPAL.fullmatch(each)):
            raise _unsupported(f"Principal {each} is neither an account nor a role or user")
        principals.append(f"arn:aws:iam::{each}:root" if _ACCOUNT.fullmatch(each) else each)
    return principals


def _actions(properties: JsonObject) -> list[str]:
    names = [str(each).rpartition("permission/")[2] for each in properties.get("PermissionArns") or []]
    for each in names:
        if each not in SHARE_PERMISSIONS:
            raise _unsupported(f"Permission {each} is not one of {', '.join(SHARE_PERMISSIONS)}")
    return sorted({action for each in names or [DEFAULT_SHARE_PERMISSION] for action in SHARE_PERMISSIONS[each]})


def _unsupported(problem: str) -> ServiceError:
    return ServiceError("InvalidParameterException", f"{problem}.")
