"""The calls to Parameter Store and Secrets Manager. It knows how to make them, not when."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from ssm_securestring.core.errors import LifecycleError, SettingError
from ssm_securestring.core.names import ParameterArn
from ssm_securestring.core.patterns import ANYTHING
from ssm_securestring.core.policies import has_expired, policies_text
from ssm_securestring.core.sealing import SealedText, key_region_of, sealing_context
from ssm_securestring.core.sources import CopySource, SealedSource, SecretsManagerSource
from ssm_securestring.core.spec import ParameterSpec
from ssm_securestring.core.tiers import Tier
from ssm_securestring.handler import failures
from ssm_securestring.handler.failures import Operation, code_of, explain, is_downgrade, may_hold_value
from ssm_securestring.handler.observed import NOTHING, Observed, Presence
from ssm_securestring.handler.refusals import DowngradeError, damaged_seal, foreign_part, sealed_elsewhere
from ssm_securestring.handler.throttling import Throttles

if TYPE_CHECKING:
    from types_boto3_cloudformation import CloudFormationClient
    from types_boto3_kms import KMSClient
    from types_boto3_kms.type_defs import DecryptRequestTypeDef
    from types_boto3_secretsmanager import SecretsManagerClient
    from types_boto3_ssm import SSMClient
    from types_boto3_ssm.type_defs import ParameterHistoryTypeDef, PutParameterRequestTypeDef, TagTypeDef

_RESOURCE_TYPE: Final = "Parameter"
# A role that was changed a moment ago is not everywhere yet: "changes that I make are not always immediately visible",
# IAM User Guide, "Troubleshoot IAM". Five tries within 15 seconds.
_WAITS_SECONDS: Final = (1.0, 2.0, 4.0, 8.0)
# CloudFormation User Guide, "Stack status codes": UPDATE_ROLLBACK_IN_PROGRESS and its like.
_ROLLING_BACK: Final = "ROLLBACK_IN_PROGRESS"
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a parameter is, without its value.

    Args:
        kind: Its type.
        tier: Its tier.
        key_id: Its key, in the words of whoever put it: ARN, id or alias. Empty if it is not encrypted.
        allowed_pattern: Its allowed pattern. Empty for none.
    """

    kind: str
    tier: str
    key_id: str
    allowed_pattern: str = ""


class Store:
    """Parameter Store, and what else values and their fate depend on: other Regions, Secrets Manager, CloudFormation.

    Every refusal leaves as a :class:`~ssm_securestring.core.errors.LifecycleError`.

    Args:
        ssm: Client of Parameter Store.
        secretsmanager: Client of Secrets Manager.
        cloudformation: Makes a client of CloudFormation; few requests need one.
        kms: Makes a client of KMS, for sealed values.
        ssm_in: Makes a client of Parameter Store in another Region; few requests need one.
        sleep: How to wait before a call is tried again.
        throttles: Counts what these clients are refused for their rate. Default: nothing does.
    """

    def __init__(
        self,
        *,
        ssm: "SSMClient",
        secretsmanager: "SecretsManagerClient",
        cloudformation: "Callable[[], CloudFormationClient]",
        kms: "Callable[[], KMSClient]",
        ssm_in: "Callable[[str], SSMClient]",
        sleep: Callable[[float], None] = time.sleep,
        throttles: Throttles | None = None,
    ) -> None:
        self._ssm = ssm
        self._secretsmanager = secretsmanager
        self._cloudformation = cloudformation
        self._kms = kms
        self._ssm_in = ssm_in
        self._sleep = sleep
        self.throttles = throttles or Throttles()

    def observe(self, name: str, *, patient: bool = False) -> Observed:
        """Return whether the parameter exists, and its tags.

        A refusal is an answer here: the role may ask for the tags of its own stack's parameters only.

        Args:
            name: The parameter.
            patient: Whether to ask a refusal again, since IAM may not see the tags of a new parameter yet.
        """
        waits = _WAITS_SECONDS if patient else ()
        try:
            answer = self._patiently(
                name,
                failures.LIST_TAGS,
                lambda: self._ssm.list_tags_for_resource(ResourceType=_RESOURCE_TYPE, ResourceId=name),
                waits=waits,
            )
        except failures.AwsRefusalError as error:
            if error.code in failures.NOT_FOUND:
                return NOTHING
            if error.code in failures.ACCESS_DENIED:
                return Observed(presence=Presence.HIDDEN)
            raise
        tags = {tag["Key"]: tag["Value"] for tag in answer.get("TagList", [])}
        return Observed(presence=Presence.PRESENT, tags=tags)

    def is_rolling_back(self, stack_id: str, *, name: str) -> bool:
        """Return whether the stack is undoing an update. The events do not tell.

        ``False`` where the role may not ask: that of a stack from before this was asked.
        """
        try:
            answer = self._patiently(
                name, failures.DESCRIBE_STACKS, lambda: self._cloudformation().describe_stacks(StackName=stack_id)
            )
        except failures.AwsRefusalError as error:
            if error.code in failures.ACCESS_DENIED:
                return False
            raise
        return answer["Stacks"][0]["StackStatus"].endswith(_ROLLING_BACK)

    def create(self, spec: ParameterSpec, *, value: str, tags: Mapping[str, str]) -> Written:
        """Create a parameter with its tags, in one call.

        Raises:
            NameTakenError: One of this name exists.
        """
        request = _put_request(spec, value)
        if spec.description:
            request["Description"] = spec.description
        if spec.allowed_pattern:
            request["AllowedPattern"] = spec.sent_pattern
        if spec.policies:
            request["Policies"] = policies_text(spec.policies)
        request["Tags"] = _tag_list(tags)
        return self._put(spec, request)

    def overwrite(
        self, spec: ParameterSpec, *, value: str, clear_policies: bool = False, clear_pattern: bool = False
    ) -> Written:
        """Put a new version, with every attribute that is ours to say.

        Raises:
            DowngradeError: It is an advanced parameter, and was to become a standard one.
        """
        request = _put_request(spec, value)
        request["Overwrite"] = True
        # Also when empty: an attribute that is left out keeps what it was.
        request["Description"] = spec.description
        if spec.allowed_pattern or clear_pattern:
            request["AllowedPattern"] = spec.sent_pattern or ANYTHING
        # A moment that has passed may be refused, which would leave a rollback stuck. Left out, they stay as they are.
        sent = spec.policies and not has_expired(spec.policies, now=datetime.now(UTC))
        if sent or (clear_policies and spec.tier is not Tier.STANDARD):
            request["Policies"] = policies_text(spec.policies)
        return self._put(spec, request)

    def read(self, name: str, *, version: int | None = None) -> Present:
        """Return the present value, or that of an older version."""
        selector = name if version is None else f"{name}:{version}"
        answer = self._patiently(
            name, failures.GET, lambda: self._ssm.get_parameter(Name=selector, WithDecryption=True)
        )
        return Present(value=answer["Parameter"]["Value"], version=answer["Parameter"]["Version"])

    def version(self, name: str) -> int:
        """Return the newest version, without decrypting it."""
        answer = self._patiently(name, failures.GET, lambda: self._ssm.get_parameter(Name=name, WithDecryption=False))
        return answer["Parameter"]["Version"]

    def found(self, name: str) -> Found:
        """Return what a parameter is, without decrypting it."""
        newest = max(self._history(name), key=lambda entry: entry["Version"])
        return Found(
            kind=newest["Type"],
            tier=newest["Tier"],
            key_id=newest.get("KeyId", ""),
            allowed_pattern=newest.get("AllowedPattern", ""),
        )

    def state(self, spec: ParameterSpec) -> Written:
        """Return version and tier of what is there, without decrypting it."""
        name = spec.name.text
        version = self.version(name)
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
            self._patiently(name, failures.DELETE, lambda: self._ssm.delete_parameter(Name=name))
        except failures.AwsRefusalError as error:
            if error.code not in failures.NOT_FOUND:
                raise

    def pause(self, seconds: float) -> None:
        """Wait."""
        self._sleep(seconds)

    def secret_string(self, name: str, source: SecretsManagerSource) -> str | None:
        """Return the string of a secret, for the parameter ``name``; ``None`` if the secret is binary."""
        answer = self._patiently(
            name,
            failures.GET_SECRET,
            lambda: self._secretsmanager.get_secret_value(
                SecretId=source.secret_arn, VersionStage=source.version_stage
            ),
        )
        return answer.get("SecretString")

    def copied(self, name: str, source: CopySource) -> str:
        """Return the value of another parameter, for the parameter ``name``."""
        region = ParameterArn.parse(source.parameter_arn).region
        ssm = self._ssm if region == self._ssm.meta.region_name else self._ssm_in(region)
        answer = self._patiently(
            name,
            failures.GET_COPIED,
            lambda: ssm.get_parameter(Name=source.parameter_arn, WithDecryption=True),
        )
        return answer["Parameter"]["Value"]

    def unsealed(self, name: str, source: SealedSource, *, parameter_arn: str) -> str:
        """Return the value that was sealed for the parameter ``name`` with this ARN.

        Raises:
            LifecycleError: It was sealed for another one, is not whole, or is damaged.
        """
        try:
            sealed = SealedText.parse(source.ciphertext)
        except SettingError as error:
            raise damaged_seal(name) from error
        key_region, region = key_region_of(source.key_arn), ParameterArn.parse(parameter_arn).region
        if key_region and key_region != region:
            raise sealed_elsewhere(name, key_region=key_region, region=region)
        kms, parts = self._kms(), len(sealed.ciphertexts)
        opened = b""
        for part, ciphertext in enumerate(sealed.ciphertexts, 1):
            context = sealing_context(parameter_arn, sealing_id=sealed.sealing_id, part=part, parts=parts)
            request: DecryptRequestTypeDef = {
                "CiphertextBlob": ciphertext,
                "KeyId": source.key_arn,
                "EncryptionContext": context,
            }
            opened += self._open(name, kms, request, part=part)
        try:
            return opened.decode()
        except UnicodeDecodeError:
            pass
        # Out here, since the error keeps the value.
        raise damaged_seal(name)

    def _open(self, name: str, kms: "KMSClient", request: "DecryptRequestTypeDef", *, part: int) -> bytes:
        try:
            return self._patiently(name, failures.UNSEAL, lambda: kms.decrypt(**request))["Plaintext"]
        except failures.AwsRefusalError as error:
            if part == 1 or error.code != failures.WRONG_CIPHERTEXT:
                raise
            # The first part opened: name, Region and account are right.
            raise foreign_part(name, part=part) from error

    def _tier(self, name: str, version: int) -> str:
        tiers = [str(entry["Tier"]) for entry in self._history(name) if entry["Version"] == version]
        return tiers[0] if tiers else Tier.INTELLIGENT_TIERING.value

    def _history(self, name: str) -> "list[ParameterHistoryTypeDef]":
        pages = self._ssm.get_paginator("get_parameter_history").paginate(Name=name)
        return self._patiently(
            name, failures.HISTORY, lambda: [entry for page in pages for entry in page["Parameters"]]
        )

    def _put(self, spec: ParameterSpec, request: "PutParameterRequestTypeDef") -> Written:
        answer = self._patiently(spec.name.text, failures.PUT, lambda: self._ssm.put_parameter(**request))
        return Written(version=answer["Version"], tier=str(answer["Tier"]))

    def _patiently(
        self,
        name: str,
        operation: Operation,
        call: Callable[[], _Answer],
        *,
        waits: Sequence[float] = _WAITS_SECONDS,
    ) -> _Answer:
        left = iter(waits)
        while True:
            try:
                return call()
            except (BotoCoreError, ClientError) as error:
                wait = next(left, None) if _may_pass(error) else None
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
    if is_downgrade(error):
        return DowngradeError(name)
    return explain(name, operation, error)


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
