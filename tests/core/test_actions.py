"""The names of actions are those that AWS has, as its own SDK lists the operations."""

import botocore.loaders
import pytest

from ssm_securestring.core.actions import ACCOUNT_ACTIONS, ALIAS_ACTIONS, KMS_ACTIONS, PARAMETER_ACTIONS
from ssm_securestring.iam.rules import check
from tests.iam.samples import policy, statement


def operations(service: str) -> set[str]:
    """Return the operations that botocore knows, as actions."""
    model = botocore.loaders.Loader().load_service_model(service, "service-2")
    return {f"{service}:{name}" for name in model["operations"]}


def test_the_actions_of_kms_are_its_operations() -> None:
    """But for re-encryption, which is authorised on both keys, and what Regions do among themselves."""
    assert (
        operations("kms") - {"kms:ReEncrypt"}
        | {
            "kms:ReEncryptFrom",
            "kms:ReEncryptTo",
            "kms:SynchronizeMultiRegionKey",
        }
        == KMS_ACTIONS
    )
    assert ALIAS_ACTIONS < KMS_ACTIONS


def test_the_actions_on_parameters_are_operations() -> None:
    """Each is one of Systems Manager."""
    assert operations("ssm") >= {*PARAMETER_ACTIONS, *ACCOUNT_ACTIONS}


@pytest.mark.parametrize("service", ["kms", "ssm"])
def test_no_action_that_exists_is_taken_for_a_typo(service: str) -> None:
    """Also those that are not about parameters, some of which are named alike."""
    actions = sorted(operations(service) - {"kms:ReEncrypt"})

    assert check([policy(statement(actions, "arn:aws:s3:::bucket", Effect="Deny"))]) == []
