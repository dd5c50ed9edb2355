"""The pytest plugin: fixtures that give tests an AWS with Parameter Store, KMS and their permissions.

pytest finds it by itself where the package is installed. It costs nothing until a test asks for one of the fixtures.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from ssm_securestring.local.handle import EmbeddedAws

if TYPE_CHECKING:
    from ssm_securestring.local.accounts import EmbeddedAccount


@pytest.fixture(scope="session")
def embedded_aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedAws]:
    """An engine that all tests of the session share. Tests that change it use names of their own, or an account."""
    with EmbeddedAws.start(tmp_path_factory.mktemp("embedded-aws")) as aws:
        yield aws


@pytest.fixture
def embedded_account(embedded_aws: EmbeddedAws) -> "EmbeddedAccount":
    """An account of that engine for this test alone: empty, with clients, a trail and ``deploy``."""
    return embedded_aws.new_account()
