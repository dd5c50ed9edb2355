"""Our decisions and those of ministack's evaluator, which the embedded AWS enforces, on random requests."""

import itertools
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from ministack.core import iam_evaluator

from ssm_securestring.iam.evaluate import decide
from ssm_securestring.iam.keys import decide_key
from ssm_securestring.iam.model import Caller, Identity, Policy, Reason, Request, Verdict
from ssm_securestring.iam.policy import parse_policy
from tests.iam.readings import READINGS, Document, Reading, Situation, rewritten
from tests.iam.situations import ROLE, Maker

POLICY_SETS, REQUESTS = 2000, 10
# Differences that are not explained, before the search for more of them ends.
ENOUGH = 20


@pytest.fixture(autouse=True)
def role_as_principal_arn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let ``aws:PrincipalArn`` be the role's ARN, as the embedded AWS does."""
    original = iam_evaluator._resolve_condition_key

    def resolve(key: str, request: Any) -> Any:  # noqa: ANN401 - ministack has no types
        value = original(key, request)
        return ROLE if key.lower() == "aws:principalarn" and ":assumed-role/" in value else value

    monkeypatch.setattr(iam_evaluator, "_resolve_condition_key", resolve)


def ministack(situation: Situation) -> str:
    """Ask ministack as the embedded AWS does."""
    values = {key.lower(): value for key, value in situation.values.items()}
    values.setdefault("aws:tagkeys", None)  # type: ignore[arg-type] # how the embedded AWS says that there are none
    request = iam_evaluator.EvalContext(
        principal_arn=situation.names[-1],
        principal_type="AssumedRole" if len(situation.names) > 1 else "User",
        principal_account=situation.account,
        action=situation.action,
        resource_arn=situation.resource,
        region="eu-west-1",
        source_ip=values["aws:sourceip"],
        secure_transport=values["aws:securetransport"] == "true",
        service_context=values,
    )

    def parsed(documents: list[Document]) -> list[Any]:
        return [iam_evaluator.parse_policy_document(each) for each in documents]

    limits = [parsed([situation.boundary])] if situation.boundary else []
    limits += [parsed(situation.session)] if situation.session is not None else []
    answer = iam_evaluator.evaluate(request, parsed(situation.identity), *limits)
    answer = iam_evaluator.combine_resource_policy(
        answer, request, situation.resource_policy, situation.owner, required=situation.key, limits=limits
    )
    return str(answer.decision)


def ours(situation: Situation) -> str:
    """Ask our evaluator, in ministack's words."""
    caller = Caller(
        arn=situation.names[0],
        account=situation.account,
        session_arn=situation.names[1] if len(situation.names) > 1 else None,
    )
    context = {key: value if isinstance(value, str) else tuple(value) for key, value in situation.values.items()}
    request = Request(caller=caller, action=situation.action, resource=situation.resource, context=context)
    identity = identity_of(situation)
    policy = read(situation.resource_policy, "resource") if situation.resource_policy else None
    if situation.key:
        decision = decide_key(request, identity, key_policy=policy, key_account=situation.owner)
    else:
        decision = decide(request, identity, resource_policy=policy, resource_account=situation.owner)
    if decision.reason is Reason.EXPLICIT_DENY:
        return "Deny"
    return {Verdict.ALLOWED: "Allow", Verdict.DENIED: "ImplicitDeny", Verdict.UNKNOWN: "Unknown"}[decision.verdict]


PARSED: dict[int, tuple[Document, Policy]] = {}
IDENTITIES: dict[int, tuple[list[Document], Identity]] = {}


def identity_of(situation: Situation) -> Identity:
    """Read the policies of a caller's side once, however many requests it makes; each has a list of its own."""
    if id(situation.identity) not in IDENTITIES:
        session = situation.session
        identity = Identity(
            policies=tuple(read(each, "identity") for each in situation.identity),
            boundary=read(situation.boundary, "boundary") if situation.boundary else None,
            session=None if session is None else tuple(read(each, "session") for each in session),
        )
        IDENTITIES[id(situation.identity)] = (situation.identity, identity)
    return IDENTITIES[id(situation.identity)][1]


def read(document: Document, place: str) -> Policy:
    """Read a document once, however many requests are made to it."""
    if id(document) not in PARSED:
        PARSED[id(document)] = (document, parse_policy(document, place=place))
    return PARSED[id(document)][1]


def test_every_difference_from_ministack_is_one_that_is_explained() -> None:
    """20,000 random requests: equal answers, or equal once the policies say what ministack reads in them."""
    answers: Counter[str] = Counter()
    explained: Counter[str] = Counter()
    unexplained = []
    for situation in itertools.islice(situations(), POLICY_SETS * REQUESTS):
        theirs, mine = ministack(situation), ours(situation)
        answers[mine] += 1
        if mine != theirs and ours(rewritten(situation, READINGS)) != theirs:
            unexplained.append((mine, theirs, situation))
            if len(unexplained) == ENOUGH:
                break
        elif mine != theirs:
            explained.update(each.name for each in READINGS if is_needed(each, situation, theirs))

    print(f"{sum(answers.values())} requests: {dict(answers)}; explained differences: {dict(explained)}")
    assert not unexplained, (len(unexplained), unexplained[0])
    assert min(answers[each] for each in ("Allow", "Deny", "ImplicitDeny")) > 2000
    assert {each.name for each in READINGS} == set(explained), "a reading that explains nothing has to go"


def situations() -> Iterator[Situation]:
    """Make requests without end, some to each set of policies."""
    maker = Maker(seed=20261125)
    while True:
        PARSED.clear()
        IDENTITIES.clear()
        yield from maker.situations(REQUESTS)


def is_needed(reading: Reading, situation: Situation, theirs: str) -> bool:
    """Tell whether the other readings leave a difference unexplained."""
    return ours(rewritten(situation, [each for each in READINGS if each is not reading])) != theirs
