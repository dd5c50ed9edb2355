"""Keeps a value in a second parameter while its own is deleted and created anew."""

import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

from ssm_securestring.core.spec import OWNERSHIP_TAGS, ParameterSpec
from ssm_securestring.handler.failures import PATTERN_MISMATCH, AwsRefusalError
from ssm_securestring.handler.refusals import (
    copy_name_taken,
    differs_from_copy,
    never_on_top,
    not_replaced_for_pattern,
)
from ssm_securestring.handler.store import NameTakenError, Store, Written
from ssm_securestring.handler.values import check_value

_MAX_TRIES: Final = 4


@dataclass(slots=True, kw_only=True)
class Copying:
    """A parameter and the copy of its value.

    Args:
        name: Name of the parameter.
        copy_name: Name of the copy.
        store: Makes the calls.
    """

    name: str
    copy_name: str
    store: Store

    def keep(self, copy: ParameterSpec, tags: Mapping[str, str]) -> None:
        """Put the copy.

        Raises:
            LifecycleError: A parameter of its name exists and is not this resource's, or AWS refuses.
        """
        value = self.store.read(self.name).value
        try:
            self._put(lambda: self.store.create(copy, value=value, tags=tags))
        except NameTakenError as error:
            # An answer that was lost on its way makes botocore try again, and find what the first try has put.
            found = self.store.observe(self.copy_name, patient=True).tags
            if any(found.get(tag) != tags[tag] for tag in OWNERSHIP_TAGS):
                raise copy_name_taken(self.name, copy_name=self.copy_name) from error

    def delete_original(self, copy: ParameterSpec) -> None:
        """Delete the parameter, once the copy reads as it does.

        Between the last look and the deletion nobody can be kept from setting a value: Parameter Store has no
        deletion on a condition.

        Raises:
            LifecycleError: It could not be copied, or AWS refuses.
        """
        for _ in range(_MAX_TRIES):
            kept, present = self.store.read(self.copy_name).value, self.store.read(self.name).value
            if _equal(kept, present):
                self.store.delete(self.name)
                return
            # Somebody has set a value since.
            check_value(copy, present)
            self._put(partial(self.store.overwrite, copy, value=present))
        raise never_on_top(self.name)

    def _put(self, put: Callable[[], Written]) -> None:
        try:
            put()
        except AwsRefusalError as error:
            if error.code != PATTERN_MISMATCH:
                raise
            raise not_replaced_for_pattern(self.name) from error

    def restore(self, spec: ParameterSpec, tags: Mapping[str, str], *, may_drop_pattern: bool) -> Written:
        """Create the parameter with the value of the copy.

        Args:
            spec: What it is to be.
            tags: Its tags.
            may_drop_pattern: Whether a value that does not match the allowed pattern is created without one.

        Raises:
            NameTakenError: A parameter of its name exists.
            LifecycleError: AWS refuses.
        """
        value = self.store.read(self.copy_name).value
        try:
            return self.store.create(spec, value=value, tags=tags)
        except AwsRefusalError as error:
            if error.code != PATTERN_MISMATCH or not may_drop_pattern:
                raise
        return self.store.create(replace(spec, allowed_pattern=""), value=value, tags=tags)

    def compare(self) -> None:
        """Compare what the parameter was created with, and its copy. Somebody may have set another value since.

        Raises:
            LifecycleError: They differ, or AWS refuses.
        """
        kept, present = self.store.read(self.copy_name).value, self.store.read(self.name)
        if _equal(kept, present.value):
            return
        if present.version == 1 or not _equal(kept, self.store.read(self.name, version=1).value):
            raise differs_from_copy(self.name, copy_name=self.copy_name)


def _equal(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode())
