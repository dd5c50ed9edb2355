"""The account of the KMS Developer Guide's page on Parameter Store. The tests here walk through it from top to bottom.

Each runs the page's own commands, names, key and account with the real ``aws`` command; its docstring says in other
words which statement of the page it holds the embedded AWS to.

Source:
    https://docs.aws.amazon.com/kms/latest/developerguide/services-parameter-store.html
"""

from collections.abc import Iterator

import pytest

from ssm_securestring.local import EmbeddedAws
from tests.local.aws import Account
from tests.local.commands import KEY_ID, Shell


@pytest.fixture(scope="package")
def embedded_aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedAws]:
    """The account and Region of the page, with the customer managed key of its examples."""
    with EmbeddedAws.start(tmp_path_factory.mktemp("aws"), region="us-west-2", account="111122223333") as aws:
        tags = [{"TagKey": "ssm-securestring:key-id", "TagValue": KEY_ID}]
        Account(aws).kms.create_key(Tags=tags)  # type: ignore[arg-type]  # a list of plain dicts
        yield aws


@pytest.fixture(scope="package")
def root(embedded_aws: EmbeddedAws) -> Account:
    """The account of the page."""
    return Account(embedded_aws)


@pytest.fixture
def shell(root: Account) -> Iterator[Shell]:
    """A shell of the account's owner; afterwards no parameter is left, as every example starts without any."""
    yield Shell(root)
    for page in root.ssm.get_paginator("describe_parameters").paginate():
        for each in page["Parameters"]:
            root.ssm.delete_parameter(Name=each["Name"])
