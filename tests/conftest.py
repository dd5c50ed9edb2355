"""What tests of several layers share."""

from collections.abc import Iterator

import pytest

from ssm_securestring.local import EmbeddedAws


@pytest.fixture(scope="session")
def embedded_aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedAws]:
    """One embedded AWS for all tests that need one; each uses names of its own."""
    with EmbeddedAws.start(tmp_path_factory.mktemp("aws")) as aws:
        yield aws
