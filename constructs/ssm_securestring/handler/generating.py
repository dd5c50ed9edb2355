"""Makes random values, each one that fits its source being as likely as any other."""

import math
import secrets
from collections.abc import Sequence

from ssm_securestring.core.sources import MAX_COUNTED_CHARS, GeneratedSource


def generate(source: GeneratedSource) -> str:
    """Return a random value.

    To put the least number of each class in on purpose, and fill up, would make some values likelier than others.
    """
    return _drawn(source) if source.length_chars > MAX_COUNTED_CHARS else _counted(source)


def _drawn(source: GeneratedSource) -> str:
    """Draw until there is enough of each class; a longer source asks for nothing that chance seldom gives."""
    alphabets = source.alphabets()
    characters = "".join(alphabets)
    while True:
        value = "".join(secrets.choice(characters) for _ in range(source.length_chars))
        counts = [sum(value.count(each) for each in alphabet) for alphabet in alphabets]
        if all(count >= least for count, least in zip(counts, source.minimums(), strict=True)):
            return value


def _counted(source: GeneratedSource) -> str:
    """Draw how many characters are of each class, then which, then their order."""
    alphabets = source.alphabets()
    counts = _counts(source.length_chars, [len(each) for each in alphabets], source.minimums())
    characters = [
        secrets.choice(alphabet) for alphabet, count in zip(alphabets, counts, strict=True) for _ in range(count)
    ]
    secrets.SystemRandom().shuffle(characters)
    return "".join(characters)


def _counts(length: int, sizes: Sequence[int], minimums: Sequence[int]) -> list[int]:
    """Draw how many characters are of each class, in proportion to how many values have such counts."""
    counts = []
    for size, least, rest in zip(sizes, minimums, _ways_to_go_on(length, sizes, minimums), strict=True):
        ways = _ways(length, size, least, rest)
        drawn, count = secrets.randbelow(sum(ways)), least
        for each in ways:
            if drawn < each:
                break
            drawn, count = drawn - each, count + 1
        counts.append(count)
        length -= count
    return counts


def _ways_to_go_on(length: int, sizes: Sequence[int], minimums: Sequence[int]) -> list[list[int]]:
    """Return, for each class, how many strings of 0, 1, ... characters there are of the classes after it."""
    tables = [[1, *[0] * length]]
    for size, least in zip(reversed(sizes[1:]), reversed(minimums[1:]), strict=True):
        rest = tables[0]
        tables.insert(0, [sum(_ways(chars, size, least, rest)) for chars in range(length + 1)])
    return tables


def _ways(length: int, size: int, least: int, rest: Sequence[int]) -> list[int]:
    """Return how many strings have the least number of characters of a class, how many have one more, and so on."""
    return [math.comb(length, count) * size**count * rest[length - count] for count in range(least, length + 1)]
