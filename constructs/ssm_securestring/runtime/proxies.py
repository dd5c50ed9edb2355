"""Which proxy is on the way to a host, as the environment says."""

from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from ssm_securestring.core.errors import SettingError


class Proxy(NamedTuple):
    """Where a proxy is.

    Args:
        host: Its host.
        port: Its port.
        headers: Headers for the proxy alone, with its user and password.
    """

    host: str
    port: int
    headers: Mapping[str, str]


def proxy_for(scheme: str, host: str, environment: Mapping[str, str]) -> Proxy | None:
    """Return the proxy for a host; ``None`` if there is none.

    Args:
        scheme: ``http`` or ``https``.
        host: The host with its port.
        environment: Environment variables: ``HTTPS_PROXY``, ``http_proxy`` and ``NO_PROXY``.

    Raises:
        SettingError: The variable does not hold an http URL.
    """
    name = f"{scheme}_proxy"
    url = environment.get(name) or (environment.get(name.upper()) if scheme == "https" else None)
    if not url or _is_bypassed(host, environment):
        return None
    parts = urlsplit(url if "://" in url else f"http://{url}")
    if parts.scheme != "http" or not parts.hostname:
        raise SettingError(name.upper(), problem="is not an http URL", fix="write one such as 'http://proxy:3128'")
    headers = {}
    if parts.username:
        from base64 import b64encode

        account = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        headers["Proxy-Authorization"] = f"Basic {b64encode(account.encode()).decode()}"
    return Proxy(parts.hostname, parts.port or 80, headers)


def _is_bypassed(host: str, environment: Mapping[str, str]) -> bool:
    """Read ``NO_PROXY`` as the standard library does: hosts and domains, with or without a port; ``*`` means all."""
    exempt = environment.get("no_proxy") or environment.get("NO_PROXY") or ""
    name = host.rpartition(":")[0]
    for entry in (each.strip().lstrip(".").lower() for each in exempt.split(",")):
        if entry == "*" or (entry and any(f".{each}".endswith(f".{entry}") for each in (host, name))):
            return True
    return False
