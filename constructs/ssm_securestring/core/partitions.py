"""Which partition of AWS a Region is in.

Source:
    AWS General Reference, "Amazon Resource Names"; botocore's list of endpoints.
"""

from typing import Final

_BY_PREFIX: Final = {
    "cn-": "aws-cn",
    "eu-isoe-": "aws-iso-e",
    "eusc-": "aws-eusc",
    "us-gov-": "aws-us-gov",
    "us-iso-": "aws-iso",
    "us-isob-": "aws-iso-b",
    "us-isof-": "aws-iso-f",
}


def partition_of(region: str) -> str:
    """Return the partition of a Region, which need not be one that is known here: ``aws`` unless its name says else."""
    return next((partition for prefix, partition in _BY_PREFIX.items() if region.startswith(prefix)), "aws")
