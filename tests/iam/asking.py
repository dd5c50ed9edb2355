"""Requests and policies for the tables of decisions, spelled by hand."""

from collections.abc import Mapping
from typing import Any

from ssm_securestring.iam.model import Caller, Decision, Identity, Policy, Reason, Request, Text, Verdict
from ssm_securestring.iam.policy import parse_policy

HOME, OTHER = "111122223333", "444455556666"
ROLE_ARN = f"arn:aws:iam::{HOME}:role/app/Orders"
SESSION_ARN = f"arn:aws:sts::{HOME}:assumed-role/Orders/one"
USER_ARN = f"arn:aws:iam::{HOME}:user/alice"
ROOT_ARN = f"arn:aws:iam::{HOME}:root"
ROLE = Caller(arn=ROLE_ARN, account=HOME, session_arn=SESSION_ARN)
USER = Caller(arn=USER_ARN, account=HOME)
ROOT = Caller(arn=ROOT_ARN, account=HOME)
STRANGER = Caller(arn=f"arn:aws:iam::{OTHER}:role/Reader", account=OTHER)
SERVICE = Caller(arn="lambda.amazonaws.com", account=HOME)

ALLOWED, DENIED, UNKNOWN = Verdict.ALLOWED, Verdict.DENIED, Verdict.UNKNOWN
BY_IDENTITY, BY_RESOURCE, BY_BOTH = Reason.ALLOWED_BY_IDENTITY, Reason.ALLOWED_BY_RESOURCE, Reason.ALLOWED_BY_BOTH
EXPLICIT = Reason.EXPLICIT_DENY
NOT_IDENTITY, NOT_RESOURCE = Reason.NOT_ALLOWED_BY_IDENTITY, Reason.NOT_ALLOWED_BY_RESOURCE
NOT_BOUNDARY, NOT_SESSION = Reason.NOT_ALLOWED_BY_BOUNDARY, Reason.NOT_ALLOWED_BY_SESSION
NOT_ORGANIZATION = Reason.NOT_ALLOWED_BY_ORGANIZATION


def policy(*statements: dict[str, Any], place: str = "Policy") -> Policy:
    """Read statements."""
    return parse_policy({"Version": "2012-10-17", "Statement": list(statements)}, place=place)


def allow(action: Text = "*", resource: Text = "*", **more: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    """Spell an Allow."""
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def deny(action: Text = "*", resource: Text = "*", **more: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    """Spell a Deny."""
    return {"Effect": "Deny", "Action": action, "Resource": resource, **more}


def identity(
    *statements: dict[str, Any],
    boundary: Policy | None = None,
    session: Policy | None = None,
    service_control: tuple[tuple[Policy, ...], ...] = (),
) -> Identity:
    """Spell the policies on the side of a caller."""
    return Identity(
        policies=(policy(*statements, place="Identity"),) if statements else (),
        boundary=boundary,
        session=None if session is None else (session,),
        service_control=service_control,
    )


def request(
    caller: Caller = ROLE,
    action: str = "ssm:GetParameter",
    resource: str = f"arn:aws:ssm:eu-west-1:{HOME}:parameter/shop/db",
    context: Mapping[str, str] | None = None,
) -> Request:
    """Spell a request."""
    return Request(caller=caller, action=action, resource=resource, context=context or {})


def outcome(decision: Decision) -> tuple[Verdict, Reason]:
    """Return the parts of a decision that tables list."""
    return decision.verdict, decision.reason
