"""What callers ask for: a name or an ARN, with or without a version number or label behind it."""

from functools import lru_cache
from typing import Final, NamedTuple

from ssm_securestring.core.errors import ParameterNameError
from ssm_securestring.core.name_rules import check_name, split_arn

# AWS General Reference, "Amazon Resource Names": colons of an ARN.
_ARN_COLONS: Final = 5
# AWS's own parameters, and references to Secrets Manager. Nobody can make such names, but all can read them.
_AWS_OWN: Final = "/aws/"


class Reference(NamedTuple):
    """One parameter, in one version, as a caller asked for it.

    Args:
        text: As the caller wrote it, and as Parameter Store is asked.
        key: The same for all ways to write it: ``foo`` and ``/foo`` are one parameter.
    """

    text: str
    key: str


@lru_cache(maxsize=1024)
def parse(text: str) -> Reference:
    """Refuse what Parameter Store would refuse, before a call is made.

    Raises:
        ParameterNameError: ``text`` is no name.
        ParameterArnError: It starts like an ARN, but is not that of a parameter.
    """
    base, colon, selector = _split(text)
    if colon and not selector:
        raise ParameterNameError(text, problem="ends with ':'", fix="write a version number or a label after it")
    if base.startswith("arn:"):
        check_name(split_arn(base).name)
    elif not base.startswith(_AWS_OWN):
        check_name(base)
    return Reference(text, key_of(base, f"{colon}{selector}"))


def has_selector(text: str) -> bool:
    """Tell whether a version or label is asked for."""
    return bool(_split(text)[1])


def key_of(base: str, selector: str) -> str:
    """Return the canonical form of a name or ARN, and of the selector as Parameter Store writes it (``:3``)."""
    return f"{base.removeprefix('/')}{selector}"


def name_in(key: str) -> str:
    """Return the part of a key that a name and all ARNs of parameters of that name have in common."""
    return key.rpartition(":parameter/")[2]


def is_of(arn: str, reference: Reference) -> bool:
    """Tell whether a parameter of this ARN is the one that was asked for.

    What AWS keeps under ``/aws/`` may have ARNs of other services.
    """
    base = _split(reference.text)[0]
    return base.startswith(_AWS_OWN) or name_in(key_of(arn, "")) == name_in(key_of(base, ""))


def _split(text: str) -> tuple[str, str, str]:
    if not text.startswith("arn:"):
        return text.partition(":")
    parts = text.split(":", _ARN_COLONS + 1)
    if len(parts) <= _ARN_COLONS + 1:
        return text, "", ""
    return ":".join(parts[:-1]), ":", parts[-1]
