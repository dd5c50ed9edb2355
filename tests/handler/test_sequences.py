"""Random sequences of everything that can happen to a parameter, with a fault at any call to AWS.

A machine plays CloudFormation (creations, updates, replacements, roll backs, clean-ups, deliveries that are repeated
after an invocation was killed, or without a reason), people (who set values, delete parameters and take names), and AWS
at its worst (calls to Parameter Store, Secrets Manager and CloudFormation that fail before or after they took effect,
throttling, time that runs out, a process that dies). ``SEQUENCES`` says how many sequences
are played, 2,000 by default: ``SEQUENCES=100000 pytest tests/handler/test_sequences.py`` for a night.
"""

import io
import os
import random
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout, suppress
from dataclasses import dataclass, field
from typing import Final

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test

from tests.handler.aws import Account, StackStandIn
from tests.handler.cloudformation import GENERATED, Address, Answer, CloudFormation, listening, properties
from tests.handler.faults import ERRORS, Fault, Faults, Killed

pytestmark = pytest.mark.e2e


SEQUENCES: Final = int(os.environ.get("SEQUENCES", "2000"))
STEPS: Final = 4
DELIVERIES: Final = 3
FOREIGN: Final = "canary-of-somebody-else"
SECRET: Final = "canary-of-the-secret"


CALLS: Final = {
    "AddTagsToResource",
    "DeleteParameter",
    "DescribeStacks",
    "GetParameter",
    "GetParameterHistory",
    "GetSecretValue",
    "ListTagsForResource",
    "PutParameter",
    "RemoveTagsFromResource",
}
CHANGES: Final[dict[str, dict[str, object]]] = {
    "description": {"Description": "d"},
    "no description": {"Description": ""},
    "tags": {"Tags": {"team": "orders"}},
    "advanced": {"Tier": "Advanced"},
    "standard": {"Tier": "Standard", "AllowReplacement": "false", "Policies": []},
    "standard by replacement": {"Tier": "Standard", "AllowReplacement": "true", "Policies": []},
    "any characters": {"AllowedPattern": ".+"},
    "many characters": {"AllowedPattern": ".{20,}"},
    "no pattern": {"AllowedPattern": ""},
    "policy": {"Tier": "Advanced", "Policies": [{"Type": "NoChangeNotification", "After": "20", "Unit": "Days"}]},
    "external": {"Source": {"Kind": "External"}},
    "generated": {"Source": GENERATED},
    "regenerated": {"Source": {**GENERATED, "Regenerate": "2"}},
    "regenerated again": {"Source": {**GENERATED, "Regenerate": "3"}},
}


def _faults(*, first: int, last: int) -> st.SearchStrategy[Fault | None]:
    """Return faults at one of these calls, or none; out of one shuffled list, since small numbers are drawn most."""
    faults: list[tuple[str, int] | None] = [(kind, nth) for kind in ERRORS for nth in range(first, last + 1)]
    faults += [None] * (len(faults) // 2)
    random.Random(1).shuffle(faults)  # noqa: S311 - not for secrets
    return st.sampled_from(faults).map(lambda each: each and Fault(*each))


FAULTS = _faults(first=1, last=5)
# The first five of the calls of a replacement only look, the last ones tidy up.
LATER_FAULTS = _faults(first=6, last=17)
CHANGE = st.sampled_from([*sorted(CHANGES), "key", "rename", "secret"])
MORE = st.sampled_from(["description", "key", "regenerated", "any characters", "many characters", "no pattern"])


@dataclass(slots=True, kw_only=True)
class World:
    """What is made once for all sequences."""

    account: Account
    address: Address
    ours: str
    other: str
    keys: tuple[str, str]
    secret: str
    stack: StackStandIn
    faults: Faults
    cloudformation: CloudFormation
    log: io.StringIO = field(default_factory=io.StringIO)
    played: Counter[str] = field(default_factory=Counter)


@pytest.fixture
def world(account: Account) -> Iterator[World]:
    """One role for two names and two keys."""
    names, keys, faults = (account.name("a"), account.name("b")), (account.new_key(), account.new_key()), Faults()
    secret, stack = account.put_secret(SECRET), StackStandIn(faults=faults)
    store = account.function(names, keys=keys, secrets=[secret], replaced=names, stack=stack, faults=faults)
    with listening() as address:
        yield World(
            account=account,
            address=address,
            ours=names[0],
            other=names[1],
            keys=keys,
            secret=secret,
            stack=stack,
            faults=faults,
            cloudformation=CloudFormation(store, address),
        )


class Machine(RuleBasedStateMachine):
    """One sequence, and what must be true all along."""

    world: World

    def __init__(self) -> None:
        super().__init__()
        self.physical_id = ""
        self.properties: dict[str, object] = {}
        self.kept: str | None = None
        self.people = 0
        self.foreign: set[str] = set()
        self.events_before = self.world.played["events"]
        self.world.log.seek(0)
        self.world.log.truncate()
        self.world.address.answers.clear()
        self.seen: set[str] = set()

    def teardown(self) -> None:
        """Look for values where none may be, then tidy up for the next sequence."""
        try:
            self._look_around()
        finally:
            self._tidy_up()

    def _look_around(self) -> None:
        world = self.world
        world.played["sequences"] += world.played["events"] > self.events_before
        for verdict in ("replaced", "restored from its copy", "rolled back"):
            world.played[verdict] += world.log.getvalue().count(f'"outcome": "{verdict}"')
        told = world.log.getvalue() + "".join(answer.body.decode() for answer in world.address.answers)
        assert not [value for value in self.seen if value in told], "a value is in a log or an answer"
        for name in self.foreign:
            assert (world.account.value(name), world.account.version(name)) == (FOREIGN, 1)

    def _tidy_up(self) -> None:
        """Leave nothing to the next sequence, whatever went wrong in this one."""
        names = [f"{name}{end}" for name in (self.world.ours, self.world.other) for end in ("", ".recovery")]
        self.world.account.ssm.delete_parameters(Names=names)
        self.world.stack.status, self.world.faults.next = "UPDATE_IN_PROGRESS", None

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

    def held(self, name: str) -> dict[str, str]:
        """Return the newest value of a parameter, and that of the copy from which it can be recovered, by name."""
        names = [name, *({f"{name}.recovery"} - self.foreign)]
        found = self.world.account.ssm.get_parameters(Names=names, WithDecryption=True)["Parameters"]
        values = {each["Name"]: each["Value"] for each in found}
        self.seen.update(values.values())
        return values

    def check_kept(self) -> dict[str, str]:
        """Look that the value from before the update is somewhere, and return what is there."""
        held = self.held(self.name)
        if self.kept is not None:
            kept = self.kept in held.values() or self.kept in self.values(self.name)
            assert kept, "the value cannot be recovered"
        return held

    def deliver(self, send: Callable[[str], Answer], fault: Fault | None) -> Answer:
        """Deliver one request until it is answered, exactly once."""
        world = self.world
        world.cloudformation.requests += 1
        request_id = f"request-{world.cloudformation.requests}"
        world.faults.next = fault
        for _ in range(DELIVERIES):
            world.played["events"] += 1
            before = len(world.address.answers)
            try:
                with redirect_stdout(world.log):
                    return send(request_id)
            except Killed:
                self.check_kept()
                assert len(world.address.answers) == before, "a request that is delivered again was answered already"
        raise AssertionError("a fault happens once")

    def update(self, physical_id: str, old: dict[str, object], new: dict[str, object], fault: Fault | None) -> Answer:
        """Deliver an update."""
        cloudformation = self.world.cloudformation
        answer = self.deliver(
            lambda request_id: cloudformation.update(physical_id, old, new, request_id=request_id), fault
        )
        held = self.check_kept()
        assert answer.status == "FAILED" or set(held) <= {self.name}, "a copy is left behind"
        return answer

    def delete(self, physical_id: str, fault: Fault | None = None) -> None:
        """Deliver a deletion, again if it failed, as people do."""
        for each in (fault, None):
            answer = self.deliver(lambda _: self.world.cloudformation.delete(physical_id), each)
            if answer.status == "SUCCESS":
                return
        raise AssertionError(answer.reason)

    @precondition(lambda self: not self.physical_id)
    @rule(
        source=st.sampled_from(["external", "generated", "secret"]),
        tier=st.sampled_from(["Standard", "Advanced"]),
        fault=FAULTS,
        fails=st.booleans(),
    )
    def create(self, *, source: str, tier: str, fault: Fault | None, fails: bool) -> None:
        """Create; a creation that fails, or is rolled back, leaves nothing."""
        world = self.world
        wanted = properties(world.ours, KeyId=world.keys[0], Tier=tier, **self._drawn(source))
        self.properties = wanted
        answer = self.deliver(lambda id_: world.cloudformation.create(wanted, request_id=id_), fault)
        if answer.status == "FAILED" or fails:
            self.delete(answer.physical_id)
            assert not self.held(world.ours)
            return
        self.physical_id = answer.physical_id

    @precondition(lambda self: bool(self.physical_id))
    @rule(
        change=CHANGE,
        more=MORE,
        fault=FAULTS,
        fails=st.booleans(),
        fault_back=FAULTS,
        again=st.sampled_from([False, False, True]),
    )
    def change(
        self, *, change: str, more: str, fault: Fault | None, fails: bool, fault_back: Fault | None, again: bool
    ) -> None:
        """Update."""
        new = {**self.properties, **self._drawn(more), **self._drawn(change)}
        self._update(new, fault, fails=fails, fault_back=fault_back, again=again)

    @precondition(lambda self: bool(self.physical_id) and self.properties["Tier"] == "Advanced")
    @rule(more=MORE, fault=LATER_FAULTS, fails=st.booleans(), fault_back=FAULTS)
    def replace(self, *, more: str, fault: Fault | None, fails: bool, fault_back: Fault | None) -> None:
        """Make a standard parameter of an advanced one."""
        new = {**self.properties, **self._drawn(more), **CHANGES["standard by replacement"]}
        self._update(new, fault, fails=fails, fault_back=fault_back, again=False)

    def _update(
        self, new: dict[str, object], fault: Fault | None, *, fails: bool, fault_back: Fault | None, again: bool
    ) -> None:
        """Update; if it fails, or something after it does, roll back to what was there before."""
        before, old, old_id = self.values(self.name), self.properties, self.physical_id
        self.kept = before[-1] if before else None
        answer = self.update(old_id, old, new, fault)
        if answer.status == "FAILED" or fails:
            self._roll_back(answer, old, new, fault_back)
            self.kept = None
            after = self.values(self.name)
            assert after, "it is not there any more"
            if before:
                assert after[-1] == before[-1], "a rollback ends with another value"
            return
        if again:
            self._repeat(answer, old_id, old, new)
        self.kept = None
        self.physical_id, self.properties = answer.physical_id, new
        if answer.physical_id != old_id:
            self.delete(old_id)
        after = self.values(self.name)
        assert after, "it is not there any more"
        if before and new["Name"] == old["Name"]:
            assert before[-1] in after, "the earlier value is in no version"
            if new["Source"] in (old["Source"], {"Kind": "External"}):
                assert after[-1] == before[-1], "an edit of metadata changed the value"

    def _repeat(self, answer: Answer, old_id: str, old: dict[str, object], new: dict[str, object]) -> None:
        """Deliver the last request again, though it was answered: nobody listens, and nothing changes."""
        world, name = self.world, str(new["Name"])
        held, tags = self.held(name), world.account.tags(name)
        request_id = f"request-{world.cloudformation.requests}"
        world.played["events"] += 1
        world.faults.next = None
        with redirect_stdout(world.log):
            repeated = world.cloudformation.update(old_id, old, new, request_id=request_id)
        assert (repeated.status, repeated.physical_id) == ("SUCCESS", answer.physical_id), repeated.reason
        assert (self.held(name), world.account.tags(name)) == (held, tags)

    def _drawn(self, change: str) -> dict[str, object]:
        world = self.world
        if change == "secret":
            return {"Source": {"Kind": "SecretsManager", "SecretArn": world.secret}}
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
    @rule(
        what=st.sampled_from(
            ["sets", "sets", "sets a short one", "deletes", "takes the other name", "takes the copy's name"]
        )
    )
    def person(self, what: str) -> None:
        """From the console: without a thought for tags or tier, behind the stack, and where a name is wanted."""
        account = self.world.account
        if what == "deletes":
            account.ssm.delete_parameters(Names=[self.name])
        elif what.startswith("sets"):
            if self.held(self.name):
                self.people += 1
                value = f"canary-{self.people}" + "-of-a-person" * (what == "sets")
                with suppress(account.ssm.exceptions.ParameterPatternMismatchException):
                    account.set_value(self.name, value)
        else:
            name = self.world.other if what == "takes the other name" else f"{self.world.ours}.recovery"
            if name != self.name and name not in self.foreign:
                self.foreign.add(name)
                account.put_foreign(name, FOREIGN)

    @precondition(lambda self: bool(self.physical_id))
    @rule(fault=FAULTS)
    def leave_the_stack(self, fault: Fault | None) -> None:
        """Delete; afterwards nothing of ours is there."""
        name = self.name
        self.delete(self.physical_id, fault)
        assert not self.held(name)
        self.physical_id, self.properties = "", {}


@pytest.mark.timeout(max(900, SEQUENCES))  # seconds; 2,000 sequences take some 100 on an idle machine
def test_no_sequence_of_events_and_faults_loses_a_value(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    """Every value that a stack was told of stays readable, and every rollback ends with the value from before.

    Besides: foreign parameters never change, each request is answered exactly once or safely delivered again, edits of
    metadata keep the value, nothing is left behind, and no value is in any log or answer.
    """
    machine = type("Played", (Machine,), {"world": world})
    run_state_machine_as_test(
        machine,
        settings=settings(
            # It counts what differs, and plays a third more than that.
            max_examples=SEQUENCES * 17 // 20,
            stateful_step_count=STEPS,
            deadline=None,
            database=None,
            derandomize="SEQUENCES" not in os.environ,
            phases=(Phase.generate, Phase.shrink),
            suppress_health_check=list(HealthCheck),
        ),
    )
    with capsys.disabled():
        print(f"\nplayed {dict(world.played)}, faults met {dict(world.faults.met)}, at {dict(world.faults.met_at)}")
    assert world.played["sequences"] >= SEQUENCES
    assert set(world.faults.met) == set(ERRORS)
    assert set(world.faults.met_at) == CALLS
    assert min(world.played.values()) > 0
