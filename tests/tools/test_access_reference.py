"""The reference of access is what the code does today."""

from tools.access_reference import REFERENCE, reference


def test_the_reference_of_access_is_current() -> None:
    """After a wanted change: ``python -m tools.access_reference``, and look at the diff."""
    assert REFERENCE.read_text(encoding="utf-8") == reference()
