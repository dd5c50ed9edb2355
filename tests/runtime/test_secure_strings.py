"""The helper against the embedded AWS: real SecureStrings, real permissions, real key states."""

import logging
import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import boto3
import pytest
from botocore.config import Config

from ssm_securestring import (
    ParameterAccessDeniedError,
    ParameterKeyError,
    ParameterNameError,
    ParameterNotFoundError,
    ParameterReadError,
    ParameterThrottledError,
    SecureStrings,
)
from ssm_securestring.local import EmbeddedAws
from ssm_securestring.runtime.failures import from_client_error

if TYPE_CHECKING:
    from types_boto3_kms import KMSClient
    from types_boto3_ssm import SSMClient

CANARY = "c4n4ry-correct-horse"
