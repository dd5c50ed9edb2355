"""How long the proof takes: ``python -m bench.proof``. For 10, 100 and 1,000 parameters and 50 principals.

The templates are written as the constructs write them, without the CDK, whose synthesis would take longer than the
proof. Each principal may read twenty parameters; the function's role may keep all of them. The targets are: at most ten
seconds for the largest, and the outcome EXACT for all.
"""

import sys
import time
from typing import Any, Final

from ssm_securestring.core.access import ACCESS_METADATA, KEY_METADATA, PROVIDER_METADATA, Access, KeyUse, Verb
from ssm_securestring.core.encryption import encrypt_actions
from ssm_securestring.core.spec import RESOURCE_TYPE, STACK_TAG
from ssm_securestring.core.tiers import Tier
from ssm_securestring.iam.assembly import from_templates
from ssm_securestring.iam.proof import prove
from ssm_securestring.iam.reading import read_world
from ssm_securestring.iam.report import outcome
from ssm_securestring.iam.table import table_of

_PRINCIPALS: Final = 50
_READS: Final = 20
_PAGE: Final = 20
_TARGET_SECONDS: Final = 10.0
_ACCOUNT, _REGION = "111122223333", "eu-west-1"
_PREFIX: Final = f"arn:aws:ssm:{_REGION}:{_ACCOUNT}:parameter"
_ROOT: Final = f"arn:aws:iam::{_ACCOUNT}:root"
_KEY: Final = {"Fn::GetAtt": ["Key", "Arn"]}
_VIA: Final = {"kms:ViaService": f"ssm.{_REGION}.amazonaws.com"}


def templates(parameters: int) -> dict[str, dict[str, Any]]:
    """Return one stack with a key, parameters, the role that keeps them, and principals that read some."""
    names = [f"/shop/service-{number:04}/password" for number in range(parameters)]
    resources: dict[str, Any] = {"Key": _key(), "Function": _function(), "KeeperRole": _keeper()}
    for number, name in enumerate(names):
        resources[f"Parameter{number}"] = _parameter(name)
    for start in range(0, parameters, _PAGE):
        resources[f"Keeper{start}"] = _keeper_policy(names[start : start + _PAGE])
    for number in range(_PRINCIPALS):
        resources[f"Reader{number}"] = {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": {}}}
        own = sorted({names[(number * _READS + each) % parameters] for each in range(_READS)})
        resources[f"ReaderPolicy{number}"] = _reader_policy(f"Reader{number}", own)
    return {"Shop": {"Resources": resources}}


def _key() -> dict[str, Any]:
    use = {
        "Effect": "Allow",
        "Principal": {"AWS": _ROOT},
        "Action": ["kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey"],
        "Resource": "*",
        "Condition": {
            "StringEquals": {"kms:CallerAccount": _ACCOUNT, **_VIA},
            "StringLike": {"kms:EncryptionContext:PARAMETER_ARN": f"{_PREFIX}/shop/*"},
        },
    }
    administer = {"Effect": "Allow", "Principal": {"AWS": _ROOT}, "Action": ["kms:PutKeyPolicy"], "Resource": "*"}
    return {
        "Type": "AWS::KMS::Key",
        "Properties": {"KeyPolicy": {"Statement": [administer, use]}},
        "Metadata": {KEY_METADATA: {"patterns": [f"{_PREFIX}/shop/*"], "administrators": []}},
    }


def _function() -> dict[str, Any]:
    return {"Type": "AWS::Lambda::Function", "Properties": {"Role": {"Fn::GetAtt": ["KeeperRole", "Arn"]}}}


def _keeper() -> dict[str, Any]:
    retire = {
        "Effect": "Allow",
        "Action": ["ssm:DeleteParameter", "ssm:ListTagsForResource", "ssm:RemoveTagsFromResource"],
        "Resource": f"{_PREFIX}/*",
        "Condition": {"StringEquals": {f"aws:ResourceTag/{STACK_TAG}": {"Ref": "AWS::StackId"}}},
    }
    policies = [{"PolicyName": "Retire", "PolicyDocument": {"Statement": [retire]}}]
    return {"Type": "AWS::IAM::Role", "Properties": {"Policies": policies}, "Metadata": {PROVIDER_METADATA: True}}


def _keeper_policy(names: list[str]) -> dict[str, Any]:
    arns = [f"{_PREFIX}{name}" for name in names]
    exactly = {"StringEquals": {**_VIA, "kms:EncryptionContext:PARAMETER_ARN": arns}}
    keep = [
        "ssm:AddTagsToResource",
        "ssm:GetParameter",
        "ssm:ListTagsForResource",
        "ssm:PutParameter",
        "ssm:RemoveTagsFromResource",
    ]
    statements = [
        {"Effect": "Allow", "Action": keep, "Resource": arns},
        {"Effect": "Allow", "Action": "kms:Decrypt", "Resource": "*", "Condition": exactly},
        {
            "Effect": "Allow",
            "Action": list(encrypt_actions(Tier.INTELLIGENT_TIERING)),
            "Resource": _KEY,
            "Condition": exactly,
        },
    ]
    document = {"Statement": statements}
    properties = {"PolicyDocument": document, "Roles": [{"Ref": "KeeperRole"}]}
    return {"Type": "AWS::IAM::ManagedPolicy", "Properties": properties}


def _parameter(name: str) -> dict[str, Any]:
    properties = {
        "ServiceToken": {"Fn::GetAtt": ["Function", "Arn"]},
        "ContractVersion": "1",
        "Name": name,
        "KeyId": _KEY,
        "Tier": "Standard",
        "Source": {"Kind": "External"},
    }
    return {"Type": RESOURCE_TYPE, "Properties": properties}


def _reader_policy(role: str, names: list[str]) -> dict[str, Any]:
    access = Access()
    for name in names:
        arn = f"{_PREFIX}{name}"
        access.allow(Verb.READ.parameter_actions, resource=arn)
        access.allow_key(Verb.READ.key_actions(None), use=KeyUse(key_arn="KEY", region=_REGION), parameter_arn=arn)
    statements = access.statements()
    statements[1]["Resource"] = _KEY
    granted = [
        {
            "verb": "READ",
            "parameter": f"{_PREFIX}{name}",
            "path": False,
            "tier": "Standard",
            "key": _KEY,
            "direct": False,
        }
        for name in names
    ]
    properties = {"PolicyDocument": {"Statement": statements}, "Roles": [{"Ref": role}]}
    return {"Type": "AWS::IAM::Policy", "Properties": properties, "Metadata": {ACCESS_METADATA: granted}}


def measure(parameters: int) -> tuple[float, bool]:
    """Print how long the proof takes; return that in seconds, and whether its outcome is EXACT."""
    made = templates(parameters)
    started = time.perf_counter()
    world = read_world(from_templates(made))
    read = time.perf_counter()
    proof = prove(world)
    proved = time.perf_counter()
    cells = sum(1 for _ in table_of(world))
    ended = time.perf_counter()
    print(
        f"{parameters:5} parameters, {_PRINCIPALS} principals: {ended - started:5.2f} s "
        f"(read {read - started:.2f}, prove {proved - read:.2f}, table of {cells} lines {ended - proved:.2f}); "
        f"{outcome(proof)}"
    )
    return ended - started, proof.exact


def main() -> int:
    """Measure all sizes; exit code 1 if a target is missed."""
    measured = [measure(parameters) for parameters in (10, 100, 1_000)]
    return 0 if all(exact for _, exact in measured) and measured[-1][0] <= _TARGET_SECONDS else 1


if __name__ == "__main__":
    sys.exit(main())
