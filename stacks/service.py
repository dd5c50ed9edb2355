"""Who uses the shop's secrets. Each principal gets exactly what its grant says."""

from pathlib import Path
from typing import Final

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from ssm_securestring.cdk import ParameterPath, SecureStringParameter, SecureStringsLayer, Tier
from ssm_securestring.cdk.findings import accept
from stacks.parameters import ParametersStack

_ORDERS_CODE: Final = Path(__file__).with_name("orders_function")


class ServiceStack(cdk.Stack):
    """A function and three roles that use parameters of the other stack.

    Args:
        scope: The app or stage.
        construct_id: Id of the stack.
        parameters: The stack that keeps the parameters.
        path: Path that they are under.
    """

    def __init__(self, scope: Construct, construct_id: str, *, parameters: ParametersStack, path: str) -> None:
        """Define the principals and grant each its own."""
        super().__init__(scope, construct_id, description="Principals that use the shop's SecureString parameters")
        orders = self._orders_function(parameters.db_password)
        parameters.db_password.grant_read(orders)

        reporting = self._role("Reporting")
        # By name, as from an app of its own that shares nothing with the other stack but a name and a key.
        signing_key = SecureStringParameter.from_name(
            self,
            "SigningKey",
            name=f"{path}/reports/signing-key",
            encryption_key=parameters.key,
            tier=Tier.ADVANCED,
        )
        signing_key.grant_read(reporting)

        deployer = self._role("Deployer")
        parameters.mail_api_key.grant_write(deployer)  # standard tier: kms:Encrypt
        signing_key.grant_write(deployer)  # advanced tier: kms:GenerateDataKey

        auditor = self._role("Auditor")
        # Of every parameter of the account: Parameter Store knows no permission on a single one for this.
        ParameterPath(self, "All", path=path, encryption_key=parameters.key).grant_read_metadata(auditor)
        accept(auditor, {"AwsSolutions-IAM5[Resource::*]": "DescribeParameters knows no other resource"})

    def _role(self, name: str) -> iam.Role:
        role = iam.Role(self, f"{name}Role", assumed_by=iam.AccountRootPrincipal())
        cdk.CfnOutput(self, f"{name}RoleArn", value=role.role_arn)
        return role

    def _orders_function(self, password: SecureStringParameter) -> lambda_.Function:
        log_group = logs.LogGroup(
            self,
            "OrdersLogs",
            retention=logs.RetentionDays.ONE_MONTH,
            removal_policy=cdk.RemovalPolicy.DESTROY,
        )
        role = iam.Role(self, "OrdersRole", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
        log_group.grant_write(role)
        function = lambda_.Function(
            self,
            "Orders",
            runtime=lambda_.Runtime.PYTHON_3_14,
            architecture=lambda_.Architecture.ARM_64,
            handler="index.handle",
            code=lambda_.Code.from_asset(str(_ORDERS_CODE), exclude=["__pycache__"]),
            layers=[SecureStringsLayer(self, "SecureStrings")],
            memory_size=256,
            timeout=cdk.Duration.seconds(10),
            role=role,
            log_group=log_group,
            # The name, never the value: everybody who may look at a function sees its environment.
            environment={"DB_PASSWORD_PARAMETER": password.parameter_name},
        )
        accept(log_group, {"CKV_AWS_158": "The function logs no secret"})
        accept(
            function,
            {
                "CKV_AWS_115": "An example; how many may run at once is for the product to say",
                "CKV_AWS_116": "It is called synchronously, so the caller sees every failure",
                "CKV_AWS_117": "It calls AWS services only, and nothing inside a VPC",
                "CKV_AWS_173": "Its environment holds the name of a parameter, no value",
            },
        )
        cdk.CfnOutput(self, "OrdersFunctionName", value=function.function_name)
        cdk.CfnOutput(self, "OrdersRoleArn", value=role.role_arn)
        return function
