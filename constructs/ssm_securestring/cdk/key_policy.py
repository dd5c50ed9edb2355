"""The policy of a ParameterKey: administration apart from use, and who may use it for which parameters."""

from collections.abc import Callable, Sequence
from enum import Enum
from typing import Final

import aws_cdk as cdk
import jsii
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct, IValidation

from ssm_securestring.cdk.packing import template_chars
from ssm_securestring.core.access import KEY_METADATA, Access, KeyUse
from ssm_securestring.core.encryption import CONTEXT_KEY, DECRYPT_ACTION, via_parameter_store
from ssm_securestring.core.errors import GrantError
from ssm_securestring.core.limits import KEY_POLICY_BYTES

# KMS Developer Guide, "Key policies", actions of key administrators. One by one and without kms:CreateGrant:
# whoever may create grants can give away the use of the key.
_ADMINISTRATION: Final = (
    "kms:CancelKeyDeletion",
    "kms:CreateAlias",
    "kms:DeleteAlias",
    "kms:DescribeKey",
    "kms:DisableKey",
    "kms:DisableKeyRotation",
    "kms:EnableKey",
    "kms:EnableKeyRotation",
    "kms:GetKeyPolicy",
    "kms:GetKeyRotationStatus",
    "kms:ListAliases",
    "kms:ListGrants",
    "kms:ListKeyPolicies",
    "kms:ListKeyRotations",
    "kms:ListResourceTags",
    "kms:PutKeyPolicy",
    "kms:RevokeGrant",
    "kms:RotateKeyOnDemand",
    "kms:ScheduleKeyDeletion",
    "kms:TagResource",
    "kms:UntagResource",
    "kms:UpdateAlias",
    "kms:UpdateKeyDescription",
)
_USE: Final = ("kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey")
_CONTEXT: Final = f"kms:EncryptionContext:{CONTEXT_KEY}"


class KeyMode(Enum):
    """Who decides which principals of the account may use a key."""

    DELEGATED = "delegated"
    """IAM: any principal of the account whose own policies allow it, through Parameter Store, for the key's paths."""
    STRICT = "strict"
    """The key policy: only principals that were granted something. ``kms:*`` in IAM does not open it."""


class KeyPolicy:
    """Statements of one key, some of which grow while the app is built.

    Principals are compared by ``aws:PrincipalArn`` instead of being named as ``Principal``: KMS refuses a policy that
    names a role which does not exist yet, and turns the name of a deleted one into an id that never matches again.
    The account's root as ``Principal`` opens nothing to it: its own ARN is not among those that are compared.

    Args:
        scope: The construct of the key.
        mode: Who decides on its use.
        patterns: Patterns of the ARNs of parameters that it admits.
        administrators: Who may administer it. ``None``: whomever IAM allows to.
        break_glass_role: Who may decrypt without having been granted anything.
    """

    def __init__(
        self,
        scope: Construct,
        *,
        mode: KeyMode,
        patterns: Sequence[str],
        administrators: Sequence[iam.IGrantable] | None,
        break_glass_role: iam.IRole | None,
    ) -> None:
        """Make the statements that do not depend on grants."""
        self._scope = scope
        self._mode = mode
        self._patterns = list(patterns)
        self._principals: dict[str, dict[str, str]] = {}
        self._contexts: dict[tuple[str, bool, tuple[str, ...]], set[str]] = {}
        self._key: kms.Key | None = None
        named = [self._identify(each, resource="administration of the key")[1] for each in administrators or ()]
        self._named = {"patterns": self._patterns, "administrators": named}
        if break_glass_role is not None:
            self._named["breakGlass"] = [break_glass_role.role_arn]
        self.statements = [self._administration(None if administrators is None else named)]
        if mode is KeyMode.DELEGATED:
            self.statements.append(self._use("UseThroughParameterStore", _USE))
        if break_glass_role is not None:
            # Named as the principal, so that no policy in IAM is needed for the key.
            statement = self._use(
                "BreakGlass", (DECRYPT_ACTION,), principal=iam.ArnPrincipal(break_glass_role.role_arn)
            )
            self.statements.append(statement)

    def bind(self, key: kms.Key) -> None:
        """Let later grants change the policy of this key."""
        self._key = key
        key.node.add_validation(_Limit(key))
        resource = key.node.default_child
        if not isinstance(resource, kms.CfnKey):
            raise TypeError("the CDK no longer makes a CfnKey for a Key")
        resource.add_metadata(KEY_METADATA, self._named)

    def admit(self, grantee: iam.IGrantable, access: Access, *, resource: str) -> None:
        """Open what IAM cannot: in strict mode any use, and in both modes use without Parameter Store.

        Raises:
            GrantError: The principal has no ARN that this stack can name.
        """
        for (use, parameter_arn), actions in access.on_keys.items():
            if not actions or not (use.direct or self._mode is KeyMode.STRICT):
                continue
            path, arn = self._identify(grantee, resource=resource)
            if use.direct:
                self._admit_contexts(iam.AccountRootPrincipal(), arn, use, tuple(sorted(actions)), parameter_arn)
                continue
            for action in sorted(actions):
                self._principals_of(action)[path] = arn

    def admit_from(self, account: str, principal_arn: str, access: Access) -> None:
        """Admit a principal of another account, through Parameter Store, for exactly these parameters."""
        for (use, parameter_arn), actions in access.on_keys.items():
            principal = iam.AccountPrincipal(account)
            self._admit_contexts(principal, principal_arn, use, tuple(sorted(actions)), parameter_arn)

    def _administration(self, administrators: Sequence[str] | None) -> iam.PolicyStatement:
        statement = iam.PolicyStatement(
            sid="AdministerWithoutUse",
            principals=[iam.AccountRootPrincipal()],
            actions=list(_ADMINISTRATION),
            resources=["*"],  # in a key policy: this key
        )
        if administrators is not None:
            stack = cdk.Stack.of(self._scope)
            root = stack.format_arn(service="iam", region="", resource="root")
            # The account's root user can always repair the policy, so nobody is locked out for good.
            statement.add_condition("ArnEquals", {"aws:PrincipalArn": [*administrators, root]})
        return statement

    def _use(self, sid: str, actions: Sequence[str], *, principal: iam.IPrincipal | None = None) -> iam.PolicyStatement:
        stack = cdk.Stack.of(self._scope)
        return iam.PolicyStatement(
            sid=sid,
            principals=[principal or iam.AccountRootPrincipal()],
            actions=list(actions),
            resources=["*"],  # in a key policy: this key
            conditions={
                "StringEquals": {
                    "kms:CallerAccount": stack.account,
                    "kms:ViaService": via_parameter_store(stack.region),
                },
                "StringLike": {_CONTEXT: self._patterns},
            },
        )

    def _principals_of(self, action: str) -> dict[str, str]:
        """Return who may perform an action, by path; with the first of them comes the statement."""
        if action not in self._principals:
            principals = self._principals[action] = {}
            statement = self._use(f"{action.removeprefix('kms:')}ByNamedPrincipals", (action,))
            arns = cdk.Lazy.list(_Texts(lambda: [principals[path] for path in sorted(principals)]))
            statement.add_condition("ArnEquals", {"aws:PrincipalArn": arns})
            self._add(statement)
        return self._principals[action]

    def _admit_contexts(
        self, principal: iam.IPrincipal, principal_arn: str, use: KeyUse, actions: tuple[str, ...], parameter_arn: str
    ) -> None:
        """Admit one principal for one parameter or path more; with the first of them comes the statement."""
        admitted = self._contexts.get((principal_arn, use.pattern, actions))
        if admitted is None:
            admitted = self._contexts[principal_arn, use.pattern, actions] = set()
            arns = admitted
            statement = iam.PolicyStatement(
                principals=[principal],
                actions=list(actions),
                resources=["*"],  # in a key policy: this key
                conditions={
                    "ArnEquals": {"aws:PrincipalArn": principal_arn},
                    "StringLike" if use.pattern else "StringEquals": {
                        _CONTEXT: cdk.Lazy.list(_Texts(lambda: sorted(arns)))
                    },
                },
            )
            account = {"kms:CallerAccount": cdk.Stack.of(self._scope).account}
            statement.add_condition(
                "StringEquals", account if use.direct else {"kms:ViaService": via_parameter_store(use.region)}
            )
            self._add(statement)
        admitted.add(parameter_arn)

    def _add(self, statement: iam.PolicyStatement) -> None:
        if self._key is None:
            self.statements.append(statement)
        else:
            self._key.add_to_resource_policy(statement)

    def _identify(self, grantee: iam.IGrantable, *, resource: str) -> tuple[str, str]:
        """Return path and ARN of a principal, without a reference from the key's stack to one that needs the key.

        Raises:
            GrantError: There is no such ARN.
        """
        principal = grantee.grant_principal
        arn = getattr(principal, "role_arn", None) or getattr(principal, "user_arn", None)
        if arn is None:
            raise GrantError(
                resource,
                problem="because the policy of its key has to name the principal, and this one is neither a role nor a "
                "user",
                fix="grant it to a role or a user; members of a group are named one by one",
            )
        if not isinstance(principal, Construct):  # imported, so its ARN refers to no resource
            return arn, arn
        path = principal.node.path
        if cdk.Stack.of(principal).node.path == cdk.Stack.of(self._scope).node.path:
            return path, arn
        literal = _literal_arn(principal)
        if literal is None:
            raise GrantError(
                resource,
                problem="because the policy of its key has to name the principal, whose ARN comes from a stack that "
                "needs the key",
                fix=f"give {path} a name of its own (role_name=...), or define it in the stack of the key",
            )
        return path, literal


@jsii.implements(cdk.IStableListProducer)
class _Texts:
    """A list that is rendered at synthesis."""

    def __init__(self, texts: Callable[[], list[str]]) -> None:
        self._texts = texts

    def produce(self) -> list[str]:
        return self._texts()


@jsii.implements(IValidation)
class _Limit:
    """Stops synthesis when the key policy is larger than KMS accepts."""

    def __init__(self, key: kms.Key) -> None:
        self._key = key

    def validate(self) -> list[str]:
        resource = self._key.node.default_child
        if not isinstance(resource, kms.CfnKey):
            return []
        used = template_chars(cdk.Stack.of(self._key).resolve(resource.key_policy))
        if used <= KEY_POLICY_BYTES:
            return []
        problem = (
            f"the policy of key {self._key.node.path} has {used} bytes, and KMS admits {KEY_POLICY_BYTES}: grant paths "
            "instead of parameters, or use more than one key"
        )
        return [problem]


def _literal_arn(principal: Construct) -> str | None:
    """Return the ARN of a role with a name of its own."""
    resource = principal.node.default_child
    if not isinstance(resource, iam.CfnRole) or not resource.role_name or cdk.Token.is_unresolved(resource.role_name):
        return None
    stack = cdk.Stack.of(resource)
    path = (resource.path or "/").strip("/")
    name = f"{path}/{resource.role_name}" if path else resource.role_name
    return stack.format_arn(service="iam", region="", resource="role", resource_name=name)
