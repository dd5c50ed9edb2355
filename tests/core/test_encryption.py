"""Encryption context, permissions by tier, and the conditions that bind a permission to one parameter."""

import pytest

from ssm_securestring.core.encryption import (
    encrypt_actions,
    encryption_context,
    exact_conditions,
    via_parameter_store,
)
from ssm_securestring.core.tiers import Tier

ARN = "arn:aws:ssm:us-west-2:111122223333:parameter/MyParameter"


def test_the_context_is_the_one_pair_that_the_seed_shows() -> None:
    """Key PARAMETER_ARN, value the parameter's ARN, nothing else."""
    assert encryption_context(ARN) == {"PARAMETER_ARN": ARN}


@pytest.mark.parametrize(
    ("tier", "actions"),
    [
        (Tier.STANDARD, ("kms:Encrypt",)),
        (Tier.ADVANCED, ("kms:GenerateDataKey",)),
        (Tier.INTELLIGENT_TIERING, ("kms:Encrypt", "kms:GenerateDataKey")),
    ],
)
def test_each_tier_writes_with_its_own_permission(tier: Tier, actions: tuple[str, ...]) -> None:
    """Encrypt for standard, GenerateDataKey for advanced, both where the value decides."""
    assert encrypt_actions(tier) == actions


def test_the_service_name_has_the_same_suffix_in_every_partition() -> None:
    """In China too, ``kms:ViaService`` ends in amazonaws.com."""
    assert via_parameter_store("cn-north-1") == "ssm.cn-north-1.amazonaws.com"


def test_conditions_hold_one_text_for_one_parameter_and_a_list_for_several() -> None:
    """StringEquals, because a single parameter is meant; never a wildcard."""
    assert exact_conditions([ARN], region="us-west-2") == {
        "StringEquals": {
            "kms:ViaService": "ssm.us-west-2.amazonaws.com",
            "kms:EncryptionContext:PARAMETER_ARN": ARN,
        }
    }
    several = exact_conditions([ARN, f"{ARN}2"], region="us-west-2")
    assert several["StringEquals"]["kms:EncryptionContext:PARAMETER_ARN"] == [ARN, f"{ARN}2"]


@pytest.mark.parametrize(("tier", "limit"), [("Standard", 4096), ("Advanced", 8192), ("Intelligent-Tiering", 8192)])
def test_each_tier_has_its_size(tier: str, limit: int) -> None:
    """4 KB and 8 KB, in bytes; intelligent tiering goes up to the larger."""
    assert Tier(tier).max_value_bytes == limit
