"""Whether a caller may do something: its own policies, a key's policy and grants, decided together as AWS does."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from ssm_securestring.local.protocol import Caller, ServiceError, Verdict
from ssm_securestring.local.seam import Seam

_ALLOW: Final = "Allow"
_DENY: Final = "Deny"
_ARN_ACCOUNT: Final = 4

ConditionContext = Mapping[str, Any]
"""Condition keys of a request, with their values."""


class Authorizer:
    """Decides with ministack's evaluator.

    Args:
        seam: ministack.
    """

    def __init__(self, seam: Seam) -> None:
        """Keep the way to the evaluator."""
        self._seam = seam

    def check(self, caller: Caller, action: str, resource: str, context: ConditionContext) -> None:
        """Let the caller's own policies decide.

        Raises:
            ServiceError: They refuse.
        """
        verdict = self._verdict(caller, action, resource, context)
        if verdict.together != _ALLOW:
            raise _denied(caller, action, resource, _identity_reason(action, explicit=verdict.identity == _DENY))

    def check_shared(
        self, caller: Caller, action: str, resource: str, context: ConditionContext, policies: Iterable[str]
    ) -> None:
        """Let the caller's own policies and those of a resource of another account decide: both must allow.

        Raises:
            ServiceError: They refuse.
        """
        self.check(caller, action, resource, context)
        said = {self._verdict(caller, action, resource, context, key_policy=each).key_policy for each in policies}
        if _DENY in said or _ALLOW not in said:
            raise _denied(caller, action, resource, _resource_reason(action, explicit=_DENY in said))

    def check_key(
        self,
        caller: Caller,
        action: str,
        key_arn: str,
        context: ConditionContext,
        *,
        policy: str,
        granted: bool,
        binds_root: bool,
    ) -> None:
        """Let the caller's policies, the key's policy and its grants decide together.

        Args:
            caller: Who asks.
            action: IAM action.
            key_arn: ARN of the key.
            context: Condition keys.
            policy: The key's policy.
            granted: Whether a grant on the key allows the call.
            binds_root: Whether the key's policy holds for the account's root too, as for an AWS managed key.

        Raises:
            ServiceError: They refuse.
        """
        verdict = self._verdict(caller, action, key_arn, context, key_policy=policy)
        at_home = key_arn.split(":")[_ARN_ACCOUNT] == caller.account
        if verdict.is_root and at_home and not binds_root:
            return
        if verdict.identity == _DENY:
            raise _denied(caller, action, key_arn, _identity_reason(action, explicit=True))
        if verdict.key_policy == _DENY:
            raise _denied(caller, action, key_arn, _resource_reason(action, explicit=True))
        if verdict.is_root:
            allowed = verdict.key_policy == _ALLOW or (granted and not at_home)
        else:
            # A grant to somebody of another account counts for who may do it there as well.
            allowed = verdict.together == _ALLOW or (granted and (at_home or verdict.identity == _ALLOW))
        if not allowed:
            reason = _resource_reason if verdict.identity == _ALLOW else _identity_reason
            raise _denied(caller, action, key_arn, reason(action, explicit=False))

    def request_tags(self, service: str, action: str, body: bytes) -> dict[str, Any]:
        """Return the condition keys for the tags that a request sets or removes."""
        return self._seam.request_tag_context(service, action, body)

    def _verdict(
        self, caller: Caller, action: str, resource: str, context: ConditionContext, *, key_policy: str | None = None
    ) -> Verdict:
        if self._seam.is_anonymous():
            raise ServiceError("MissingAuthenticationTokenException", "Missing Authentication Token")
        lowered: dict[str, Any] = {name.lower(): value for name, value in context.items()}
        # A request that names no tags has no such key at all; the evaluator would see an empty list.
        lowered.setdefault("aws:tagkeys", None)
        return self._seam.verdict(caller, action=action, resource=resource, context=lowered, key_policy=key_policy)


def tag_context(tags: Mapping[str, str]) -> dict[str, str]:
    """Return the condition keys for the tags that a resource has."""
    return {f"aws:ResourceTag/{name}": value for name, value in tags.items()}


def is_grantee(grantee: str, caller: Caller) -> bool:
    """Return whether a principal that a grant names is the caller, or the role that the caller assumed."""
    if grantee == caller.arn:
        return True
    if ":assumed-role/" not in caller.arn or ":role/" not in grantee:
        return False
    role, account = caller.arn.split(":assumed-role/")[1].split("/")[0], caller.arn.split(":")[4]
    return grantee.split(":")[4] == account and grantee.rsplit("/", 1)[-1] == role


def context_fits(constraints: Mapping[str, Any], context: Mapping[str, str]) -> bool:
    """Return whether an encryption context satisfies the constraints of a grant.

    Source:
        KMS API reference, GrantConstraints.
    """
    exact = constraints.get("EncryptionContextEquals")
    if exact is not None:
        return dict(exact) == dict(context)
    subset: Iterable[tuple[str, str]] = (constraints.get("EncryptionContextSubset") or {}).items()
    return all(context.get(name) == value for name, value in subset)


def _identity_reason(action: str, *, explicit: bool) -> str:
    if explicit:
        return "with an explicit deny in an identity-based policy"
    return f"because no identity-based policy allows the {action} action"


def _resource_reason(action: str, *, explicit: bool) -> str:
    if explicit:
        return "with an explicit deny in a resource-based policy"
    return f"because no resource-based policy allows the {action} action"


def _denied(caller: Caller, action: str, resource: str, reason: str) -> ServiceError:
    return ServiceError(
        "AccessDeniedException",
        f"User: {caller.arn} is not authorized to perform: {action} on resource: {resource} {reason}",
    )
