"""The rules of ``ssm_securestring.iam.rules`` at synthesis: a validation plugin, which reads the app's templates."""

from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Final, cast

import aws_cdk as cdk
import jsii

from ssm_securestring.iam.assembly import read_assembly
from ssm_securestring.iam.rules import RULES, Finding, Rule, Severity
from ssm_securestring.iam.rules.reading import OPEN_ACCOUNT, OPEN_REGION, Report, report_on

PLUGIN: Final = "ssm-securestring"
# Enough to begin with; a proof of access names each.
_PLACES: Final = 5


def acknowledgement_id(rule: Rule) -> str:
    """Return the id by which findings of a rule are acknowledged, those of the plugin and those of the aspect."""
    return f"{PLUGIN}::{rule.rule_id}"


def description(finding: Finding) -> str:
    """Return what is wrong, where, and why."""
    rule, problem = finding.rule, finding.problem
    return f"{rule.title}. {problem.location}: {problem.text}; {rule.reason}"


@jsii.implements(cdk.IPolicyValidationPlugin)
class SecureStringValidation:
    """Holds all templates of an app against the rules about SecureString parameters, their keys and their policies.

    An error stops synthesis, a warning is shown. Both are silenced, for a construct and for everything below it, by an
    acknowledgement of ``ssm-securestring::<rule>``. docs/validation.md lists the rules.

    Args:
        strict: Whether a warning stops synthesis, too. Default: it does not.

    Example:
        >>> Validations.of(app).add_plugins(SecureStringValidation())
    """

    def __init__(self, *, strict: bool = False) -> None:
        self._strict = strict

    @property
    def name(self) -> str:
        """What the ids of acknowledgements begin with."""
        return PLUGIN

    @property
    def version(self) -> str:
        """Version of this package."""
        return version("ssm-securestring")

    @property
    def rule_ids(self) -> list[str]:
        """Ids of all rules."""
        return [each.rule_id for each in RULES]

    def validate(self, context: cdk.IPolicyValidationContext) -> cdk.PolicyValidationPluginReport:
        """Read the templates and report what breaks a rule; called by the CDK."""
        app = cast("cdk.App", context.app_construct)
        report = report_on(read_assembly(Path(app.outdir), account=OPEN_ACCOUNT, region=OPEN_REGION))
        paths = {each.stack_construct_path: each.template_path for each in context.stack_templates}
        violations = [self._violation(each, paths) for each in report.findings]
        return cdk.PolicyValidationPluginReport(
            success=not any(each.severity == Severity.ERROR.value for each in violations),
            violations=violations,
            metadata=_unknown(report),
            plugin_version=self.version,
        )

    def _violation(self, finding: Finding, paths: Mapping[str, str]) -> cdk.PolicyViolation:
        severity = Severity.ERROR if self._strict else finding.rule.severity
        return cdk.PolicyViolation(
            rule_name=finding.rule.rule_id,
            description=description(finding),
            fix=finding.rule.fix,
            severity=severity.value,
            rule_metadata={"source": finding.rule.source},
            violating_resources=[_violating(finding, paths)],
        )


def _violating(finding: Finding, paths: Mapping[str, str]) -> cdk.PolicyViolatingResource:
    resource, locations = finding.resource, [finding.problem.location]
    if "/" in resource.stack:
        # The CDK does not tell the template of a nested stack, so it could not find the construct by its logical id.
        return cdk.PolicyViolatingResource(construct_path=resource.path, locations=locations)
    above = [stack for stack in paths if resource.path.startswith(f"{stack}/")]
    return cdk.PolicyViolatingResource(
        resource_logical_id=resource.logical_id,
        template_path=paths[max(above, key=len)] if above else None,
        locations=locations,
    )


def _unknown(report: Report) -> dict[str, str]:
    """Return in how many places something is not known before the deployment, and the first of them."""
    places = [f"{each.place}: {each.reason}" for each in report.unknown]
    first = "; ".join(places[:_PLACES])
    return {"unknown": f"{len(places)}: {first}" if places else "0"}
