"""Groups of IAM in CloudFormation, and who is in them; ministack's IAM has them, its CloudFormation does not.

Source:
    CloudFormation Template Reference, "AWS::IAM::Group" and "AWS::IAM::UserToGroupAddition".
"""

import json
import re
import uuid
from collections.abc import Callable
from typing import Any, Final

from ssm_securestring.local.protocol import ERROR_STATUS, HttpAnswer, JsonObject, ServiceError

GROUP: Final = "AWS::IAM::Group"
GROUP_ADDITION: Final = "AWS::IAM::UserToGroupAddition"
# IAM User Guide, "IAM and AWS STS quotas", group name.
_NAME_CHARS: Final = 128
_GONE: Final = "NoSuchEntity"

Made = tuple[str, dict[str, Any]]
"""Physical id and attributes of a resource."""


class Groups:
    """Makes, changes and deletes groups.

    Args:
        iam: Performs an action of IAM.
        account: Tells the account that is being served.
    """

    def __init__(self, iam: Callable[[str, dict[str, str]], HttpAnswer], *, account: Callable[[], str]) -> None:
        """Keep the way to IAM."""
        self._iam = iam
        self._account = account

    def handlers(self) -> dict[str, Any]:
        """Return what CloudFormation calls for a group."""
        return {
            "create": self._create,
            "update": self._update,
            "update_with_logical_id": True,
            "delete": self._delete,
        }

    def addition_handlers(self) -> dict[str, Any]:
        """Return what CloudFormation calls for users that are put into a group."""
        return {"create": self._add, "update": self._change_users, "delete": self._take_out}

    def _create(self, logical_id: str, properties: JsonObject, stack_name: str) -> Made:
        name = str(properties.get("GroupName") or _generated(stack_name, logical_id))
        path = str(properties.get("Path") or "/")
        self._perform("CreateGroup", GroupName=name, Path=path)
        try:
            self._set_policies(name, {}, properties)
        except ServiceError:
            self._delete(name, properties)
            raise
        return name, self._attributes(name, path)

    def _update(self, name: str, old: JsonObject, new: JsonObject, stack_name: str, logical_id: str) -> Made:
        if old.get("GroupName") != new.get("GroupName") or old.get("Path") != new.get("Path"):
            # On AWS a new path is no replacement; here it is, and what refers to the group follows.
            return self._create(logical_id, new, stack_name)
        self._set_policies(name, old, new)
        return name, self._attributes(name, str(new.get("Path") or "/"))

    def _delete(self, name: str, properties: JsonObject) -> None:
        for arn in properties.get("ManagedPolicyArns") or []:
            self._perform("DetachGroupPolicy", missing_ok=True, GroupName=name, PolicyArn=str(arn))
        self._perform("DeleteGroup", missing_ok=True, GroupName=name)

    def _set_policies(self, name: str, old: JsonObject, new: JsonObject) -> None:
        attached, wanted = ({str(arn) for arn in each.get("ManagedPolicyArns") or []} for each in (old, new))
        for arn in sorted(attached - wanted):
            self._perform("DetachGroupPolicy", missing_ok=True, GroupName=name, PolicyArn=arn)
        for arn in sorted(wanted - attached):
            self._perform("AttachGroupPolicy", GroupName=name, PolicyArn=arn)
        before, after = (_inline_policies(each) for each in (old, new))
        for policy in sorted(before.keys() - after.keys()):
            self._perform("DeleteGroupPolicy", missing_ok=True, GroupName=name, PolicyName=policy)
        for policy, document in after.items():
            self._perform("PutGroupPolicy", GroupName=name, PolicyName=policy, PolicyDocument=document)

    def _add(self, logical_id: str, properties: JsonObject, stack_name: str) -> Made:
        for user in _users(properties):
            self._perform("AddUserToGroup", GroupName=str(properties["GroupName"]), UserName=user)
        return _generated(stack_name, logical_id), {}

    def _change_users(self, physical_id: str, old: JsonObject, new: JsonObject, _stack_name: str) -> Made:
        group = str(new["GroupName"])
        kept = _users(new) if group == str(old["GroupName"]) else []
        for user in _users(new):
            self._perform("AddUserToGroup", GroupName=group, UserName=user)
        self._take_out(physical_id, {**old, "Users": [each for each in _users(old) if each not in kept]})
        return physical_id, {}

    def _take_out(self, _physical_id: str, properties: JsonObject) -> None:
        for user in _users(properties):
            self._perform("RemoveUserFromGroup", missing_ok=True, GroupName=str(properties["GroupName"]), UserName=user)

    def _attributes(self, name: str, path: str) -> dict[str, Any]:
        return {"Arn": f"arn:aws:iam::{self._account()}:group{path}{name}"}

    def _perform(self, action: str, *, missing_ok: bool = False, **parameters: str) -> None:
        status, _, body = self._iam(action, parameters)
        code, message = (_element(body, name) for name in ("Code", "Message"))
        if status >= ERROR_STATUS and not (missing_ok and code == _GONE):
            raise ServiceError(code, message)


def _element(body: bytes, name: str) -> str:
    """Return the text of an element of IAM's answer."""
    found = re.search(rf"<{name}>(.*?)</{name}>", body.decode("utf-8", errors="replace"), re.DOTALL)
    return found.group(1) if found else ""


def _generated(stack_name: str, logical_id: str) -> str:
    return f"{stack_name}-{logical_id}"[: _NAME_CHARS - 13] + f"-{uuid.uuid4().hex[:12].upper()}"


def _inline_policies(properties: JsonObject) -> dict[str, str]:
    return {str(each["PolicyName"]): json.dumps(each["PolicyDocument"]) for each in properties.get("Policies") or []}


def _users(properties: JsonObject) -> list[str]:
    return [str(each) for each in properties.get("Users") or []]
