"""What tests of several layers share."""

import pytest
from hypothesis import settings

from ssm_securestring.local import UNSET, EmbeddedAws

# How long an example takes tells how busy the machine is, not whether the code is right.
settings.register_profile("steady", deadline=None)
settings.load_profile("steady")

# Its fixtures are the product's own; the name of the entry point is the same, so an installed one is not loaded twice.
pytest_plugins = ["ssm_securestring.local.pytest_plugin"]


@pytest.fixture
def only_the_embedded_aws(embedded_aws: EmbeddedAws, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every AWS SDK in the test see the embedded AWS by its environment, and no other."""
    for name in UNSET:
        monkeypatch.delenv(name, raising=False)
    for name, text in embedded_aws.environment().items():
        monkeypatch.setenv(name, text)


@pytest.hookimpl(tryfirst=True)  # before pytest leaves out by marker
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Count as end-to-end whatever uses the embedded AWS, as the marker says."""
    for item in items:
        if "embedded_aws" in getattr(item, "fixturenames", ()):
            item.add_marker("e2e")
