"""The contract between construct and function: what one parameter is to be, never what it contains.

A field may be added with a default; none is renamed or removed, because stacks that are deployed already go on
sending the old ones, on Delete and in a rollback.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Self

from ssm_securestring.core.errors import ContractError
from ssm_securestring.core.names import ParameterName
from ssm_securestring.core.patterns import admitting_placeholder
from ssm_securestring.core.policies import ParameterPolicy, policies_from_properties
from ssm_securestring.core.sources import ExternalSource, Source, source_from_properties
from ssm_securestring.core.tiers import Tier

RESOURCE_TYPE: Final = "Custom::SsmSecureString"
# Rises only when a reader of the old form would misread the new one.
CONTRACT_VERSION: Final = 1
_UNDERSTOOD: Final = tuple(str(version) for version in range(1, CONTRACT_VERSION + 1))

# Tags that say whose a parameter is. Delete goes by them alone.
STACK_TAG: Final = "ssm-securestring:stack"
INCARNATION_TAG: Final = "ssm-securestring:incarnation"
OWNERSHIP_TAGS: Final = (STACK_TAG, INCARNATION_TAG)
# Digest of the source that the present value came from. It keeps a value that a rolled-back or repeated update would
# otherwise replace: such an update says that the source changes, when the value already is from the new one.
SOURCE_TAG: Final = "ssm-securestring:source"
# What a change of source replaced, so that a rollback can restore it from the history. Written before the new value is
# put: a request that is cut off in between leaves its trace.
PREVIOUS_TAG: Final = "ssm-securestring:previous"
# The tier that a rollback could not take back: Parameter Store makes no standard parameter of an advanced one.
TIER_TAG: Final = "ssm-securestring:tier"
# The parameter was there before this resource, so Delete gives it back instead of deleting it.
ADOPTED_TAG: Final = "ssm-securestring:adopted"
# How far a replacement has come. A copy of the value exists only while this is on the parameter, or that one is gone.
RECOVERY_TAG: Final = "ssm-securestring:recovery"
OUR_TAGS: Final = (*OWNERSHIP_TAGS, SOURCE_TAG, PREVIOUS_TAG, TIER_TAG, ADOPTED_TAG, RECOVERY_TAG)
# Where the value is while its parameter is deleted and created anew: beside it, under the same path.
_RECOVERY_SUFFIX: Final = ".recovery"


@dataclass(frozen=True, slots=True, kw_only=True)
class ParameterSpec:
    """One SecureString parameter to keep in place: where and how, never what.

    Args:
        name: Its name.
        key_id: KMS key that encrypts it: the key's ARN, or ``alias/aws/ssm``. At synthesis this may be a CDK token.
        tier: Its tier.
        source: Where its value comes from.
        description: For people. Default: empty.
        tags: Tags besides the function's own. Default: none.
        policies: Parameter policies. Default: none.
        adopt_existing: Whether a parameter that is there already becomes this resource's, with its value. Default: it
            does not, and creation fails.
        allowed_pattern: Regular expression that values have to match. Default: none.
        allow_replacement: Whether an advanced parameter that is to be a standard one is deleted and created anew.
            Default: it is not, and the update fails.
    """

    name: ParameterName
    key_id: str
    tier: Tier
    source: Source
    description: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    policies: tuple[ParameterPolicy, ...] = ()
    adopt_existing: bool = False
    allowed_pattern: str = ""
    allow_replacement: bool = False

    @property
    def sent_pattern(self) -> str:
        """The allowed pattern as Parameter Store gets it; empty for none."""
        if self.allowed_pattern and isinstance(self.source, ExternalSource):
            return admitting_placeholder(self.allowed_pattern)
        return self.allowed_pattern

    def to_properties(self) -> dict[str, object]:
        """Return the properties of the custom resource. Every scalar is text: CloudFormation makes it so anyway.

        Source:
            CloudFormation User Guide, "Custom resource request objects", ResourceProperties.
        """
        # What came after the first version is left out where it says nothing: deployed stacks see no change.
        policies = {"Policies": [each.to_properties() for each in self.policies]} if self.policies else {}
        adoption = {"AdoptExisting": "true"} if self.adopt_existing else {}
        pattern = {"AllowedPattern": self.allowed_pattern} if self.allowed_pattern else {}
        replacement = {"AllowReplacement": "true"} if self.allow_replacement else {}
        return {
            "ContractVersion": str(CONTRACT_VERSION),
            "Name": self.name.text,
            "KeyId": self.key_id,
            "Tier": self.tier.value,
            "Description": self.description,
            "Tags": dict(self.tags),
            "Source": self.source.to_properties(),
            **policies,
            **adoption,
            **pattern,
            **replacement,
        }

    @classmethod
    def from_properties(cls, properties: Mapping[str, object]) -> Self:
        """Read the properties, of this version or an older one.

        Raises:
            ContractError: They are from a newer version, or a field is missing or malformed.
        """
        version = str(properties.get("ContractVersion", CONTRACT_VERSION))
        if version not in _UNDERSTOOD:
            raise ContractError(
                f"properties have contract version {version}, this function understands {', '.join(_UNDERSTOOD)}: "
                "deploy function and template with the same version of ssm-securestring"
            )
        tags = properties.get("Tags", {})
        if not isinstance(tags, Mapping):
            raise ContractError("Tags is not an object")
        try:
            return cls(
                name=ParameterName(str(properties["Name"])),
                key_id=str(properties["KeyId"]),
                tier=_tier(str(properties["Tier"])),
                source=source_from_properties(properties.get("Source")),
                description=str(properties.get("Description", "")),
                tags={str(key): str(value) for key, value in tags.items()},
                policies=policies_from_properties(properties.get("Policies", [])),
                adopt_existing=properties.get("AdoptExisting") == "true",
                allowed_pattern=str(properties.get("AllowedPattern", "")),
                allow_replacement=properties.get("AllowReplacement") == "true",
            )
        except KeyError as error:
            raise ContractError(f"property {error} is missing") from error


def recovery_name(name: ParameterName) -> ParameterName:
    """Return the name under which a value is kept while its parameter is replaced.

    Raises:
        ParameterNameError: It would be too long.
    """
    return ParameterName(f"{name.text}{_RECOVERY_SUFFIX}")


def _tier(text: str) -> Tier:
    try:
        return Tier(text)
    except ValueError as error:
        raise ContractError(f"Tier {text!r} is none of {', '.join(Tier)}") from error
