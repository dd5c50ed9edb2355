"""Policies that AWS manages, as far as CDK apps commonly attach them."""

from collections.abc import Mapping
from typing import Final

_POLICIES: Final[Mapping[str, Mapping[str, object]]] = {}


def managed_policy(arn: str) -> Mapping[str, object] | None:
    """Return the document of a policy that AWS manages; ``None`` for one that is not known here."""
    partition, _, name = arn.partition(":iam::aws:policy/")
    return _POLICIES.get(name) if partition.startswith("arn:") else None
