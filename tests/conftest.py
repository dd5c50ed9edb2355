"""What tests of several layers share."""

from collections.abc import Iterator

import pytest

from ssm_securestring.local import UNSET, EmbeddedAws


@pytest.fixture(scope="session")
def embedded_aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedAws]:
    """One embedded AWS for all tests that need one; each uses names of its own."""
    with EmbeddedAws.start(tmp_path_factory.mktemp("aws")) as aws:
        yield aws


@pytest.fixture
def only_the_embedded_aws(embedded_aws: EmbeddedAws, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every AWS SDK in the test see the embedded AWS by its environment, and no other."""
    for name in UNSET:
        monkeypatch.delenv(name, raising=False)
    for name, text in embedded_aws.environment().items():
        monkeypatch.setenv(name, text)
