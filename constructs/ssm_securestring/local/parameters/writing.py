"""Writing parameters: put, delete, label."""

import re
from dataclasses import dataclass
from typing import Final

from ssm_securestring.core.encryption import AWS_MANAGED_KEY_ALIAS
from ssm_securestring.core.tiers import Tier
from ssm_securestring.local.parameters import rules
from ssm_securestring.local.parameters.policies import parse_policies
from ssm_securestring.local.parameters.store import ParameterStore, now, parameter_arn
from ssm_securestring.local.parameters.values import ValueCipher
from ssm_securestring.local.protocol import Caller, JsonObject, Payload, ServiceError, validation_error
from ssm_securestring.local.settings import OmittedKey

_MAX_LABELS: Final = 10
_LABEL: Final = re.compile(r"(?!aws|ssm)[A-Za-z_.\-][A-Za-z0-9_.\-]{0,99}", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wanted:
    """A version as the request describes it."""

    name: str
    kind: str
    tier: Tier
    value: str
    data_type: str
    pattern: str
    description: str
    policies: list[dict[str, str]]
    key_id: str


class ParameterWriter:
    """Changes parameters.

    Args:
        store: Keeps them.
        cipher: Encrypts values.
        omitted_key: Key of an overwrite that leaves ``KeyId`` out.
    """

    def __init__(self, store: ParameterStore, cipher: ValueCipher, omitted_key: OmittedKey) -> None:
        """Keep the collaborators."""
        self._store = store
        self._cipher = cipher
        self._omitted_key = omitted_key

    def put(self, caller: Caller, payload: Payload) -> JsonObject:
        """Create a parameter, or add a version to it.

        Raises:
            ServiceError: A rule or KMS refuses.
        """
        rules.check_lengths(payload)
        name = rules.check_name(payload.required_text("Name"), caller).text
        tags = tags_in(payload)
        rules.check_tags(tags, by_service=caller.invoked_by is not None)
        if payload.flag("Overwrite") and tags:
            raise validation_error(
                "Invalid request: tags and overwrite can't be used together. To create a parameter with tags, please "
                "remove overwrite flag. To update tags for an existing parameter, please use AddTagsToResource or "
                "RemoveTagsFromResource."
            )
        with self._store.lock:
            existing = self._store.find(name)
            being_deleted = existing is None and not self._store.is_name_free(parameter_arn(name, caller))
            if being_deleted or (existing is not None and not payload.flag("Overwrite")):
                raise ServiceError(
                    "ParameterAlreadyExists",
                    "The parameter already exists. To overwrite this value, set the overwrite option in the request "
                    "to true.",
                )
            wanted = self._wanted(payload, name, existing)
            version = self._version(caller, wanted, existing)
            self._store.add(version)
            if tags:
                self._store.tags(version["ARN"]).update(tags)
        return {"Version": version["Version"], "Tier": version["Tier"]}

    def delete(self, name: str) -> bool:
        """Forget a parameter; returns whether there was one."""
        with self._store.lock:
            current = None if name.startswith("arn:") else self._store.find(name)
            if current is not None:
                self._store.remove(current)
            return current is not None

    def label(self, payload: Payload) -> JsonObject:
        """Attach labels to a version; a label moves from the version that had it."""
        labels = payload.texts("Labels")
        with self._store.lock:
            current, chosen = self._labelled_version(payload, default_newest=True)
            good = [label for label in labels if _LABEL.fullmatch(label)]
            if len({*chosen["Labels"], *good}) > _MAX_LABELS:
                raise ServiceError(
                    "ParameterVersionLabelLimitExceeded",
                    f"A parameter version can have maximum {_MAX_LABELS} labels.",
                )
            for version in self._store.versions(current):
                version["Labels"] = [label for label in version["Labels"] if label not in good]
            chosen["Labels"] = sorted({*chosen["Labels"], *good})
        bad = [label for label in labels if label not in good]
        return {"InvalidLabels": bad, "ParameterVersion": chosen["Version"]}

    def unlabel(self, payload: Payload) -> JsonObject:
        """Take labels from a version."""
        labels = payload.texts("Labels")
        with self._store.lock:
            _, chosen = self._labelled_version(payload, default_newest=False)
            removed = [label for label in labels if label in chosen["Labels"]]
            chosen["Labels"] = [label for label in chosen["Labels"] if label not in removed]
        return {"RemovedLabels": removed, "InvalidLabels": [label for label in labels if label not in removed]}

    def _wanted(self, payload: Payload, name: str, existing: JsonObject | None) -> _Wanted:
        before = existing or {}
        kind = rules.check_type(payload.text("Type"), before.get("Type"))
        value = payload.required_text("Value")
        data_type = rules.check_data_type(payload.text("DataType"))
        text = payload.text("Policies")
        policies = parse_policies(text) if text else before.get("Policies", [])
        tier = rules.effective_tier(
            payload.text("Tier"),
            default=self._store.default_tier(),
            existing=before.get("Tier"),
            value=value,
            has_policies=bool(policies),
            data_type=data_type,
        )
        if policies and tier is Tier.STANDARD:
            raise validation_error("Parameter policies are supported for the advanced-parameter tier only.")
        rules.check_value(value, tier=tier)
        pattern = payload.text("AllowedPattern")
        pattern = before.get("AllowedPattern", "") if pattern is None else pattern
        rules.check_pattern(pattern, value)
        description = payload.text("Description")
        return _Wanted(
            name=before.get("Name", name),
            kind=kind,
            tier=tier,
            value=value,
            data_type=data_type,
            pattern=pattern,
            description=before.get("Description", "") if description is None else description,
            policies=policies,
            key_id=self._key_id(payload, kind, before),
        )

    def _key_id(self, payload: Payload, kind: str, before: JsonObject) -> str:
        given = payload.text("KeyId")
        if kind != rules.SECURE_STRING:
            if given is not None:
                raise validation_error(f"KeyId is required for SecureString type parameters only, not for {kind}.")
            return ""
        if given:
            return given
        kept = before.get("KeyId") if self._omitted_key is OmittedKey.KEPT else None
        return kept or AWS_MANAGED_KEY_ALIAS

    def _version(self, caller: Caller, wanted: _Wanted, existing: JsonObject | None) -> JsonObject:
        arn = parameter_arn(wanted.name, caller)
        value = wanted.value
        if wanted.kind == rules.SECURE_STRING:
            value = self._cipher.encrypt(caller, key_id=wanted.key_id, tier=wanted.tier, value=value, arn=arn)
        elif wanted.kind == rules.STRING_LIST:
            value = ",".join(item.strip() for item in value.split(","))
        return {
            "Name": wanted.name,
            "ARN": arn,
            "Type": wanted.kind,
            "Value": value,
            "KeyId": wanted.key_id,
            "Version": existing["Version"] + 1 if existing else 1,
            "LastModifiedDate": now(),
            "LastModifiedUser": caller.arn,
            "Description": wanted.description,
            "AllowedPattern": wanted.pattern,
            "DataType": wanted.data_type,
            "Tier": wanted.tier.value,
            "Policies": wanted.policies,
            "Labels": [],
        }

    def _labelled_version(self, payload: Payload, *, default_newest: bool) -> tuple[JsonObject, JsonObject]:
        name = payload.required_text("Name")
        current = self._store.find(name)
        if current is None:
            raise not_found(name)
        number = payload.integer("ParameterVersion")
        if number is None:
            if not default_newest:
                raise validation_error("ParameterVersion is required.")
            return current, current
        for version in self._store.versions(current):
            if version["Version"] == number:
                return current, version
        raise version_not_found(str(number), name)


def tags_in(payload: Payload) -> dict[str, str]:
    """Return the tags of a request."""
    return {each.required_text("Key"): each.required_text("Value") for each in payload.objects("Tags")}


def not_found(name: str) -> ServiceError:
    """Return the error for a parameter that does not exist."""
    return ServiceError("ParameterNotFound", f"Parameter {name} not found.")


def version_not_found(version: str, name: str) -> ServiceError:
    """Return the error for a version or label that does not exist."""
    return ServiceError(
        "ParameterVersionNotFound",
        f"Systems Manager could not find version {version} of {name}. Verify the version and try again.",
    )
