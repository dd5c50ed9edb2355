"""Puts our KMS, Parameter Store and functions in the place of ministack's."""

import logging
import traceback
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from ssm_securestring.local.authorization import Authorizer
from ssm_securestring.local.keys.directory import KeyDirectory
from ssm_securestring.local.keys.service import KeyService
from ssm_securestring.local.parameters.quotas import RequestQuotas
from ssm_securestring.local.parameters.reading import ParameterReader
from ssm_securestring.local.parameters.service import OPERATIONS, ParameterService
from ssm_securestring.local.parameters.shares import RESOURCE_SHARE, ResourceShares
from ssm_securestring.local.parameters.sharing import ParameterSharing
from ssm_securestring.local.parameters.store import ParameterStore
from ssm_securestring.local.parameters.values import ValueCipher
from ssm_securestring.local.parameters.writing import ParameterWriter
from ssm_securestring.local.protocol import Caller, HttpAnswer, JsonObject, Payload, ServiceError, answer
from ssm_securestring.local.seam import Seam
from ssm_securestring.local.settings import Settings
from ssm_securestring.local.trail import Trail

Handler = Callable[[str, str, dict[str, str], bytes, dict[str, Any]], Awaitable[HttpAnswer]]
"""A service of ministack."""

_LOG: Final = logging.getLogger(__name__)
_TARGET: Final = "x-amz-target"
_CLOUDFORMATION: Final = "cloudformation.amazonaws.com"
# ministack makes the pair; the private half is wrapped by us, so it must come in the clear.
_PAIR_WITHOUT_PLAINTEXT: Final = "GenerateDataKeyPairWithoutPlaintext"


def install(seam: Seam, settings: Settings, trail: Trail) -> None:
    """Replace ministack's KMS and Parameter Store."""
    authorizer = Authorizer(seam)
    keys = KeyService(KeyDirectory(seam), authorizer, trail)
    store = ParameterStore(seam, deletion_pause_seconds=settings.deletion_pause_seconds)
    cipher = ValueCipher(keys, settings.advanced_suite)
    parameters = ParameterService(
        store=store,
        reader=ParameterReader(store, cipher),
        writer=ParameterWriter(store, cipher, settings.omitted_key),
        authorizer=authorizer,
        trail=trail,
        quotas=RequestQuotas(store.has_high_throughput) if settings.throttled else None,
    )
    seam.exempt_from_generic_authorisation(_is_ours)
    seam.name_sessions_by_their_role()
    _install_kms(seam, keys)
    _install_parameter_store(seam, parameters)
    shares = ResourceShares(ParameterSharing(store), lambda: _cloudformation(seam))
    seam.resource_handlers[RESOURCE_SHARE] = shares.handlers()


def _is_ours(action: str) -> bool:
    service, _, operation = action.partition(":")
    return service == "kms" or (service == "ssm" and operation in OPERATIONS)


def _install_kms(seam: Seam, keys: KeyService) -> None:
    async def handle(
        method: str, path: str, headers: dict[str, str], body: bytes, query_params: dict[str, Any]
    ) -> HttpAnswer:
        operation = _operation(headers)

        async def delegate() -> HttpAnswer:
            sent = headers
            if operation == _PAIR_WITHOUT_PLAINTEXT:
                sent = {**headers, _TARGET: "TrentService.GenerateDataKeyPair"}
            return await _tolerant(original(method, path, sent, body, query_params))

        return await _guarded(keys.serve(_caller(seam, headers, query_params), operation, body, delegate))

    original: Handler = seam.replace_kms(handle)


def _install_parameter_store(seam: Seam, parameters: ParameterService) -> None:
    async def handle(
        method: str, path: str, headers: dict[str, str], body: bytes, query_params: dict[str, Any]
    ) -> HttpAnswer:
        operation = _operation(headers)

        async def delegate() -> HttpAnswer:
            return await _tolerant(original(method, path, headers, body, query_params))

        if operation not in OPERATIONS:
            return await delegate()
        return await _guarded(parameters.serve(_caller(seam, headers, query_params), operation, body, delegate))

    def for_cloudformation(operation: str) -> Callable[[JsonObject], HttpAnswer]:
        def call(data: JsonObject) -> HttpAnswer:
            try:
                return answer(parameters.call(_cloudformation(seam), operation, Payload(data)))
            except ServiceError as error:
                return error.answer()

        return call

    def resolve(name_or_arn: str, version: str | None = None, decrypt: bool = False) -> str | None:  # noqa: FBT001, FBT002 - ministack's signature
        return parameters.resolve(_cloudformation(seam), name_or_arn, version=version, decrypt=decrypt)

    original: Handler = seam.replace_parameter_store(
        handler=handle,
        put=for_cloudformation("PutParameter"),
        delete=for_cloudformation("DeleteParameter"),
        resolve=resolve,
    )


async def _tolerant(work: Awaitable[HttpAnswer]) -> HttpAnswer:
    """Turn what ministack makes of a malformed request into AWS's answer to one."""
    try:
        return await work
    except (TypeError, ValueError, LookupError, AttributeError) as error:
        raise ServiceError("SerializationException", "A field of the request has a wrong type.") from error


async def _guarded(work: Awaitable[HttpAnswer]) -> HttpAnswer:
    """Turn every failure into an answer. What went wrong inside is logged by kind only: its text may hold a value."""
    try:
        return await work
    except ServiceError as error:
        return error.answer()
    except Exception as error:  # noqa: BLE001 - a fault of ours must not end the engine or show a value
        places = [f"{frame.filename}:{frame.lineno}" for frame in traceback.extract_tb(error.__traceback__)]
        _LOG.error("internal fault: %s at %s", type(error).__name__, places[-1])
        return ServiceError("InternalServerError", "An error occurred on the server side.", status=500).answer()


def _operation(headers: Mapping[str, str]) -> str:
    return headers.get(_TARGET, "").rpartition(".")[2]


def _caller(seam: Seam, headers: Mapping[str, str], query: Mapping[str, Any]) -> Caller:
    return Caller(
        access_key=seam.access_key(headers, query),
        arn=seam.caller_arn(headers, query),
        account=seam.account(),
        region=seam.region(),
    )


def _cloudformation(seam: Seam) -> Caller:
    """Return CloudFormation, which ministack runs as the account itself."""
    account = seam.account()
    return Caller(
        access_key="",
        arn=f"arn:aws:iam::{account}:root",
        account=account,
        region=seam.region(),
        invoked_by=_CLOUDFORMATION,
    )
