"""What mutations of a template are made of: ways to its policies and statements."""

from typing import Any, Final

Template = dict[str, Any]

CONTEXT: Final = "kms:EncryptionContext:PARAMETER_ARN"


def logical_id(template: Template, type_: str, beginning: str) -> str:
    """Return the logical id of the one resource of a type that begins so."""
    (found,) = [
        name for name, each in template["Resources"].items() if each["Type"] == type_ and name.startswith(beginning)
    ]
    return str(found)


def policy(template: Template, role: str) -> dict[str, Any]:
    """Return the properties of a role's policy."""
    found = template["Resources"][logical_id(template, "AWS::IAM::Policy", role)]["Properties"]
    assert isinstance(found, dict)
    return found


def statements(template: Template, role: str) -> list[dict[str, Any]]:
    """Return the statements of a role's policy."""
    found = policy(template, role)["PolicyDocument"]["Statement"]
    assert isinstance(found, list)
    return found


def statement(template: Template, role: str, action: str) -> dict[str, Any]:
    """Return the first statement of a role with an action."""
    return next(each for each in statements(template, role) if action in listed(each["Action"]))


def key(template: Template, name: str) -> dict[str, Any]:
    """Return the properties of a key."""
    found = template["Resources"][logical_id(template, "AWS::KMS::Key", name)]["Properties"]
    assert isinstance(found, dict)
    return found


def key_statement(template: Template, name: str, sid: str) -> dict[str, Any]:
    """Return a statement of a key's policy."""
    (found,) = [each for each in key(template, name)["KeyPolicy"]["Statement"] if each.get("Sid") == sid]
    assert isinstance(found, dict)
    return found


def use(template: Template) -> dict[str, Any]:
    """Return the statement by which the delegated key leaves its use to IAM."""
    return key_statement(template, "Delegated", "UseThroughParameterStore")


def listed(value: Any) -> list[Any]:  # noqa: ANN401 - a template is JSON
    """Return a list of what may be one value."""
    return value if isinstance(value, list) else [value]


def add_key_statement(template: Template, name: str, action: object, principal: str, **elements: object) -> None:
    """Add an ``Allow`` to a key's policy."""
    added = {"Effect": "Allow", "Action": action, "Principal": {"AWS": principal}, "Resource": "*", **elements}
    key(template, name)["KeyPolicy"]["Statement"].append(added)


def add_statement(template: Template, role: str, action: object, on: object, **elements: object) -> None:
    """Add an ``Allow`` to a role's policy."""
    statements(template, role).append({"Effect": "Allow", "Action": action, "Resource": on, **elements})


def key_arn(template: Template, name: str) -> dict[str, Any]:
    """Return the reference to a key's ARN."""
    return {"Fn::GetAtt": [logical_id(template, "AWS::KMS::Key", name), "Arn"]}


def bind(of: dict[str, Any], operator: str, arn: str) -> None:
    """Compare the context of a statement by another operator, or with another ARN."""
    via = {"kms:ViaService": "ssm.eu-west-1.amazonaws.com"}
    of["Condition"] = {"StringEquals": via}
    of["Condition"].setdefault(operator, {})[CONTEXT] = arn
