"""A Region's partition is the one that its ARNs have."""

import botocore.session
import pytest

from ssm_securestring.iam.standins import partition_of


@pytest.mark.parametrize(
    "partition", ["aws", "aws-cn", "aws-us-gov", "aws-iso", "aws-iso-b", "aws-iso-e", "aws-iso-f", "aws-eusc"]
)
def test_a_region_is_in_its_partition(partition: str) -> None:
    """For every Region that AWS's own SDK knows."""
    regions = botocore.session.Session().get_available_regions("kms", partition)

    assert {partition_of(region).name for region in regions} <= {partition}


@pytest.mark.parametrize(
    ("region", "partition"),
    [("eu-west-1", "aws"), ("cn-north-1", "aws-cn"), ("us-gov-west-1", "aws-us-gov"), ("us-iso-east-1", "aws-iso")],
)
def test_the_partition_of_some_regions(region: str, partition: str) -> None:
    """Spelled by hand, in case the SDK knows none."""
    assert partition_of(region).name == partition
