"""Small worlds, spelled by hand: one key, two parameters, and principals with policies."""

from collections.abc import Sequence
from typing import Any

from ssm_securestring.core.access import Verb
from ssm_securestring.core.tiers import Tier
from ssm_securestring.iam.model import Caller, Identity, Policy
from ssm_securestring.iam.policy import parse_policy
from ssm_securestring.iam.world import Declared, Key, Parameter, Principal, World

ACCOUNT = "111122223333"
PREFIX = f"arn:aws:ssm:eu-west-1:{ACCOUNT}:parameter"
PASSWORD, API_KEY = f"{PREFIX}/shop/db/password", f"{PREFIX}/shop/mail/api-key"
KEY_ARN = f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/1234abcd-12ab-34cd-56ef-1234567890ab"
ROOT = f"arn:aws:iam::{ACCOUNT}:root"
VIA = "ssm.eu-west-1.amazonaws.com"
CONTEXT = "kms:EncryptionContext:PARAMETER_ARN"


def allow(actions: object, resources: object, **rest: object) -> dict[str, object]:
    """Spell a statement that allows."""
    return {"Effect": "Allow", "Action": actions, "Resource": resources, **rest}


def deny(actions: object, resources: object, **rest: object) -> dict[str, object]:
    """Spell a statement that denies."""
    return {"Effect": "Deny", "Action": actions, "Resource": resources, **rest}


def policy(*statements: dict[str, Any], place: str = "Shop/Policy") -> Policy:
    """Read a policy of these statements."""
    return parse_policy({"Version": "2012-10-17", "Statement": list(statements)}, place=place)


def reading(*arns: str) -> list[dict[str, Any]]:
    """Spell out what a reader of parameters needs."""
    exactly = {"StringEquals": {"kms:ViaService": VIA, CONTEXT: list(arns)}}
    return [
        allow(["ssm:GetParameter", "ssm:GetParameters"], list(arns)),
        allow("kms:Decrypt", KEY_ARN, Condition=exactly),
    ]


def role(name: str, *statements: dict[str, Any], arn: str | None = None) -> Principal:
    """Make a role with these statements in a policy of its own."""
    caller = Caller(arn=arn or f"arn:aws:iam::{ACCOUNT}:role/{name}", account=(arn or f"::::{ACCOUNT}").split(":")[4])
    identity = Identity(policies=(policy(*statements, place=f"Shop/{name}Policy"),) if statements else ())
    return Principal(name=f"Shop/{name}", kind="role", caller=caller, identity=identity, stack="Shop")


DELEGATING = policy(
    allow(
        ["kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey"],
        "*",
        Principal={"AWS": ROOT},
        Condition={
            "StringEquals": {"kms:CallerAccount": ACCOUNT, "kms:ViaService": VIA},
            "StringLike": {CONTEXT: f"{PREFIX}/shop/*"},
        },
    ),
    place="Shop/Key",
)


def key(key_policy: Policy | None = DELEGATING, **rest: Any) -> Key:  # noqa: ANN401 - fields of the key
    """Make the key, by default one that leaves its use to IAM, within Parameter Store and below /shop."""
    return Key(name="Shop/Key", arn=KEY_ARN, policy=key_policy, stack="Shop", **rest)


def read_grant(principal: Principal, arn: str, *, verb: Verb = Verb.READ, **rest: Any) -> Declared:  # noqa: ANN401 - fields of the grant
    """Say that somebody was granted something."""
    return Declared(
        principal=principal.caller.arn, verb=verb, parameter=arn, **{"tier": Tier.STANDARD, "key": KEY_ARN, **rest}
    )


def world(*principals: Principal, granted: Sequence[Declared] = (), keys: Sequence[Key] | None = None) -> World:
    """Make a world of two parameters, the key, and these principals."""
    parameters = tuple(
        Parameter(
            arn=arn, name=arn.removeprefix(PREFIX), tier=Tier.STANDARD, key=KEY_ARN, stack="Shop", stack_id="Shop"
        )
        for arn in (PASSWORD, API_KEY)
    )
    return World(
        principals=principals,
        keys=tuple(keys) if keys is not None else (key(),),
        parameters=parameters,
        declared=tuple(granted),
    )
