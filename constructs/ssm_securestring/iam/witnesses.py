"""Texts that show every way in which patterns can match: one for each combination that is possible.

All patterns together are one automaton, whose states are whole numbers with a bit for each place in a pattern (the
bit-parallel simulation of Glushkov's automata). Walking its states finds which combinations of matching and not
matching can occur, each with a shortest text for it. A pattern without wildcards is a combination of its own.
"""

import string
from collections import deque
from collections.abc import Collection, Iterable, Iterator
from typing import Final

from ssm_securestring.core.errors import SecureStringError

# A walk that visits more is given up and said so; real policies take some hundreds.
MAX_STATES: Final = 200_000
# Characters that names can have. The first that no pattern uses stands for all the others.
_WILDCARDS: Final = frozenset("*?")
_SPARE: Final = string.ascii_lowercase[::-1] + string.digits + string.ascii_uppercase + "_.-"


class TooManyCombinationsError(SecureStringError):
    """The patterns can be combined in more ways than are looked at."""


def is_literal(pattern: str) -> bool:
    """Return whether a pattern matches its own text alone."""
    return not _WILDCARDS & set(pattern)


def witnesses(patterns: Iterable[str], *, domain: str = "*", never: Collection[str] = ()) -> list[str]:
    """Return one text for each combination of patterns that can match at the same time and alone.

    Args:
        patterns: Glob patterns with ``*`` and ``?``, and texts without.
        domain: Pattern that all returned texts match.
        never: Patterns that no returned text matches.

    Raises:
        TooManyCombinationsError: There are too many to look at.
    """
    distinct = sorted(set(patterns))
    literals = [each for each in distinct if is_literal(each)]
    globs = [each for each in distinct if not is_literal(each)]
    found = _classes(globs, domain=domain, never=never, other=_other_than(distinct))
    taken = set(literals)
    free = {combination: [each for each in texts if each not in taken] for combination, texts in found.items()}
    if not all(free.values()):
        # Some combination was only met by texts that are patterns themselves: walk again with those in the automaton.
        with_literals = _classes(distinct, domain=domain, never=never, other=_other_than(distinct))
        return sorted({texts[-1] for texts in with_literals.values()})
    fitting = _Automaton([domain, *never])
    inside = [each for each in literals if fitting.accepted_by(each) == (0,)]
    return sorted({*inside, *(texts[-1] for texts in free.values())})


def _classes(globs: list[str], *, domain: str, never: Collection[str], other: str) -> dict[tuple[int, ...], list[str]]:
    """Return by combination the shortest texts: without and with a character that occurs in no pattern."""
    automaton = _Automaton([domain, *never, *globs])
    first_glob = 1 + len(never)
    found: dict[tuple[int, ...], dict[bool, str]] = {}
    for text, accepted in automaton.walk(other):
        inside = accepted[:1] == (0,) and not any(1 <= each < first_glob for each in accepted)
        if inside:
            found.setdefault(accepted, {}).setdefault(other in text, text)
    return {combination: [texts[each] for each in sorted(texts)] for combination, texts in found.items()}


class _Automaton:
    """All patterns at once: a bit for each place in each pattern, and one behind it that means it has matched.

    Args:
        patterns: The first is the domain, outside of which nothing is looked at.
    """

    def __init__(self, patterns: list[str]) -> None:
        self._start = self._stars = self._any = 0
        self._literal: dict[str, int] = {}
        self._ends: list[int] = []
        position = 0
        for pattern in patterns:
            self._start |= 1 << position
            for symbol in _symbols(pattern):
                bit = 1 << position
                if symbol == "*":
                    self._stars |= bit
                elif symbol == "?":
                    self._any |= bit
                else:
                    self._literal[symbol] = self._literal.get(symbol, 0) | bit
                position += 1
            self._ends.append(1 << position)
            position += 1
        self._domain = (self._ends[0] << 1) - 1

    def accepted_by(self, text: str) -> tuple[int, ...]:
        """Return the numbers of the patterns that match a text."""
        state = self._closed(self._start)
        for character in text:
            state = self._step(state, character)
        return self._accepted(state)

    def walk(self, other: str) -> Iterator[tuple[str, tuple[int, ...]]]:
        """Yield a shortest text for each state, without and with the other character, and what matches it.

        Raises:
            TooManyCombinationsError: There are too many states.
        """
        start = self._closed(self._start)
        queue = deque([(start, "")])
        seen = {(start, False)}
        while queue:
            state, text = queue.popleft()
            yield text, self._accepted(state)
            for character in self._choices(state, other):
                reached = self._step(state, character), other in text or character == other
                if reached[0] & self._domain and reached not in seen:
                    seen.add(reached)
                    queue.append((reached[0], text + character))
            if len(seen) > MAX_STATES:
                raise TooManyCombinationsError(
                    f"patterns can be combined in more than {MAX_STATES} ways: write fewer wildcards"
                )

    def _choices(self, state: int, other: str) -> Iterator[str]:
        yield from (character for character, bits in self._literal.items() if bits & state)
        # Every further character leads where this one leads.
        if state & (self._stars | self._any):
            yield other

    def _step(self, state: int, character: str) -> int:
        consumed = state & (self._literal.get(character, 0) | self._any)
        return self._closed(consumed << 1 | state & self._stars)

    def _closed(self, state: int) -> int:
        """Add what is reached without a character: a star may match nothing. Never two stars follow each other."""
        return state | (state & self._stars) << 1

    def _accepted(self, state: int) -> tuple[int, ...]:
        return tuple(number for number, end in enumerate(self._ends) if state & end)


def _symbols(pattern: str) -> Iterator[str]:
    before = ""
    for symbol in pattern:
        if not symbol == before == "*":
            yield symbol
        before = symbol


def _other_than(patterns: Iterable[str]) -> str:
    used = set().union(*map(set, patterns))
    free = (character for character in _SPARE if character not in used)
    # Where the patterns use up the alphabet of names, something that no name has still tells the combinations apart.
    return next(free, "~")
