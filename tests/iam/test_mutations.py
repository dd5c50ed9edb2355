"""Every mutation of a good template changes it, and what the rules alone find of them they find."""

from typing import Any

import pytest

from tests.iam.good_app import templates


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The templates of the good app, synthesized once."""
    return templates(tmp_path_factory.mktemp("cdk.out"))
