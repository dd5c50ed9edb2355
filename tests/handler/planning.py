"""Parameters, sources and observations that the tests of the planner share."""

import hashlib
from dataclasses import replace

from ssm_securestring.core.names import ParameterName
from ssm_securestring.core.sources import ExternalSource, GeneratedSource, SecretsManagerSource, Source
from ssm_securestring.core.spec import ParameterSpec
from ssm_securestring.core.tiers import Tier
from ssm_securestring.handler.identity import Identity
from ssm_securestring.handler.observed import (
    Observed,
    Presence,
)
from ssm_securestring.handler.record import Replacement, source_digest
from ssm_securestring.handler.steps import (
    AddTags,
    RewriteParameter,
    Step,
)
from tests.handler.cloudformation import KEY_ARN, STACK_ID, request

STACK, INCARNATION, SOURCE, PREVIOUS, TIER, ADOPTED = (
    f"ssm-securestring:{each}" for each in ("stack", "incarnation", "source", "previous", "tier", "adopted")
)
NAME = ParameterName("/shop/db")
REQUEST_DIGEST = hashlib.sha256(b"request-9").hexdigest()[:8]
GENERATED = GeneratedSource()
LONGER = GeneratedSource(length_chars=64)
SECRET = SecretsManagerSource(secret_arn="arn:aws:secretsmanager:eu-west-1:111122223333:secret:db-AbCdEf")
EXTERNAL = ExternalSource()
OURS = Identity.mint(request(), NAME)
LATER = Identity.mint(request(request_id="request-2"), NAME)
HIDDEN = Observed(presence=Presence.HIDDEN)
SPEC = ParameterSpec(name=NAME, key_id=KEY_ARN, tier=Tier.STANDARD, source=GENERATED)


def own_tags(source: Source = GENERATED, /, **tags: str) -> dict[str, str]:
    """Return the tags of a parameter of ours whose value is from this source."""
    return {STACK: STACK_ID, INCARNATION: OURS.incarnation, SOURCE: source_digest(source), **tags}


def present(tags: dict[str, str], *, version: int = 7, rolling_back: bool = False) -> Observed:
    """Return what is observed of a parameter with these tags."""
    return Observed(presence=Presence.PRESENT, tags=tags, version=version, rolling_back=rolling_back)


def replaces(old: Source | None, new: Source, *, version: int = 7, newest: int = 7) -> Replacement:
    """Return the record of a change of source by the request of these tests."""
    return Replacement(
        source="" if old is None else source_digest(old),
        version=version,
        new_source=source_digest(new),
        request=REQUEST_DIGEST,
        newest=newest,
    )


def fresh(
    spec: ParameterSpec, *, old: Source, version: int = 7, newest: int = 7, old_key_id: str | None = None
) -> tuple[Step, ...]:
    """Return the steps that put a value from the source, the record of what it replaces first."""
    record = replaces(old, spec.source, version=version, newest=newest)
    rewriting = RewriteParameter(spec=spec, replacement=record, old_key_id=old_key_id)
    return (AddTags(tags={PREVIOUS: str(record)}), rewriting)


def source_tag(source: Source) -> AddTags:
    """Return the step that records where the value is from."""
    return AddTags(tags={SOURCE: source_digest(source)})


DESCRIBED = replace(SPEC, description="Password of the orders database")
MOVED = replace(SPEC, key_id="alias/aws/ssm")
ADVANCED = replace(SPEC, tier=Tier.ADVANCED)
COPIED = replace(SPEC, source=SECRET)
LONG = replace(SPEC, source=LONGER)
LEFT_ALONE = replace(SPEC, source=EXTERNAL)
TAGGED = replace(SPEC, tags={"team": "orders", "stage": "test"})
PATTERNED = replace(SPEC, allowed_pattern="[a-z0-9]+")
