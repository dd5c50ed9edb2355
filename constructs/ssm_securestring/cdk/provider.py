"""The function behind the custom resources of a stack, and a role that reaches no further than its parameters."""

from collections.abc import Sequence
from typing import Final

import aws_cdk as cdk
import jsii
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from ssm_securestring.cdk.assets import PYTHON_RUNTIME, function_code
from ssm_securestring.cdk.findings import accept
from ssm_securestring.cdk.keys import KeyReference
from ssm_securestring.cdk.names import claim_name
from ssm_securestring.cdk.readings import ARN_PREFIX_CHARS, Reading
from ssm_securestring.cdk.recovery import allow_replacement
from ssm_securestring.core import metrics
from ssm_securestring.core.access import PROVIDER_METADATA
from ssm_securestring.core.encryption import DECRYPT_ACTION, encrypt_actions, exact_conditions
from ssm_securestring.core.names import ParameterArn, ParameterName
from ssm_securestring.core.spec import STACK_TAG
from ssm_securestring.core.tiers import Tier

# Room for the pause in a replacement, and for a hundred parameters at once, at three writes a second.
_FUNCTION_TIMEOUT: Final = cdk.Duration.minutes(3)
# Longer than the function and its two retries by Lambda may take, a minute and two minutes apart (Lambda Developer
# Guide, "Asynchronous invocation"): twelve minutes. Shorter than CloudFormation's own hour.
SERVICE_TIMEOUT: Final = cdk.Duration.minutes(15)
# boto3 takes seconds to load on the CPU share of 128 MB.
_MEMORY_MIB: Final = 256
_PARAMETER_ACTIONS: Final = (
    "ssm:AddTagsToResource",
    "ssm:GetParameter",
    "ssm:ListTagsForResource",
    "ssm:PutParameter",
    "ssm:RemoveTagsFromResource",
)
# IAM User Guide, "IAM and AWS STS quotas": characters of one managed policy.
_MANAGED_POLICY_CHARS: Final = 6144
# IAM User Guide, the same page: managed policies of one role, unless the account's quota was raised.
_POLICIES_PER_ROLE: Final = 10
# What a policy holds besides ARNs of parameters, rounded up; a test renders full policies and holds them to the limit.
_FRAME_CHARS: Final = 750
_KEY_FRAME_CHARS: Final = 450
_FETCH_FRAME_CHARS: Final = 100


@jsii.implements(iam.IGrantable)
class SecureStringProvider(Construct):
    """The function that creates, changes and deletes the SecureString parameters of one stack.

    A grantee, so that a secret can admit it. Its role names each parameter, each secret, and each key that it encrypts
    with; it decrypts these parameters under whichever key they are. Deletion goes by tag: when a parameter leaves the
    stack, CloudFormation first takes its ARN out of the role and only then asks for the deletion, so the role may
    delete what carries this stack's ownership tag.
    """

    def __init__(self, scope: Construct, construct_id: str) -> None:
        """Define function, role and log group; use :meth:`of` to share them within a stack."""
        super().__init__(scope, construct_id)
        self._pages: list[_PolicyPage] = []
        log_group = logs.LogGroup(
            self,
            "Logs",
            retention=logs.RetentionDays.ONE_MONTH,
            removal_policy=cdk.RemovalPolicy.DESTROY,
        )
        accept(log_group, {"CKV_AWS_158": "It holds an allow-list of fields and no value of a secret"})
        self._role = iam.Role(self, "Role", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
        self._mark_role()
        log_group.grant_write(self._role)
        self._retire_own()
        self._function = self._define_function(log_group)

    @classmethod
    def of(cls, scope: Construct) -> "SecureStringProvider":
        """Return the provider of a stack; made on first use."""
        stack = cdk.Stack.of(scope)
        found = stack.node.try_find_child(_SHARED_ID)
        return found if isinstance(found, SecureStringProvider) else cls(stack, _SHARED_ID)

    @property
    def service_token(self) -> str:
        """What a custom resource names as the one that answers for it."""
        return self._function.function_arn

    @property
    def grant_principal(self) -> iam.IPrincipal:
        """The function's role."""
        return self._role

    def metric_failures(self, *, period: cdk.Duration) -> cloudwatch.Metric:
        """Count lifecycle events of this stack's parameters that ended in an error, summed over ``period``.

        CloudFormation is answered either way, so Lambda's own error metric does not show them.

        Example:
            >>> provider = SecureStringProvider.of(self)
            >>> provider.metric_failures(period=Duration.minutes(5)).create_alarm(
            ...     self, "Failures", threshold=1, evaluation_periods=1
            ... )
        """
        return self._metric(metrics.FAILURES, period)

    def metric_operations(self, *, period: cdk.Duration) -> cloudwatch.Metric:
        """Count lifecycle events of this stack's parameters, summed over ``period``."""
        return self._metric(metrics.OPERATIONS, period)

    def metric_throttles(self, *, period: cdk.Duration) -> cloudwatch.Metric:
        """Count calls that AWS refused for their rate while it kept this stack's parameters, summed over ``period``.

        They were tried again, so that few of them show up as failures. Many of them say that a deployment takes longer
        than it would with higher throughput in Parameter Store's settings.
        """
        return self._metric(metrics.THROTTLES, period)

    def _metric(self, name: str, period: cdk.Duration) -> cloudwatch.Metric:
        return cloudwatch.Metric(
            namespace=metrics.NAMESPACE,
            metric_name=name,
            dimensions_map={metrics.STACK_DIMENSION: cdk.Stack.of(self).stack_name},
            period=period,
            statistic="Sum",
        )

    def manage(
        self,
        owner: Construct,
        *,
        name: ParameterName,
        arn: str,
        key: KeyReference,
        tier: Tier,
        adopts: bool = False,
        readings: Sequence[Reading] = (),
    ) -> Construct:
        """Let the function keep one more parameter in place.

        Args:
            owner: The construct that the parameter belongs to.
            name: The parameter's name.
            arn: Its ARN.
            key: The key that encrypts it.
            tier: Its tier.
            adopts: Whether it may be there already. Default: it is not.
            readings: What else the function has to read for its value. Default: nothing.

        Returns:
            The policy that allows it; the custom resource has to depend on it.

        Raises:
            SettingError: Another construct of this app has a parameter of the same name.
        """
        claim_name(owner, name)
        # Only the history tells which tier Parameter Store chose, and what a parameter is that is there already.
        history = adopts or tier is Tier.INTELLIGENT_TIERING
        # Its ARN stands in one or two lists of parameters, and in the conditions for encryption and decryption.
        needed = (1 + history + 2) * (ARN_PREFIX_CHARS + len(name.text)) + sum(each.chars for each in readings)
        if not self._pages or not self._pages[-1].has_room_for(needed, key, readings):
            self._turn_page()
        page = self._pages[-1]
        page.add(needed, arn=arn, key=key, history=history, readings=readings)
        return page.policy

    def allow_replacement(self, owner: Construct, *, at: ParameterArn, key: KeyReference) -> Construct:
        """Let the function delete one parameter and create it anew, by way of a copy of its value.

        Args:
            owner: The construct that the parameter belongs to.
            at: The parameter.
            key: The key that encrypts it.

        Returns:
            The policy that allows it; the custom resource has to depend on it.

        Raises:
            ParameterNameError: The name of the copy would be too long.
            SettingError: Another parameter has the name of the copy, or the key does not admit it.
        """
        return allow_replacement(owner, at=at, key=key, role=self._role)

    def _mark_role(self) -> None:
        resource = self._role.node.default_child
        if not isinstance(resource, iam.CfnRole):
            raise TypeError("the CDK no longer makes a CfnRole for a Role")
        resource.add_metadata(PROVIDER_METADATA, True)  # noqa: FBT003 - the value of a key

    def _turn_page(self) -> None:
        self._pages.append(_PolicyPage(self, f"Parameters{len(self._pages) + 1}", role=self._role))
        if len(self._pages) == _POLICIES_PER_ROLE + 1:
            cdk.Annotations.of(self).add_warning_v2(
                "ssm-securestring:policies-per-role",
                f"The parameters of this stack need more than {_POLICIES_PER_ROLE} managed policies on one role, which "
                "is IAM's default quota: put some of them into another stack, or have the quota raised",
            )

    def _retire_own(self) -> None:
        stack = cdk.Stack.of(self)
        self._role.add_to_policy(
            iam.PolicyStatement(
                # To remove its tags is to give back a parameter that had been adopted.
                actions=["ssm:DeleteParameter", "ssm:ListTagsForResource", "ssm:RemoveTagsFromResource"],
                resources=[stack.format_arn(service="ssm", resource="parameter", resource_name="*")],
                conditions={"StringEquals": {f"aws:ResourceTag/{STACK_TAG}": stack.stack_id}},
            )
        )
        # The events do not tell a rollback from an update, and a value is restored in one and replaced in the other.
        self._role.add_to_policy(
            iam.PolicyStatement(actions=["cloudformation:DescribeStacks"], resources=[stack.stack_id])
        )
        # As cdk-nag writes it: <AWS::Region> for what is not known at synthesis.
        partition, region, account = (
            f"<AWS::{name}>" if cdk.Token.is_unresolved(text) else text
            for name, text in (
                ("Partition", stack.partition),
                ("Region", stack.region),
                ("AccountId", stack.account),
            )
        )
        any_parameter = f"arn:{partition}:ssm:{region}:{account}:parameter/*"
        accept(
            self._role,
            {f"AwsSolutions-IAM5[Resource::{any_parameter}]": "Deletion goes by the stack's ownership tag"},
        )

    def _define_function(self, log_group: logs.ILogGroup) -> lambda_.Function:
        function = lambda_.Function(
            self,
            "Function",
            description="Creates, changes and deletes the SecureString parameters of this stack",
            runtime=PYTHON_RUNTIME,
            architecture=lambda_.Architecture.ARM_64,
            handler="ssm_securestring.handler.on_event.on_event",
            code=function_code(),
            memory_size=_MEMORY_MIB,
            timeout=_FUNCTION_TIMEOUT,
            role=self._role,
            log_group=log_group,
        )
        accept(
            function,
            {
                "CKV_AWS_115": "It runs during deployments only; a limit would make parameters wait for each other",
                "CKV_AWS_116": "CloudFormation waits for its answer and fails the deployment without one",
                "CKV_AWS_117": "It calls AWS services only, and nothing inside a VPC",
            },
        )
        return function


_SHARED_ID: Final = "SecureStringProvider"


# Both kinds of encryption for each parameter: a rollback may find one advanced that the template says is standard.
_ENCRYPTION: Final = encrypt_actions(Tier.INTELLIGENT_TIERING)


class _PolicyPage:
    """One managed policy that grows until IAM's limit is near.

    Managed and paged, because the inline policies of a role hold some forty parameters at most.
    """

    def __init__(self, scope: Construct, construct_id: str, *, role: iam.Role) -> None:
        self._chars = _FRAME_CHARS
        self._region = cdk.Stack.of(scope).region
        self._account = cdk.Stack.of(scope).account
        self._parameters = iam.PolicyStatement(actions=list(_PARAMETER_ACTIONS))
        self._history = iam.PolicyStatement(actions=["ssm:GetParameterHistory"])
        self._arns: list[str] = []
        # Under any key, since a parameter whose key changes has to be read under the old one, which the template
        # does not name any more. Not wide: through Parameter Store only, from this account, and for these parameters,
        # whose ARNs are in the encryption context. The key's policy has to admit it as well.
        self._decryption = iam.PolicyStatement(actions=[DECRYPT_ACTION], resources=["*"])
        self._encryption: dict[str, tuple[iam.PolicyStatement, list[str]]] = {}
        self._readings: dict[object, tuple[iam.PolicyStatement, list[str]]] = {}
        self.policy = iam.ManagedPolicy(
            scope, construct_id, roles=[role], statements=[self._parameters, self._decryption]
        )
        reason = "It decrypts under any key, but only the parameters that are named in the encryption context"
        accept(self.policy, {"AwsSolutions-IAM5[Resource::*]": reason})

    def has_room_for(self, chars: int, key: KeyReference, readings: Sequence[Reading]) -> bool:
        return self._chars + chars + self._frame(key) + self._reading_frames(readings) <= _MANAGED_POLICY_CHARS

    def add(self, chars: int, *, arn: str, key: KeyReference, history: bool, readings: Sequence[Reading]) -> None:
        self._chars += chars + self._frame(key) + self._reading_frames(readings)
        for reading in readings:
            self._read(reading)
        self._parameters.add_resources(arn)
        self._arns.append(arn)
        self._bind(self._decryption, self._arns)
        self._decryption.add_condition("StringEquals", {"kms:CallerAccount": self._account})
        if history:
            self._history.add_resources(arn)
            if len(self._history.resources) == 1:
                self.policy.add_statements(self._history)
        if key.key_arn is None:
            return
        if key.key_arn not in self._encryption:
            statement = iam.PolicyStatement(actions=list(_ENCRYPTION), resources=[key.key_arn])
            self._encryption[key.key_arn] = (statement, [])
            self.policy.add_statements(statement)
        statement, arns = self._encryption[key.key_arn]
        arns.append(arn)
        self._bind(statement, arns)

    def _read(self, reading: Reading) -> None:
        if reading.statement not in self._readings:
            statement = iam.PolicyStatement(actions=[reading.action])
            self._readings[reading.statement] = (statement, [])
        statement, arns = self._readings[reading.statement]
        arns.append(reading.arn)
        if reading.key_arn is None:
            statement.add_resources(reading.arn)
        elif len(arns) == 1:
            statement.add_resources(reading.key_arn)
        for operator, block in reading.conditions(arns).items():
            statement.add_condition(operator, block)
        if len(arns) == 1:
            self.policy.add_statements(statement)

    def _reading_frames(self, readings: Sequence[Reading]) -> int:
        new = {each.statement: each for each in readings if each.statement not in self._readings}
        return sum(_FETCH_FRAME_CHARS if each.key_arn is None else _KEY_FRAME_CHARS for each in new.values())

    def _bind(self, statement: iam.PolicyStatement, arns: list[str]) -> None:
        # Adding the same condition again replaces its list of values by the longer one.
        for operator, block in exact_conditions(arns, region=self._region).items():
            statement.add_condition(operator, block)

    def _frame(self, key: KeyReference) -> int:
        return 0 if key.key_arn is None or key.key_arn in self._encryption else _KEY_FRAME_CHARS
