"""A stack with a known environment, in a new app for each test; and one that is deployed to the embedded AWS."""

import json
import uuid
from collections.abc import Iterator
from pathlib import Path

import aws_cdk as cdk
import pytest

from ssm_securestring.local import EmbeddedAws
from tests.cdk.world import World

RECOMMENDED_FLAGS = json.loads((Path(__file__).parents[2] / "cdk.json").read_text())["context"]


@pytest.fixture(params=[RECOMMENDED_FLAGS, {}], ids=["recommended-flags", "no-flags"])
def stack(request: pytest.FixtureRequest) -> cdk.Stack:
    """A stack in eu-west-1, once with all recommended feature flags and once with none."""
    environment = cdk.Environment(account="111122223333", region="eu-west-1")
    context = {key: value for key, value in request.param.items() if "PartitionLiterals" not in key}
    return cdk.Stack(cdk.App(context=context), "Shop", env=environment)


@pytest.fixture
def world(embedded_aws: EmbeddedAws) -> Iterator[World]:
    """A stack with names that no other test uses."""
    made = World(embedded_aws, f"/t{uuid.uuid4().hex[:10]}")
    yield made
    made.root.cloudformation.delete_stack(StackName=made.stack.stack_name)
