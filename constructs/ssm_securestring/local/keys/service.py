"""KMS: who may do what to which key, in which state; then the operation itself."""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import nullcontext
from typing import Any, Final

from ssm_securestring.local.authorization import Authorizer, context_fits, is_grantee
from ssm_securestring.local.keys import operations
from ssm_securestring.local.keys.ciphertext import Ciphertext, CiphertextError
from ssm_securestring.local.keys.conditions import (
    call_conditions,
    context_conditions,
    encryption_context,
    key_conditions,
)
from ssm_securestring.local.keys.directory import Key, KeyDirectory, alias_arn, chosen_key_id
from ssm_securestring.local.keys.policies import check_key_policy
from ssm_securestring.local.keys.states import state_refusal
from ssm_securestring.local.protocol import (
    ERROR_STATUS,
    Caller,
    HttpAnswer,
    JsonObject,
    Payload,
    ServiceError,
    answer,
    missing,
)
from ssm_securestring.local.trail import Trail, TrailDraft, shown_parameters

SOURCE: Final = "kms.amazonaws.com"
_NO_KEY: Final = frozenset(
    {"CreateKey", "ListKeys", "ListAliases", "GenerateRandom", "ListRetirableGrants", "RetireGrant"}
)
# KMS Developer Guide, "Allowing users in other accounts to use a KMS key", beside the cryptographic operations.
_ACROSS_ACCOUNTS: Final = frozenset(
    {
        *("CreateGrant", "DescribeKey", "GetKeyRotationStatus", "GetPublicKey", "ListGrants", "RetireGrant"),
        *("RevokeGrant", "Encrypt", "Decrypt", "Sign", "Verify", "GenerateMac", "VerifyMac", "DeriveSharedSecret"),
        *("GenerateDataKeyPair", "GenerateDataKeyPairWithoutPlaintext"),
    }
)
_SETS_POLICY: Final = frozenset({"CreateKey", "PutKeyPolicy"})
_ALIAS_OPERATIONS: Final = frozenset({"CreateAlias", "UpdateAlias", "DeleteAlias"})
# Operations that take an alias for a key.
_TAKES_ALIAS: Final = frozenset(
    {
        *("Encrypt", "GenerateDataKey", "GenerateDataKeyWithoutPlaintext", "GenerateDataKeyPair", "DescribeKey"),
        *("GenerateDataKeyPairWithoutPlaintext", "GetPublicKey", "Sign", "Verify", "GenerateMac", "VerifyMac"),
        "DeriveSharedSecret",
    }
)
_ENCRYPTS: Final = frozenset(
    {
        *("Encrypt", "GenerateDataKey", "GenerateDataKeyWithoutPlaintext", "GenerateDataKeyPair"),
        "GenerateDataKeyPairWithoutPlaintext",
    }
)
_PAIRS: Final = frozenset({"GenerateDataKeyPair", "GenerateDataKeyPairWithoutPlaintext"})
# KMS Developer Guide, "Quotas": on-demand rotations per key.
_MAX_ROTATIONS: Final = 25
_RESERVED_ALIAS: Final = "alias/aws/"

Delegate = Callable[..., Awaitable[HttpAnswer]]
"""ministack's own KMS, for what is not replaced."""


class KeyService:
    """KMS.

    Args:
        directory: Finds keys.
        authorizer: Decides.
        trail: Records.
    """

    def __init__(self, directory: KeyDirectory, authorizer: Authorizer, trail: Trail) -> None:
        """Keep the collaborators."""
        self.directory = directory
        self._authorizer = authorizer
        self._trail = trail
        self._own: dict[str, Callable[[Caller, Payload, TrailDraft], JsonObject]] = {
            "Encrypt": self._encrypt,
            "Decrypt": self._decrypt,
            "ReEncrypt": self._re_encrypt,
            "GenerateDataKey": self._generate_data_key,
            "GenerateDataKeyWithoutPlaintext": self._generate_data_key_without_plaintext,
            "RotateKeyOnDemand": self._rotate,
            "ListKeyRotations": self._list_rotations,
        }

    def call(self, caller: Caller, operation: str, data: JsonObject) -> JsonObject:
        """Carry out one of the replaced operations.

        Raises:
            ServiceError: KMS refuses.
        """
        payload = Payload(data)
        with self._trail.recording(self._draft(caller, operation, payload)) as draft:
            return self._own[operation](caller, payload, draft)

    async def serve(
        self, caller: Caller, operation: str, body: bytes, delegate: Callable[[], Awaitable[HttpAnswer]]
    ) -> HttpAnswer:
        """Answer a request."""
        payload = Payload.parse(body)
        with self._trail.recording(self._draft(caller, operation, payload)) as draft:
            own = self._own.get(operation)
            if own and not self._is_asymmetric_use(caller, operation, payload):
                return answer(own(caller, payload, draft))
            key = self._authorize_delegated(caller, operation, payload, body, draft)
            chosen = chosen_key_id(payload) if operation == "CreateKey" else None
            if chosen:
                self.directory.check_free(chosen)
            with self.directory.home_of(key) if key else nullcontext():
                found = await delegate()
            if found[0] >= ERROR_STATUS:
                draft.error_code = str(Payload.parse(found[2]).data.get("__type"))
                return found
            if chosen:
                return answer(self.directory.give_id(chosen, made=Payload.parse(found[2]).data))
            return _finished(operation, key, payload, found)

    def _draft(self, caller: Caller, operation: str, payload: Payload) -> TrailDraft:
        return TrailDraft(
            event_source=SOURCE,
            event_name=operation,
            caller=caller.arn,
            invoked_by=caller.invoked_by,
            request_parameters=shown_parameters(payload.data),
            encryption_context=encryption_context(payload),
        )

    # -- replaced operations -----------------------------------------------------------------------------------------

    def _encrypt(self, caller: Caller, payload: Payload, draft: TrailDraft) -> JsonObject:
        key = self._key_for_use(caller, "Encrypt", payload, draft)
        operations.check_algorithm(key, payload)
        return operations.encrypt(key, payload)

    def _generate_data_key(self, caller: Caller, payload: Payload, draft: TrailDraft) -> JsonObject:
        return operations.generate_data_key(self._key_for_use(caller, "GenerateDataKey", payload, draft), payload)

    def _generate_data_key_without_plaintext(self, caller: Caller, payload: Payload, draft: TrailDraft) -> JsonObject:
        key = self._key_for_use(caller, "GenerateDataKeyWithoutPlaintext", payload, draft)
        return operations.generate_data_key_without_plaintext(key, payload)

    def _decrypt(self, caller: Caller, payload: Payload, draft: TrailDraft) -> JsonObject:
        key = self._key_of_blob(caller, payload, "kms:Decrypt")
        draft.resources = [key.arn]
        self._authorize(caller, "kms:Decrypt", key, payload, encryption_context=payload.mapping("EncryptionContext"))
        self._check_named_key(caller, payload, "KeyId", key)
        self._check_state("Decrypt", key, payload)
        return operations.decrypt(key, payload)

    def _re_encrypt(self, caller: Caller, payload: Payload, draft: TrailDraft) -> JsonObject:
        source = self._key_of_blob(caller, payload, "kms:ReEncryptFrom")
        destination = self.directory.find(payload.required_text("DestinationKeyId"), caller)
        draft.resources = [source.arn, destination.arn]
        same = {"kms:ReEncryptOnSameKey": str(source.arn == destination.arn).lower()}
        for action, key, field in (
            ("kms:ReEncryptFrom", source, "SourceEncryptionContext"),
            ("kms:ReEncryptTo", destination, "DestinationEncryptionContext"),
        ):
            self._authorize(caller, action, key, payload, encryption_context=payload.mapping(field), more=same)
        self._check_named_key(caller, payload, "SourceKeyId", source)
        for key in (source, destination):
            operations.check_usage(key, "ReEncrypt")
            self._check_state("ReEncrypt", key, payload)
        return operations.re_encrypt(source, destination, payload)

    def _rotate(self, caller: Caller, payload: Payload, draft: TrailDraft) -> JsonObject:
        key = self._managed_target(caller, "RotateKeyOnDemand", payload, draft)
        if len(key.rotations) >= _MAX_ROTATIONS:
            raise ServiceError("LimitExceededException", f"{key.arn} was rotated on demand {_MAX_ROTATIONS} times.")
        if not key.is_symmetric:
            raise ServiceError(
                "UnsupportedOperationException",
                f"{key.arn} key spec is {key.spec} which is not valid for this operation.",
            )
        key.rotate()
        return {"KeyId": key.key_id}

    def _list_rotations(self, caller: Caller, payload: Payload, draft: TrailDraft) -> JsonObject:
        key = self._managed_target(caller, "ListKeyRotations", payload, draft)
        rotations = [{"KeyId": key.key_id, "RotationDate": date, "RotationType": "ON_DEMAND"} for date in key.rotations]
        return {"Rotations": rotations, "Truncated": False}

    # -- finding and checking ----------------------------------------------------------------------------------------

    def _key_for_use(self, caller: Caller, operation: str, payload: Payload, draft: TrailDraft) -> Key:
        key = self.directory.find(payload.required_text("KeyId"), caller)
        draft.resources = [key.arn]
        pairs = payload.mapping("EncryptionContext")
        self._authorize(caller, f"kms:{operation}", key, payload, encryption_context=pairs)
        operations.check_usage(key, operation)
        self._check_state(operation, key, payload)
        return key

    def _managed_target(self, caller: Caller, operation: str, payload: Payload, draft: TrailDraft) -> Key:
        key = self.directory.find_for_management(payload.required_text("KeyId"), caller)
        draft.resources = [key.arn]
        self._authorize(caller, f"kms:{operation}", key, payload)
        self._check_state(operation, key, payload)
        return key

    def _key_of_blob(self, caller: Caller, payload: Payload, action: str) -> Key:
        try:
            key_id = Ciphertext.parse(payload.blob("CiphertextBlob")).key_id
            key = self.directory.by_id_anywhere(key_id, caller)
        except CiphertextError as error:
            raise operations.invalid_ciphertext() from error
        if key is None:
            raise ServiceError(
                "AccessDeniedException",
                f"User: {caller.arn} is not authorized to perform: {action} on the resource associated with this "
                "ciphertext because the resource does not exist in this Region, no resource-based policies allow "
                "access, or a resource-based policy explicitly denies access",
            )
        return key

    def _check_named_key(self, caller: Caller, payload: Payload, field: str, key: Key) -> None:
        named = payload.text(field)
        if named is not None and self.directory.find(named, caller).arn != key.arn:
            raise ServiceError(
                "IncorrectKeyException",
                "The key ID in the request does not identify a CMK that can perform this operation.",
            )

    def _check_state(self, operation: str, key: Key, payload: Payload) -> None:
        refusal = state_refusal(operation, state=key.state, arn=key.arn)
        if refusal:
            raise refusal
        if payload.flag("DryRun"):
            raise ServiceError(
                "DryRunOperationException", "The request would have succeeded, but the DryRun option is set."
            )

    def _authorize(
        self,
        caller: Caller,
        action: str,
        key: Key,
        payload: Payload,
        *,
        encryption_context: dict[str, str] | None = None,
        more: Mapping[str, Any] | None = None,
    ) -> None:
        context = call_conditions(caller, payload) | key_conditions(key, self.directory.aliases_of(key))
        if encryption_context is not None:
            context |= context_conditions(encryption_context)
        self._authorizer.check_key(
            caller,
            action,
            key.arn,
            {**context, **(more or {})},
            policy=key.policy,
            granted=self._is_granted(caller, action, key, encryption_context),
            binds_root=key.is_managed_by_aws,
        )

    def _is_granted(self, caller: Caller, action: str, key: Key, pairs: dict[str, str] | None) -> bool:
        operation = action.removeprefix("kms:")
        return any(
            operation in grant["Operations"]
            and is_grantee(grant["GranteePrincipal"], caller)
            and (pairs is None or context_fits(grant.get("Constraints") or {}, pairs))
            for grant in self.directory.grants_on(key)
        )

    # -- operations that ministack carries out -----------------------------------------------------------------------

    def _is_asymmetric_use(self, caller: Caller, operation: str, payload: Payload) -> bool:
        """Return whether an RSA key is used with one of its algorithms."""
        identifier = payload.text("KeyId")
        if operation not in ("Encrypt", "Decrypt") or identifier is None or not payload.text("EncryptionAlgorithm"):
            return False
        return not self.directory.find(identifier, caller).is_symmetric

    def _authorize_delegated(
        self, caller: Caller, operation: str, payload: Payload, body: bytes, draft: TrailDraft
    ) -> Key | None:
        tags = self._authorizer.request_tags("kms", f"kms:{operation}", body)
        if operation in _ALIAS_OPERATIONS:
            self._authorize_alias(caller, operation, payload, draft)
            return None
        if operation in _NO_KEY:
            self._authorizer.check(caller, f"kms:{operation}", "*", {**call_conditions(caller, payload), **tags})
            self._check_new_policy(
                caller, operation, payload, f"arn:aws:kms:{caller.region}:{caller.account}:key/*", {}
            )
            return None
        identifier = payload.text("KeyId")
        if identifier is None:
            raise missing("KeyId")
        takes_alias = operation in _TAKES_ALIAS or operation == "Decrypt"
        find = self.directory.find if takes_alias else self.directory.find_for_management
        key = find(identifier, caller)
        draft.resources = [key.arn]
        if key.account != caller.account and operation not in _ACROSS_ACCOUNTS:
            raise ServiceError(
                "AccessDeniedException",
                f"User: {caller.arn} is not authorized to perform: kms:{operation} on resource: {key.arn} "
                "because the operation does not work across accounts",
            )
        pairs = payload.mapping("EncryptionContext") if operation in _ENCRYPTS else None
        self._authorize(caller, f"kms:{operation}", key, payload, encryption_context=pairs, more=tags)
        described = key_conditions(key, self.directory.aliases_of(key))
        self._check_new_policy(caller, operation, payload, key.arn, described)
        if operation in _PAIRS:
            operations.check_usage(key, operation)
        self._check_state(operation, key, payload)
        return key

    def _check_new_policy(
        self, caller: Caller, operation: str, payload: Payload, arn: str, described: Mapping[str, Any]
    ) -> None:
        """Refuse a key policy that is malformed, or that would shut out who sets it.

        Source:
            KMS API reference, PutKeyPolicy, "BypassPolicyLockoutSafetyCheck".
        """
        if operation not in _SETS_POLICY or (operation == "CreateKey" and payload.text("Policy") is None):
            return
        policy = payload.required_text("Policy")
        check_key_policy(policy)
        if payload.flag("BypassPolicyLockoutSafetyCheck"):
            return
        context = {**call_conditions(caller, payload), **described}
        try:
            self._authorizer.check_key(
                caller, "kms:PutKeyPolicy", arn, context, policy=policy, granted=False, binds_root=True
            )
        except ServiceError as error:
            raise ServiceError(
                "MalformedPolicyDocumentException",
                "The new key policy will not allow you to update the key policy in the future.",
            ) from error

    def _authorize_alias(self, caller: Caller, operation: str, payload: Payload, draft: TrailDraft) -> None:
        name = payload.required_text("AliasName")
        if name.startswith(_RESERVED_ALIAS):
            raise ServiceError("NotAuthorizedException", f"{name} is reserved for AWS.")
        arn = alias_arn(name, caller)
        keys = [key for key in (self.directory.alias_target(name, caller),) if key and operation != "CreateAlias"]
        if operation != "CreateAlias" and not keys:
            raise ServiceError("NotFoundException", f"Alias {arn} is not found.")
        if operation != "DeleteAlias":
            target = self.directory.find_for_management(payload.required_text("TargetKeyId"), caller)
            self._check_state(operation, target, payload)
            keys.append(target)
        draft.resources = [arn, *(key.arn for key in keys)]
        self._authorizer.check(caller, f"kms:{operation}", arn, call_conditions(caller, payload))
        for key in keys:
            self._authorize(caller, f"kms:{operation}", key, payload)


def _finished(operation: str, key: Key | None, payload: Payload, found: HttpAnswer) -> HttpAnswer:
    """Put right what ministack's answer does not know."""
    if operation == "DescribeKey" and key:
        data = Payload.parse(found[2]).data
        data["KeyMetadata"]["AWSAccountId"] = key.account
        if key.is_managed_by_aws:
            data["KeyMetadata"]["KeyManager"] = "AWS"
        return answer(data)
    if operation in _PAIRS and key:
        pair = Payload.parse(found[2]).data
        return answer(operations.wrap_key_pair(key, payload, pair, with_plaintext=operation == "GenerateDataKeyPair"))
    return found
