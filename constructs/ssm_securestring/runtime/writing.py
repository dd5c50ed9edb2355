"""Stores values. A SecureString keeps its key, tier and description, and nothing is created unless that is asked for.

Whoever leaves ``KeyId`` or ``Tier`` out of ``PutParameter`` gets what the account or the service chooses, so both are
always sent: as the caller says, or as they are.

Source:
    https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_PutParameter.html
"""

import re
import time
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from ssm_securestring.core import errors
from ssm_securestring.core.limits import REFERENCE_PATTERN
from ssm_securestring.core.names import ParameterName
from ssm_securestring.core.tiers import Tier
from ssm_securestring.runtime.calls import OUT_OF_STEP, NoAnswerError, ServiceRefusalError, Transport
from ssm_securestring.runtime.failures import from_no_answer, from_refusal, is_passing, missing
from ssm_securestring.runtime.reader import Reader
from ssm_securestring.runtime.record import Record
from ssm_securestring.runtime.reference import key_of, parse
from ssm_securestring.runtime.secret import SecretValue

_SECURE_STRING: Final = "SecureString"
_DEFAULT_DATA_TYPE: Final = "text"
_REFERENCE: Final = re.compile(REFERENCE_PATTERN)
# What a refusal of these says is needed to tell what it means. The text of others may repeat the value.
_TELLING: Final = frozenset({"AccessDeniedException", "InvalidKeyId"})
# SSM API reference, PutParameter, errors.
_WRITE_ERRORS: Final = {
    "ParameterAlreadyExists": (
        "was made by somebody else meanwhile",
        "Look at what it holds; if it is to be overwritten, put the value again.",
    ),
    "ParameterPatternMismatchException": (
        "its AllowedPattern does not admit the value",
        "Store a value that matches, or change the pattern.",
    ),
    "HierarchyTypeMismatchException": ("is no SecureString", "Make a new parameter; a type does not change."),
    "ParameterMaxVersionLimitExceeded": (
        "has a hundred versions, and the oldest has a label",
        "Move that label to a newer version.",
    ),
    "ParameterLimitExceeded": (
        "would be one too many in this account and Region",
        "Delete some, or use the advanced tier.",
    ),
}


class Wanted(NamedTuple):
    """How a value is to be stored; what is ``None`` stays as it is.

    Args:
        key_id: KMS key.
        tier: Tier.
        description: Description.
        create: Make the parameter if there is none.
    """

    key_id: str | None
    tier: Tier | None
    description: str | None
    create: bool


def wanted(
    *, key_id: str | None = None, tier: Tier | str | None = None, description: str | None = None, create: bool = False
) -> Wanted:
    """Check the settings of a write.

    Raises:
        SettingError: ``tier`` is none, or ``create`` is asked for without a key.
    """
    try:
        checked = None if tier is None else Tier(tier)
    except ValueError:
        fix = f"write one of {', '.join(repr(each.value) for each in Tier)}"
        raise errors.SettingError("tier", problem=f"is {tier!r}", fix=fix) from None
    if create and not key_id:
        fix = "name the KMS key that shall encrypt the parameter; 'alias/aws/ssm' is the AWS managed one"
        raise errors.SettingError("key_id", problem="is missing, which create=True needs", fix=fix)
    return Wanted(key_id, checked, description, create)


def put(reader: Reader, name: str, value: SecretValue, how: Wanted) -> int:
    """Store a value and return its version.

    Raises:
        ParameterNameError: ``name`` is no name by which a parameter can be written.
        ParameterReadError: It could not be stored.
    """
    _check_name(name)
    _check_value(name, value, Tier.ADVANCED)
    transport = reader.connected(name)
    fields = _look(transport, name, how)
    if fields is None:
        return _create(reader, transport, name, value, how)
    if key_of(str(fields["Name"]), "") != key_of(name, ""):
        # It would be stored in another parameter.
        transport.reset()
        raise from_no_answer(name, NoAnswerError(OUT_OF_STEP))
    return _overwrite(reader, transport, fields, value, how)


def rotate(reader: Reader, name: str, make: Callable[[SecretValue], str | SecretValue], how: Wanted) -> int:
    """Replace a value by one that is made from it, and return the new version.

    Raises:
        ParameterNameError: ``name`` is no name by which a parameter can be written.
        ParameterReadError: It could not be read or stored. Whatever ``make`` raises comes out as it is.
    """
    _check_name(name)
    outcome = reader.read([parse(name)], fresh=True)[name]
    if not isinstance(outcome, Record):
        raise outcome from outcome.__cause__
    _check_type(name, outcome.type)
    value = secret(make(outcome.value))
    version = put(reader, name, value, how)
    if version > outcome.version + 1:
        _warn_of_another_writer(name, outcome.version, version)
    return version


def secret(value: str | SecretValue) -> SecretValue:
    """Wrap a value, so that no frame of a traceback shows it.

    Raises:
        TypeError: It is no text.
    """
    if isinstance(value, SecretValue):
        return value
    if not isinstance(value, str):
        raise TypeError(f"a value is a str or a SecretValue, not {type(value).__name__}")
    return SecretValue(value)


def _check_name(name: str) -> None:
    if name.startswith("arn:") or ":" in name:
        fix = "write the name alone: what is stored becomes the newest version in this account and Region"
        raise errors.ParameterNameError(name, problem="is an ARN, or has a version or label", fix=fix)
    ParameterName(name)


def _check_type(name: str, kind: str) -> None:
    if kind != _SECURE_STRING:
        raise errors.ParameterWriteError(
            name,
            problem=f"is a {kind}, which is stored in clear",
            fix="Make a SecureString under another name, and delete this one.",
            code="HierarchyTypeMismatchException",
        )


def _check_value(name: str, value: SecretValue, tier: Tier) -> None:
    size = len(value.reveal().encode("utf-8", errors="surrogatepass"))
    if size > tier.max_value_bytes:
        fix = "Store a shorter value, or keep it in Secrets Manager."
        if tier is Tier.STANDARD:
            fix = (
                f'Pass tier="{Tier.ADVANCED.value}", which admits {Tier.ADVANCED.max_value_bytes} bytes and is charged.'
            )
        raise errors.ParameterTooLargeError(
            name,
            problem=f"the value has {size} bytes, and the tier {tier.value} admits {tier.max_value_bytes}",
            fix=fix,
            code="ValueTooLarge",
        )
    if not size or _REFERENCE.search(value.reveal()):
        problem = "the value is empty" if not size else "the value has {{...}}, which Parameter Store refuses"
        raise errors.ParameterWriteError(name, problem=problem, fix="Store another value.", code="ValueRefused")


def _look(transport: Transport, name: str, how: Wanted) -> Mapping[str, Any] | None:
    """Return the parameter's fields as they are, or ``None`` if there is none."""
    if how.key_id is None or how.tier is None or how.description is None:
        return _described(transport, name)
    # Nothing would be lost, so that the permission to describe every parameter of the account is not needed.
    try:
        answer = transport.call("GetParameter", {"Name": name, "WithDecryption": False})
    except ServiceRefusalError as refusal:
        if refusal.code == "ParameterNotFound":
            return None
        raise from_refusal(name, refusal) from refusal
    except NoAnswerError as failure:
        raise from_no_answer(name, failure) from failure
    return _fields(answer.data["Parameter"])


def _described(transport: Transport, name: str) -> Mapping[str, Any] | None:
    # A name of one level is the same with and without its slash, and is described as it was made.
    spellings = [name] if "/" in name[1:] else [name, name[1:] if name.startswith("/") else f"/{name}"]
    request: dict[str, object] = {"ParameterFilters": [{"Key": "Name", "Option": "Equals", "Values": spellings}]}
    while True:
        try:
            answer = transport.call("DescribeParameters", request)
        except ServiceRefusalError as refusal:
            raise from_refusal(name, refusal, action="ssm:DescribeParameters") from refusal
        except NoAnswerError as failure:
            raise from_no_answer(name, failure) from failure
        if answer.data["Parameters"]:
            return _fields(answer.data["Parameters"][0])
        if not answer.data.get("NextToken"):
            return None
        request["NextToken"] = answer.data["NextToken"]


def _fields(data: Any) -> Mapping[str, Any]:  # noqa: ANN401 - a part of an answer
    return {name: field for name, field in data.items() if name != "Value"}


def _create(reader: Reader, transport: Transport, name: str, value: SecretValue, how: Wanted) -> int:
    if not how.create:
        error = missing(name)
        error.fix += " To make it, pass create=True and key_id."
        raise errors.ParameterNotFoundError(name, problem=error.problem, fix=error.fix, code=error.code)
    tier = how.tier or Tier.STANDARD
    _check_value(name, value, tier)
    request = {"Name": name, "KeyId": how.key_id, "Tier": tier.value, "Description": how.description or ""}
    version: int = _send(reader, transport, request, value)["Version"]
    reader.forget([parse(name)])
    return version


def _overwrite(reader: Reader, transport: Transport, fields: Mapping[str, Any], value: SecretValue, how: Wanted) -> int:
    name = str(fields["Name"])
    _check_type(name, fields["Type"])
    tier = how.tier or Tier(fields.get("Tier", Tier.STANDARD))
    if tier is Tier.STANDARD and fields.get("Tier") == Tier.ADVANCED:
        fix = "Leave tier out. An advanced parameter becomes standard only by deleting it and making it again."
        raise errors.ParameterWriteError(name, problem="is advanced", fix=fix, code="ValidationException")
    _check_value(name, value, tier)
    request = {"Name": name, "Overwrite": True, "KeyId": how.key_id or fields["KeyId"], "Tier": tier.value}
    description = fields.get("Description") if how.description is None else how.description
    if description is not None:
        request["Description"] = description
    if fields.get("AllowedPattern"):
        request["AllowedPattern"] = fields["AllowedPattern"]
    # Left out, it becomes the default. Policies stay until others are sent (Systems Manager User Guide, "Assigning
    # parameter policies").
    if fields.get("DataType", _DEFAULT_DATA_TYPE) != _DEFAULT_DATA_TYPE:
        request["DataType"] = fields["DataType"]
    began = time.monotonic()
    version: int = _send(reader, transport, request, value)["Version"]
    if "ARN" in fields:
        record = Record(name, value, version, fields["ARN"], _SECURE_STRING)
        reader.learn(record, began=began)
    else:
        reader.forget([parse(name)])
    return version


def _send(reader: Reader, transport: Transport, request: Mapping[str, object], value: SecretValue) -> Mapping[str, Any]:
    name = str(request["Name"])
    try:
        return transport.call("PutParameter", {**request, "Type": _SECURE_STRING, "Value": value.reveal()}).data
    except ServiceRefusalError as refusal:
        error = _refused(name, refusal)
    except NoAnswerError as failure:
        error = from_no_answer(name, NoAnswerError(failure.reason, credentials=failure.credentials))
    if is_passing(error):
        # It may have been stored all the same.
        reader.forget([parse(name)])
    # Outside of the except block, and with a cause that has no traceback: frames of the transport hold the request.
    raise error


def _refused(name: str, refusal: ServiceRefusalError) -> errors.ParameterReadError:
    text = refusal.text if refusal.code in _TELLING else ""
    said = ServiceRefusalError(refusal.code, text, request_id=refusal.request_id, status=refusal.status)
    if refusal.code in _WRITE_ERRORS:
        problem, fix = _WRITE_ERRORS[refusal.code]
        error: errors.ParameterReadError = errors.ParameterWriteError(
            name, problem=problem, fix=fix, code=refusal.code, request_id=refusal.request_id
        )
        error.__cause__ = said
        return error
    return from_refusal(name, said, action="ssm:PutParameter")


def _warn_of_another_writer(name: str, read: int, written: int) -> None:
    import logging

    logging.getLogger("ssm_securestring").warning(
        "parameter %s: version %d was made of version %d, and what was stored in between is in its history only.",
        *(name, written, read),
    )
