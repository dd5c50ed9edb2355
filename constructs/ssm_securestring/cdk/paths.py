"""A path of parameters, to grant what is below it at once."""

import aws_cdk as cdk
from constructs import Construct

from ssm_securestring.cdk.grantable import Grantable, check_tier
from ssm_securestring.cdk.keys import EncryptionKey, key_reference
from ssm_securestring.core.access import BY_PATH_ACTION, Access, Granted, KeyUse, Verb
from ssm_securestring.core.errors import ParameterNameError
from ssm_securestring.core.names import ParameterName
from ssm_securestring.core.tiers import Tier


class ParameterPath(Grantable, Construct):
    """Every parameter below a path, those that will be made later included; defines nothing.

    ``/shop/db`` means ``/shop/db/password`` and ``/shop/db/replica/password``, but neither ``/shop/db`` itself nor
    ``/shop/dbx``.

    Reading a path includes ``ssm:GetParametersByPath``. Parameter Store authorises that call for the requested path
    alone, not for each parameter that it returns: whoever may ask for ``/shop/db`` is answered with everything below
    it, also with what an explicit denial of ``ssm:GetParameter`` names. The real limit is in the KMS statement, where
    each value is decrypted with the ARN of its own parameter as encryption context, and ``StringLike`` compares it with
    the path. Parameters that are not SecureStrings, or under another key, have no such limit.

    Args:
        scope: Where to refer to it.
        construct_id: Its id within ``scope``.
        path: The path, with a leading slash and known at synthesis.
        encryption_key: The key that the parameters are encrypted with.
        tier: Tier of the parameters; needed to grant writing. ``Tier.INTELLIGENT_TIERING`` allows writing both kinds.
            Default: not known.
        include_path_itself: Whether the parameter with the very name of the path is granted, too. Default: no.

    Raises:
        ParameterNameError: ``path`` cannot be the beginning of a parameter name, or is a token.
        SettingError: The key's policy does not admit all of the path.

    Example:
        >>> path = ParameterPath(self, "Db", path="/shop/db", encryption_key=key)
        >>> path.grant_read(orders_function)

    Source:
        Systems Manager User Guide, "Restricting access to parameters", GetParametersByPath.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        path: str,
        encryption_key: EncryptionKey,
        tier: Tier | None = None,
        include_path_itself: bool = False,
    ) -> None:
        """Check that there can be parameters below the path, and that the key admits them."""
        if cdk.Token.is_unresolved(path):
            raise ParameterNameError(
                path, problem="is a token, whose text is not known at synthesis", fix="write the path out"
            )
        name = ParameterName(path)
        if not path.startswith("/"):
            raise ParameterNameError(path, problem="is no path", fix=f"write '/{path}'")
        key = key_reference(encryption_key)
        key.check_admits_path(name, itself=include_path_itself)
        super().__init__(scope, construct_id)
        self._name = name
        self._key = key
        self._tier = tier
        self._includes_itself = include_path_itself

    @property
    def path(self) -> str:
        """The path."""
        return self._name.text

    def _access(self, verb: Verb, *, direct: bool = False) -> Access:
        check_tier(verb, self._tier, resource=self._describe())
        stack = cdk.Stack.of(self)
        itself = self._name.arn(partition=stack.partition, region=stack.region, account=stack.account)
        below = f"{itself}/*"
        access = Access()
        access.allow(verb.account_actions, resource="*")
        for arn in (itself, below) if self._includes_itself else (below,):
            access.granted.add(
                Granted(
                    verb=verb,
                    parameter_arn=arn,
                    path=arn == below,
                    tier=self._tier,
                    key_arn=self._key.key_arn,
                    direct=direct,
                )
            )
            access.allow(verb.parameter_actions, resource=arn)
            if self._key.key_arn is not None:
                use = KeyUse(key_arn=self._key.key_arn, region=stack.region, pattern=arn == below, direct=direct)
                access.allow_key(verb.key_actions(self._tier), use=use, parameter_arn=arn)
        if verb.reads_values:
            for arn in (itself, below):
                access.allow([BY_PATH_ACTION], resource=arn)
        return access

    def _describe(self) -> str:
        return f"path {self._name.text}"
