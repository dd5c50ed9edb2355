"""Somebody's application: a function that logs in to its database with a secret, and the stack that deploys it."""

import aws_cdk as cdk
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from ssm_securestring.cdk import ParameterKey, SecureStringParameter

_LOG_IN = """
import os

import boto3


def handler(event, context):
    name = event.get("name", os.environ["PASSWORD_NAME"])
    answer = boto3.client("ssm").get_parameter(Name=name, WithDecryption=True)
    return {"logged_in": len(answer["Parameter"]["Value"]) == 40}
"""


class ShopStack(cdk.Stack):
    """A password and the function that needs it."""

    def __init__(self, scope: Construct, construct_id: str) -> None:
        """Define both, and let the function read this one parameter."""
        super().__init__(scope, construct_id)
        key = ParameterKey(self, "Key", removal_policy=cdk.RemovalPolicy.DESTROY)
        password = SecureStringParameter(
            self, "Password", name="/shop/password", encryption_key=key, removal_policy=cdk.RemovalPolicy.DESTROY
        )
        SecureStringParameter(
            self, "Other", name="/shop/other", encryption_key=key, removal_policy=cdk.RemovalPolicy.DESTROY
        )
        log_in = lambda_.Function(
            self,
            "LogIn",
            runtime=lambda_.Runtime.PYTHON_3_13,
            handler="index.handler",
            code=lambda_.Code.from_inline(_LOG_IN),
            environment={"PASSWORD_NAME": "/shop/password"},
        )
        password.grant_read(log_in)
        cdk.CfnOutput(self, "LogInName", value=log_in.function_name)
