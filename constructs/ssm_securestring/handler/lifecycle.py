"""Carries out a request: observe, plan, act. The rules are in the planner, the calls in the store."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from ssm_securestring.core.errors import ContractError, LifecycleError
from ssm_securestring.core.spec import ParameterSpec
from ssm_securestring.handler import plan as planner
from ssm_securestring.handler.failures import ACCESS_DENIED, AwsRefusalError
from ssm_securestring.handler.identity import Identity
from ssm_securestring.handler.log import Log
from ssm_securestring.handler.plan import NOTHING, Observed, Plan, Presence, Step
from ssm_securestring.handler.request import Request, RequestType
from ssm_securestring.handler.response import Answer
from ssm_securestring.handler.store import NameTakenError, Store, Written
from ssm_securestring.handler.values import check_value, new_value

_MAX_TRIES: Final = 4


@dataclass(slots=True, kw_only=True)
class Lifecycle:
    """One request, carried out.

    Args:
        request: What is asked for.
        store: Makes the calls.
        log: Gets a line for each step.
    """

    request: Request
    store: Store
    log: Log

    def run(self) -> Answer:
        """Do it.

        Raises:
            SecureStringError: It cannot be done; the message says why, and holds no value.
        """
        match self.request.request_type:
            case RequestType.CREATE:
                return self._create()
            case RequestType.UPDATE:
                return self._update()
            case RequestType.DELETE:
                return self._delete()
            case unknown:
                raise ContractError(f"RequestType {unknown!r} is unknown to this function")

    def _create(self) -> Answer:
        spec = self._spec(self.request.properties)
        identity = Identity.mint(self.request, spec.name)
        return self._settle(
            spec,
            lambda observed: planner.plan_create(
                identity, stack_id=self.request.stack_id, spec=spec, observed=observed
            ),
            NOTHING,
        )

    def _update(self) -> Answer:
        spec = self._spec(self.request.properties)
        identity = Identity.parse(self.request.physical_id)
        if identity is None or identity.arn.name != spec.name:
            return self._rename(spec)
        old = self._old_spec()
        if old is not None:
            planner.refuse_downgrade(old, spec)
        return self._settle(
            spec,
            lambda observed: planner.plan_update(
                identity, stack_id=self.request.stack_id, spec=spec, old=old, observed=observed
            ),
            self.store.observe(spec.name.text),
        )

    def _rename(self, spec: ParameterSpec) -> Answer:
        identity = Identity.mint(self.request, spec.name)
        return self._settle(
            spec,
            lambda observed: planner.plan_rename(
                identity, stack_id=self.request.stack_id, spec=spec, observed=observed
            ),
            NOTHING,
        )

    def _delete(self) -> Answer:
        physical_id = self.request.physical_id
        # The properties are of no use: they may be of a form that this version never knew, and the id says it all.
        identity = Identity.parse(physical_id)
        if identity is None:
            self.log.line(step="plan", outcome=planner.Verdict.NOT_OURS)
            return Answer(physical_id=physical_id)
        name = self.log.parameter = identity.arn.name.text
        plan = planner.plan_delete(identity, stack_id=self.request.stack_id, observed=self.store.observe(name))
        self._execute(name, plan)
        return Answer(physical_id=physical_id)

    def _settle(self, spec: ParameterSpec, planned: Callable[[Observed], Plan], observed: Observed) -> Answer:
        name = spec.name.text
        plan = planned(observed)
        try:
            written = self._execute(name, plan)
        except NameTakenError:
            # It was hidden, or somebody was faster. It does exist now: if its tags are hidden still, it is not ours.
            found = self.store.observe(name)
            plan = planned(Observed(presence=Presence.PRESENT, tags=found.tags))
            written = self._execute(name, plan)
        now = written or self.store.state(spec)
        return Answer(
            physical_id=str(plan.identity),
            data={"Arn": str(plan.identity.arn), "Name": name, "Version": str(now.version), "Tier": now.tier},
        )

    def _execute(self, name: str, plan: Plan) -> Written | None:
        self.log.line(step="plan", outcome=plan.verdict)
        written: Written | None = None
        for step in plan.steps:
            start = time.monotonic()
            try:
                written = self._take(name, step) or written
            except Exception as error:
                self.log.line(step=type(step).__name__, outcome="failed", duration_ms=_since(start), error=error)
                raise
            self.log.line(step=type(step).__name__, outcome="done", duration_ms=_since(start))
        return written

    def _take(self, name: str, step: Step) -> Written | None:
        match step:
            case planner.CreateParameter():
                return self.store.create(step.spec, value=self._new_value(step.spec), tags=step.tags)
            case planner.RewriteParameter(fresh=True):
                return self.store.overwrite(step.spec, value=self._new_value(step.spec))
            case planner.RewriteParameter():
                return self._put_back(step)
            case planner.AddTags():
                self.store.add_tags(name, step.tags)
            case planner.RemoveTags():
                self.store.remove_tags(name, step.keys)
            case planner.DeleteParameter():
                self.store.delete(name)
        return None

    def _put_back(self, step: planner.RewriteParameter) -> Written:
        """Put the present value again, with what has changed around it."""
        spec, name = step.spec, step.spec.name.text
        try:
            present = self.store.read(name)
        except AwsRefusalError as error:
            if step.old_key_id is None or error.code not in ACCESS_DENIED:
                raise
            raise old_key_closed(name, old_key_id=step.old_key_id, code=error.code) from error
        value, expected = present.value, present.version + 1
        for _ in range(_MAX_TRIES):
            written = self._overwrite(spec, value)
            if written.version == expected:
                return written
            # Somebody set a value between our two calls. Theirs is the newer one, so it goes on top again.
            value, expected = self.store.read(name, version=written.version - 1).value, written.version + 1
        raise LifecycleError(
            name,
            problem="somebody else sets its value again and again, so it could not be kept",
            fix="Deploy again when that has ended, and check its value: the version before the newest is theirs",
        )

    def _new_value(self, spec: ParameterSpec) -> str:
        name = spec.name.text
        value = new_value(spec, secret_string=lambda arn: self.store.secret_string(name, secret_arn=arn))
        check_value(spec, value)
        return value

    def _overwrite(self, spec: ParameterSpec, value: str) -> Written:
        check_value(spec, value)
        return self.store.overwrite(spec, value=value)

    def _spec(self, properties: Mapping[str, object]) -> ParameterSpec:
        spec = ParameterSpec.from_properties(properties)
        self.log.parameter = spec.name.text
        return spec

    def _old_spec(self) -> ParameterSpec | None:
        """Return what the template said before; ``None`` if a newer version of this function wrote it."""
        try:
            return ParameterSpec.from_properties(self.request.old_properties)
        except ValueError as error:
            self.log.line(step="read old properties", outcome="unreadable", error=error)
            return None


def old_key_closed(name: str, *, old_key_id: str, code: str) -> AwsRefusalError:
    """Return the error for a change of key under which the old value cannot be read any more."""
    return AwsRefusalError(
        name,
        problem=(
            f"its key changes, and its value, encrypted under {old_key_id}, cannot be read with the function's role "
            "any more. Nothing was changed"
        ),
        fix=(
            "For this one deployment, let the function decrypt with the old key too: in the stack, "
            "SecureStringParameter.from_name(self, 'Old', name=..., encryption_key=<the old key>)"
            ".grant_read(SecureStringProvider.of(self))"
        ),
        code=code,
    )


def _since(start: float) -> int:
    return round((time.monotonic() - start) * 1000)
