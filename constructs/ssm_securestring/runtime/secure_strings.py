"""Fetch and decrypt SecureString parameters."""

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from ssm_securestring.core.errors import ParameterReadError
from ssm_securestring.core.limits import GET_PARAMETERS_BATCH
from ssm_securestring.core.names import ParameterArn, ParameterName
from ssm_securestring.runtime.client import make_client
from ssm_securestring.runtime.failures import from_client_error, from_no_answer, missing
from ssm_securestring.runtime.secret import SecretValue

if TYPE_CHECKING:
    from types_boto3_ssm import SSMClient


class SecretValues(Mapping[str, SecretValue]):
    """What :meth:`SecureStrings.get_many` found, by name as it was asked for.

    Good values are usable whatever happened to others: looking up a name that failed raises its own error, and
    ``errors`` has them all.

    Attributes:
        errors: Why a name has no value.
    """

    def __init__(self, values: Mapping[str, SecretValue], errors: Mapping[str, ParameterReadError]) -> None:
        """Keep values and errors apart."""
        self._values = dict(values)
        self.errors = dict(errors)

    def __getitem__(self, name: str) -> SecretValue:
        """Return a value.

        Raises:
            ParameterReadError: This one could not be read.
            KeyError: It was not asked for.
        """
        if name in self.errors:
            raise self.errors[name]
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        """Iterate over the names that have a value."""
        return iter(self._values)

    def __len__(self) -> int:
        """Count the names that have a value."""
        return len(self._values)

    def __repr__(self) -> str:
        """Show names only."""
        return f"SecretValues(values={list(self._values)}, errors={list(self.errors)})"


class SecureStrings:
    """Fetches and decrypts parameters, under the permissions of whoever runs it.

    It needs ``ssm:GetParameter``, ``ssm:GetParameters`` and, for a customer-managed key, ``kms:Decrypt``:
    what ``grant_read`` of the construct gives.

    Args:
        client: A boto3 client for Systems Manager. Default: one made on first use from the environment, with five
            attempts for a call.
        region: Region of that client. Default: the environment's.

    Example:
        >>> secrets = SecureStrings()
        >>> connect(password=secrets.get("/shop/db/password").reveal())

    Source:
        https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParameter.html
    """

    def __init__(self, *, client: "SSMClient | None" = None, region: str | None = None) -> None:
        """Remember how to reach Parameter Store; no call is made yet."""
        self._given = client
        self._region = region

    def get(self, name: str) -> SecretValue:
        """Fetch and decrypt one parameter: one call.

        Args:
            name: Its name, or its ARN.

        Raises:
            ParameterNameError: ``name`` cannot be a parameter name.
            ParameterNotFoundError: There is none of this name.
            ParameterAccessDeniedError: A permission is missing; the message says which, on what.
            ParameterKeyError: The KMS key is disabled, pending deletion or import, or gone.
            ParameterThrottledError: Too many calls, after all retries.
            ParameterReadError: Anything else, with the service's code.
        """
        from botocore.exceptions import BotoCoreError, ClientError

        _check(name)
        try:
            answer = self._client().get_parameter(Name=name, WithDecryption=True)
        except ClientError as error:
            raise from_client_error(name, error) from error
        except BotoCoreError as error:
            raise from_no_answer(name, error) from error
        return SecretValue(answer["Parameter"]["Value"])

    def get_many(self, names: Iterable[str]) -> SecretValues:
        """Fetch and decrypt several parameters: one call for ten names.

        A call that fails as a whole is repeated name by name, so that one key or permission does not take others along.

        Args:
            names: Names or ARNs; the same one twice is asked for once.

        Raises:
            ParameterNameError: One of ``names`` cannot be a parameter name; nothing is fetched.
        """
        wanted = list(dict.fromkeys(names))
        for name in wanted:
            _check(name)
        values: dict[str, SecretValue] = {}
        errors: dict[str, ParameterReadError] = {}
        for start in range(0, len(wanted), GET_PARAMETERS_BATCH):
            found, failed = self._get_batch(wanted[start : start + GET_PARAMETERS_BATCH])
            values.update(found)
            errors.update(failed)
        return SecretValues(values, errors)

    def _get_batch(self, names: list[str]) -> tuple[dict[str, SecretValue], dict[str, ParameterReadError]]:
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            answer = self._client().get_parameters(Names=names, WithDecryption=True)
        except (ClientError, BotoCoreError):
            return self._get_singly(names)
        # The answer is in another order, and names a single-level parameter as it was stored.
        by_key = {
            key: SecretValue(parameter["Value"])
            for parameter in answer["Parameters"]
            for key in (parameter["ARN"], parameter["Name"].removeprefix("/"))
        }
        values = {name: by_key[key] for name in names if (key := name.removeprefix("/")) in by_key}
        request_id = answer["ResponseMetadata"]["RequestId"]
        return values, {name: missing(name, request_id) for name in names if name not in values}

    def _get_singly(self, names: list[str]) -> tuple[dict[str, SecretValue], dict[str, ParameterReadError]]:
        values: dict[str, SecretValue] = {}
        errors: dict[str, ParameterReadError] = {}
        for name in names:
            try:
                values[name] = self.get(name)
            except ParameterReadError as error:
                errors[name] = error
        return values, errors

    def _client(self) -> "SSMClient":
        if self._given is None:
            self._given = make_client(self._region)
        return self._given


def _check(name: str) -> None:
    """Refuse what Parameter Store would refuse, before a call is made."""
    if name.startswith("/aws/"):
        return  # AWS's own parameters, and references to Secrets Manager: nobody can make them, but all can read
    if name.startswith("arn:"):
        ParameterArn.parse(name)
    else:
        ParameterName(name)
