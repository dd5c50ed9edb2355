"""SecureString parameters that this stack keeps in place, and ways to refer to others."""

import re
from collections.abc import Mapping, Sequence
from typing import Final

import aws_cdk as cdk
import jsii
from constructs import Construct

from ssm_securestring.cdk.grantable import access_to_parameter
from ssm_securestring.cdk.keys import EncryptionKey, ParameterKey, key_reference
from ssm_securestring.cdk.parameter_base import ImportedParameter, SecureStringParameterBase
from ssm_securestring.cdk.provider import SERVICE_TIMEOUT, SecureStringProvider
from ssm_securestring.cdk.values import ValueSource, checked_value_source
from ssm_securestring.core.access import Verb
from ssm_securestring.core.errors import ParameterNameError, SettingError
from ssm_securestring.core.limits import (
    MAX_ALLOWED_PATTERN_CHARS,
    MAX_DESCRIPTION_CHARS,
    MAX_TAG_KEY_CHARS,
    MAX_TAG_VALUE_CHARS,
    MAX_TAGS,
)
from ssm_securestring.core.names import ParameterArn, ParameterName
from ssm_securestring.core.patterns import admitting_placeholder
from ssm_securestring.core.policies import ParameterPolicy, check_policies
from ssm_securestring.core.sources import ExternalSource, Source
from ssm_securestring.core.spec import OUR_TAGS, RESOURCE_TYPE, ParameterSpec
from ssm_securestring.core.tiers import Tier


@jsii.implements(cdk.ITaggable)
class SecureStringParameter(SecureStringParameterBase):
    """A SecureString parameter, kept in place by a custom resource.

    CloudFormation cannot create a SecureString, so a function of the stack calls ``PutParameter``. The value is made
    or fetched inside that function; it is never a prop, and never in a template.

    Args:
        scope: Where to define it.
        construct_id: Its id within ``scope``.
        name: Full name with a leading slash, known at synthesis. Changing it makes a new parameter.
            Default: a stable one, ``/securestring/<stack>/<path of the construct>``.
        encryption_key: Symmetric key that encrypts it. Default: one :class:`ParameterKey` that the parameters of the
            stack share.
        value: Where the value comes from. Default: ``ValueSource.generated()``, 40 letters and digits.
        tier: Tier of the parameter. It can be raised later; to lower it takes ``allow_replacement``. Default: standard,
            4 KB.
        description: For people, up to 1,024 characters. Default: empty.
        tags: Tags of the parameter; ``Tags.of(...)`` works too. Default: none.
        policies: Up to ten parameter policies; advanced tier only. Default: none.
        adopt_existing: Take over a parameter of this name that is there already, with its value, instead of failing.
            Its type, tier, key and allowed pattern have to be those declared here; leaving the stack gives it back,
            undeleted. Default: do not.
        allowed_pattern: Regular expression that Parameter Store holds each new value against, up to 1,024 characters,
            in the dialect of Parameter Store. With ``ValueSource.external()`` it admits the value that stands for none
            as well. A present value that does not match it fails the deployment. Default: none.
        allow_replacement: Delete an advanced parameter and create it anew, with its value and tags, where it is to be
            a standard one. Nobody can read it for the 30 seconds that AWS asks to wait in between; its earlier
            versions and their labels are lost. Meanwhile the value is in a parameter of the same name with
            ``.recovery`` behind it, whatever fails. Default: do not, and let the update fail.
        removal_policy: What leaving the stack does to it. Default: keep it, unless the deployment that creates it
            fails.

    Raises:
        ParameterNameError: ``name`` breaks a Parameter Store rule, or is a token.
        SettingError: An argument is out of range, a literal value, or does not go with another one.

    Example:
        >>> password = SecureStringParameter(self, "DbPassword", name="/shop/db/password")
        >>> password.grant_read(orders_function)

    Source:
        https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_PutParameter.html
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str | None = None,
        encryption_key: EncryptionKey | None = None,
        value: ValueSource | None = None,
        tier: Tier = Tier.STANDARD,
        description: str = "",
        tags: Mapping[str, str] | None = None,
        policies: Sequence[ParameterPolicy] = (),
        adopt_existing: bool = False,
        allowed_pattern: str = "",
        allow_replacement: bool = False,
        removal_policy: cdk.RemovalPolicy = cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
    ) -> None:
        """Check everything that can be known before a deployment, then define the parameter."""
        source = ValueSource.generated() if value is None else checked_value_source(value)
        source.check_fits(tier)
        source.check_region(cdk.Stack.of(scope).region)
        if adopt_existing:
            source.check_adoptable()
            _check_never_deletes(allow_replacement=allow_replacement)
        _check_policies(policies, tier)
        _check_length("description", description, most=MAX_DESCRIPTION_CHARS)
        _check_pattern(allowed_pattern, source.source)
        checked_tags = _checked_tags(tags or {})
        parameter_name = _default_name(scope, construct_id) if name is None else _literal_name(name)
        key = key_reference(encryption_key or ParameterKey.shared_by_stack(scope))
        key.check_admits(parameter_name)
        self._at = _in_stack(scope, parameter_name)
        self._key = key
        self._tier = tier
        self._tag_manager = cdk.TagManager(cdk.TagType.MAP, RESOURCE_TYPE)
        for tag, content in checked_tags.items():
            self._tag_manager.set_tag(tag, content)
        # Only now, so that a refused argument leaves nothing in the construct tree.
        super().__init__(scope, construct_id)
        spec = ParameterSpec(
            name=parameter_name,
            key_id=key.key_id,
            tier=tier,
            source=source.source,
            description=description,
            policies=tuple(policies),
            adopt_existing=adopt_existing,
            allowed_pattern=allowed_pattern,
            allow_replacement=allow_replacement,
        )
        self._resource = self._define(spec, source, removal_policy)

    @classmethod
    def from_name(
        cls,
        scope: Construct,
        construct_id: str,
        *,
        name: str,
        encryption_key: EncryptionKey,
        tier: Tier | None = None,
    ) -> SecureStringParameterBase:
        """Refer to a parameter of this account and Region that exists already; defines nothing.

        Args:
            scope: Where to refer to it.
            construct_id: Id of the reference within ``scope``.
            name: Its full name.
            encryption_key: The key it is encrypted with, ``ParameterKey.from_key_arn(...)`` for example.
            tier: Its tier; needed to grant writing. Default: not known.

        Raises:
            ParameterNameError: ``name`` breaks a Parameter Store rule, or is a token.
        """
        at = _in_stack(scope, _literal_name(name))
        return ImportedParameter(scope, construct_id, at=at, encryption_key=encryption_key, tier=tier)

    @classmethod
    def from_arn(
        cls,
        scope: Construct,
        construct_id: str,
        *,
        arn: str,
        encryption_key: EncryptionKey,
        tier: Tier | None = None,
    ) -> SecureStringParameterBase:
        """Refer to a parameter by its ARN, also of another Region or account; defines nothing.

        Args:
            scope: Where to refer to it.
            construct_id: Id of the reference within ``scope``.
            arn: Its ARN, known at synthesis.
            encryption_key: The key it is encrypted with.
            tier: Its tier; needed to grant writing. Default: not known.

        Raises:
            ParameterArnError: ``arn`` is not the ARN of a parameter.
            ParameterNameError: ``arn`` is a token, or the name in it breaks a rule.
        """
        _refuse_token(arn)
        return ImportedParameter(
            scope, construct_id, at=ParameterArn.parse(arn), encryption_key=encryption_key, tier=tier
        )

    @property
    def tags(self) -> cdk.TagManager:
        """The tags, where ``Tags.of(...)`` of the CDK finds them."""
        return self._tag_manager

    @property
    def parameter_arn(self) -> str:
        """The parameter's ARN, a token: what uses it waits until the parameter is there."""
        return self._resource.get_att_string("Arn")

    @property
    def parameter_name(self) -> str:
        """The parameter's name, a token: what uses it waits until the parameter is there."""
        return self._resource.get_att_string("Name")

    @property
    def parameter_version(self) -> str:
        """The version that the last deployment left, a token."""
        return self._resource.get_att_string("Version")

    def _define(
        self, spec: ParameterSpec, source: ValueSource, removal_policy: cdk.RemovalPolicy
    ) -> cdk.CustomResource:
        provider = SecureStringProvider.of(self)
        policy = provider.manage(
            self,
            name=spec.name,
            arn=str(self._at),
            key=self._key,
            tier=spec.tier,
            adopts=spec.adopt_existing,
            readings=source.readings(self._at),
        )
        policies = [policy]
        if spec.allow_replacement:
            policies.append(provider.allow_replacement(self, at=self._at, key=self._key))
        source.grant_to(provider)
        # Both kinds of encryption, as its role has them: a rollback may find another tier than the template's.
        keeping = access_to_parameter(Verb.READ_WRITE, at=self._at, key=self._key, tier=Tier.INTELLIGENT_TIERING)
        self._key.admit(provider, keeping, resource=self._describe())
        resource = cdk.CustomResource(
            self,
            "Resource",
            service_token=provider.service_token,
            service_timeout=SERVICE_TIMEOUT,
            resource_type=RESOURCE_TYPE,
            removal_policy=removal_policy,
            properties={**spec.to_properties(), "Tags": self._tag_manager.rendered_tags},
        )
        resource.node.add_dependency(*policies)
        source.wait_for(resource)
        return resource


_UNNAMEABLE: Final = re.compile(r"[^A-Za-z0-9_.\-]+")
_TAG_TEXT: Final = re.compile(r"[\w\s.:/=+\-@]*")


def _default_name(scope: Construct, construct_id: str) -> ParameterName:
    """Return a name that stays the same as long as the construct's path does."""
    stack = cdk.Stack.of(scope)
    path = f"{scope.node.path}/{construct_id}".removeprefix(f"{stack.node.path}/")
    top = stack.node.id if cdk.Token.is_unresolved(stack.stack_name) else stack.stack_name
    levels = [_UNNAMEABLE.sub("-", level) for level in ("securestring", top, *path.split("/"))]
    return ParameterName("/" + "/".join(levels))


def _literal_name(name: str) -> ParameterName:
    _refuse_token(name)
    return ParameterName(name)


def _refuse_token(name: str) -> None:
    if cdk.Token.is_unresolved(name):
        raise ParameterNameError(
            name,
            problem="is a token, whose text is not known at synthesis",
            fix="write the name out; for a stage or environment, build it from Python values: f'/{stage}/db/password'",
        )


def _in_stack(scope: Construct, name: ParameterName) -> ParameterArn:
    stack = cdk.Stack.of(scope)
    at = ParameterArn(partition=stack.partition, region=stack.region, account=stack.account, name=name)
    if not any(cdk.Token.is_unresolved(each) for each in (stack.region, stack.account)):
        # The partition is a token even then; no partition of commercial Regions is shorter than "aws".
        ParameterArn(partition="aws", region=stack.region, account=stack.account, name=name).check_length()
    return at


def _check_policies(policies: Sequence[ParameterPolicy], tier: Tier) -> None:
    check_policies(policies)
    if policies and tier is Tier.STANDARD:
        raise SettingError(
            "policies", problem="needs the advanced tier", fix="write tier=Tier.ADVANCED, or leave the policies out"
        )


def _check_never_deletes(*, allow_replacement: bool) -> None:
    if allow_replacement:
        raise SettingError(
            "allow_replacement",
            problem="does not go with adopt_existing=True: an adopted parameter is never deleted",
            fix="leave it out, and keep the tier, or make a standard parameter of another name with copy_from(...)",
        )


def _check_length(setting: str, text: str, *, most: int) -> None:
    if not cdk.Token.is_unresolved(text) and len(text) > most:
        raise SettingError(setting, problem=f"is {len(text)} characters long", fix=f"use {most} at most")


def _check_pattern(pattern: str, source: Source) -> None:
    added = len(admitting_placeholder("")) if isinstance(source, ExternalSource) else 0
    _check_length("allowed_pattern", pattern, most=MAX_ALLOWED_PATTERN_CHARS - added)


def _checked_tags(tags: Mapping[str, str]) -> Mapping[str, str]:
    """Check tags against the rules of Parameter Store (SSM API reference, AddTagsToResource and Tag)."""
    room = MAX_TAGS - len(OUR_TAGS)
    if len(tags) > room:
        raise SettingError("tags", problem=f"has {len(tags)} tags", fix=f"use {room} at most")
    for key, value in tags.items():
        if key in OUR_TAGS or key.lower().startswith("aws:"):
            raise SettingError("tags", problem=f"uses the reserved key {key!r}", fix="choose another key")
        for text, most in ((key, MAX_TAG_KEY_CHARS), (value, MAX_TAG_VALUE_CHARS)):
            if cdk.Token.is_unresolved(text):
                continue
            if len(text) > most or not _TAG_TEXT.fullmatch(text) or not key:
                raise SettingError(
                    "tags",
                    problem=f"has {text!r} under key {key!r}",
                    fix=f"use at most {most} letters, digits, spaces and _ . : / = + - @",
                )
    return tags
