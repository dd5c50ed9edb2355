"""Expected texts, spelled by hand so that no test leans on the code it tests."""

import json
from typing import Any

import aws_cdk as cdk
from aws_cdk.assertions import Template

KEY_ARN = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
VIA_SSM = "ssm.eu-west-1.amazonaws.com"


def arn_of(name: str) -> dict[str, object]:
    """Spell the ARN of a parameter; ``name`` starts with a slash."""
    tail = f":ssm:eu-west-1:111122223333:parameter{name}"
    return {"Fn::Join": ["", ["arn:", {"Ref": "AWS::Partition"}, tail]]}


def bound_to(name: str) -> dict[str, object]:
    """Spell the condition that binds a KMS permission to one parameter."""
    return {"StringEquals": {"kms:ViaService": VIA_SSM, "kms:EncryptionContext:PARAMETER_ARN": arn_of(name)}}


def resources(stack: cdk.Stack, kind: str) -> dict[str, Any]:
    """Return the resources of one type, by logical id."""
    return dict(Template.from_stack(stack).find_resources(kind))


def only(stack: cdk.Stack, kind: str) -> Any:  # noqa: ANN401 - a template is JSON
    """Return the one resource of a type."""
    (resource,) = resources(stack, kind).values()
    return resource


def statements_of(stack: cdk.Stack, role: str) -> list[dict[str, Any]]:
    """Return all statements of the inline policies of a role, by the beginning of its logical id."""
    return [
        statement
        for policy in resources(stack, "AWS::IAM::Policy").values()
        if any(each["Ref"].startswith(role) for each in policy["Properties"]["Roles"])
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]
    ]


def permissions(statements: list[dict[str, Any]]) -> set[tuple[str, str, str]]:
    """Flatten statements to (action, resource, condition), since the CDK may merge and sort them."""

    def listed(value: object) -> list[Any]:
        return value if isinstance(value, list) else [value]

    return {
        (action, json.dumps(resource), json.dumps(statement.get("Condition", {}), sort_keys=True))
        for statement in statements
        for action in listed(statement["Action"])
        for resource in listed(statement["Resource"])
    }
