"""The condition keys of a request, those that follow from who makes it included.

Source:
    IAM User Guide, "AWS global condition context keys"; KMS Developer Guide, "AWS KMS condition keys".
"""

from functools import lru_cache
from typing import Final

from ssm_securestring.iam.model import Caller, Request
from ssm_securestring.iam.principals import is_root, is_service
from ssm_securestring.iam.variables import Value, Values

_ARN_ACCOUNT: Final = 4


def values_of(request: Request, of_the_caller: dict[str, Value]) -> Values:
    """Return the condition keys of a request, in lower case.

    What the request says itself takes precedence over what follows from the caller and the resource.

    Args:
        request: The request.
        of_the_caller: What follows from its caller.
    """
    values = of_the_caller.copy()
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


def of_caller(caller: Caller) -> dict[str, Value]:
    """Return the condition keys that follow from who makes a request, in lower case."""
    values: dict[str, Value]
    if is_service(caller):
        values = {"aws:principalisawsservice": "true", "aws:principalservicename": caller.arn}
    else:
        values = {
            "aws:principalisawsservice": "false",
            "aws:principaltype": _kind(caller),
            "aws:principalarn": caller.arn,
            "aws:principalaccount": caller.account,
            "kms:calleraccount": caller.account,
        }
    if ":user/" in caller.arn:
        values["aws:username"] = caller.arn.rsplit("/", 1)[-1]
    return values | {key.lower(): value for key, value in caller.context.items()}


def _kind(caller: Caller) -> str:
    if is_root(caller):
        return "Account"
    return "User" if ":user/" in caller.arn else "AssumedRole"
