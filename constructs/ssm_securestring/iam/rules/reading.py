"""Templates held against the rules."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ssm_securestring.iam.model import Unknown
from ssm_securestring.iam.rules import check
from ssm_securestring.iam.rules.rule import Finding, Resource


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    findings: tuple[Finding, ...]
    unknown: tuple[Unknown, ...]


def _resolve(v: Any, res: Mapping[str, Any]) -> Any:
    if isinstance(v, list):
        return [_resolve(x, res) for x in v]
    if isinstance(v, Mapping):
        if set(v) == {"Ref"}:
            p = {"AWS::Partition": "aws", "AWS::Region": "eu-west-1", "AWS::AccountId": "111122223333"}.get(v["Ref"])
            return p or Unknown(place=str(v), reason="Ref")
        if set(v) == {"Fn::GetAtt"}:
            l = v["Fn::GetAtt"][0]
            if l in res and res[l]["Type"] == "AWS::KMS::Key":
                return f"arn:aws:kms:eu-west-1:111122223333:key/{l}"
            return Unknown(place=str(v), reason="GetAtt")
        if set(v) == {"Fn::Join"}:
            parts = [_resolve(x, res) for x in v["Fn::Join"][1]]
            if all(isinstance(x, str) for x in parts):
                return v["Fn::Join"][0].join(parts)
            return Unknown(
                place=str(v),
                reason="Join",
                pattern=v["Fn::Join"][0].join(x if isinstance(x, str) else x.pattern for x in parts),
            )
        if len(v) == 1 and next(iter(v)).startswith("Fn::"):
            return Unknown(place=str(v), reason=next(iter(v)))
        return {k: _resolve(x, res) for k, x in v.items()}
    return v


def report_on(templates: Mapping[str, Any]) -> Report:
    rs = [
        Resource(
            stack=s,
            logical_id=l,
            type=r["Type"],
            properties=_resolve(r.get("Properties", {}), t["Resources"]),
            arn=f"arn:aws:kms:eu-west-1:111122223333:key/{l}" if r["Type"] == "AWS::KMS::Key" else "",
        )
        for s, t in templates.items()
        for l, r in t["Resources"].items()
    ]
    return Report(findings=tuple(check(rs)), unknown=())
