"""The policies that hold what one principal is granted: merged, packed under IAM's limits, rendered at synthesis."""

import json
import re
from collections import Counter
from functools import cache
from typing import Any, Final, cast

import aws_cdk as cdk
import jsii
from aws_cdk import aws_iam as iam
from constructs import Construct, IValidation, Node

from ssm_securestring.core.access import (
    ACCESS_METADATA,
    PRINCIPAL_METADATA,
    Access,
    Statement,
    policy_document,
    size_chars,
)
from ssm_securestring.core.errors import GrantError
from ssm_securestring.core.limits import (
    INLINE_GROUP_CHARS,
    INLINE_ROLE_CHARS,
    INLINE_USER_CHARS,
    MANAGED_POLICIES_PER_PRINCIPAL,
    MANAGED_POLICY_CHARS,
)

_ID: Final = "SecureStrings"
# Of what IAM admits inline; the rest is left to others. With less, a second policy would begin where its frame is still
# more than a tenth of the ARNs.
_INLINE_SHARE_PERCENT: Final = 70
_TOKEN: Final = re.compile(r"\$\{Token\[([^\]]*?)\.?\d*\]\}")
# What a token can become at most; anything else is the ARN of a key.
_TOKEN_CHARS: Final = {
    "AWS.Partition": len("aws-us-gov"),
    "AWS.Region": len("ap-southeast-2"),
    "AWS.AccountId": len("111122223333"),
}
_KEY_ARN_CHARS: Final = len("arn:aws-us-gov:kms:ap-southeast-2:111122223333:key/12345678-1234-1234-1234-123456789012")


class GrantedPolicies(Construct):
    """All that one principal is granted: one inline policy, and managed ones for what does not fit into it.

    A part of what IAM admits inline is left to others. The documents are rendered at synthesis from everything that was
    granted until then, so they do not depend on the order of the grants.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        identity: iam.IIdentity,
        first: list[iam.PolicyStatement],
    ) -> None:
        """Use :meth:`of` instead."""
        super().__init__(scope, construct_id)
        self._access = Access()
        self._inline = iam.Policy(self, "Policy", statements=first)
        self._further: list[iam.CfnManagedPolicy] = []
        self._inline_limit = _inline_limit(identity)
        identity.attach_inline_policy(self._inline)
        self._document = _resource(self._inline)
        self._document.policy_document = cdk.Lazy.any(_Document(self, 0))
        self._document.add_metadata(ACCESS_METADATA, cdk.Lazy.any(_Grants(self._access)))
        arn = _arn_of(identity)
        if arn is not None:
            # To whom it was granted, whatever the policy is attached to in the end.
            self._document.add_metadata(PRINCIPAL_METADATA, arn)
        self.node.add_validation(_InlineLimit([identity.node, self.node], self._inline_limit))

    @classmethod
    def of(cls, grantee: iam.IGrantable, *, first: list[iam.PolicyStatement]) -> "GrantedPolicies | None":
        """Return the policies of a principal, made on first use; ``None`` if its policies cannot be changed from here.

        Immutable roles, imported ones of another account, and functions imported without their role accept a policy
        and drop it; so we look whether it is attached.

        Args:
            grantee: The principal, or what has one.
            first: What the first of the policies begins with; the CDK wants one that is not empty.
        """
        principal = grantee.grant_principal
        node = getattr(principal, "node", None)
        if node is None or not hasattr(principal, "attach_inline_policy"):
            return None
        identity = cast("iam.IIdentity", principal)
        # Below the principal, so that what waits for a role waits for its policies, too. What the CDK imports is
        # known here only as an interface, which cannot be a scope: then beside it.
        scope, construct_id = (principal, _ID) if isinstance(principal, Construct) else (node.scope, f"{node.id}{_ID}")
        found = scope.node.try_find_child(construct_id)
        if isinstance(found, cls):
            return found
        made = cls(scope, construct_id, identity=identity, first=first)
        # A LazyRole attaches when it is made.
        if isinstance(principal, iam.LazyRole) or made._is_attached():
            return made
        scope.node.try_remove_child(construct_id)
        return None

    @property
    def policy(self) -> iam.Policy:
        """What has to be in place before the principal can do what it is granted."""
        return self._inline

    def add(self, access: Access, *, resource: str) -> None:
        """Allow more.

        Raises:
            GrantError: It is more than IAM's policies hold.
        """
        self._access.update(access)
        pages = self._pages()
        if len(pages) > 1 + MANAGED_POLICIES_PER_PRINCIPAL:
            raise GrantError(
                resource,
                problem=f"because the grants of this principal need {len(pages) - 1} managed policies and IAM attaches "
                f"{MANAGED_POLICIES_PER_PRINCIPAL} to one principal",
                fix=_path_grant(self._access.parameter_arns()),
            )
        while len(self._further) < len(pages) - 1:
            self._add_managed()
        while len(self._further) > max(len(pages) - 1, 0):
            # Merging saved a policy.
            gone = self._further.pop()
            self._last().remove_resource_dependency(gone)
            self.node.try_remove_child(gone.node.id)

    def page(self, number: int) -> list[Statement]:
        """Return the statements of one policy, as they are now."""
        return self._pages()[number]

    def _pages(self) -> list[list[Statement]]:
        return self._access.pages(
            first_chars=self._inline_limit * _INLINE_SHARE_PERCENT // 100,
            further_chars=MANAGED_POLICY_CHARS,
            measure=deployed_chars,
            rank=stable_text,
        )

    def _last(self) -> cdk.CfnResource:
        return self._further[-1] if self._further else self._document

    def _add_managed(self) -> None:
        number = len(self._further) + 1
        made = iam.CfnManagedPolicy(
            self,
            f"Policy{number + 1}",
            policy_document=cdk.Lazy.any(_Document(self, number)),
            description="Access to SecureString parameters that the inline policy has no room for",
            roles=self._document.roles,
            users=self._document.users,
            groups=self._document.groups,
        )
        # What more grants push from one policy to the next is in the next before it leaves the other.
        self._last().add_resource_dependency(made)
        self._further.append(made)

    def _is_attached(self) -> bool:
        stack = cdk.Stack.of(self)
        return any(stack.resolve(each) for each in (self._document.roles, self._document.users, self._document.groups))


@jsii.implements(cdk.IStableAnyProducer)
class _Document:
    """One policy document, rendered at synthesis."""

    def __init__(self, policies: GrantedPolicies, number: int) -> None:
        self._policies = policies
        self._number = number

    def produce(self) -> dict[str, Any]:
        return policy_document(self._policies.page(self._number))


def _arn_of(identity: iam.IIdentity) -> str | None:
    """Return the ARN of a role, user or group; to ask a LazyRole would make it."""
    if isinstance(identity, iam.LazyRole):
        return None
    arns = (getattr(identity, name, None) for name in ("role_arn", "user_arn", "group_arn"))
    return next((each for each in arns if each is not None), None)


@jsii.implements(cdk.IStableAnyProducer)
class _Grants:
    """What a principal was granted, in the words of the grants, rendered at synthesis."""

    def __init__(self, access: Access) -> None:
        self._access = access

    def produce(self) -> list[dict[str, Any]]:
        return self._access.metadata(stable_text)


@jsii.implements(IValidation)
class _InlineLimit:
    """Stops synthesis when the inline policies of a principal, ours and others, are more than IAM admits."""

    def __init__(self, places: list[Node], limit_chars: int) -> None:
        self._places = places
        self._limit_chars = limit_chars

    def validate(self) -> list[str]:
        found = {each.node.path: each for place in self._places for each in place.find_all()}
        policies = [_resource(each) for each in found.values() if isinstance(each, iam.Policy)]
        used = sum(template_chars(cdk.Stack.of(each).resolve(each.policy_document)) for each in policies)
        if used <= self._limit_chars:
            return []
        problem = (
            f"the inline policies of {self._places[0].path} have {used} characters, and IAM admits "
            f"{self._limit_chars}: move statements of your own to an iam.ManagedPolicy"
        )
        return [problem]


def deployed_chars(text: str) -> int:
    """Return the length of a text once its tokens are known, at most."""
    return len(_TOKEN.sub("", text)) + sum(_TOKEN_CHARS.get(kind, _KEY_ARN_CHARS) for kind in _TOKEN.findall(text))


@cache
def stable_text(text: str) -> str:
    """Return an ARN with what its tokens stand for instead of their numbers, which change with the rest of the app."""
    if not cdk.Token.is_unresolved(text):
        return text
    tokens = cdk.Tokenization.reverse_string(text).tokens
    names = [
        f"{each.target.node.path}.{each.display_name}"
        if isinstance(each, cdk.Reference)
        else json.dumps(cdk.Stack().resolve(each))
        for each in tokens
    ]
    return f"{_TOKEN.sub('', text)}{names}"


def template_chars(value: object) -> int:
    """Return the size of a policy in a template once its intrinsic functions are known, at most."""
    if isinstance(value, dict):
        if set(value) == {"Fn::Join"}:
            _, parts = value["Fn::Join"]
            return 2 + sum(len(each) if isinstance(each, str) else template_chars(each) - 2 for each in parts)
        if len(value) == 1 and next(iter(value)).startswith(("Ref", "Fn::")):
            return 2 + _TOKEN_CHARS.get(str(value.get("Ref", "")).replace("::", "."), _KEY_ARN_CHARS)
        # Braces; a colon for each pair, and the commas between them.
        return 1 + sum(size_chars(key) + template_chars(each) + 2 for key, each in value.items())
    if isinstance(value, list):
        return 1 + sum(template_chars(each) + 1 for each in value)
    return size_chars(value)


def _path_grant(arns: list[str]) -> str:
    """Name the path that holds most of what was granted."""
    names = [arn.split(":parameter/", 1)[1] for arn in arns if ":parameter/" in arn]
    paths = Counter(
        "/" + "/".join(levels[:depth])
        for levels in (name.split("/") for name in names)
        for depth in range(1, len(levels))
    )
    if not paths:
        return "spread the parameters over several principals"
    # The deepest of those that hold most.
    path, held = max(paths.items(), key=lambda each: (each[1], each[0].count("/"), each[0]))
    return (
        f"grant the path instead, ParameterPath(..., path={path!r}); it holds {held} of these {len(names)} parameters"
    )


def _inline_limit(identity: iam.IIdentity) -> int:
    if hasattr(identity, "user_name"):
        return INLINE_USER_CHARS
    return INLINE_GROUP_CHARS if hasattr(identity, "group_name") else INLINE_ROLE_CHARS


def _resource(policy: iam.Policy) -> iam.CfnPolicy:
    resource = policy.node.default_child
    if not isinstance(resource, iam.CfnPolicy):
        raise TypeError("the CDK no longer makes a CfnPolicy for a Policy")
    return resource
