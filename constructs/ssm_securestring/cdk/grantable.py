"""The verbs that can be granted, on one parameter and on a path."""

from aws_cdk import aws_iam as iam

from ssm_securestring.cdk.grants import grant
from ssm_securestring.cdk.keys import KeyReference
from ssm_securestring.core.access import Access, Granted, KeyUse, Verb
from ssm_securestring.core.errors import GrantError
from ssm_securestring.core.names import ParameterArn
from ssm_securestring.core.tiers import Tier


class Grantable:
    """What can be granted. A grant names what it is called on and nothing else; docs/access.md has each statement.

    The statements of all grants to one principal are merged: one statement for each set of actions, with a list of
    ARNs.
    """

    _key: KeyReference

    def grant_read(self, grantee: iam.IGrantable, *, direct: bool = False) -> iam.Grant:
        """Let ``grantee`` fetch and decrypt the current value, and nothing else under the same key.

        Args:
            grantee: Who is to read.
            direct: Let it call KMS by itself, too, with what ``GetParameter`` returns without decryption: its statement
                is not bound to Parameter Store, and the key policy opens for it and these parameters.
                Default: through Parameter Store only.

        Raises:
            GrantError: The policies of ``grantee`` cannot be changed from here, or, with ``direct``, that of the key.

        Source:
            KMS Developer Guide, "How Parameter Store uses AWS KMS", permissions and encryption context.
        """
        return self._grant(grantee, Verb.READ, direct=direct)

    def grant_write(self, grantee: iam.IGrantable) -> iam.Grant:
        """Let ``grantee`` encrypt and store a value, without being able to read one.

        Standard parameters take ``kms:Encrypt``, advanced ones ``kms:GenerateDataKey``, and a parameter with
        intelligent tiering takes both.

        Raises:
            GrantError: The tier is not known, or the policies of ``grantee`` cannot be changed from here.
        """
        return self._grant(grantee, Verb.WRITE)

    def grant_read_write(self, grantee: iam.IGrantable) -> iam.Grant:
        """Let ``grantee`` do both.

        Raises:
            GrantError: As for reading and for writing.
        """
        return self._grant(grantee, Verb.READ_WRITE)

    def grant_read_history(self, grantee: iam.IGrantable, *, direct: bool = False) -> iam.Grant:
        """Let ``grantee`` fetch and decrypt the versions that Parameter Store keeps: old secrets, and the current one.

        Args:
            grantee: Who is to read.
            direct: As for :meth:`grant_read`.

        Raises:
            GrantError: As for :meth:`grant_read`.
        """
        return self._grant(grantee, Verb.READ_HISTORY, direct=direct)

    def grant_read_metadata(self, grantee: iam.IGrantable) -> iam.Grant:
        """Let ``grantee`` list names, tiers, keys and descriptions, without any value.

        ``ssm:DescribeParameters`` cannot be bound to a parameter, so this opens the metadata of every parameter of the
        account and Region.

        Raises:
            GrantError: The policies of ``grantee`` cannot be changed from here.

        Source:
            Service Authorization Reference, "AWS Systems Manager", DescribeParameters.
        """
        return self._grant(grantee, Verb.READ_METADATA)

    def grant_delete(self, grantee: iam.IGrantable) -> iam.Grant:
        """Let ``grantee`` delete, with all versions and without seeing any.

        Raises:
            GrantError: The policies of ``grantee`` cannot be changed from here.
        """
        return self._grant(grantee, Verb.DELETE)

    def grant_manage(self, grantee: iam.IGrantable) -> iam.Grant:
        """Let ``grantee`` read, write, read the history, delete, label and tag; not share, which opens other accounts.

        Raises:
            GrantError: The tier is not known, or the policies of ``grantee`` cannot be changed from here.
        """
        return self._grant(grantee, Verb.MANAGE)

    def _grant(self, grantee: iam.IGrantable, verb: Verb, *, direct: bool = False) -> iam.Grant:
        key, resource = self._key, self._describe()
        if direct:
            key.check_direct(resource=resource)
        access = self._access(verb, direct=direct)
        granted = grant(grantee, access, resource=resource)
        key.admit(grantee, access, resource=resource)
        return granted

    def _access(self, verb: Verb, *, direct: bool) -> Access:
        raise NotImplementedError

    def _describe(self) -> str:
        raise NotImplementedError


def access_to_parameter(
    verb: Verb, *, at: ParameterArn, key: KeyReference, tier: Tier | None, direct: bool = False
) -> Access:
    """Return what a verb allows on one parameter.

    Raises:
        GrantError: The verb writes, and the tier is not known.
    """
    check_tier(verb, tier, resource=f"parameter {at.name.text}")
    access = Access()
    arn = str(at)
    access.granted.add(Granted(verb=verb, parameter_arn=arn, tier=tier, key_arn=key.key_arn, direct=direct))
    access.allow(verb.parameter_actions, resource=arn)
    access.allow(verb.account_actions, resource="*")
    if key.key_arn is not None:
        use = KeyUse(key_arn=key.key_arn, region=at.region, direct=direct)
        access.allow_key(verb.key_actions(tier), use=use, parameter_arn=arn)
    return access


def check_tier(verb: Verb, tier: Tier | None, *, resource: str) -> None:
    """Refuse to guess which permission writing takes.

    Raises:
        GrantError: The verb writes, and the tier is not known.
    """
    if verb.encrypts and tier is None:
        raise GrantError(
            resource,
            problem="because writing takes other permissions for each tier and its tier is not known here",
            fix="pass tier= where it is imported",
        )
