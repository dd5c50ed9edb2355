"""The calls to Parameter Store and Secrets Manager. It knows how to make them, not when."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from ssm_securestring.core.errors import LifecycleError
from ssm_securestring.core.spec import ParameterSpec
from ssm_securestring.core.tiers import Tier
from ssm_securestring.handler import failures
from ssm_securestring.handler.failures import Operation, code_of, explain, is_downgrade, may_hold_value
from ssm_securestring.handler.plan import NOTHING, Observed, Presence, downgrade

if TYPE_CHECKING:
    from types_boto3_secretsmanager import SecretsManagerClient
    from types_boto3_ssm import SSMClient
    from types_boto3_ssm.type_defs import PutParameterRequestTypeDef, TagTypeDef

_RESOURCE_TYPE: Final = "Parameter"
# A role that was changed a moment ago is not everywhere yet: "changes that I make are not always immediately visible",
# IAM User Guide, "Troubleshoot IAM". Five tries within 15 seconds.
_WAITS_SECONDS: Final = (1.0, 2.0, 4.0, 8.0)
_MAY_PASS: Final = (*failures.ACCESS_DENIED, failures.TOO_MANY_UPDATES)

_Answer = TypeVar("_Answer")


class NameTakenError(LifecycleError):
    """A parameter of this name exists, so it was not created."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What Parameter Store says about a version that it wrote."""

    version: int
    tier: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Present:
    """A value with its version. The value stays in memory."""

    value: str = field(repr=False)
    version: int


class Store:
    """Parameter Store, and Secrets Manager as far as values come from there.

    Every refusal leaves as a :class:`~ssm_securestring.core.errors.LifecycleError`.

    Args:
        ssm: Client of Parameter Store.
        secretsmanager: Client of Secrets Manager.
        sleep: How to wait before a call is tried again.
    """

    def __init__(
        self,
        *,
        ssm: "SSMClient",
        secretsmanager: "SecretsManagerClient",
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._ssm = ssm
        self._secretsmanager = secretsmanager
        self._sleep = sleep

    def observe(self, name: str) -> Observed:
        """Return whether the parameter exists, and its tags.

        A refusal is an answer here: the role may ask for the tags of its own stack's parameters only.
        """
        try:
            answer = self._ssm.list_tags_for_resource(ResourceType=_RESOURCE_TYPE, ResourceId=name)
        except ClientError as error:
            if code_of(error) in failures.NOT_FOUND:
                return NOTHING
            if code_of(error) in failures.ACCESS_DENIED:
                return Observed(presence=Presence.HIDDEN)
            raise explain(name, failures.LIST_TAGS, error) from error
        except BotoCoreError as error:
            raise explain(name, failures.LIST_TAGS, error) from error
        tags = {tag["Key"]: tag["Value"] for tag in answer.get("TagList", [])}
        return Observed(presence=Presence.PRESENT, tags=tags)

    def create(self, spec: ParameterSpec, *, value: str, tags: Mapping[str, str]) -> Written:
        """Create a parameter with its tags, in one call.

        Raises:
            NameTakenError: One of this name exists.
        """
        request = _put_request(spec, value)
        if spec.description:
            request["Description"] = spec.description
        request["Tags"] = _tag_list(tags)
        return self._put(spec, request)

    def overwrite(self, spec: ParameterSpec, *, value: str) -> Written:
        """Put a new version, with every attribute that is ours to say."""
        request = _put_request(spec, value)
        request["Overwrite"] = True
        # Also when empty: an attribute that is left out keeps what it was.
        request["Description"] = spec.description
        return self._put(spec, request)

    def read(self, name: str, *, version: int | None = None) -> Present:
        """Return the present value, or that of an older version."""
        selector = name if version is None else f"{name}:{version}"
        answer = self._patiently(
            name, failures.GET, lambda: self._ssm.get_parameter(Name=selector, WithDecryption=True)
        )
        return Present(value=answer["Parameter"]["Value"], version=answer["Parameter"]["Version"])

    def state(self, spec: ParameterSpec) -> Written:
        """Return version and tier of what is there, without decrypting it."""
        name = spec.name.text
        answer = self._patiently(name, failures.GET, lambda: self._ssm.get_parameter(Name=name, WithDecryption=False))
        version = answer["Parameter"]["Version"]
        # Otherwise it is what was asked for: Parameter Store refuses what it cannot give.
        chosen_by_service = spec.tier is Tier.INTELLIGENT_TIERING
        return Written(version=version, tier=self._tier(name, version) if chosen_by_service else spec.tier.value)

    def add_tags(self, name: str, tags: Mapping[str, str]) -> None:
        """Set tags."""
        self._patiently(
            name,
            failures.ADD_TAGS,
            lambda: self._ssm.add_tags_to_resource(ResourceType=_RESOURCE_TYPE, ResourceId=name, Tags=_tag_list(tags)),
        )

    def remove_tags(self, name: str, keys: tuple[str, ...]) -> None:
        """Remove tags."""
        self._patiently(
            name,
            failures.REMOVE_TAGS,
            lambda: self._ssm.remove_tags_from_resource(
                ResourceType=_RESOURCE_TYPE, ResourceId=name, TagKeys=list(keys)
            ),
        )

    def delete(self, name: str) -> None:
        """Delete a parameter. One that is gone already is no error."""
        try:
            self._ssm.delete_parameter(Name=name)
        except ClientError as error:
            if code_of(error) not in failures.NOT_FOUND:
                raise explain(name, failures.DELETE, error) from error
        except BotoCoreError as error:
            raise explain(name, failures.DELETE, error) from error

    def secret_string(self, name: str, *, secret_arn: str) -> str | None:
        """Return the current string of a secret, for the parameter ``name``; ``None`` if the secret is binary."""
        answer = self._patiently(
            name, failures.GET_SECRET, lambda: self._secretsmanager.get_secret_value(SecretId=secret_arn)
        )
        return answer.get("SecretString")

    def _tier(self, name: str, version: int) -> str:
        history = self._ssm.get_paginator("get_parameter_history").paginate(Name=name)
        entries = self._patiently(
            name, failures.HISTORY, lambda: [entry for page in history for entry in page["Parameters"]]
        )
        tiers = [str(entry["Tier"]) for entry in entries if entry["Version"] == version]
        return tiers[0] if tiers else Tier.INTELLIGENT_TIERING.value

    def _put(self, spec: ParameterSpec, request: "PutParameterRequestTypeDef") -> Written:
        answer = self._patiently(spec.name.text, failures.PUT, lambda: self._ssm.put_parameter(**request))
        return Written(version=answer["Version"], tier=str(answer["Tier"]))

    def _patiently(self, name: str, operation: Operation, call: Callable[[], _Answer]) -> _Answer:
        waits = iter(_WAITS_SECONDS)
        while True:
            try:
                return call()
            except (BotoCoreError, ClientError) as error:
                wait = next(waits, None) if _may_pass(error) else None
                if wait is None:
                    refusal = _translated(name, operation, error)
                    if not may_hold_value(error):
                        raise refusal from error
                    break
            self._sleep(wait)
        # Out here the error is no context of the refusal: its text may repeat a value that was sent.
        raise refusal


def _may_pass(error: BotoCoreError | ClientError) -> bool:
    return isinstance(error, ClientError) and code_of(error) in _MAY_PASS


def _translated(name: str, operation: Operation, error: BotoCoreError | ClientError) -> LifecycleError:
    if isinstance(error, ClientError) and code_of(error) == failures.ALREADY_EXISTS:
        return NameTakenError(name, problem="a parameter of this name exists", fix="Delete it, or use another name")
    return downgrade(name) if is_downgrade(error) else explain(name, operation, error)


def _put_request(spec: ParameterSpec, value: str) -> "PutParameterRequestTypeDef":
    return {
        "Name": spec.name.text,
        "Value": value,
        "Type": "SecureString",
        # Both always: what Parameter Store does without them depends on the account, or is disputed.
        "KeyId": spec.key_id,
        "Tier": spec.tier.value,
    }


def _tag_list(tags: Mapping[str, str]) -> "list[TagTypeDef]":
    return [{"Key": key, "Value": text} for key, text in tags.items()]
