"""The boto3 client that the helper uses when it is not handed one."""

import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types_boto3_ssm import SSMClient


def make_client(region: str | None) -> "SSMClient":
    """Make a client from the environment's credentials.

    botocore logs every response body at level DEBUG, decrypted values included; those lines are dropped from here on.
    """
    import boto3
    from botocore.config import Config

    logging.getLogger("botocore.parsers").addFilter(_drops_bodies)
    return boto3.client("ssm", region_name=region, config=Config(retries={"mode": "standard", "total_max_attempts": 5}))


def _drops_bodies(record: logging.LogRecord) -> bool:
    return not str(record.msg).startswith("Response body")
