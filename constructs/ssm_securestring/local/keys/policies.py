"""What a key policy must be, whoever writes it.

Source:
    KMS Developer Guide, "Key policies in AWS KMS".
"""

import json
from typing import Any, Final

from ssm_securestring.local.protocol import ServiceError

# KMS Developer Guide, "Quotas".
_MAX_POLICY_BYTES: Final = 32 * 1024


def check_key_policy(text: str) -> None:
    """Refuse a policy that KMS would not take.

    Raises:
        ServiceError: It is too long, not a JSON object, or one of its statements is incomplete.
    """
    if len(text.encode("utf-8", errors="surrogatepass")) > _MAX_POLICY_BYTES:
        raise ServiceError("LimitExceededException", f"A key policy has at most {_MAX_POLICY_BYTES} bytes.")
    try:
        policy = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _malformed("it is not valid JSON") from error
    statements = policy.get("Statement") if isinstance(policy, dict) else None
    if isinstance(statements, dict):
        statements = [statements]
    if not isinstance(statements, list) or not statements:
        raise _malformed("it has no statements")
    for statement in statements:
        _check_statement(statement)


def _check_statement(statement: Any) -> None:  # noqa: ANN401 - it may be anything
    if not isinstance(statement, dict) or statement.get("Effect") not in ("Allow", "Deny"):
        raise _malformed("a statement has no Effect of Allow or Deny")
    if "Principal" not in statement and "NotPrincipal" not in statement:
        raise _malformed("a statement has no Principal")
    conditions = statement.get("Condition", {})
    if not isinstance(conditions, dict) or not all(isinstance(each, dict) for each in conditions.values()):
        raise _malformed("a Condition is not an object of objects")
    for operator, keys in conditions.items():
        if operator.lower().startswith("forallvalues:") and any(
            key.lower().startswith("kms:encryptioncontext:") for key in keys
        ):
            # KMS refuses this one by name: it would hold for requests without any context.
            raise _malformed("OverlyPermissiveCondition:EncryptionContext. To fix, remove ForAllValues")


def _malformed(problem: str) -> ServiceError:
    return ServiceError("MalformedPolicyDocumentException", f"The key policy is not valid: {problem}.")
