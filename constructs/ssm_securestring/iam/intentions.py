"""Access as somebody wrote it down, in a test for example, held against what is allowed."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import TypeVar

from ssm_securestring.core.errors import SettingError
from ssm_securestring.iam.model import Verdict
from ssm_securestring.iam.operations import Operation, operations_of, verb_of
from ssm_securestring.iam.proof import Finding, Kind, prove
from ssm_securestring.iam.report import describe
from ssm_securestring.iam.table import Known, known_parameters, table_of
from ssm_securestring.iam.world import Declared, Principal, World

Intended = Mapping[str, Mapping[str, Iterable[str]]]
"""Principal, by its construct path, to operations to names of parameters; ``"*"`` for all that are known."""

_Each = TypeVar("_Each")


def compare(world: World, intended: Intended) -> list[str]:
    """Return a line for everything that is allowed and not intended, or intended and not allowed.

    What is allowed on parameters that are not known yet, or is no operation as a whole, counts too: a neighbour's name
    under the same pattern, for example.

    Raises:
        SettingError: There is no such principal, operation or parameter.
    """
    cells = set(_cells(world, intended))
    found = {
        (each.principal.name, each.parameter.name, each.operation)
        for each in table_of(world)
        if each.verdict is not Verdict.DENIED and not each.principal.is_provider
    }
    wanted = {(principal.name, parameter.name, operation) for principal, parameter, operation in cells}
    lines = [f"allowed, but not intended: {_say(*each)}" for each in sorted(found - wanted)]
    lines += [f"intended, but not allowed: {_say(*each)}" for each in sorted(wanted - found)]
    proof = prove(replace(world, declared=tuple(_declared(*each) for each in cells)))
    lines += [_say_finding(each) for each in proof.findings if each.kind is not Kind.MISSING]
    return lines + [f"not known before the deployment: {each.place}, {each.reason}" for each in proof.unknown]


def _cells(world: World, intended: Intended) -> Iterator[tuple[Principal, Known, Operation]]:
    principals = {each.name: each for each in world.principals}
    parameters = {each.name: each for each in known_parameters(world)}
    for name, by_operation in intended.items():
        principal = _one_of(principals, name, "principal")
        for word, names in by_operation.items():
            for operation in operations_of(word):
                for each in _expanded(names, parameters):
                    yield principal, _one_of(parameters, each, "parameter"), operation


def _expanded(names: Iterable[str], parameters: Mapping[str, Known]) -> Iterator[str]:
    for name in names:
        yield from parameters if name == "*" else [f"/{name.removeprefix('/')}"]


def _one_of(known: Mapping[str, _Each], name: str, what: str) -> _Each:
    if name not in known:
        raise SettingError(
            "allows", problem=f"has a {what} {name!r}, which is not known here", fix=f"write one of {', '.join(known)}"
        )
    return known[name]


def _declared(principal: Principal, parameter: Known, operation: Operation) -> Declared:
    return Declared(
        principal=principal.caller.arn,
        verb=verb_of(operation),
        parameter=parameter.arn,
        tier=parameter.tier,
        key=parameter.key.arn if parameter.key is not None else None,
        direct=operation is Operation.DECRYPT_DIRECTLY,
    )


def _say(principal: str, parameter: str, operation: Operation) -> str:
    return f"{principal} can {operation} {parameter}"


def _say_finding(finding: Finding) -> str:
    requests = "; ".join(describe(each) for each in finding.requests)
    doubt = "perhaps " if finding.kind is Kind.UNKNOWN else ""
    return f"{doubt}allowed, but not intended: {finding.principal}, {finding.action} on {requests}"
