"""The rules of ``ssm_securestring.iam.rules`` at synthesis: an aspect, which puts findings on the constructs."""

from typing import Any, Final

import aws_cdk as cdk
import jsii
from constructs import IConstruct, IValidation

from ssm_securestring.cdk.validation import acknowledgement_id, description
from ssm_securestring.iam.assembly import Assembly, from_templates
from ssm_securestring.iam.rules import Finding, Severity
from ssm_securestring.iam.rules.reading import OPEN_ACCOUNT, OPEN_REGION, report_on

# Of a nested stack, not even the name is known; findings are annotated, so they need none.
_STACK: Final = "Stack"


@jsii.implements(cdk.IAspect)
class SecureStringAspect:
    """Annotates the constructs that break a rule about SecureString parameters, their keys or their policies.

    It reads each stack when everything is in place, grants and what other aspects add included. An error is an error
    annotation, with which the CDK CLI fails (``app.synth()`` alone does not); a warning is one that fails with
    ``--strict``. Both are silenced, for a construct and for everything below it, by an acknowledgement of
    ``ssm-securestring::<rule>``. An aspect on an app does not reach into its stages, and property overrides are not
    visible to it: :class:`SecureStringValidation` sees both. docs/validation.md lists the rules.

    Example:
        >>> Aspects.of(stack).add(SecureStringAspect())
    """

    def visit(self, node: IConstruct) -> None:
        """Have a stack read at the end of synthesis; called by the CDK."""
        if isinstance(node, cdk.Stack):
            node.node.add_validation(_StackRules(node))


@jsii.implements(IValidation)
class _StackRules:
    """Runs after all aspects, because grants and other aspects change what a resource says."""

    def __init__(self, stack: cdk.Stack) -> None:
        self._stack = stack

    def validate(self) -> list[str]:
        resources = {self._stack.resolve(each.logical_id): each for each in _resources(self._stack)}
        template = {"Resources": {name: _rendered(each) for name, each in resources.items()}}
        for finding in report_on(self._assembly(template)).findings:
            _annotate(resources[finding.resource.logical_id], finding)
        return []

    def _assembly(self, template: dict[str, Any]) -> Assembly:
        account, region = (
            open_ if cdk.Token.is_unresolved(each) else each
            for each, open_ in ((self._stack.account, OPEN_ACCOUNT), (self._stack.region, OPEN_REGION))
        )
        return from_templates({_STACK: template}, account=account, region=region)


def _resources(stack: cdk.Stack) -> list[cdk.CfnResource]:
    """Return the resources of a stack, without those of stacks within it."""
    return [
        each
        for each in stack.node.find_all()
        if isinstance(each, cdk.CfnResource) and each.stack.node.path == stack.node.path
    ]


def _rendered(resource: cdk.CfnResource) -> dict[str, Any]:
    """Return a resource as it will be in the template, without property overrides, which the CDK does not show."""
    # There is no public way to a resource's properties; these two are what its subclasses override.
    properties = resource._render_properties(resource.stack.resolve(resource._cfn_properties))  # noqa: SLF001
    return {"Type": resource.cfn_resource_type, "Properties": properties}


def _annotate(resource: cdk.CfnResource, finding: Finding) -> None:
    rule_id = acknowledgement_id(finding.rule)
    text = f"{description(finding)}. Instead: {finding.rule.fix}"
    if finding.rule.severity is Severity.WARNING:
        cdk.Annotations.of(resource).add_warning_v2(rule_id, text)
    elif not _is_acknowledged(resource, rule_id):
        # The CDK acknowledges warnings only.
        cdk.Annotations.of(resource).add_error(f"{text} [ack: {rule_id}]")


def _is_acknowledged(resource: cdk.CfnResource, rule_id: str) -> bool:
    return any(
        rule_id in entry.data
        for scope in resource.node.scopes
        for entry in scope.node.metadata
        if entry.type == cdk.Validations.ACKNOWLEDGED_RULES_METADATA_KEY
    )
