"""Where a value comes from. A source says where to get a value inside the function; it never holds one."""

import string
from collections.abc import Mapping
from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True, kw_only=True)
class GeneratedSource:
    """A random value made inside the function; it has at least one character of each class.

    Args:
        length_chars: Characters of ASCII, so also bytes. 1 to 8192. Default: 40.
        classes: What to draw from. Default: letters and digits.
        exclude_characters: Characters never to use. Default: none.

    Raises:
        SettingError: The length is out of range, or the exclusions leave a class without characters.
    """

    length_chars: int = DEFAULT_LENGTH_CHARS
    classes: tuple[CharacterClass, ...] = ALPHANUMERIC
    exclude_characters: str = ""

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
        if not len(self.classes) <= self.length_chars <= ADVANCED_TIER_BYTES:
            raise SettingError(
                "length_chars",
                problem=f"is {self.length_chars}",
                fix=f"write {len(self.classes)} (one for each class) to {ADVANCED_TIER_BYTES}",
            )

    def alphabets(self) -> tuple[str, ...]:
        """Return what may be drawn from, class by class."""
        excluded = set(self.exclude_characters)
        return tuple("".join(c for c in each.characters if c not in excluded) for each in self.classes)

    def to_properties(self) -> dict[str, object]:
        """Return the JSON form; a custom resource turns numbers into text, so they are text from the start."""
        return {
            "Kind": "Generated",
            "Length": str(self.length_chars),
            "Classes": [each.value for each in self.classes],
            "ExcludeCharacters": self.exclude_characters,
        }

    @classmethod
    def from_properties(cls, properties: Mapping[str, object]) -> Self:
        """Read the JSON form."""
        classes = properties["Classes"]
        if not isinstance(classes, list):
            raise ContractError("Source.Classes is not a list")
        return cls(
            length_chars=int(str(properties["Length"])),
            classes=tuple(CharacterClass(each) for each in classes),
            exclude_characters=str(properties.get("ExcludeCharacters", "")),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretsManagerSource:
    """A value that the function copies from AWS Secrets Manager, in the version with stage AWSCURRENT.

    Args:
        secret_arn: ARN of the secret. At synthesis this may be a CDK token.
        json_field: Take this top-level field of a JSON secret. Default: the whole secret string.
    """

    secret_arn: str
    json_field: str | None = None

    def to_properties(self) -> dict[str, object]:
        """Return the JSON form."""
        field = {"JsonField": self.json_field} if self.json_field is not None else {}
        return {"Kind": "SecretsManager", "SecretArn": self.secret_arn, **field}

    @classmethod
    def from_properties(cls, properties: Mapping[str, object]) -> Self:
        """Read the JSON form."""
        field = properties.get("JsonField")
        return cls(secret_arn=str(properties["SecretArn"]), json_field=None if field is None else str(field))


@dataclass(frozen=True, slots=True, kw_only=True)
class ExternalSource:
    """A value that somebody else sets. The function creates an unusable random one and never overwrites it later."""

    def to_properties(self) -> dict[str, object]:
        """Return the JSON form."""
        return {"Kind": "External"}

    @classmethod
    def from_properties(cls, properties: Mapping[str, object]) -> Self:
        """Read the JSON form, which has no fields."""
        del properties
        return cls()


Source = GeneratedSource | SecretsManagerSource | ExternalSource
_KINDS: Final[dict[str, type[GeneratedSource] | type[SecretsManagerSource] | type[ExternalSource]]] = {
    "Generated": GeneratedSource,
    "SecretsManager": SecretsManagerSource,
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
