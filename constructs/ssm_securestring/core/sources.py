"""Where a value comes from. A source says where to get a value inside the function; it never holds one."""

import string
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, Self

from ssm_securestring.core.errors import ContractError, SettingError
from ssm_securestring.core.limits import ADVANCED_TIER_BYTES


class CharacterClass(StrEnum):
    """A set of ASCII characters that a generated value draws from."""

    LOWERCASE = "lowercase"
    UPPERCASE = "uppercase"
    DIGITS = "digits"
    PUNCTUATION = "punctuation"

    @property
    def characters(self) -> str:
        """The characters of this class."""
        return _CHARACTERS[self]


_CHARACTERS: Final = {
    CharacterClass.LOWERCASE: string.ascii_lowercase,
    CharacterClass.UPPERCASE: string.ascii_uppercase,
    CharacterClass.DIGITS: string.digits,
    # No braces: Parameter Store refuses a value that looks like a reference, {{name}}.
    # SSM API reference, PutParameter, "Value".
    CharacterClass.PUNCTUATION: string.punctuation.replace("{", "").replace("}", ""),
}
ALPHANUMERIC: Final = (CharacterClass.LOWERCASE, CharacterClass.UPPERCASE, CharacterClass.DIGITS)
# 40 letters and digits carry 238 bits: more than the 128 that are asked of a secret, short enough for any product.
DEFAULT_LENGTH_CHARS: Final = 40
# Up to this length, values with any minimum counts are drawn by exact counts; what is longer is drawn until it fits, so
# it may ask for no more than chance is sure to give soon.
MAX_COUNTED_CHARS: Final = 128
# Secrets Manager API reference, GetSecretValue, "VersionStage": what is taken when none is named.
CURRENT_STAGE: Final = "AWSCURRENT"


@dataclass(frozen=True, slots=True, kw_only=True)
class GeneratedSource:
    """A random value made inside the function.

    Args:
        length_chars: Characters of ASCII, so also bytes. 1 to 8192. Default: 40.
        classes: What to draw from. Default: letters and digits.
        exclude_characters: Characters never to use. Default: none.
        regenerate: Any text; another one than before asks for another value. Default: empty.
        at_least: How many characters of a class there are at least. Default: one of each.

    Raises:
        SettingError: The length is out of range, the exclusions leave a class without characters, or the minimum
            counts cannot be met.
    """

    length_chars: int = DEFAULT_LENGTH_CHARS
    classes: tuple[CharacterClass, ...] = ALPHANUMERIC
    exclude_characters: str = ""
    regenerate: str = ""
    at_least: Mapping[CharacterClass, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse what could not be generated."""
        if not self.classes or len(set(self.classes)) != len(self.classes):
            raise SettingError(
                "classes", problem="is empty or names a class twice", fix="name each class once, one at least"
            )
        for character_class, left in zip(self.classes, self.alphabets(), strict=True):
            if not left:
                raise SettingError(
                    "exclude_characters",
                    problem=f"leaves no character of class {character_class.value!r}",
                    fix="exclude fewer characters, or leave that class out of classes",
                )
        self._check_counts()

    def _check_counts(self) -> None:
        for character_class, count in self.at_least.items():
            if character_class not in self.classes:
                raise SettingError(
                    "at_least",
                    problem=f"names class {character_class.value!r}, which is not in classes",
                    fix="add it to classes, or leave it out here",
                )
            if count < 0:
                raise SettingError("at_least", problem=f"has {count} for a class", fix="write 0 or more")
        together = max(1, sum(self.minimums()))
        if not together <= self.length_chars <= ADVANCED_TIER_BYTES:
            asked = "what at_least asks for, and one of any other class" if self.at_least else "one for each class"
            raise SettingError(
                "length_chars",
                problem=f"is {self.length_chars}",
                fix=f"write {together} ({asked}) to {ADVANCED_TIER_BYTES}",
            )
        if self.length_chars > MAX_COUNTED_CHARS:
            self._check_counts_of_long_values()

    def _check_counts_of_long_values(self) -> None:
        """Refuse a count of more than half of what chance gives; within that, most draws fit."""
        alphabets = self.alphabets()
        choices = sum(len(alphabet) for alphabet in alphabets)
        for character_class, alphabet, count in zip(self.classes, alphabets, self.minimums(), strict=True):
            most = max(1, self.length_chars * len(alphabet) // (2 * choices))
            if count > most:
                raise SettingError(
                    "at_least",
                    problem=(
                        f"has {count} for class {character_class.value!r}, more than half of what chance gives in "
                        f"{self.length_chars} characters"
                    ),
                    fix=f"write {most} at most; up to {MAX_COUNTED_CHARS} characters, any number goes",
                )

    def minimums(self) -> tuple[int, ...]:
        """Return how many characters there are at least, class by class."""
        return tuple(self.at_least.get(each, 1) for each in self.classes)

    def alphabets(self) -> tuple[str, ...]:
        """Return what may be drawn from, class by class."""
        excluded = set(self.exclude_characters)
        return tuple("".join(c for c in each.characters if c not in excluded) for each in self.classes)

    def to_properties(self) -> dict[str, object]:
        """Return the JSON form; a custom resource turns numbers into text, so they are text from the start."""
        counts = {each.value: str(count) for each, count in self.at_least.items()}
        at_least = {"AtLeast": counts} if counts else {}
        return {
            "Kind": "Generated",
            "Length": str(self.length_chars),
            "Classes": [each.value for each in self.classes],
            "ExcludeCharacters": self.exclude_characters,
            **_unless_empty("Regenerate", self.regenerate),
            **at_least,
        }

    @classmethod
    def from_properties(cls, properties: Mapping[str, object]) -> Self:
        """Read the JSON form."""
        classes = properties["Classes"]
        if not isinstance(classes, list):
            raise ContractError("Source.Classes is not a list")
        at_least = properties.get("AtLeast", {})
        if not isinstance(at_least, Mapping):
            raise ContractError("Source.AtLeast is not an object")
        return cls(
            length_chars=int(str(properties["Length"])),
            classes=tuple(CharacterClass(each) for each in classes),
            exclude_characters=str(properties.get("ExcludeCharacters", "")),
            regenerate=str(properties.get("Regenerate", "")),
            at_least={CharacterClass(each): int(str(count)) for each, count in at_least.items()},
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretsManagerSource:
    """A value that the function copies from AWS Secrets Manager.

    Args:
        secret_arn: ARN of the secret. At synthesis this may be a CDK token.
        json_field: Take this top-level field of a JSON secret. Default: the whole secret string.
        version_stage: Staging label of the version to take. Default: ``AWSCURRENT``.
        follow: Any text; another one than before asks for another copy. Default: empty.
    """

    secret_arn: str
    json_field: str | None = None
    version_stage: str = CURRENT_STAGE
    follow: str = ""

    def to_properties(self) -> dict[str, object]:
        """Return the JSON form."""
        json_field = {"JsonField": self.json_field} if self.json_field is not None else {}
        stage = {"VersionStage": self.version_stage} if self.version_stage != CURRENT_STAGE else {}
        return {
            "Kind": "SecretsManager",
            "SecretArn": self.secret_arn,
            **json_field,
            **stage,
            **_unless_empty("Follow", self.follow),
        }

    @classmethod
    def from_properties(cls, properties: Mapping[str, object]) -> Self:
        """Read the JSON form."""
        json_field = properties.get("JsonField")
        return cls(
            secret_arn=str(properties["SecretArn"]),
            json_field=None if json_field is None else str(json_field),
            version_stage=str(properties.get("VersionStage", CURRENT_STAGE)),
            follow=str(properties.get("Follow", "")),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class CopySource:
    """A value that the function copies from another parameter, of any type, Region and account.

    Args:
        parameter_arn: ARN of that parameter. At synthesis this may be a CDK token.
        follow: Any text; another one than before asks for another copy. Default: empty.
    """

    parameter_arn: str
    follow: str = ""

    def to_properties(self) -> dict[str, object]:
        """Return the JSON form."""
        return {"Kind": "Copy", "ParameterArn": self.parameter_arn, **_unless_empty("Follow", self.follow)}

    @classmethod
    def from_properties(cls, properties: Mapping[str, object]) -> Self:
        """Read the JSON form."""
        return cls(parameter_arn=str(properties["ParameterArn"]), follow=str(properties.get("Follow", "")))


@dataclass(frozen=True, slots=True, kw_only=True)
class NoEchoSource:
    """A value that comes through CloudFormation, from a stack parameter with ``NoEcho``.

    The one source that holds a value, because CloudFormation puts it into the request.

    Args:
        value: A reference to the stack parameter at synthesis, its value in the function.
    """

    value: str = field(repr=False)

    def to_properties(self) -> dict[str, object]:
        """Return the JSON form."""
        return {"Kind": "NoEcho", NO_ECHO_PROPERTY: self.value}

    @classmethod
    def from_properties(cls, properties: Mapping[str, object]) -> Self:
        """Read the JSON form."""
        return cls(value=str(properties[NO_ECHO_PROPERTY]))


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedSource:
    """A value that ``ssm-securestring seal`` has encrypted for this one parameter.

    Args:
        ciphertext: What that command printed.
        key_arn: ARN of the key that it was sealed with. At synthesis this may be a CDK token.
    """

    ciphertext: str
    key_arn: str

    def to_properties(self) -> dict[str, object]:
        """Return the JSON form."""
        return {"Kind": "Sealed", "Ciphertext": self.ciphertext, "KeyArn": self.key_arn}

    @classmethod
    def from_properties(cls, properties: Mapping[str, object]) -> Self:
        """Read the JSON form."""
        return cls(ciphertext=str(properties["Ciphertext"]), key_arn=str(properties["KeyArn"]))


@dataclass(frozen=True, slots=True, kw_only=True)
class ExternalSource:
    """A value that somebody else sets. The function creates an unusable random one and never overwrites it later.

    Args:
        must_be_set: Whether an update fails as long as nobody has set a value. Default: it does not.
    """

    must_be_set: bool = False

    def to_properties(self) -> dict[str, object]:
        """Return the JSON form."""
        return {"Kind": "External", **_unless_empty("MustBeSet", "true" if self.must_be_set else "")}

    @classmethod
    def from_properties(cls, properties: Mapping[str, object]) -> Self:
        """Read the JSON form."""
        return cls(must_be_set=properties.get("MustBeSet") == "true")


# The only property of a source whose text is secret.
NO_ECHO_PROPERTY: Final = "Value"

Source = GeneratedSource | SecretsManagerSource | CopySource | NoEchoSource | SealedSource | ExternalSource
_KINDS: Final[dict[str, type[Source]]] = {
    "Generated": GeneratedSource,
    "SecretsManager": SecretsManagerSource,
    "Copy": CopySource,
    "NoEcho": NoEchoSource,
    "Sealed": SealedSource,
    "External": ExternalSource,
}


def source_from_properties(properties: object) -> Source:
    """Read the JSON form of any source.

    Raises:
        ContractError: It is of no known kind, or a field is missing or malformed.
    """
    if not isinstance(properties, Mapping):
        raise ContractError("Source is missing or is not an object")
    kind = properties.get("Kind")
    reader = _KINDS.get(str(kind))
    if reader is None:
        raise ContractError(f"Source.Kind {kind!r} is unknown to this function: deploy function and template together")
    try:
        return reader.from_properties(properties)
    except (KeyError, ValueError) as error:
        raise ContractError(f"Source of kind {kind} is malformed: {error}") from error


def _unless_empty(name: str, text: str) -> dict[str, object]:
    """Return a property, or none: a default that is left out keeps the properties of deployed stacks as they are."""
    return {name: text} if text else {}
