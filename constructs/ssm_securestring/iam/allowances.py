"""What was granted, spelled as the requests that it is meant to allow; not read from the policies made of it."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from ssm_securestring.core.access import BY_PATH_ACTION
from ssm_securestring.core.actions import KEY_OPENING_ACTIONS
from ssm_securestring.core.encryption import CONTEXT_KEY, DECRYPT_ACTION, encrypt_actions, via_parameter_store
from ssm_securestring.core.sealing import SEALING_CONTEXT_KEY
from ssm_securestring.core.spec import STACK_TAG
from ssm_securestring.core.tiers import Tier
from ssm_securestring.iam.model import Request
from ssm_securestring.iam.patterns import matches
from ssm_securestring.iam.world import Declared, Key, Parameter, World

CONTEXT: Final = f"kms:EncryptionContext:{CONTEXT_KEY}"
VIA_SERVICE: Final = "kms:ViaService"
# In lower case, as all keys are that requests are made up of, save the two above.
_SEALED_FOR: Final = f"kms:EncryptionContext:{SEALING_CONTEXT_KEY}".lower()
OWNER: Final = f"aws:ResourceTag/{STACK_TAG}".lower()

# What the function does with the parameters that it keeps; its deletions go by the tag of its stack.
_KEEPING: Final = (
    "ssm:AddTagsToResource",
    "ssm:GetParameter",
    "ssm:ListTagsForResource",
    "ssm:PutParameter",
    "ssm:RemoveTagsFromResource",
)
_READING_HISTORY: Final = ("ssm:GetParameterHistory",)
# A copy of a value is named after its parameter. It is not untagged, and is deleted by the tag of its stack, too.
_COPY_SUFFIX: Final = ".recovery"
_COPYING: Final = ("ssm:AddTagsToResource", "ssm:GetParameter", "ssm:ListTagsForResource", "ssm:PutParameter")
_RETIRING: Final = ("ssm:DeleteParameter", "ssm:ListTagsForResource", "ssm:RemoveTagsFromResource")


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """Requests that are meant to be allowed.

    Args:
        actions: Any of these.
        resource: ARN or pattern.
        context: Condition keys that the request has to have, with a pattern for each. Default: none.
        origin: What was granted, for people.
        expected: It has to be allowed. Otherwise it may be, where the rest of it is up to somebody else.
    """

    actions: frozenset[str]
    resource: str
    origin: str
    context: Mapping[str, str] = field(default_factory=dict, hash=False)
    expected: bool = True

    def covers(self, request: Request) -> bool:
        """Return whether a request is among those that are meant."""
        return (
            request.action in self.actions
            and matches(self.resource, request.resource)
            and all(_has(request, key, pattern) for key, pattern in self.context.items())
        )


def _has(request: Request, key: str, pattern: str) -> bool:
    value = request.context.get(key)
    return isinstance(value, str) and matches(pattern, value)


def allowances_of(world: World) -> dict[str, list[Allowance]]:
    """Return by ARN of a principal what it is meant to be able to do."""
    found: defaultdict[str, list[Allowance]] = defaultdict(list)
    for declared in world.declared:
        found[declared.principal].extend(_of_grant(declared))
    for parameter in world.parameters:
        if parameter.provider is not None:
            found[parameter.provider] += _of_keeping(parameter, world.keys)
            found[parameter.provider] += _of_replacing(parameter, world.keys)
            found[parameter.provider] += _of_fetching(parameter, world)
    for key in world.keys:
        for principal, allowance in _of_key(key):
            found[principal].append(allowance)
    return {principal: list(dict.fromkeys(each)) for principal, each in found.items()}


def _of_grant(declared: Declared) -> Iterator[Allowance]:
    verb, resource = declared.verb, declared.parameter
    origin = f"{verb.name.lower()} on {_short(resource)}"
    if verb.account_actions:
        yield Allowance(actions=frozenset(verb.account_actions), resource="*", origin=origin)
    if verb.parameter_actions:
        yield Allowance(actions=frozenset(verb.parameter_actions), resource=resource, origin=origin)
    if declared.path and verb.reads_values:
        for path in (resource.removesuffix("/*"), resource):
            yield Allowance(actions=frozenset({BY_PATH_ACTION}), resource=path, origin=origin)
    actions = verb.key_actions(declared.tier)
    if declared.key is not None and actions:
        via = {} if declared.direct else {VIA_SERVICE: via_parameter_store(_region(resource))}
        yield Allowance(
            actions=frozenset(actions), resource=declared.key, context={CONTEXT: resource, **via}, origin=origin
        )


def _of_keeping(parameter: Parameter, keys: Iterable[Key]) -> Iterator[Allowance]:
    origin = f"keeps {_short(parameter.arn)}"
    yield Allowance(actions=frozenset(_KEEPING), resource=parameter.arn, origin=origin)
    # Only where the template says that the tier is open, or that it may have been there before.
    if parameter.adopts or parameter.tier is Tier.INTELLIGENT_TIERING:
        yield Allowance(actions=frozenset(_READING_HISTORY), resource=parameter.arn, origin=origin)
    yield Allowance(
        actions=frozenset(_RETIRING),
        resource=f"{parameter.arn.partition(':parameter/')[0]}:parameter/*",
        context={OWNER: parameter.stack_id},
        origin=f"deletes what {parameter.stack} owns",
    )
    context = {CONTEXT: parameter.arn, VIA_SERVICE: via_parameter_store(_region(parameter.arn))}
    # Under any key: one that it leaves is in no template any more when it has to be read for the last time.
    for key in keys:
        yield Allowance(
            actions=frozenset({DECRYPT_ACTION}),
            resource=key.arn,
            context=context,
            origin=origin,
            expected=key.arn == parameter.key,
        )
    if isinstance(parameter.key, str):
        # Both kinds: a rollback may find one advanced that the template says is standard.
        actions = frozenset(encrypt_actions(Tier.INTELLIGENT_TIERING))
        yield Allowance(actions=actions, resource=parameter.key, context=context, origin=origin)


def _of_replacing(parameter: Parameter, keys: Iterable[Key]) -> Iterator[Allowance]:
    """Yield what it takes to keep a value in a second parameter while its own is deleted and created anew."""
    if not parameter.replaceable:
        return
    copy, origin = f"{parameter.arn}{_COPY_SUFFIX}", f"replaces {_short(parameter.arn)}"
    yield Allowance(actions=frozenset(_COPYING), resource=copy, origin=origin)
    # Which tier it has, and thus whether it is to be replaced.
    yield Allowance(actions=frozenset(_READING_HISTORY), resource=parameter.arn, origin=origin)
    context = {CONTEXT: copy, VIA_SERVICE: via_parameter_store(_region(parameter.arn))}
    for key in keys:
        is_its_own = key.arn == parameter.key
        yield Allowance(
            actions=frozenset({DECRYPT_ACTION}), resource=key.arn, context=context, origin=origin, expected=is_its_own
        )
        if is_its_own:
            # A copy is a standard parameter, whatever the rollback of its original comes to.
            actions = frozenset(encrypt_actions(Tier.STANDARD))
            yield Allowance(actions=actions, resource=key.arn, context=context, origin=origin)


def _of_fetching(parameter: Parameter, world: World) -> Iterator[Allowance]:
    """Yield what it takes to get a value from where it comes from."""
    origin = f"fetches the value of {_short(parameter.arn)}"
    decrypt = frozenset({DECRYPT_ACTION})
    if isinstance(parameter.sealing_key, str):
        context = {_SEALED_FOR: parameter.arn}
        yield Allowance(actions=decrypt, resource=parameter.sealing_key, context=context, origin=origin)
    if parameter.copied_from is not None:
        copied = parameter.copied_from
        yield Allowance(actions=frozenset({"ssm:GetParameter"}), resource=copied, origin=origin)
        kept = {each.arn: each.key for each in world.parameters}
        context = {CONTEXT: copied, VIA_SERVICE: via_parameter_store(_region(copied))}
        # Of one that no stack keeps, the template of the copy does not say which key it is under.
        for key in (each for each in world.keys if kept.get(copied, each.arn) == each.arn):
            yield Allowance(actions=decrypt, resource=key.arn, context=context, origin=origin, expected=copied in kept)
    # Nor does it say which key the secret is under, save that it is none that was made for parameters.
    for key in (each for each in world.keys if parameter.from_secret and not each.patterns):
        context = {VIA_SERVICE: f"secretsmanager.{_region(key.arn)}.amazonaws.com"}
        yield Allowance(actions=decrypt, resource=key.arn, context=context, origin=origin, expected=False)


def _of_key(key: Key) -> Iterator[tuple[str, Allowance]]:
    region = key.arn.split(":")[3] if key.arn.startswith("arn:") else ""
    for pattern in key.patterns if key.break_glass is not None else ():
        context = {CONTEXT: pattern, VIA_SERVICE: via_parameter_store(region)}
        yield (
            str(key.break_glass),
            Allowance(
                actions=frozenset({DECRYPT_ACTION}),
                resource=key.arn,
                context=context,
                origin="breaks glass",
            ),
        )
    for administrator in key.administrators:
        # The key's policy admits it; whether policies of its own allow it is up to where it is defined.
        yield (
            administrator,
            Allowance(
                actions=frozenset(KEY_OPENING_ACTIONS), resource=key.arn, origin="administers the key", expected=False
            ),
        )


def _region(resource: str) -> str:
    """Return the Region of an ARN or of a pattern that spells it out."""
    return resource.split(":")[3] if resource.startswith("arn:") else ""


def _short(resource: str) -> str:
    """Return the name in an ARN, as people say it."""
    name = resource.partition(":parameter/")[2]
    return f"/{name}" if name else resource
