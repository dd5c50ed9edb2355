"""Carries out a request: observe, plan, act. The rules are in the planner, the calls in the store."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final

from ssm_securestring.core.errors import ContractError, ParameterNameError
from ssm_securestring.core.limits import DELETION_PAUSE_SECONDS
from ssm_securestring.core.names import ParameterName
from ssm_securestring.core.policies import has_expired
from ssm_securestring.core.spec import RECOVERY_TAG, ParameterSpec, recovery_name
from ssm_securestring.core.tiers import Tier
from ssm_securestring.handler import plan as planner
from ssm_securestring.handler import refusals, steps
from ssm_securestring.handler.adoption import check_adoptable
from ssm_securestring.handler.copying import Copying
from ssm_securestring.handler.identity import Identity
from ssm_securestring.handler.log import Log
from ssm_securestring.handler.observed import NOTHING, Observed, Presence
from ssm_securestring.handler.plan import Plan
from ssm_securestring.handler.request import Request, RequestType
from ssm_securestring.handler.response import Answer
from ssm_securestring.handler.rewriting import Rewriting, fresh_value
from ssm_securestring.handler.steps import Step
from ssm_securestring.handler.store import NameTakenError, Store, Written
from ssm_securestring.handler.values import check_value, is_placeholder

# What a replacement takes besides the pause, in seconds: a handful of calls, some of them refused for their rate.
_REPLACING_SECONDS: Final = 30.0


@dataclass(slots=True, kw_only=True)
class Lifecycle:
    """One request, carried out.

    Args:
        request: What is asked for.
        store: Makes the calls.
        log: Gets a line for each step.
        seconds_left: Says how long the work may still take.
    """

    request: Request
    store: Store
    log: Log
    seconds_left: Callable[[], float]

    def run(self) -> Answer:
        """Do it.

        Raises:
            SecureStringError: It cannot be done; the message says why, and holds no value.
        """
        try:
            return self._run()
        finally:
            self.log.throttles += self.store.throttles.taken()

    def _run(self) -> Answer:
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
        )

    def _update(self) -> Answer:
        spec = self._spec(self.request.properties)
        identity = Identity.parse(self.request.physical_id)
        if identity is None or identity.arn.name != spec.name:
            return self._rename(spec)
        old = self._old_spec()
        depends = planner.depends_on_rollback(spec, old)
        rolling_back = depends and self.store.is_rolling_back(self.request.stack_id, name=spec.name.text)
        if old is not None and not rolling_back and planner.lowers_tier(old, spec):
            raise refusals.DowngradeError(spec.name.text)

        def observe() -> Observed:
            found = self._observe(spec, rolling_back=rolling_back, depends=depends)
            allowed = spec.allow_replacement or (old is not None and old.allow_replacement)
            present = found.presence is Presence.PRESENT
            ours = present and identity.owns(found.tags, stack_id=self.request.stack_id)
            left = RECOVERY_TAG in found.tags if ours else allowed
            return self._with_copy(spec.name, found, is_named=allowed) if left else found

        observed = observe()
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
            observed=observed,
            observe=observe,
        )

    def _observe(self, spec: ParameterSpec, *, rolling_back: bool, depends: bool) -> Observed:
        """Return all of what there is of the parameter itself that a rule for updates asks for."""
        name = spec.name.text
        observed = replace(self.store.observe(name), rolling_back=rolling_back, expired=_has_expired(spec))
        if observed.presence is Presence.PRESENT and depends:
            observed = replace(observed, version=self.store.version(name))
        if observed.presence is Presence.PRESENT and planner.may_be_replaced(spec) and not rolling_back:
            observed = replace(observed, is_advanced=self.store.found(name).tier == Tier.ADVANCED)
        return observed

    def _rename(self, spec: ParameterSpec) -> Answer:
        identity = Identity.mint(self.request, spec.name)
        return self._settle(
            spec,
            lambda observed: planner.plan_rename(
                identity, stack_id=self.request.stack_id, spec=spec, observed=observed
            ),
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
        if observed.presence is not Presence.PRESENT or RECOVERY_TAG in observed.tags:
            observed = self._with_copy(identity.arn.name, observed, is_named=False)
        plan = planner.plan_delete(identity, stack_id=self.request.stack_id, observed=observed)
        self._execute(name, plan)
        return Answer(physical_id=physical_id)

    def _with_copy(self, name: ParameterName, observed: Observed, *, is_named: bool) -> Observed:
        """Return what is observed, with the copy that a replacement which was cut off may have left.

        Args:
            name: Name of the parameter.
            observed: What is observed of it.
            is_named: Whether the function's role names the copy, so that a refusal does not mean that there is none.
        """
        try:
            copy_name = recovery_name(name).text
        except ParameterNameError:
            return observed
        copy = self.store.observe(copy_name, patient=is_named)
        if is_named and copy.presence is Presence.HIDDEN:
            raise refusals.copy_hidden(name.text, copy_name=copy_name)
        return replace(observed, copy_tags=copy.tags if copy.presence is Presence.PRESENT else None)

    def _settle(
        self,
        spec: ParameterSpec,
        planned: Callable[[Observed], Plan],
        *,
        observed: Observed = NOTHING,
        observe: Callable[[], Observed] | None = None,
    ) -> Answer:
        name = spec.name.text
        plan = planned(observed)
        try:
            written = self._execute(name, plan)
        except NameTakenError:
            # It was hidden, or somebody was faster. It does exist now: if its tags are hidden still, it is not ours.
            found = observe() if observe else self.store.observe(name)
            plan = planned(found if found.copy_tags else replace(found, presence=Presence.PRESENT))
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
        kept_in: str | None = None
        for step in plan.steps:
            start = time.monotonic()
            if isinstance(step, steps.CopyStep) and not isinstance(step, steps.KeepCopy):
                kept_in = step.copy_name
            try:
                written = self._take(name, step, plan.identity) or written
            except BaseException as error:
                self.log.line(step=type(step).__name__, outcome="failed", duration_ms=_since(start), error=error)
                if kept_in is not None:
                    error.add_note(refusals.KeptIn(kept_in))
                raise
            if isinstance(step, steps.DeleteCopy):
                kept_in = None
            self.log.line(step=type(step).__name__, outcome="done", duration_ms=_since(start))
        return written

    def _take(self, name: str, step: Step, identity: Identity) -> Written | None:
        if isinstance(step, steps.CopyStep):
            return self._take_copy_step(name, step)
        return self._take_other(name, step, str(identity.arn))

    def _take_other(self, name: str, step: Step, parameter_arn: str) -> Written | None:
        match step:
            case steps.CreateParameter():
                _check_not_expired(step.spec)
                value = fresh_value(step.spec, self.store, parameter_arn=parameter_arn)
                return self.store.create(step.spec, value=value, tags=step.tags)
            case steps.RewriteParameter():
                return Rewriting(step=step, store=self.store, parameter_arn=parameter_arn).run()
            case steps.AdoptParameter():
                check_adoptable(step.spec, self.store.found(name))
                self.store.add_tags(name, step.tags)
            case steps.CheckFits():
                check_value(step.spec, self.store.read(name).value)
            case steps.CheckSet():
                if is_placeholder(self.store.read(name).value):
                    raise refusals.not_set_yet(name)
            case steps.AddTags():
                self.store.add_tags(name, step.tags)
            case steps.RemoveTags():
                self.store.remove_tags(name, step.keys)
            case steps.DeleteParameter():
                self.store.delete(name)
        return None

    def _take_copy_step(self, name: str, step: steps.CopyStep) -> Written | None:
        copying = Copying(name=name, copy_name=step.copy_name, store=self.store)
        match step:
            case steps.KeepCopy():
                copying.keep(step.copy, step.tags)
            case steps.DeleteOriginal():
                needed = DELETION_PAUSE_SECONDS + _REPLACING_SECONDS
                if self.seconds_left() < needed:
                    raise refusals.too_late_to_replace(name, needed_seconds=needed)
                copying.delete_original(step.copy)
            case steps.AwaitName():
                self.store.pause(step.seconds)
            case steps.RestoreCopied():
                _check_not_expired(step.spec)
                return copying.restore(step.spec, step.tags, may_drop_pattern=step.may_drop_pattern)
            case steps.CompareWithCopy():
                copying.compare()
            case steps.DeleteCopy():
                self.store.delete(step.copy_name)
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


def _check_not_expired(spec: ParameterSpec) -> None:
    if _has_expired(spec):
        raise refusals.expired_already(spec.name.text)


def _since(start: float) -> int:
    return round((time.monotonic() - start) * 1000)
