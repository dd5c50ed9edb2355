"""Where CloudFormation has to be more like AWS's for stacks that keep secrets."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from ssm_securestring.local.groups import GROUP, GROUP_ADDITION, Groups
from ssm_securestring.local.seam import Seam

_SECRET: Final = "AWS::SecretsManager::Secret"  # noqa: S105 - the type of a resource


def install(seam: Seam) -> None:
    """Correct what differs."""
    seam.wrap_change_detection(naming_attributes)
    identify_secrets_by_arn(seam.resource_handlers, find_secret=seam.secret_key)
    groups = Groups(seam.iam, account=seam.account)
    seam.resource_handlers[GROUP] = groups.handlers()
    seam.resource_handlers[GROUP_ADDITION] = groups.addition_handlers()


def naming_attributes(template: Any) -> Any:  # noqa: ANN401 - a template is JSON
    """Return a template in which each ``Fn::GetAtt`` is a text that names resource and attribute.

    A change set compares values, and an attribute has none before its resource is made: without this, a property that
    refers to another resource's attribute than before would count as unchanged.
    """
    if isinstance(template, Mapping):
        if set(template) == {"Fn::GetAtt"}:
            target = template["Fn::GetAtt"]
            return f"<{target if isinstance(target, str) else '.'.join(map(str, target))}>"
        return {key: naming_attributes(content) for key, content in template.items()}
    if isinstance(template, list):
        return [naming_attributes(each) for each in template]
    return template


def identify_secrets_by_arn(handlers: dict[str, dict[str, Any]], *, find_secret: Callable[[str], str]) -> None:
    """Let ``Ref`` of a secret give its ARN, as on AWS; policies that name the secret by ``Ref`` rely on it.

    Args:
        handlers: The functions that make, change and delete resources, by type.
        find_secret: Turns the ARN of a secret into what those functions know it by.

    Source:
        CloudFormation Template Reference, "AWS::SecretsManager::Secret", return values.
    """
    original = handlers[_SECRET]

    def create(*arguments: Any) -> tuple[str, dict[str, Any]]:  # noqa: ANN401 - ministack has no types
        _, attributes = original["create"](*arguments)
        return attributes["Arn"], attributes

    def update(physical_id: str, *arguments: Any, **named: Any) -> tuple[str, dict[str, Any]]:  # noqa: ANN401
        _, attributes = original["update"](find_secret(physical_id), *arguments, **named)
        return attributes["Arn"], attributes

    def delete(physical_id: str, *arguments: Any) -> Any:  # noqa: ANN401
        return original["delete"](find_secret(physical_id), *arguments)

    handlers[_SECRET] = {**original, "create": create, "update": update, "delete": delete}
