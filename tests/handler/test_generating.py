"""How random values are made."""

import string
from collections import Counter
from typing import Final

import pytest
from hypothesis import given, reject, settings
from hypothesis import strategies as st

from ssm_securestring.core.errors import SettingError
from ssm_securestring.core.sources import CharacterClass, GeneratedSource
from ssm_securestring.handler.generating import generate

CHARACTERS: Final = {
    CharacterClass.LOWERCASE: string.ascii_lowercase,
    CharacterClass.UPPERCASE: string.ascii_uppercase,
    CharacterClass.DIGITS: "0123456789",
    CharacterClass.PUNCTUATION: "!\"#$%&'()*+,-./:;<=>?@[\\]^_`|~",
}
ZERO_OR_A: Final = "123456789" + string.ascii_lowercase[1:]


@settings(deadline=None)  # a busy machine is no failure
@given(
    length=st.integers(1, 300),
    classes=st.lists(st.sampled_from(CharacterClass), min_size=1, max_size=4, unique=True),
    excluded=st.text(alphabet=string.printable, max_size=60),
    counts=st.lists(st.none() | st.integers(0, 12), min_size=4, max_size=4),
)
def test_generated_value_has_enough_of_each_class_and_nothing_else(
    length: int, classes: list[CharacterClass], excluded: str, counts: list[int | None]
) -> None:
    """Whatever can be asked for is what comes: length, minimum counts (one, if none is said), no excluded character."""
    at_least = {each: count for each, count in zip(classes, counts, strict=False) if count is not None}
    try:
        source = GeneratedSource(
            length_chars=length, classes=tuple(classes), exclude_characters=excluded, at_least=at_least
        )
    except SettingError:
        reject()
    allowed = {each: set(CHARACTERS[each]) - set(excluded) for each in classes}

    value = generate(source)

    assert len(value) == length
    assert set(value) <= set().union(*allowed.values())
    for each in classes:
        assert sum(character in allowed[each] for character in value) >= at_least.get(each, 1)


@pytest.mark.parametrize(
    ("length", "at_least", "possible", "balanced", "share"),
    [
        (4, {}, 14, 2, 6 / 14),
        (4, {CharacterClass.DIGITS: 0}, 15, 2, 6 / 15),
        (4, {CharacterClass.DIGITS: 2}, 10, 2, 6 / 10),
        (4, {CharacterClass.DIGITS: 3}, 4, 3, 1),
        (5, {CharacterClass.DIGITS: 2, CharacterClass.LOWERCASE: 2}, 20, 2, 10 / 20),
    ],
    ids=["one of each", "no digit needed", "two digits", "three digits", "two of each"],
)
def test_generated_values_are_as_likely_as_each_other(
    length: int, at_least: dict[CharacterClass, int], possible: int, balanced: int, share: float
) -> None:
    """From one digit and one letter, each string that fits comes as often as any other.

    Of four characters, 14 strings have both. To put one character of each class in on purpose would favour the six
    with two of each, half of all draws instead of 6/14. The bound is six standard deviations: by chance this fails
    once in 10**8 runs.
    """
    source = GeneratedSource(
        length_chars=length,
        classes=(CharacterClass.DIGITS, CharacterClass.LOWERCASE),
        exclude_characters=ZERO_OR_A,
        at_least=at_least,
    )
    draws = 10_000

    counts = Counter(generate(source) for _ in range(draws))

    seen = sum(count for value, count in counts.items() if value.count("0") == balanced)
    assert len(counts) == possible
    assert abs(seen - draws * share) <= 6 * (draws * share * (1 - share)) ** 0.5


def test_classes_of_different_sizes_are_in_proportion() -> None:
    """Two digits and one letter in two characters, one digit at least: 2*2 strings of digits, 2*2 with a letter.

    Half of all draws have the letter, and each place has it as often as the other.
    """
    source = GeneratedSource(
        length_chars=2,
        classes=(CharacterClass.LOWERCASE, CharacterClass.DIGITS),
        exclude_characters="23456789" + string.ascii_lowercase[1:],
        at_least={CharacterClass.LOWERCASE: 0},
    )

    counts = Counter(generate(source) for _ in range(16_000))

    assert set(counts) == {"00", "01", "10", "11", "a0", "a1", "0a", "1a"}
    assert all(abs(count - 2000) < 6 * (16_000 / 8 * 7 / 8) ** 0.5 for count in counts.values())


@pytest.mark.timeout(10)  # seconds: to draw until it fits would take for ever
def test_counts_that_chance_never_gives_are_met() -> None:
    """All but one of 128 characters are digits, out of 62 to choose from."""
    value = generate(GeneratedSource(length_chars=128, at_least={CharacterClass.DIGITS: 126}))

    assert sum(each in string.digits for each in value) == 126


def test_longest_value_is_made() -> None:
    """8,192 characters, the most that any tier takes, with as many digits as may be asked for."""
    value = generate(GeneratedSource(length_chars=8192, at_least={CharacterClass.DIGITS: 660}))

    assert len(value) == 8192
    assert sum(each in string.digits for each in value) >= 660
