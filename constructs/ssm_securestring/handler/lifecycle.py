"""Carries out a request: observe, plan, act. The rules are in the planner, the calls in the store."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from ssm_securestring.core.errors import ContractError
from ssm_securestring.core.policies import has_expired
from ssm_securestring.core.spec import ParameterSpec
from ssm_securestring.handler import plan as planner
from ssm_securestring.handler import refusals
from ssm_securestring.handler.adoption import check_adoptable
from ssm_securestring.handler.identity import Identity
from ssm_securestring.handler.log import Log
from ssm_securestring.handler.plan import NOTHING, Observed, Plan, Presence, Step
from ssm_securestring.handler.request import Request, RequestType
from ssm_securestring.handler.response import Answer
from ssm_securestring.handler.rewriting import Rewriting, fresh_value
from ssm_securestring.handler.store import NameTakenError, Store, Written
from ssm_securestring.handler.values import is_placeholder


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
        old, name = self._old_spec(), spec.name.text
        depends = planner.depends_on_rollback(spec, old)
        rolling_back = depends and self.store.is_rolling_back(self.request.stack_id, name=name)
        if old is not None and not rolling_back and planner.lowers_tier(old, spec):
            raise refusals.DowngradeError(name)
        observed = replace(self.store.observe(name), rolling_back=rolling_back, expired=_has_expired(spec))
        if depends and observed.presence is Presence.PRESENT:
            observed = replace(observed, version=self.store.version(name))
        return self._settle(
            planner.kept_advanced(spec, observed.tags),
            lambda observed: planner.plan_update(
                identity,
                stack_id=self.request.stack_id,
                request_id=self.request.request_id,
                spec=spec,
                old=old,
                observed=observed,
            ),
            observed,
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
        observed = self.store.observe(name, patient=True)
        plan = planner.plan_delete(identity, stack_id=self.request.stack_id, observed=observed)
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
        gone = Written(version=0, tier=spec.tier.value) if plan.verdict is planner.Verdict.EXPIRED else None
        now = written or gone or self.store.state(spec)
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
                written = self._take(name, step, parameter_arn=str(plan.identity.arn)) or written
            except Exception as error:
                self.log.line(step=type(step).__name__, outcome="failed", duration_ms=_since(start), error=error)
                raise
            self.log.line(step=type(step).__name__, outcome="done", duration_ms=_since(start))
        return written

    def _take(self, name: str, step: Step, *, parameter_arn: str) -> Written | None:
        match step:
            case planner.CreateParameter():
                if _has_expired(step.spec):
                    raise refusals.expired_already(name)
                value = fresh_value(step.spec, self.store, parameter_arn=parameter_arn)
                return self.store.create(step.spec, value=value, tags=step.tags)
            case planner.RewriteParameter():
                return Rewriting(step=step, store=self.store, parameter_arn=parameter_arn).run()
            case planner.AdoptParameter():
                check_adoptable(step.spec, self.store.found(name))
                self.store.add_tags(name, step.tags)
            case planner.CheckSet():
                if is_placeholder(self.store.read(name).value):
                    raise refusals.not_set_yet(name)
            case planner.AddTags():
                self.store.add_tags(name, step.tags)
            case planner.RemoveTags():
                self.store.remove_tags(name, step.keys)
            case planner.DeleteParameter():
                self.store.delete(name)
        return None

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


def _has_expired(spec: ParameterSpec) -> bool:
    return has_expired(spec.policies, now=datetime.now(UTC))


def _since(start: float) -> int:
    return round((time.monotonic() - start) * 1000)
