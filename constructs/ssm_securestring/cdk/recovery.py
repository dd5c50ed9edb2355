"""What the function may do besides for a parameter that it may replace: keep the value in a second one meanwhile."""

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from constructs import Construct

from ssm_securestring.cdk.findings import accept
from ssm_securestring.cdk.keys import KeyReference
from ssm_securestring.cdk.names import claim_name
from ssm_securestring.core.encryption import DECRYPT_ACTION, encrypt_actions, exact_conditions
from ssm_securestring.core.names import ParameterArn
from ssm_securestring.core.spec import recovery_name
from ssm_securestring.core.tiers import Tier

# Deletion of the copy goes by the stack's ownership tag, as that of the parameter does.
_COPY_ACTIONS = ("ssm:AddTagsToResource", "ssm:GetParameter", "ssm:ListTagsForResource", "ssm:PutParameter")


def allow_replacement(owner: Construct, *, at: ParameterArn, key: KeyReference, role: iam.IRole) -> Construct:
    """Let the function replace one parameter, under its own name and by way of a copy beside it.

    A policy of its own for each, though the inline policies of a role hold a dozen of them at most: what an update adds
    is there until after its rollback, and what it changes in another policy is taken back before the parameter is.

    Args:
        owner: The construct that the parameter belongs to.
        at: The parameter.
        key: The key that encrypts it.
        role: The function's role.

    Returns:
        The policy that allows it; the custom resource has to depend on it.

    Raises:
        ParameterNameError: The name of the copy would be too long.
        SettingError: Another parameter has the name of the copy, or the key does not admit it.
    """
    stack, name = cdk.Stack.of(owner), recovery_name(at.name)
    key.check_admits(name)
    claim_name(owner, name)
    copy = str(ParameterArn(partition=at.partition, region=at.region, account=at.account, name=name))
    bound = exact_conditions([copy], region=stack.region)
    from_here = {"StringEquals": {**bound["StringEquals"], "kms:CallerAccount": stack.account}}
    policy = iam.Policy(
        owner,
        "Replacement",
        roles=[role],
        statements=[
            iam.PolicyStatement(actions=list(_COPY_ACTIONS), resources=[copy]),
            # Only the history tells which tier a parameter has.
            iam.PolicyStatement(actions=["ssm:GetParameterHistory"], resources=[str(at)]),
            # Under any key, as the parameter itself: a rollback names the one from before.
            iam.PolicyStatement(actions=[DECRYPT_ACTION], resources=["*"], conditions=from_here),
        ],
    )
    if key.key_arn is not None:
        encryption = list(encrypt_actions(Tier.STANDARD))
        policy.add_statements(iam.PolicyStatement(actions=encryption, resources=[key.key_arn], conditions=bound))
    reason = "It decrypts under any key, but only the copy that is named in the encryption context"
    accept(policy, {"AwsSolutions-IAM5[Resource::*]": reason})
    return policy
