"""What was granted, spelled as the requests that it is meant to allow; not read from the policies made of it."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from ssm_securestring.core.access import BY_PATH_ACTION
from ssm_securestring.core.actions import KEY_OPENING_ACTIONS
from ssm_securestring.core.encryption import CONTEXT_KEY, DECRYPT_ACTION, encrypt_actions, via_parameter_store
from ssm_securestring.core.spec import STACK_TAG
from ssm_securestring.core.tiers import Tier
from ssm_securestring.iam.model import Request
from ssm_securestring.iam.patterns import matches
from ssm_securestring.iam.world import Declared, Key, Parameter, World

CONTEXT: Final = f"kms:EncryptionContext:{CONTEXT_KEY}"
VIA_SERVICE: Final = "kms:ViaService"
# In lower case, as all keys are that requests are made up of, save the two above.
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
            found[parameter.provider].extend(_of_keeping(parameter, world.keys))
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
