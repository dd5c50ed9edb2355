"""Our endpoints against botocore's rules."""

import functools
import itertools
from typing import Any

import pytest
from botocore.endpoint_provider import EndpointProvider
from botocore.loaders import Loader

from ssm_securestring.core.errors import SettingError
from ssm_securestring.runtime.endpoints import endpoint

REGIONS = [
    *("eu-west-1", "us-east-1", "ap-southeast-7", "mx-central-1", "il-central-1"),
    *("cn-north-1", "us-gov-west-1", "us-gov-east-1", "us-iso-east-1", "us-isob-east-1", "us-isof-south-1"),
    *("eu-isoe-west-1", "eusc-de-east-1"),
]
CASES = [*itertools.product(("ssm", "kms"), REGIONS, (False, True), (False, True))]


@functools.cache
def rules_of(service: str) -> Any:  # noqa: ANN401 - botocore's own class has no types here
    """Load botocore's rules for a service."""
    loader = Loader()
    rules = loader.load_service_model(service, "endpoint-rule-set-1")
    return EndpointProvider(rules, loader.load_data("partitions"))


@pytest.mark.parametrize(("service", "region", "fips", "dual_stack"), CASES)
def test_an_endpoint_equals_botocores(service: str, region: str, *, fips: bool, dual_stack: bool) -> None:
    """In every partition, with FIPS, with dual-stack, with both."""
    environment = {"AWS_USE_FIPS_ENDPOINT": str(fips).lower(), "AWS_USE_DUALSTACK_ENDPOINT": str(dual_stack).lower()}

    theirs = rules_of(service).resolve_endpoint(Region=region, UseFIPS=fips, UseDualStack=dual_stack)

    assert endpoint(service, region, environment) == theirs.url


def test_the_environment_may_name_an_endpoint() -> None:
    """That of the service goes before that of all; both can be switched off."""
    both = {"AWS_ENDPOINT_URL": "http://all", "AWS_ENDPOINT_URL_SSM": "http://ssm"}

    assert endpoint("ssm", "eu-west-1", both) == "http://ssm"
    assert endpoint("kms", "eu-west-1", both) == "http://all"
    off = both | {"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"}
    assert endpoint("ssm", "eu-west-1", off) == "https://ssm.eu-west-1.amazonaws.com"


def test_fails_for_a_region_that_would_become_another_host() -> None:
    """The Region is a part of the host's name, and signed requests go there."""
    with pytest.raises(SettingError, match="region"):
        endpoint("ssm", "evil.example.com/", {})
