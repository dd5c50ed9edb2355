"""Gets values from their sources. A value is held in memory only, and no message repeats one."""

import json
import re
import secrets
from typing import Final, Protocol

from ssm_securestring.core.errors import LifecycleError
from ssm_securestring.core.limits import REFERENCE_PATTERN
from ssm_securestring.core.patterns import PLACEHOLDER_PREFIX
from ssm_securestring.core.sources import (
    CopySource,
    ExternalSource,
    GeneratedSource,
    NoEchoSource,
    SealedSource,
    SecretsManagerSource,
)
from ssm_securestring.core.spec import ParameterSpec
from ssm_securestring.handler.generating import generate

_PLACEHOLDER_BYTES: Final = 32
_REFERENCE: Final = re.compile(REFERENCE_PATTERN)
_NOT_JSON: Final = object()


class Elsewhere(Protocol):
    """Where values are copied from, for the parameter ``name``."""

    def secret_string(self, name: str, source: SecretsManagerSource) -> str | None:
        """Return the string of a secret; ``None`` if that secret is binary."""

    def copied(self, name: str, source: CopySource) -> str:
        """Return the value of another parameter."""

    def unsealed(self, name: str, source: SealedSource, *, parameter_arn: str) -> str:
        """Return the value that was sealed for the parameter with this ARN."""


def new_value(spec: ParameterSpec, *, elsewhere: Elsewhere, parameter_arn: str) -> str:
    """Return a value from the parameter's source.

    Args:
        spec: The parameter.
        elsewhere: Where it is copied from, if it is.
        parameter_arn: ARN of the parameter.

    Raises:
        LifecycleError: The secret does not hold what is to be taken from it.
    """
    source, name = spec.source, spec.name.text
    match source:
        case GeneratedSource():
            return generate(source)
        case ExternalSource():
            return PLACEHOLDER_PREFIX + secrets.token_urlsafe(_PLACEHOLDER_BYTES)
        case SecretsManagerSource():
            return _from_secret(name, source, elsewhere.secret_string(name, source))
        case CopySource():
            return elsewhere.copied(name, source)
        case NoEchoSource():
            return source.value
        case SealedSource():
            return elsewhere.unsealed(name, source, parameter_arn=parameter_arn)


def is_placeholder(value: str) -> bool:
    """Return whether a value is the one that an external parameter starts with."""
    return value.startswith(PLACEHOLDER_PREFIX)


def check_value(spec: ParameterSpec, value: str) -> None:
    """Refuse a value that Parameter Store would refuse, before it is sent.

    Raises:
        LifecycleError: It is empty, too long for the tier, or has a reference to another parameter in it.
    """
    name, size_bytes, limit_bytes = spec.name.text, len(value.encode()), spec.tier.max_value_bytes
    if not value:
        raise LifecycleError(
            name, problem="its value is empty", fix="Parameter Store keeps no empty value; give the source one"
        )
    if size_bytes > limit_bytes:
        raise LifecycleError(
            name,
            problem=f"its value has {size_bytes} bytes, and tier {spec.tier.value} takes {limit_bytes} at most",
            fix="Use a tier that takes more, or a shorter value",
        )
    if _REFERENCE.search(value):
        raise LifecycleError(
            name,
            problem="its value contains '{{...}}', which Parameter Store takes for a reference to another parameter",
            fix="Use a value without that, in Base64 for example",
        )


def _from_secret(name: str, source: SecretsManagerSource, text: str | None) -> str:
    if text is None:
        raise LifecycleError(
            name,
            problem=f"secret {source.secret_arn} is binary, and a parameter holds text",
            fix="Store it as a secret string, in Base64 for example",
        )
    return text if source.json_field is None else _field(name, source.secret_arn, source.json_field, text)


def _field(name: str, secret_arn: str, field: str, text: str) -> str:
    fields = _parsed(text)
    if not isinstance(fields, dict):
        problem = "is not JSON" if fields is _NOT_JSON else "is not a JSON object"
        raise LifecycleError(
            name,
            problem=f"secret {secret_arn} {problem}, so it has no field {field!r}",
            fix="Leave json_field out to take the whole secret",
        )
    if field not in fields:
        raise LifecycleError(
            name,
            problem=f"secret {secret_arn} has no field {field!r}",
            fix="Add the field to the secret, or correct json_field",
        )
    value = fields[field]
    if not isinstance(value, str):
        raise LifecycleError(
            name,
            problem=f"field {field!r} of secret {secret_arn} is neither text nor a number",
            fix="Make it text, or leave json_field out to take the whole secret",
        )
    return value


def _parsed(text: str) -> object:
    try:
        # Numbers as they are written: 007 is no JSON, but 1.10 is, and is not 1.1.
        return json.loads(text, parse_int=str, parse_float=str)
    except ValueError:
        # Not raised further: the error keeps the document.
        return _NOT_JSON
