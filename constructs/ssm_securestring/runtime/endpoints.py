"""Where a service is reached: by Region and partition, or where the environment says."""

from collections.abc import Mapping
from typing import Final, NamedTuple

from ssm_securestring.core.errors import SettingError


class _Suffixes(NamedTuple):
    """DNS suffixes of a partition: the usual one, and that of endpoints that have IPv6 addresses too."""

    usual: str
    dual_stack: str


# AWS SDKs, partitions.json ("dnsSuffix", "dualStackDnsSuffix"). A Region that starts with none of these is in `aws`.
_BY_PREFIX: Final = {
    "cn-": _Suffixes("amazonaws.com.cn", "api.amazonwebservices.com.cn"),
    "us-gov-": _Suffixes("amazonaws.com", "api.aws"),
    "us-iso-": _Suffixes("c2s.ic.gov", "api.aws.ic.gov"),
    "us-isob-": _Suffixes("sc2s.sgov.gov", "api.aws.scloud"),
    "eu-isoe-": _Suffixes("cloud.adc-e.uk", "api.cloud-aws.adc-e.uk"),
    "us-isof-": _Suffixes("csp.hci.ic.gov", "api.aws.hci.ic.gov"),
    "eusc-": _Suffixes("amazonaws.eu", "api.amazonwebservices.eu"),
}
_COMMERCIAL: Final = _Suffixes("amazonaws.com", "api.aws")


def endpoint(service: str, region: str, environment: Mapping[str, str]) -> str:
    """Return the URL of a service.

    Args:
        service: ``ssm`` or ``kms``.
        region: Region, for example ``eu-west-1``.
        environment: Environment variables; those of the AWS SDKs are honoured: ``AWS_ENDPOINT_URL``, the same with
            ``_SSM`` or ``_KMS`` (which goes first), ``AWS_IGNORE_CONFIGURED_ENDPOINT_URLS``,
            ``AWS_USE_FIPS_ENDPOINT`` and ``AWS_USE_DUALSTACK_ENDPOINT``.

    Raises:
        SettingError: ``region`` cannot be one; it would become a part of the host's name.

    Source:
        https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html
    """
    if not region.replace("-", "").isalnum() or not region.isascii():
        raise SettingError("region", problem=f"is {region!r}", fix="write one such as 'eu-west-1'")
    if not _is_on(environment, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"):
        given = environment.get(f"AWS_ENDPOINT_URL_{service.upper()}") or environment.get("AWS_ENDPOINT_URL")
        if given:
            return given
    suffixes = next((each for prefix, each in _BY_PREFIX.items() if region.startswith(prefix)), _COMMERCIAL)
    fips, dual_stack = (_is_on(environment, f"AWS_USE_{name}_ENDPOINT") for name in ("FIPS", "DUALSTACK"))
    host = f"{service}-fips" if fips else service
    if fips and not dual_stack and service == "ssm" and region.startswith("us-gov-"):
        host = service  # Systems Manager's usual endpoints of this partition are the validated ones
    return f"https://{host}.{region}.{suffixes.dual_stack if dual_stack else suffixes.usual}"


def _is_on(environment: Mapping[str, str], name: str) -> bool:
    return environment.get(name, "").lower() == "true"
