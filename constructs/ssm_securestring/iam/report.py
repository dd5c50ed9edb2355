"""The proof and the table of access, for people and as JSON."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from ssm_securestring.iam.allowances import CONTEXT, VIA_SERVICE
from ssm_securestring.iam.model import Request, Verdict
from ssm_securestring.iam.proof import Finding, Kind, Proof
from ssm_securestring.iam.table import Cell

_ALLOWED: Final = {Verdict.ALLOWED: "allowed", Verdict.DENIED: "refused", Verdict.UNKNOWN: "not known"}


def columns(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table with columns as wide as their longest text."""
    lines = [tuple(head), *(tuple(row) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    texts = ["  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip() for line in lines]
    return "\n".join([texts[0], "  ".join("-" * width for width in widths), *texts[1:]])


def as_text(proof: Proof, cells: Sequence[Cell]) -> str:
    """Return what people read: the table, what is wrong, and the outcome last."""
    parts = [_access_table(cells)]
    parts.extend("\n".join(_finding_lines(each)) for each in proof.findings)
    if proof.unknown:
        parts.append("\n".join(["Not known before the deployment:", *_unknown_lines(proof)]))
    if proof.assumed:
        parts.append("\n".join(["Assumed:", *(f"  {each}" for each in proof.assumed)]))
    return "\n\n".join([*parts, outcome(proof)])


def outcome(proof: Proof) -> str:
    """Return the outcome in one line."""
    world = proof.world
    known = {"principal": world.principals, "parameter": world.parameters, "key": world.keys}
    counts = [f"{len(each)} {word}{'' if len(each) == 1 else 's'}" for word, each in known.items()]
    counted = f"{', '.join(counts)}; {proof.decisions} requests decided"
    if proof.exact:
        return f"EXACT: everything that was granted is allowed, and nothing else ({counted})"
    found = {kind: len(proof.of_kind(kind)) for kind in Kind}
    found[Kind.UNKNOWN] += len(proof.unknown)
    told = ", ".join(f"{count} {kind.value}" for kind, count in found.items() if count)
    return f"NOT EXACT: {told} ({counted})"


def as_json(proof: Proof, cells: Sequence[Cell]) -> dict[str, Any]:
    """Return everything as JSON."""
    return {
        "exact": proof.exact,
        "decisions": proof.decisions,
        "access": [
            {
                "principal": each.principal.name,
                "principalArn": each.principal.caller.arn,
                "parameter": each.parameter.name,
                "parameterArn": each.parameter.arn,
                "operation": each.operation.value,
                "verdict": each.verdict.value,
                "granted": each.granted,
            }
            for each in cells
        ],
        "findings": [_finding_as_json(each) for each in proof.findings],
        "unknown": [{"place": each.place, "reason": each.reason, "pattern": each.pattern} for each in proof.unknown],
        "assumed": list(proof.assumed),
    }


def describe(request: Request) -> str:
    """Return a request as people say it."""
    context, via = request.context.get(CONTEXT), request.context.get(VIA_SERVICE)
    if not request.action.startswith("kms:"):
        rest = [request.resource.partition(":parameter")[2] or request.resource]
    else:
        about = "without an encryption context" if context is None else str(context).partition(":parameter")[2]
        rest = [about, "called directly" if via is None else f"through {via}"]
    told_otherwise = {CONTEXT, VIA_SERVICE, "aws:ViaAWSService", "aws:CalledVia"}
    with_keys = [f"with {key}={_value(each)}" for key, each in request.context.items() if key not in told_otherwise]
    return ", ".join([*rest, *with_keys])


def _value(value: str | tuple[str, ...]) -> str:
    return value if isinstance(value, str) else f"[{', '.join(value)}]"


def _access_table(cells: Sequence[Cell]) -> str:
    rows = [
        (
            each.principal.name,
            each.parameter.name,
            each.operation.value,
            _ALLOWED[each.verdict] if each.as_granted else _ALLOWED[each.verdict].upper(),
            "granted" if each.granted else "not granted",
        )
        for each in cells
    ]
    return columns(["principal", "parameter", "operation", "allowed", "granted"], rows)


def _finding_lines(finding: Finding) -> Iterator[str]:
    yield f"{finding.kind.value}  {finding.principal}: {finding.action}"
    if finding.origin:
        yield f"  granted: {finding.origin}"
    yield from (f"  {describe(each)}" for each in finding.requests)
    if finding.count > len(finding.requests):
        yield f"  and {finding.count - len(finding.requests)} more that the statements tell apart"
    yield f"  {finding.decision.reason.value}"
    yield from (f"    {each.place}" for each in finding.decision.statements)
    yield from (f"    {each.place}: {each.reason}" for each in finding.decision.unknown)


def _unknown_lines(proof: Proof) -> Iterator[str]:
    yield from (f"  {each.place}: {each.reason}" for each in proof.unknown)


def _finding_as_json(finding: Finding) -> dict[str, Any]:
    return {
        "kind": finding.kind.value,
        "principal": finding.principal,
        "action": finding.action,
        "granted": finding.origin or None,
        "requests": [
            {"resource": each.resource, "context": dict(each.context), "principalArn": each.caller.arn}
            for each in finding.requests
        ],
        "count": finding.count,
        "reason": finding.decision.reason.value,
        "statements": [each.place for each in finding.decision.statements],
        "unknown": [each.place for each in finding.decision.unknown],
    }
