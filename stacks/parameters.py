"""The secrets of a shop: a key of their own, and four parameters whose values come from four places."""

import aws_cdk as cdk
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from ssm_securestring.cdk import ParameterKey, SecureStringParameter, Tier, ValueSource
from ssm_securestring.cdk.findings import accept


class ParametersStack(cdk.Stack):
    """Keeps the shop's secrets in Parameter Store.

    Args:
        scope: The app or stage.
        construct_id: Id of the stack.
        path: Path that all its parameters are under, ``/shop`` for example.
    """

    def __init__(self, scope: Construct, construct_id: str, *, path: str) -> None:
        """Define the key and the parameters."""
        super().__init__(scope, construct_id, description="SecureString parameters of the shop, and their key")
        self.key = ParameterKey(self, "Key", alias=f"{path.removeprefix('/')}/parameters", path_prefixes=[path])
        self.db_password = SecureStringParameter(
            self,
            "DbPassword",
            name=f"{path}/db/password",
            encryption_key=self.key,
            value=ValueSource.generated(length_chars=40),
            description="Password of the orders database",
        )
        self.payment_password = SecureStringParameter(
            self,
            "PaymentPassword",
            name=f"{path}/payment/password",
            encryption_key=self.key,
            value=ValueSource.secrets_manager(self._payment_credentials(), json_field="password"),
            description="Copied from Secrets Manager when it is created",
        )
        self.signing_key = SecureStringParameter(
            self,
            "SigningKey",
            name=f"{path}/reports/signing-key",
            encryption_key=self.key,
            tier=Tier.ADVANCED,  # over 4 KB
            value=ValueSource.generated(length_chars=6000),
            description="Signs the monthly reports",
        )
        self.mail_api_key = SecureStringParameter(
            self,
            "MailApiKey",
            name=f"{path}/mail/api-key",
            encryption_key=self.key,
            value=ValueSource.external(),
            description="Set by the mail team; deployments never overwrite it",
        )

    def _payment_credentials(self) -> secretsmanager.Secret:
        """Stand for a secret that another product keeps in Secrets Manager."""
        secret = secretsmanager.Secret(
            self,
            "PaymentCredentials",
            generate_secret_string=secretsmanager.SecretStringGenerator(
                secret_string_template='{"user": "shop"}',  # noqa: S106 - the password is added to it
                generate_string_key="password",
            ),
        )
        accept(
            secret,
            {
                "AwsSolutions-SMG4": "It stands for a secret that the other product rotates",
                "CKV_AWS_149": "It stands for a secret whose key the other product chooses",
            },
        )
        return secret
