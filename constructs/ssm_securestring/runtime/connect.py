"""Which way to Parameter Store: the standard library where that is enough, boto3 where it is not."""

import os
from collections.abc import Mapping

from ssm_securestring.runtime.calls import NoAnswerError, Transport
from ssm_securestring.runtime.credentials import find


def connect(service: str, *, region: str | None, seconds: float, environment: Mapping[str, str]) -> Transport:
    """Return a transport for the credentials that this process has.

    Args:
        service: ``ssm`` or ``kms``.
        region: Region. Default: ``AWS_REGION``, ``AWS_DEFAULT_REGION``, or that of boto3's profile.
        seconds: How long a call may take, all retries included.
        environment: Environment variables.

    Raises:
        NoAnswerError: boto3 is needed and not installed, or nothing tells the Region.
    """
    chosen = region or environment.get("AWS_REGION") or environment.get("AWS_DEFAULT_REGION")
    source = find(environment)
    if source is not None and chosen:
        from ssm_securestring.runtime.http import HttpTransport

        return HttpTransport(service, region=chosen, credentials=source, seconds=seconds, environment=environment)
    if source is not None and not _boto3_is_installed():
        raise NoAnswerError("no Region: set AWS_REGION or pass region")
    from ssm_securestring.runtime.client import Boto3Transport, make_client

    return Boto3Transport(make_client(service, region=chosen, seconds=seconds))


def this_environment() -> Mapping[str, str]:
    """Return the environment of this process, as it is at each look."""
    return os.environ


def _boto3_is_installed() -> bool:
    from importlib.util import find_spec

    return find_spec("boto3") is not None
