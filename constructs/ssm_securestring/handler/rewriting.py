"""Puts a new version of a parameter, so that no value gets lost on the way."""

import hmac
from dataclasses import dataclass, replace
from typing import Final

from ssm_securestring.core.spec import PREVIOUS_TAG, TIER_TAG, ParameterSpec
from ssm_securestring.core.tiers import Tier
from ssm_securestring.handler.failures import ACCESS_DENIED, PATTERN_MISMATCH, AwsRefusalError
from ssm_securestring.handler.record import Replacement
from ssm_securestring.handler.refusals import DowngradeError, never_on_top, not_read_back
from ssm_securestring.handler.steps import RewriteParameter
from ssm_securestring.handler.store import Present, Store, Written
from ssm_securestring.handler.values import check_value, new_value

_MAX_TRIES: Final = 4


@dataclass(slots=True, kw_only=True)
class Rewriting:
    """One :class:`RewriteParameter`, carried out.

    Args:
        step: What to put.
        parameter_arn: ARN of the parameter.
        store: Makes the calls.
    """

    step: RewriteParameter
    parameter_arn: str
    store: Store

    def run(self) -> Written:
        """Do it.

        Raises:
            LifecycleError: It cannot be done; the message says why, and holds no value.
        """
        if self.step.replacement is not None:
            return self._replace(self.step.replacement)
        return self._keep()

    def _replace(self, replacement: Replacement) -> Written:
        """Put a value from the source."""
        written = self._put(fresh_value(self.step.spec, self.store, parameter_arn=self.parameter_arn), self.step.spec)
        if written.version != replacement.newest + 1:
            # Somebody set a value after we had looked. Theirs is the one that was replaced, and a rollback restores it.
            before = written.version - 1
            actual = replace(replacement, version=before, newest=before)
            self.store.add_tags(self._name, {PREVIOUS_TAG: str(actual)})
        return written

    def _keep(self) -> Written:
        """Put the present value again, or an older one, with what has changed around it."""
        version = self.step.restore_version
        present = self._present() if version is None else self._older(version)
        value, expected = present.value, present.version + 1
        for _ in range(_MAX_TRIES):
            written = self._put_or_give_back(value, theirs=expected > present.version + 1)
            if written.version == expected:
                self._read_back(value, written)
                return written
            # Somebody set a value between our two calls. Theirs is the newer one, so it goes on top again.
            value = self.store.read(self._name, version=written.version - 1).value
            expected = written.version + 1
        raise never_on_top(self._name)

    def _put_or_give_back(self, value: str, *, theirs: bool) -> Written:
        """Put a value; one that is not ours to refuse stays on top, under the pattern that it was set under.

        Somebody set it while we put another, or before a rollback, which would leave the stack stuck if it failed.
        """
        try:
            return self._put(value, self.step.spec)
        except AwsRefusalError as error:
            if error.code != PATTERN_MISMATCH or not (theirs or self.step.keep_tier):
                raise
            written = self._give_back(value)
            if self.step.keep_tier:
                return written
            raise

    def _give_back(self, value: str) -> Written:
        """Put a value under the pattern of before; in a rollback under none if an earlier one left it under another."""
        try:
            return self._put(value, replace(self.step.spec, allowed_pattern=self.step.old_pattern))
        except AwsRefusalError as error:
            if error.code != PATTERN_MISMATCH or not self.step.keep_tier:
                raise
        return self._put(value, replace(self.step.spec, allowed_pattern=""))

    def _present(self) -> Present:
        try:
            return self.store.read(self._name)
        except AwsRefusalError as error:
            if self.step.old_key_id is None or error.code not in ACCESS_DENIED:
                raise
            raise old_key_closed(self._name, old_key_id=self.step.old_key_id, code=error.code) from error

    def _older(self, version: int) -> Present:
        """Return an older value as if it were the present one."""
        newest = self.store.version(self._name)
        return Present(value=self.store.read(self._name, version=version).value, version=newest)

    def _put(self, value: str, spec: ParameterSpec) -> Written:
        try:
            check_value(spec, value)
            return self._overwrite(value, spec)
        except DowngradeError:
            if not self.step.keep_tier:
                raise
        # A rollback that failed here would leave the stack stuck. The tag says so to every later update.
        self.store.add_tags(self._name, {TIER_TAG: Tier.ADVANCED.value})
        advanced = replace(spec, tier=Tier.ADVANCED)
        check_value(advanced, value)
        return self._overwrite(value, advanced)

    def _overwrite(self, value: str, spec: ParameterSpec) -> Written:
        return self.store.overwrite(
            spec,
            value=value,
            clear_policies=self.step.clear_policies,
            clear_pattern=bool(self.step.old_pattern or self.step.spec.allowed_pattern),
        )

    def _read_back(self, value: str, written: Written) -> None:
        """Compare what was put under another key with what is read, before the old key is given up."""
        if self.step.old_key_id is None:
            return
        read = self.store.read(self._name, version=written.version).value
        if not hmac.compare_digest(read.encode(), value.encode()):
            raise not_read_back(self._name, version=written.version)

    @property
    def _name(self) -> str:
        return self.step.spec.name.text


def fresh_value(spec: ParameterSpec, store: Store, *, parameter_arn: str) -> str:
    """Return a value from the parameter's source, checked.

    Raises:
        LifecycleError: There is none, or Parameter Store would refuse it.
    """
    value = new_value(spec, elsewhere=store, parameter_arn=parameter_arn)
    check_value(spec, value)
    return value


def old_key_closed(name: str, *, old_key_id: str, code: str) -> AwsRefusalError:
    """Return the error for a change of key under which the old value cannot be read any more."""
    return AwsRefusalError(
        name,
        problem=(
            f"its key changes, and its value, encrypted under {old_key_id}, cannot be read with the function's role "
            "any more. Nothing was changed"
        ),
        fix=(
            "The function's role may decrypt its own parameters with any key, so it is the old key's policy or state "
            "that refuses: let it admit the function's role through Parameter Store until this deployment is done"
        ),
        code=code,
    )
