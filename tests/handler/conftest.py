"""What the tests of the function share."""

import uuid
from collections.abc import Iterator
from dataclasses import replace

import pytest

from ssm_securestring.local import EmbeddedAws
from tests.handler.aws import Account
from tests.handler.cloudformation import Address, listening
from tests.handler.parameter import Parameter


@pytest.fixture
def address() -> Iterator[Address]:
    """Where the function's answers arrive."""
    with listening() as found:
        yield found


@pytest.fixture(scope="module")
def shared_account(embedded_aws: EmbeddedAws) -> Account:
    """The account, and a way into it."""
    return Account.of(embedded_aws)


@pytest.fixture
def account(shared_account: Account) -> Account:
    """The account as people see it, with names for this test alone."""
    return replace(shared_account, path=f"/t{uuid.uuid4().hex}")


@pytest.fixture(scope="module")
def key(shared_account: Account) -> str:
    """ARN of a key."""
    return shared_account.new_key()


@pytest.fixture
def parameter(account: Account, address: Address, key: str) -> Parameter:
    """A generated parameter in the standard tier."""
    return Parameter(account, address, keys=[key])
