"""The condition keys of a request, those that follow from who makes it included.

Source:
    IAM User Guide, "AWS global condition context keys"; KMS Developer Guide, "AWS KMS condition keys".
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from ssm_securestring.iam.model import Caller, Request
from ssm_securestring.iam.principals import is_root, is_service
from ssm_securestring.iam.variables import Values

_ARN_ACCOUNT: Final = 4
_Value = str | tuple[str, ...]


def values_of(request: Request) -> Values:
    """Return the condition keys of a request, in lower case.

    What the request says itself takes precedence over what follows from the caller and the resource.
    """
    values = dict(_of_caller(request.caller))
    account = account_of(request.resource)
    if account:
        values["aws:resourceaccount"] = account
    for key, value in request.context.items():
        values[key.lower()] = value
    return values


@lru_cache(maxsize=4096)
def account_of(arn: str) -> str:
    """Return the account in an ARN; empty if it has none."""
    parts = arn.split(":", _ARN_ACCOUNT + 1)
    account = parts[_ARN_ACCOUNT] if len(parts) > _ARN_ACCOUNT + 1 else ""
    return account if account.isdigit() else ""


@lru_cache(maxsize=4096)
def _of_caller(caller: Caller) -> Mapping[str, _Value]:
    values: dict[str, _Value] = {"aws:principaltype": _kind(caller), "aws:principalisawsservice": "false"}
    if is_service(caller):
        values = {"aws:principalisawsservice": "true", "aws:principalservicename": caller.arn}
    else:
        values["aws:principalarn"] = caller.arn
        values["aws:principalaccount"] = values["kms:calleraccount"] = caller.account
    if ":user/" in caller.arn:
        values["aws:username"] = caller.arn.rsplit("/", 1)[-1]
    return values | {key.lower(): value for key, value in caller.context.items()}


def _kind(caller: Caller) -> str:
    if is_root(caller):
        return "Account"
    return "User" if ":user/" in caller.arn else "AssumedRole"
