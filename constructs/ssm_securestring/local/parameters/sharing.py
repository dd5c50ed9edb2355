"""Parameters that other accounts may read: resource policies, and what can be shared at all.

Source:
    SSM User Guide, "Working with shared parameters in Parameter Store".
"""

import hashlib
import json
import uuid
from typing import Any, Final

from ssm_securestring.core.encryption import AWS_MANAGED_KEY_ALIAS
from ssm_securestring.core.tiers import Tier
from ssm_securestring.local.parameters import rules
from ssm_securestring.local.parameters.store import ParameterStore
from ssm_securestring.local.protocol import Caller, JsonObject, Payload, ServiceError

# What another account can be given: SSM User Guide, the managed permissions of AWS RAM for parameters.
SHARED_OPERATIONS: Final = frozenset({"GetParameter", "GetParameters", "GetParameterHistory"})
_ARN_PARTS: Final = 6
_ACCOUNT: Final = 4


class ParameterSharing:
    """The resource policies of parameters.

    Args:
        store: Keeps them, with the parameters.
    """

    def __init__(self, store: ParameterStore) -> None:
        """Keep the store."""
        self._store = store

    def put(self, caller: Caller, payload: Payload) -> JsonObject:
        """Attach a policy to a parameter, or replace one.

        Raises:
            ServiceError: The parameter cannot be shared, or the policy is malformed.
        """
        current = self._parameter(caller, payload)
        policy = payload.required_text("Policy")
        _check_policy(policy)
        _check_sharable(current)
        policies, given = self._store.resource_policies(current), payload.text("PolicyId")
        if given is not None:
            _check_hash(policies, given, payload)
        policy_id = given or str(uuid.uuid4())
        policies[policy_id] = policy
        return {"PolicyId": policy_id, "PolicyHash": _hash(policy)}

    def get(self, caller: Caller, payload: Payload) -> JsonObject:
        """Return the policies of a parameter."""
        policies = self._store.resource_policies(self._parameter(caller, payload))
        return {
            "Policies": [
                {"PolicyId": policy_id, "PolicyHash": _hash(policy), "Policy": policy}
                for policy_id, policy in policies.items()
            ]
        }

    def delete(self, caller: Caller, payload: Payload) -> JsonObject:
        """Take a policy away.

        Raises:
            ServiceError: There is none of that id and hash.
        """
        policies = self._store.resource_policies(self._parameter(caller, payload))
        policy_id = payload.required_text("PolicyId")
        _check_hash(policies, policy_id, payload)
        del policies[policy_id]
        return {}

    def admit(self, caller: Caller, arn: str, *, policy_id: str, policy: str) -> None:
        """Attach a policy under an id of another service's choice, or replace it.

        Raises:
            ServiceError: There is no such parameter, or it cannot be shared.
        """
        current = self._owned(caller, arn)
        _check_sharable(current)
        self._store.resource_policies(current)[policy_id] = policy

    def withdraw(self, arn: str, *, policy_id: str) -> None:
        """Take such a policy away, unless it went with its parameter."""
        current = self._store.find(name_in(arn))
        if current is not None:
            self._store.resource_policies(current).pop(policy_id, None)

    def _parameter(self, caller: Caller, payload: Payload) -> JsonObject:
        return self._owned(caller, payload.required_text("ResourceArn"))

    def _owned(self, caller: Caller, arn: str) -> JsonObject:
        current = self._store.find(name_in(arn)) if owner_of(arn) == caller.account else None
        if current is None:
            raise ServiceError("ResourceNotFoundException", f"Resource {arn} is not found.")
        return current


def owner_of(arn: str) -> str | None:
    """Return the account of a parameter's ARN; ``None`` if the text is not one."""
    parts = arn.split(":", _ARN_PARTS - 1)
    if len(parts) != _ARN_PARTS or parts[2] != "ssm" or not parts[-1].startswith("parameter/"):
        return None
    return parts[_ACCOUNT]


def name_in(arn: str) -> str:
    """Return the name in a parameter's ARN, with a leading slash."""
    return arn.split(":", _ARN_PARTS - 1)[-1].removeprefix("parameter")


def _check_sharable(current: JsonObject) -> None:
    if current["Tier"] != Tier.ADVANCED or (current["Type"] == rules.SECURE_STRING and _is_managed(current["KeyId"])):
        raise ServiceError(
            "ResourcePolicyInvalidParameterException",
            "Only a parameter of the advanced tier can be shared, and a SecureString only under a customer managed "
            "key.",
        )


def _is_managed(key_id: str) -> bool:
    return key_id.endswith(AWS_MANAGED_KEY_ALIAS)


def _hash(policy: str) -> str:
    return hashlib.sha256(policy.encode("utf-8", errors="surrogatepass")).hexdigest()


def _check_hash(policies: dict[str, str], policy_id: str, payload: Payload) -> None:
    if policy_id not in policies:
        raise ServiceError("ResourcePolicyNotFoundException", f"Policy {policy_id} is not found.")
    if payload.required_text("PolicyHash") != _hash(policies[policy_id]):
        raise ServiceError("ResourcePolicyConflictException", "The hash is not that of the current policy.")


def _check_policy(text: str) -> None:
    try:
        policy: Any = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _malformed() from error
    statements = policy.get("Statement") if isinstance(policy, dict) else None
    if not isinstance(statements, list) or not all(isinstance(each, dict) for each in statements):
        raise _malformed()


def _malformed() -> ServiceError:
    return ServiceError("MalformedResourcePolicyDocumentException", "The policy is not valid JSON with statements.")
