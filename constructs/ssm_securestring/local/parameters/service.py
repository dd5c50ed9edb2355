"""Parameter Store: who may do what to which parameter, then the operation itself."""

from collections.abc import Awaitable, Callable
from typing import Any, Final

from ssm_securestring.local.authorization import Authorizer, tag_context
from ssm_securestring.local.parameters import rules
from ssm_securestring.local.parameters.quotas import RequestQuotas
from ssm_securestring.local.parameters.reading import ParameterReader, split_selector
from ssm_securestring.local.parameters.sharing import SHARED_OPERATIONS, ParameterSharing, name_in, owner_of
from ssm_securestring.local.parameters.store import ParameterStore, parameter_arn
from ssm_securestring.local.parameters.writing import ParameterWriter, not_found, tags_in
from ssm_securestring.local.protocol import (
    ERROR_STATUS,
    Caller,
    HttpAnswer,
    JsonObject,
    Payload,
    ServiceError,
    answer,
    validation_error,
)
from ssm_securestring.local.trail import Trail, TrailDraft, shown_parameters

SOURCE: Final = "ssm.amazonaws.com"
_TAG_OPERATIONS: Final = frozenset({"AddTagsToResource", "RemoveTagsFromResource", "ListTagsForResource"})
_BATCH_OPERATIONS: Final = frozenset({"GetParameters", "DeleteParameters"})
_SHARING_OPERATIONS: Final = frozenset({"PutResourcePolicy", "GetResourcePolicies", "DeleteResourcePolicy"})
_SETTING_OPERATIONS: Final = frozenset({"GetServiceSetting", "UpdateServiceSetting", "ResetServiceSetting"})
# SSM API reference, ParameterNotFound: CloudTrail does not record it for these two.
_NOT_FOUND_UNRECORDED: Final = frozenset({"GetParameter", "DeleteParameter"})
OPERATIONS: Final = frozenset(
    {
        *("PutParameter", "GetParameter", "GetParametersByPath", "GetParameterHistory", "DescribeParameters"),
        *("DeleteParameter", "LabelParameterVersion", "UnlabelParameterVersion"),
        *_TAG_OPERATIONS,
        *_BATCH_OPERATIONS,
        *_SETTING_OPERATIONS,
        *_SHARING_OPERATIONS,
    }
)


class ParameterService:
    """Parameter Store.

    Args:
        store: Keeps parameters.
        reader: Reads them.
        writer: Changes them.
        authorizer: Decides.
        trail: Records.
        quotas: Counts requests. Default: there are no quotas.
    """

    def __init__(
        self,
        *,
        store: ParameterStore,
        reader: ParameterReader,
        writer: ParameterWriter,
        authorizer: Authorizer,
        trail: Trail,
        quotas: RequestQuotas | None = None,
    ) -> None:
        """Keep the collaborators."""
        self._store = store
        self._reader = reader
        self._writer = writer
        self._authorizer = authorizer
        self._trail = trail
        self._quotas = quotas
        sharing = ParameterSharing(store)
        self._operations: dict[str, Callable[[Caller, Payload], JsonObject]] = {
            "PutParameter": writer.put,
            "GetParameter": reader.get,
            "GetParameters": reader.get_many,
            "GetParametersByPath": reader.get_by_path,
            "GetParameterHistory": reader.history,
            "DescribeParameters": lambda _, payload: reader.describe(payload),
            "DeleteParameter": self._delete,
            "DeleteParameters": self._delete_many,
            "LabelParameterVersion": lambda _, payload: writer.label(payload),
            "UnlabelParameterVersion": lambda _, payload: writer.unlabel(payload),
            "AddTagsToResource": self._add_tags,
            "RemoveTagsFromResource": self._remove_tags,
            "ListTagsForResource": self._list_tags,
            "PutResourcePolicy": sharing.put,
            "GetResourcePolicies": sharing.get,
            "DeleteResourcePolicy": sharing.delete,
        }

    async def serve(
        self, caller: Caller, operation: str, body: bytes, delegate: Callable[[], Awaitable[HttpAnswer]]
    ) -> HttpAnswer:
        """Answer a request."""
        payload = Payload.parse(body)
        own = self._operations.get(operation)
        if own:
            return answer(self.call(caller, operation, payload, body=body))
        with self._trail.recording(self._draft(caller, operation, payload)) as draft:
            self._authorizer.check(caller, f"ssm:{operation}", _other_resource(caller, operation, payload), {})
            found = await delegate()
            if found[0] >= ERROR_STATUS:
                draft.error_code = str(Payload.parse(found[2]).data.get("__type"))
            return found

    def call(self, caller: Caller, operation: str, payload: Payload, *, body: bytes = b"") -> JsonObject:
        """Carry out an operation on parameters.

        Raises:
            ServiceError: It is refused.
        """
        with self._trail.recording(self._draft(caller, operation, payload)) as draft:
            try:
                if self._quotas:
                    self._quotas.spend(caller, operation)
                draft.resources = self._authorize(caller, operation, payload, body)
                return self._operations[operation](caller, payload)
            except ServiceError as error:
                draft.recorded = error.code != "ParameterNotFound" or operation not in _NOT_FOUND_UNRECORDED
                raise

    def resolve(self, caller: Caller, text: str, *, version: str | None, decrypt: bool) -> str | None:
        """Return a value for CloudFormation; ``None`` if there is no such parameter."""
        try:
            selected = self._reader.select(text if version is None else f"{text}:{version}", caller)
        except ServiceError:
            return None
        return self._reader.value(caller, selected, decrypt=decrypt)

    def _draft(self, caller: Caller, operation: str, payload: Payload) -> TrailDraft:
        return TrailDraft(
            event_source=SOURCE,
            event_name=operation,
            caller=caller.arn,
            invoked_by=caller.invoked_by,
            request_parameters=shown_parameters(payload.data),
        )

    # -- authorisation -----------------------------------------------------------------------------------------------

    def _authorize(self, caller: Caller, operation: str, payload: Payload, body: bytes) -> list[str]:
        """Check every resource of a request; returns their ARNs."""
        action = f"ssm:{operation}"
        if operation == "DescribeParameters":
            self._authorizer.check(caller, action, "*", {})
            return []
        context = self._authorizer.request_tags("ssm", action, body)
        if operation == "GetParametersByPath":
            return self._authorize_path(caller, payload)
        if operation == "PutParameter":
            return self._authorize_put(caller, payload, context)
        arns = [self._arn(caller, name) for name in _names(operation, payload)]
        for arn in arns:
            self._authorize_one(caller, operation, arn, context)
        return arns

    def _authorize_one(self, caller: Caller, operation: str, arn: str, context: dict[str, Any]) -> None:
        owner = owner_of(arn)
        if owner in (caller.account, None) or operation not in SHARED_OPERATIONS:
            tags = self._tags_of(arn) if owner == caller.account else {}
            self._authorizer.check(caller, f"ssm:{operation}", arn, {**context, **tag_context(tags)})
            return
        with self._store.in_account(str(owner), caller.region):
            current = self._store.find(name_in(arn))
            policies = self._store.resource_policies(current) if current else {}
            tags = self._tags_of(arn)
        self._authorizer.check_shared(
            caller, f"ssm:{operation}", arn, {**context, **tag_context(tags)}, policies.values()
        )

    def _authorize_path(self, caller: Caller, payload: Payload) -> list[str]:
        path = payload.required_text("Path")
        arn = parameter_arn(path.rstrip("/"), caller)
        recursive = {"ssm:Recursive": str(payload.flag("Recursive")).lower()}
        self._authorizer.check(caller, "ssm:GetParametersByPath", arn, recursive)
        return [arn]

    def _authorize_put(self, caller: Caller, payload: Payload, tags: dict[str, Any]) -> list[str]:
        arn = self._arn(caller, payload.required_text("Name").strip())
        context = {"ssm:Overwrite": str(payload.flag("Overwrite")).lower(), **tags}
        if payload.text("Policies"):
            context["ssm:Policies"] = "true"
        self._authorizer.check(caller, "ssm:PutParameter", arn, context)
        if payload.objects("Tags"):
            self._authorizer.check(caller, "ssm:AddTagsToResource", arn, tags)
        return [arn]

    def _arn(self, caller: Caller, text: str) -> str:
        name, _ = split_selector(text)
        return name if name.startswith("arn:") else parameter_arn(name, caller)

    def _tags_of(self, arn: str) -> dict[str, str]:
        current = self._store.find(f"/{arn.split(':parameter/', 1)[-1]}")
        return self._store.tags(arn) if current else {}

    # -- operations --------------------------------------------------------------------------------------------------

    def _delete(self, caller: Caller, payload: Payload) -> JsonObject:
        del caller
        name = payload.required_text("Name")
        if name.startswith("arn:"):
            raise validation_error("Parameter name must not be an ARN.")
        if not self._writer.delete(name):
            raise not_found(name)
        return {}

    def _delete_many(self, caller: Caller, payload: Payload) -> JsonObject:
        del caller
        names = payload.texts("Names")
        if not 1 <= len(names) <= rules.DELETE_BATCH:
            raise validation_error(
                "1 validation error detected: Value at 'names' failed to satisfy constraint: "
                f"Member must have length between 1 and {rules.DELETE_BATCH}"
            )
        deleted = [name for name in names if self._writer.delete(name)]
        return {"DeletedParameters": deleted, "InvalidParameters": [name for name in names if name not in deleted]}

    def _add_tags(self, caller: Caller, payload: Payload) -> JsonObject:
        added = tags_in(payload)
        rules.check_tags(added)
        tags = self._resource_tags(caller, payload)
        rules.check_tags({**tags, **added}, by_service=True)
        tags.update(added)
        return {}

    def _remove_tags(self, caller: Caller, payload: Payload) -> JsonObject:
        tags = self._resource_tags(caller, payload)
        for key in payload.texts("TagKeys"):
            tags.pop(key, None)
        return {}

    def _list_tags(self, caller: Caller, payload: Payload) -> JsonObject:
        tags = self._resource_tags(caller, payload)
        return {"TagList": [{"Key": key, "Value": value} for key, value in tags.items()]}

    def _resource_tags(self, caller: Caller, payload: Payload) -> dict[str, str]:
        kind, name = payload.required_text("ResourceType"), payload.required_text("ResourceId")
        if kind != "Parameter":
            raise ServiceError("InvalidResourceType", f"The resource type {kind} is not valid here.")
        current = self._store.find(name)
        if current is None:
            raise ServiceError(
                "InvalidResourceId", f"The resource ID {parameter_arn(name, caller)} is not valid. Verify the ID."
            )
        return self._store.tags(current["ARN"])


def _names(operation: str, payload: Payload) -> list[str]:
    if operation in _BATCH_OPERATIONS:
        return payload.texts("Names")
    if operation in _SHARING_OPERATIONS:
        return [payload.required_text("ResourceArn")]
    return [payload.required_text("ResourceId" if operation in _TAG_OPERATIONS else "Name")]


def _other_resource(caller: Caller, operation: str, payload: Payload) -> str:
    setting = payload.text("SettingId")
    if operation not in _SETTING_OPERATIONS or setting is None:
        return "*"
    if setting.startswith("arn:"):
        return setting
    return f"arn:aws:ssm:{caller.region}:{caller.account}:servicesetting{setting}"
