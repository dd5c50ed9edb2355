"""Random sequences of everything that can happen to a parameter, with a fault at any call to AWS.

A machine plays CloudFormation (creations, updates, roll backs, clean-ups, deliveries that are repeated after an
invocation was killed), people (who set values and delete parameters), and AWS at its worst (calls that fail before
or after they took effect, throttling, time that runs out, a process that dies). ``SEQUENCES`` says how many sequences
are played, 2,000 by default: ``SEQUENCES=100000 pytest tests/handler/test_sequences.py`` for a night.
"""

import io
import os
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from typing import Any, Final

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, ReadTimeoutError
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test

from ssm_securestring.handler.deadline import OutOfTime
from tests.handler.aws import Account, StackStandIn
from tests.handler.cloudformation import GENERATED, Address, Answer, CloudFormation, listening, properties

pytestmark = pytest.mark.e2e


SEQUENCES: Final = int(os.environ.get("SEQUENCES", "2000"))
STEPS: Final = 4
DELIVERIES: Final = 3
FOREIGN: Final = "canary-of-somebody-else"


class Killed(BaseException):
    """The process died: nothing is answered, and Lambda delivers the event again."""


@dataclass(slots=True)
class Fault:
    """What goes wrong, and at which call."""

    kind: str
    nth: int


@dataclass(slots=True)
class Faulty:
    """A client of Parameter Store with a fault in it.

    Attributes:
        client: The real one.
        fault: What goes wrong next. It does so once.
        hit: How often which fault was met.
    """

    client: Any
    fault: Fault | None = None
    hit: Counter[str] = field(default_factory=Counter)

    def __getattr__(self, operation: str) -> Any:  # noqa: ANN401 - as loose as the client
        """Return the operation, with the fault around it."""
        original = getattr(self.client, operation)
        return original if operation in {"meta", "get_paginator"} else lambda **named: self._call(original, named)

    def _call(self, original: Callable[..., Any], named: dict[str, Any]) -> Any:  # noqa: ANN401
        fault = self.fault
        if fault is None:
            return original(**named)
        fault.nth -= 1
        if fault.nth > 0:
            return original(**named)
        self.fault = None
        self.hit[fault.kind] += 1
        if fault.kind.endswith("after"):
            original(**named)
        error = ERRORS[fault.kind]()
        raise error


ERRORS: Final[dict[str, Callable[[], BaseException]]] = {
    "no answer, before": lambda: EndpointConnectionError(endpoint_url="x"),
    "no answer, after": lambda: ReadTimeoutError(endpoint_url="x"),
    "throttled": lambda: ClientError({"Error": {"Code": "ThrottlingException"}}, "x"),
    "out of time, before": OutOfTime,
    "out of time, after": OutOfTime,
    "killed, before": Killed,
    "killed, after": Killed,
}
FAULTS = st.none() | st.builds(Fault, kind=st.sampled_from(sorted(ERRORS)), nth=st.integers(1, 5))
CHANGES: Final[dict[str, dict[str, object]]] = {
    "description": {"Description": "d"},
    "no description": {"Description": ""},
    "tags": {"Tags": {"team": "orders"}},
    "advanced": {"Tier": "Advanced"},
    "standard": {"Tier": "Standard"},
    "external": {"Source": {"Kind": "External"}},
    "generated": {"Source": GENERATED},
    "regenerated": {"Source": {**GENERATED, "Regenerate": "2"}},
    "regenerated again": {"Source": {**GENERATED, "Regenerate": "3"}},
}


@dataclass(slots=True, kw_only=True)
class World:
    """What is made once for all sequences."""

    account: Account
    address: Address
    ours: str
    other: str
    keys: tuple[str, str]
    stack: StackStandIn
    faulty: Faulty
    cloudformation: CloudFormation
    log: io.StringIO = field(default_factory=io.StringIO)
    played: Counter[str] = field(default_factory=Counter)


@pytest.fixture
def world(account: Account) -> Iterator[World]:
    """One role for two names and two keys."""
    names, keys, stack = (account.name("a"), account.name("b")), (account.new_key(), account.new_key()), StackStandIn()
    store = account.function(names, keys=keys, stack=stack)
    faulty: Any = Faulty(store._ssm)
    store._ssm = faulty
    with listening() as address:
        yield World(
            account=account,
            address=address,
            ours=names[0],
            other=names[1],
            keys=keys,
            stack=stack,
            faulty=faulty,
            cloudformation=CloudFormation(store, address),
        )


class Machine(RuleBasedStateMachine):
    """One sequence, and what must be true all along."""

    world: World

    def __init__(self) -> None:
        super().__init__()
        self.physical_id = ""
        self.properties: dict[str, object] = {}
        self.people = 0
        self.foreign = False
        self.events_before = self.world.played["events"]
        self.world.log.seek(0)
        self.world.log.truncate()
        self.world.address.answers.clear()
        self.seen: set[str] = set()

    def teardown(self) -> None:
        """Look for values where none may be, then tidy up for the next sequence."""
        world = self.world
        world.played["sequences"] += world.played["events"] > self.events_before
        told = world.log.getvalue() + "".join(answer.body.decode() for answer in world.address.answers)
        assert not [value for value in self.seen if value in told], "a value is in a log or an answer"
        if self.foreign:
            assert (world.account.value(world.other), world.account.version(world.other)) == (FOREIGN, 1)
        world.account.ssm.delete_parameters(Names=[world.ours, world.other])

    @property
    def name(self) -> str:
        """The name that the stack knows the parameter by."""
        return str(self.properties["Name"])

    def values(self, name: str) -> list[str]:
        """Return all values of a parameter, oldest first; every one must be readable. None: it is not there."""
        try:
            found = self.world.account.ssm.get_parameter_history(Name=name, WithDecryption=True)["Parameters"]
        except self.world.account.ssm.exceptions.ParameterNotFound:
            return []
        values = [each["Value"] for each in found]
        self.seen.update(values)
        return values

    def deliver(self, send: Callable[[str], Answer], fault: Fault | None) -> Answer:
        """Deliver one request until it is answered, exactly once."""
        world = self.world
        world.cloudformation.requests += 1
        request_id = f"request-{world.cloudformation.requests}"
        world.faulty.fault = fault
        for _ in range(DELIVERIES):
            world.played["events"] += 1
            before = len(world.address.answers)
            try:
                with redirect_stdout(world.log):
                    return send(request_id)
            except Killed:
                assert len(world.address.answers) == before, "a request that is delivered again was answered already"
        raise AssertionError("a fault happens once")

    def update(self, physical_id: str, old: dict[str, object], new: dict[str, object], fault: Fault | None) -> Answer:
        """Deliver an update."""
        cloudformation = self.world.cloudformation
        return self.deliver(
            lambda request_id: cloudformation.update(physical_id, old, new, request_id=request_id), fault
        )

    def delete(self, physical_id: str, fault: Fault | None = None) -> None:
        """Deliver a deletion, again if it failed, as people do."""
        for each in (fault, None):
            answer = self.deliver(lambda _: self.world.cloudformation.delete(physical_id), each)
            if answer.status == "SUCCESS":
                return
        raise AssertionError(answer.reason)

    @precondition(lambda self: not self.physical_id)
    @rule(source=st.sampled_from(["external", "generated"]), fault=FAULTS, fails=st.booleans())
    def create(self, source: str, fault: Fault | None, fails: bool) -> None:  # noqa: FBT001 - drawn
        """Create; a creation that fails, or is rolled back, leaves nothing."""
        world = self.world
        wanted = properties(world.ours, KeyId=world.keys[0], **CHANGES[source])
        answer = self.deliver(lambda id_: world.cloudformation.create(wanted, request_id=id_), fault)
        self.values(world.ours)
        if answer.status == "FAILED" or fails:
            self.delete(answer.physical_id)
            assert not self.values(world.ours)
            return
        self.physical_id, self.properties = answer.physical_id, wanted

    @precondition(lambda self: bool(self.physical_id))
    @rule(
        change=st.sampled_from(sorted(CHANGES)) | st.sampled_from(["key", "rename"]),
        more=st.sampled_from(["description", "key", "regenerated"]),
        fault=FAULTS,
        fails=st.booleans(),
        fault_back=FAULTS,
    )
    def change(
        self,
        *,
        change: str,
        more: str,
        fault: Fault | None,
        fails: bool,
        fault_back: Fault | None,
    ) -> None:
        """Update; if it fails, or something after it does, roll back to what was there before."""
        before, old, old_id = self.values(self.name), self.properties, self.physical_id
        new = {**old, **self._drawn(more), **self._drawn(change)}
        answer = self.update(old_id, old, new, fault)
        self.values(self.world.ours)
        self.values(self.world.other)
        if answer.status == "FAILED" or fails:
            self._roll_back(answer, old, new, fault_back)
            after = self.values(self.name)
            assert after, "it is not there any more"
            if before:
                assert after[-1] == before[-1], "a rollback ends with another value"
            return
        self.physical_id, self.properties = answer.physical_id, new
        if answer.physical_id != old_id:
            self.delete(old_id)
        after = self.values(self.name)
        assert after, "it is not there any more"
        if before and new["Name"] == old["Name"]:
            assert before[-1] in after, "the earlier value is in no version"
            if new["Source"] in (old["Source"], {"Kind": "External"}):
                assert after[-1] == before[-1], "an edit of metadata changed the value"

    def _drawn(self, change: str) -> dict[str, object]:
        world = self.world
        if change == "key":
            return {"KeyId": world.keys[self.properties["KeyId"] == world.keys[0]]}
        if change == "rename":
            return {"Name": world.other if self.name == world.ours else world.ours}
        return CHANGES[change]

    def _roll_back(self, answer: Answer, old: dict[str, object], new: dict[str, object], fault: Fault | None) -> None:
        """Roll back, and go on rolling back if that fails, as people do."""
        stack = self.world.stack
        stack.status = "UPDATE_ROLLBACK_IN_PROGRESS"
        for each in (fault, None):
            back = self.update(answer.physical_id, new, old, each)
            if back.status == "SUCCESS":
                break
        stack.status = "UPDATE_IN_PROGRESS"
        assert back.status == "SUCCESS", back.reason
        if answer.physical_id != back.physical_id:
            self.delete(answer.physical_id)
        self.physical_id = back.physical_id

    @precondition(lambda self: bool(self.physical_id))
    @rule()
    def person_sets_a_value(self) -> None:
        """From the console, without a thought for tags or tier."""
        if self.values(self.name):
            self.people += 1
            self.world.account.set_value(self.name, f"canary-{self.people}-of-a-person")

    @precondition(lambda self: bool(self.physical_id))
    @rule()
    def person_deletes_it(self) -> None:
        """Behind the stack."""
        self.world.account.ssm.delete_parameters(Names=[self.name])

    @precondition(lambda self: not self.foreign and (not self.physical_id or self.name == self.world.ours))
    @rule()
    def somebody_takes_the_other_name(self) -> None:
        """The name that a rename wants."""
        if not self.values(self.world.other):
            self.foreign = True
            self.world.account.put_foreign(self.world.other, FOREIGN)

    @precondition(lambda self: bool(self.physical_id))
    @rule(fault=FAULTS)
    def leave_the_stack(self, fault: Fault | None) -> None:
        """Delete; afterwards nothing of ours is there."""
        name = self.name
        self.delete(self.physical_id, fault)
        assert not self.values(name)
        self.physical_id, self.properties = "", {}


@pytest.mark.timeout(max(300, SEQUENCES // 4))  # seconds; 2,000 sequences take 90 on one core
def test_no_sequence_of_events_and_faults_loses_a_value(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    """Every value that a stack was told of stays readable, and every rollback ends with the value from before.

    Besides: foreign parameters never change, each request is answered exactly once or safely delivered again, edits of
    metadata keep the value, nothing is left behind, and no value is in any log or answer.
    """
    machine = type("Played", (Machine,), {"world": world})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=SEQUENCES,
            stateful_step_count=STEPS,
            deadline=None,
            database=None,
            derandomize="SEQUENCES" not in os.environ,
            phases=(Phase.generate, Phase.shrink),
            suppress_health_check=list(HealthCheck),
        ),
    )
    with capsys.disabled():
        print(f"\nplayed {dict(world.played)}, faults met {dict(world.faulty.hit)}")
    assert world.played["sequences"] >= SEQUENCES
    assert set(world.faulty.hit) == set(ERRORS)
