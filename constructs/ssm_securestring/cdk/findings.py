"""Findings of scanners that are accepted, each with its reason beside the code that it is about."""

from collections.abc import Mapping

import aws_cdk as cdk
from constructs import Construct


def accept(construct: Construct, reasons: Mapping[str, str]) -> None:
    """Accept findings about one resource.

    Args:
        construct: The resource, or a construct whose main child it is.
        reasons: Id of a rule to the reason. Ids of checkov go into the resource's metadata, where it looks for them;
            those of validation plugins (``AwsSolutions-…`` of cdk-nag) are acknowledged in the CDK.
    """
    resource = construct if isinstance(construct, cdk.CfnResource) else construct.node.default_child
    skipped = [{"id": rule, "comment": reason} for rule, reason in reasons.items() if rule.startswith("CKV_")]
    if skipped and isinstance(resource, cdk.CfnResource):
        resource.add_metadata("checkov", {"skip": skipped})
    for rule, reason in reasons.items():
        if not rule.startswith("CKV_"):
            cdk.Validations.of(construct).acknowledge(cdk.Acknowledgment(id=rule, reason=reason))
