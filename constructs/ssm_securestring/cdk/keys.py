"""KMS keys for parameters: one made for the purpose, one made elsewhere, or the AWS managed key."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct

from ssm_securestring.cdk.key_policy import KeyMode, KeyPolicy
from ssm_securestring.core.access import Access
from ssm_securestring.core.encryption import AWS_MANAGED_KEY_ALIAS
from ssm_securestring.core.errors import GrantError, SettingError
from ssm_securestring.core.limits import (
    MAX_DELETION_WINDOW_DAYS,
    MAX_ROTATION_DAYS,
    MIN_DELETION_WINDOW_DAYS,
    MIN_ROTATION_DAYS,
)
from ssm_securestring.core.names import ParameterName

_KEY_ARN: Final = re.compile(r"arn:[^:]+:kms:[^:]+:[^:]+:key/.+", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyReference:
    """What a parameter has to know of the key that encrypts it.

    Args:
        key_id: What ``PutParameter`` is told: the key's ARN, or the alias of the AWS managed key.
        key_arn: What policies name. ``None`` for the AWS managed key, which takes no permission.
        path_prefixes: Paths of parameters that the key policy admits. ``None``: unknown, or any.
        policy: Its key policy, where it is ours to change.
    """

    key_id: str
    key_arn: str | None
    path_prefixes: tuple[str, ...] | None = None
    policy: KeyPolicy | None = field(default=None, compare=False, repr=False)

    def admit(self, grantee: iam.IGrantable, access: Access, *, resource: str) -> None:
        """Let the key policy admit what IAM alone cannot allow.

        Raises:
            GrantError: It is not ours to change, or cannot name the principal.
        """
        if self.policy is not None:
            self.policy.admit(grantee, access, resource=resource)

    def check_direct(self, *, resource: str) -> None:
        """Refuse use without Parameter Store where the key policy cannot be opened for it.

        Raises:
            GrantError: The key is not a :class:`ParameterKey`.
        """
        if self.policy is None:
            raise GrantError(
                resource,
                problem="because direct=True needs a statement in the policy of its key, which is not ours to change",
                fix="encrypt it with a ParameterKey of this app, or let Parameter Store decrypt: leave direct=True out",
            )

    def check_admits(self, name: ParameterName) -> None:
        """Refuse a parameter that the key policy would not let anybody use.

        Raises:
            SettingError: ``name`` is under none of the key's path prefixes.
        """
        self._check(f"/{name.without_slash}", f"not {name.text!r}", "choose a name under one of them")

    def check_admits_path(self, path: ParameterName, *, itself: bool) -> None:
        """Refuse a path of which the key policy would not let anybody use all.

        Args:
            path: The path.
            itself: Whether the parameter with the path's own name is meant, too.

        Raises:
            SettingError: ``path`` is under none of the key's path prefixes.
        """
        # Everything below a prefix may be asked for by the prefix itself.
        text = f"/{path.without_slash}{'' if itself else '/'}"
        self._check(text, f"not all of {path.text!r}", "grant a path under one of them")

    def _check(self, text: str, refused: str, way_out: str) -> None:
        prefixes = self.path_prefixes
        if prefixes is None or any(text.startswith(f"{each}/") for each in prefixes):
            return
        raise SettingError(
            "encryption_key",
            problem=f"admits only parameters under {', '.join(prefixes)}, {refused}",
            fix=f"add a prefix to path_prefixes of the ParameterKey, or {way_out}",
        )


class ParameterKey(Construct):
    """A symmetric customer-managed KMS key for the parameters of this account and Region.

    Its policy keeps administration apart from use: the account's administrators manage it without being able to
    encrypt or decrypt with it, and IAM policies of the account can allow its use only through Parameter Store
    (``kms:ViaService``), from this account (``kms:CallerAccount``), and for parameters under the given paths
    (``kms:EncryptionContext:PARAMETER_ARN``). In strict mode, IAM policies alone open nothing: only principals that
    were granted something on a parameter or path are admitted, and the function that keeps the parameters.

    Whoever may change the key policy can open it; that is KMS's design, and what keeps a key from being lost.

    Args:
        scope: Where to define it.
        construct_id: Its id within ``scope``.
        alias: Name of an alias, without ``alias/``. Default: none.
        path_prefixes: Paths, ``/shop`` for everything below ``/shop/``. Default: any parameter.
        mode: Who decides which principals may use it. With ``KeyMode.STRICT``, define it in the stack of its
            parameters; principals of other stacks need names of their own. Default: ``KeyMode.DELEGATED``, IAM.
        administrators: Roles and users that may administer it, that with which CloudFormation deploys among them; the
            account's root user always may. Default: whomever IAM allows to.
        break_glass_role: Role that may decrypt, through Parameter Store, without being granted anything; it needs
            ``ssm:GetParameter`` from a policy of its own. Define it in the stack of the key, or in one that needs
            nothing of it: KMS wants the role to be there first. Default: none.
        multi_region: Whether it can be replicated to other Regions; it cannot be changed later. Default: no.
        rotation_period: Time between automatic rotations, 90 to 2560 days. Default: 365 days.
        pending_window: Waiting time before a deletion takes effect, 7 to 30 days. Default: 30 days.
        key_spec: Only ``SYMMETRIC_DEFAULT`` works with Parameter Store; anything else is refused. Default: that.
        description: For people. Default: a sentence that says what the key is for.
        removal_policy: What deleting the stack does to it. Default: keep it, unless the deployment that creates
            it fails.

    Raises:
        SettingError: An argument is out of range, or the key would not be symmetric.
        ParameterNameError: A path prefix is not the beginning of a parameter name.

    Example:
        >>> key = ParameterKey(self, "Key", alias="shop/parameters", path_prefixes=["/shop"])

    Source:
        https://docs.aws.amazon.com/kms/latest/developerguide/services-parameter-store.html
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        alias: str | None = None,
        path_prefixes: Sequence[str] | None = None,
        mode: KeyMode = KeyMode.DELEGATED,
        administrators: Sequence[iam.IGrantable] | None = None,
        break_glass_role: iam.IRole | None = None,
        multi_region: bool = False,
        rotation_period: cdk.Duration | None = None,
        pending_window: cdk.Duration | None = None,
        key_spec: kms.KeySpec = kms.KeySpec.SYMMETRIC_DEFAULT,
        description: str = "Encrypts SecureString parameters, through Parameter Store only",
        removal_policy: cdk.RemovalPolicy = cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
    ) -> None:
        """Check the arguments, then define the key, its alias and its policy."""
        _check_symmetric(key_spec)
        rotation_period = rotation_period or cdk.Duration.days(365)
        pending_window = pending_window or cdk.Duration.days(MAX_DELETION_WINDOW_DAYS)
        _check_days("rotation_period", rotation_period, MIN_ROTATION_DAYS, MAX_ROTATION_DAYS)
        _check_days("pending_window", pending_window, MIN_DELETION_WINDOW_DAYS, MAX_DELETION_WINDOW_DAYS)
        prefixes = None if path_prefixes is None else tuple(_path_prefix(each) for each in path_prefixes)
        super().__init__(scope, construct_id)
        policy = KeyPolicy(
            self,
            mode=mode,
            patterns=self._patterns(prefixes),
            administrators=administrators,
            break_glass_role=break_glass_role,
        )
        self._key = kms.Key(
            self,
            "Resource",
            alias=alias,
            description=description,
            enable_key_rotation=True,
            rotation_period=rotation_period,
            pending_window=pending_window,
            removal_policy=removal_policy,
            multi_region=multi_region or None,
            policy=iam.PolicyDocument(statements=policy.statements),
        )
        policy.bind(self._key)
        arn = self._key.key_arn
        self._reference = KeyReference(key_id=arn, key_arn=arn, path_prefixes=prefixes, policy=policy)

    @property
    def key(self) -> kms.Key:
        """The key itself. Its ``grant_*`` methods know nothing of parameters; grant on parameters instead."""
        return self._key

    @property
    def key_arn(self) -> str:
        """The key's ARN, a token."""
        return self._key.key_arn

    @property
    def reference(self) -> KeyReference:
        """What parameters need to know of it."""
        return self._reference

    @staticmethod
    def from_key_arn(key_arn: str) -> KeyReference:
        """Refer to a key made elsewhere; defines nothing, and cannot change that key's policy.

        Args:
            key_arn: ARN of a symmetric key, a token or a literal; not of an alias.

        Raises:
            SettingError: It is not the ARN of a key.
        """
        if not cdk.Token.is_unresolved(key_arn) and not _KEY_ARN.fullmatch(key_arn):
            raise SettingError(
                "key_arn",
                problem=f"is {key_arn!r}, which is not the ARN of a key",
                fix="write arn:<partition>:kms:<region>:<account>:key/<key id>; IAM matches keys by their ARN, "
                "never by an alias",
            )
        return KeyReference(key_id=key_arn, key_arn=key_arn)

    @staticmethod
    def aws_managed() -> KeyReference:
        """Choose the account's AWS managed key, ``alias/aws/ssm``: free, but weaker than a key of your own.

        Its policy cannot be changed and admits every principal of the account that may call Parameter Store: whoever
        has ``ssm:GetParameter`` can decrypt. There is no use from another account, no disabling, no rotation period.
        Grants then hold only the Parameter Store statement, since KMS asks for no permission.

        Source:
            KMS Developer Guide, "AWS managed keys"; Systems Manager User Guide, "Setting up Parameter Store".
        """
        return KeyReference(key_id=AWS_MANAGED_KEY_ALIAS, key_arn=None)

    @staticmethod
    def shared_by_stack(scope: Construct) -> "ParameterKey":
        """Return the key that parameters of a stack share when none is given; made on first use."""
        stack = cdk.Stack.of(scope)
        found = stack.node.try_find_child(_SHARED_ID)
        return found if isinstance(found, ParameterKey) else ParameterKey(stack, _SHARED_ID)

    def _patterns(self, prefixes: tuple[str, ...] | None) -> list[str]:
        paths = ["*"] if prefixes is None else [f"{each.removeprefix('/')}/*" for each in prefixes]
        stack = cdk.Stack.of(self)
        return [stack.format_arn(service="ssm", resource="parameter", resource_name=each) for each in paths]


_SHARED_ID: Final = "ParameterKey"

EncryptionKey = ParameterKey | KeyReference | kms.IKey
"""What a parameter accepts as its key."""


def key_reference(key: EncryptionKey) -> KeyReference:
    """Return what a parameter needs to know of any kind of key.

    Raises:
        SettingError: The key is asymmetric, or is only an alias.
    """
    if isinstance(key, KeyReference):
        return key
    if isinstance(key, ParameterKey):
        return key.reference
    if isinstance(key, kms.Key):
        resource = key.node.default_child
        if isinstance(resource, kms.CfnKey):
            _check_spec_name(resource.key_spec or "SYMMETRIC_DEFAULT")
    # An alias says neither which key it means nor will IAM match it; imported ones make grants silent no-ops.
    if ":alias/" in key.key_arn:
        raise SettingError(
            "encryption_key",
            problem="is an alias",
            fix="pass the key itself, or ParameterKey.from_key_arn(...) with the key's ARN; "
            "for alias/aws/ssm write ParameterKey.aws_managed()",
        )
    return KeyReference(key_id=key.key_arn, key_arn=key.key_arn)


def _check_symmetric(key_spec: kms.KeySpec) -> None:
    if key_spec is not kms.KeySpec.SYMMETRIC_DEFAULT:
        _check_spec_name(key_spec.name)


def _check_spec_name(spec: str) -> None:
    if spec != "SYMMETRIC_DEFAULT":
        raise SettingError(
            "key_spec",
            problem=f"is {spec}, but Parameter Store supports only symmetric encryption keys",
            fix="leave it out, or write kms.KeySpec.SYMMETRIC_DEFAULT",
        )


def _check_days(setting: str, duration: cdk.Duration, least: int, most: int) -> None:
    days = duration.to_days(integral=False)
    if days != int(days) or not least <= days <= most:
        raise SettingError(setting, problem=f"is {days:g} days", fix=f"write whole days, {least} to {most}")


def _path_prefix(text: str) -> str:
    """Return a prefix without a trailing slash, after checking it as a name."""
    return f"/{ParameterName(text.removesuffix('/')).without_slash}"
