"""How many requests to a key are decided in a second, on one core: ``python -m bench.iam``."""

import sys
import time
from collections.abc import Callable
from typing import Final

from ssm_securestring.iam.keys import decide_key
from ssm_securestring.iam.model import Caller, Identity, Request
from ssm_securestring.iam.policy import parse_policy

_ACCOUNT: Final = "111122223333"
_KEY: Final = f"arn:aws:kms:eu-west-1:{_ACCOUNT}:key/1234abcd-12ab-34cd-56ef-1234567890ab"
_PARAMETER: Final = f"arn:aws:ssm:eu-west-1:{_ACCOUNT}:parameter/shop"
_VIA: Final = "ssm.eu-west-1.amazonaws.com"
_ROLE: Final = Caller(
    arn=f"arn:aws:iam::{_ACCOUNT}:role/Orders",
    account=_ACCOUNT,
    session_arn=f"arn:aws:sts::{_ACCOUNT}:assumed-role/Orders/one",
)
_REPEATS: Final = 5
_ROUNDS: Final = 20_000
_TARGET: Final = 100_000


def main() -> int:
    """Print a line for each shape of policy; the exit code says whether each reaches the target."""
    shapes = {
        "2 statements, 1 ARN each": _identity([f"{_PARAMETER}/p0"], more=0),
        "4 statements, 20 ARNs each": _identity([f"{_PARAMETER}/p{number}" for number in range(20)], more=2),
        "6 statements, a path each": _identity([f"{_PARAMETER}/p0*"], more=4),
        "4 statements, 1,000 ARNs each": _identity([f"{_PARAMETER}/p{number}" for number in range(1000)], more=2),
    }
    slow = 0
    for name, identity in shapes.items():
        for answer, parameter in (("allowed", "p0"), ("denied", "other")):
            rate = _rate(identity, f"{_PARAMETER}/{parameter}", allowed=answer == "allowed")
            slow += rate < _TARGET
            print(f"{name:32} {answer:8} {rate:>10,.0f} decisions per second")
    return slow


def _identity(parameters: list[str], *, more: int) -> Identity:
    context = {"kms:ViaService": _VIA, "kms:EncryptionContext:PARAMETER_ARN": parameters}
    operator = "StringLike" if any("*" in parameter for parameter in parameters) else "StringEquals"
    statements = [
        {"Effect": "Allow", "Action": ["ssm:GetParameter", "ssm:GetParameters"], "Resource": parameters},
        {"Effect": "Allow", "Action": "kms:Decrypt", "Resource": _KEY, "Condition": {operator: context}},
        *({"Effect": "Allow", "Action": f"s3:Get{number}*", "Resource": "*"} for number in range(more)),
    ]
    document = {"Version": "2012-10-17", "Statement": statements}
    return Identity(policies=(parse_policy(document, place="OrdersPolicy"),))


_KEY_POLICY: Final = parse_policy(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"AWS": f"arn:aws:iam::{_ACCOUNT}:root"},
                "Action": ["kms:Describe*", "kms:Put*", "kms:List*", "kms:ScheduleKeyDeletion"],
                "Resource": "*",
            },
            {
                "Effect": "Allow",
                "Principal": {"AWS": f"arn:aws:iam::{_ACCOUNT}:root"},
                "Action": ["kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey"],
                "Resource": "*",
                "Condition": {
                    "StringEquals": {"kms:CallerAccount": _ACCOUNT, "kms:ViaService": _VIA},
                    "StringLike": {"kms:EncryptionContext:PARAMETER_ARN": f"{_PARAMETER}/*"},
                },
            },
            {
                "Effect": "Deny",
                "Principal": "*",
                "Action": "kms:*",
                "Resource": "*",
                "Condition": {"Bool": {"aws:SecureTransport": "false"}},
            },
        ],
    },
    place="Key",
)


def _rate(identity: Identity, parameter: str, *, allowed: bool) -> float:
    request = Request(
        caller=_ROLE,
        action="kms:Decrypt",
        resource=_KEY,
        context={
            "kms:ViaService": _VIA,
            "kms:EncryptionContext:PARAMETER_ARN": parameter,
            "kms:EncryptionContextKeys": ("PARAMETER_ARN",),
            "aws:SecureTransport": "true",
        },
    )

    def decide_many() -> None:
        for _ in range(_ROUNDS):
            if decide_key(request, identity, key_policy=_KEY_POLICY, key_account=_ACCOUNT).allowed is not allowed:
                raise RuntimeError("the decision is wrong, so its speed means nothing")

    return _ROUNDS / min(_seconds(decide_many) for _ in range(_REPEATS))


def _seconds(run: Callable[[], None]) -> float:
    """Return the seconds of one core that a call takes, so that other programs do not count."""
    start = time.process_time()
    run()
    return time.process_time() - start


if __name__ == "__main__":
    sys.exit(main())
