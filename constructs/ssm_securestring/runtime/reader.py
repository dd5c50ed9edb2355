"""Brings parameters from the cache or from Parameter Store, and decides what stands in when that cannot be asked."""

import time
from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet

from ssm_securestring.core.errors import ParameterReadError
from ssm_securestring.runtime.cache import Cache
from ssm_securestring.runtime.calls import NoAnswerError, Transport
from ssm_securestring.runtime.failures import from_no_answer, is_passing
from ssm_securestring.runtime.flights import Flights
from ssm_securestring.runtime.locked import Once
from ssm_securestring.runtime.parameters import Outcome, below, fetch, may_be_of_one
from ssm_securestring.runtime.record import Record
from ssm_securestring.runtime.reference import Reference, key_of, parse


class Reader:
    """Reads parameters for all threads of a process.

    Args:
        connect: Makes the transport, once, when it is first needed.
        cache: Keeps what was read.
        on_stale: Is told when the last good value stands in, and why.
    """

    def __init__(
        self,
        connect: Callable[[], Transport],
        cache: Cache,
        on_stale: Callable[[ParameterReadError], None] | None = None,
    ) -> None:
        """Begin; no call is made yet."""
        self._on_stale = on_stale
        self._transport = Once(connect)
        self._cache = cache
        self._flights = Flights(self._fetch)

    def read(self, references: Sequence[Reference], *, fresh: bool = False) -> dict[str, Outcome]:
        """Return an outcome for each reference, by its text.

        Args:
            references: Which parameters.
            fresh: Ask Parameter Store, whatever is known.
        """
        known = {} if fresh else {each: self._known(each) for each in references}
        unknown = {each.key: each for each in references if known.get(each) is None}
        brought = self._flights.bring(unknown.values(), fresh=fresh) if unknown else {}
        return {
            each.text: self._settled(each, known.get(each) or brought[each.key], fresh=fresh) for each in references
        }

    def read_below(self, path: str, *, recursive: bool) -> dict[str, Outcome]:
        """Fetch and decrypt all parameters below a path; returns an outcome for each name.

        Raises:
            ParameterReadError: The path could not be listed.
        """
        asked_at, asked_at_wall = time.monotonic(), time.time()
        transport = self.connected(path)
        try:
            records = list(below(transport, path, recursive=recursive, decrypt=True))
        except ParameterReadError as error:
            if not may_be_of_one(error):
                raise
            # One key or permission must not take the others along: take the names from here and the values singly.
            names = [each.name for each in below(transport, path, recursive=recursive, decrypt=False)]
            return self.read([parse(name) for name in names], fresh=True)
        for record in records:
            self._keep(record, "", asked_at, asked_at_wall)
        return {record.name: record for record in records}

    def forget(self, references: Sequence[Reference] | None) -> None:
        """Drop what is known of some parameters, or of all."""
        keys = None if references is None else tuple(each.key for each in references)
        self._flights.forget(keys)
        self._cache.forget(keys)

    def connected(self, name: str) -> Transport:
        """Return the transport.

        Raises:
            ParameterReadError: There are no credentials, or no Region; the error is for this name.
        """
        try:
            return self._transport.get()
        except NoAnswerError as failure:
            raise from_no_answer(name, failure) from failure

    def learn(self, record: Record, *, began: float) -> None:
        """Take over what was just stored by a call that began then: nobody is told of an older value from now on."""
        keys = (key_of(record.name, ""), key_of(record.arn, ""))
        self._flights.forget(keys)
        self._cache.learn(keys, record, began=began)

    def after_fork(self) -> None:
        """Begin anew in a process that was forked: what is known stays, connections and locks are the parent's."""
        self._flights.reset()
        self._cache.reset_locks()
        self._transport.reset_lock()
        transport = self._transport.made
        if transport is not None:
            transport.reset()

    def after_restore(self) -> None:
        """Begin anew in a process that was restored from a snapshot, maybe days later."""
        self.after_fork()
        self._cache.forget()

    def _known(self, reference: Reference) -> Outcome | None:
        found = self._cache.find(reference.key, reference.text)
        if found is None and self._flights.has(reference.key):
            # Somebody refreshes it: no need to wait while the value is within its time to live.
            return self._cache.spare(reference.key)
        return found

    def _settled(self, reference: Reference, outcome: Outcome, *, fresh: bool) -> Outcome:
        if isinstance(outcome, Record):
            return outcome
        if not fresh and is_passing(outcome):
            last_good = self._cache.stale(reference.key)
            if last_good is not None:
                _warn(outcome)
                if self._on_stale is not None:
                    self._on_stale(outcome.copy_for(reference.text))
                return last_good
        return outcome.copy_for(reference.text)

    def _fetch(self, references: Sequence[Reference], fresh: AbstractSet[str]) -> dict[str, Outcome]:
        # Another thread may have brought it between our look into the cache and our wish.
        known = {
            each.key: found
            for each in references
            if each.key not in fresh and (found := self._cache.find(each.key, each.text))
        }
        unknown = [each for each in references if each.key not in known]
        if not unknown:
            return known
        asked_at, asked_at_wall = time.monotonic(), time.time()
        try:
            transport = self._transport.get()
        except NoAnswerError as failure:
            return known | {each.key: from_no_answer(each.text, failure) for each in unknown}
        outcomes = fetch(transport, unknown)
        for each in unknown:
            outcome = outcomes[each.key]
            if isinstance(outcome, Record):
                self._keep(outcome, each.key, asked_at, asked_at_wall)
            elif not is_passing(outcome):
                self._cache.put_failure(each.key, outcome, asked_at=asked_at, asked_at_wall=asked_at_wall)
        return known | outcomes

    def _keep(self, record: Record, key: str, asked_at: float, asked_at_wall: float) -> None:
        """Keep a record under the key it was asked with and, if that was its name, under its ARN.

        Not the other way round: an ARN may be another account's, and a parameter of one's own have the same name.
        """
        name = key_of(record.name, "")
        keys = (name, key_of(record.arn, "")) if key in {"", name} else (key,)
        self._cache.put(keys, record, asked_at=asked_at, asked_at_wall=asked_at_wall)


def _warn(error: ParameterReadError) -> None:
    import logging

    logging.getLogger("ssm_securestring").warning("%s Using the last good value.", error)
