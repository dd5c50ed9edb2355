"""The text of a sealed value, and what binds its parts."""

from hypothesis import given
from hypothesis import strategies as st

from ssm_securestring.core.sealing import SealedText, parts_of, sealing_context

ARN = "arn:aws:ssm:eu-west-1:111122223333:parameter/shop/db"
CIPHERTEXTS = st.binary(min_size=50, max_size=200)


@given(
    sealed=st.one_of(
        st.builds(SealedText, ciphertexts=st.tuples(CIPHERTEXTS)),
        st.builds(
            SealedText,
            ciphertexts=st.tuples(CIPHERTEXTS, CIPHERTEXTS),
            sealing_id=st.text("0123456789abcdef", min_size=32, max_size=32),
        ),
    )
)
def test_what_is_written_is_read(sealed: SealedText) -> None:
    """In one part and in two, on one line without white space."""
    text = str(sealed)

    assert SealedText.parse(text) == sealed
    assert not set(text) & set(" \n\t")


@given(value=st.integers(1, 8192).map(lambda size: b"x" * size))
def test_parts_are_the_value_and_none_is_longer_than_kms_takes(value: bytes) -> None:
    """4,096 bytes, and no more parts than it takes."""
    parts = parts_of(value)

    assert b"".join(parts) == value
    assert all(1 <= len(part) <= 4096 for part in parts)
    assert len(parts) == (1 if len(value) <= 4096 else 2)


def test_value_in_one_part_is_bound_as_it_always_was() -> None:
    """What was sealed by an earlier version opens."""
    assert sealing_context(ARN, sealing_id="", part=1, parts=1) == {"SEALED_FOR": ARN}


def test_part_is_bound_to_its_place_and_its_sealing() -> None:
    """The pair that permissions go by stays the same."""
    assert sealing_context(ARN, sealing_id="1f", part=2, parts=2) == {
        "SEALED_FOR": ARN,
        "SEALING": "1f",
        "PART": "2/2",
    }
