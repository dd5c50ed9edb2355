"""The contract between construct and function, and the sources of values in it."""

import json
from datetime import UTC
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssm_securestring.core.errors import ContractError, ParameterNameError, SettingError
from ssm_securestring.core.names import ParameterName
from ssm_securestring.core.policies import Expiration, ExpirationNotification, NoChangeNotification, PolicyUnit
from ssm_securestring.core.sources import (
    ALPHANUMERIC,
    CharacterClass,
    CopySource,
    ExternalSource,
    GeneratedSource,
    NoEchoSource,
    SealedSource,
    SecretsManagerSource,
)
from ssm_securestring.core.spec import ParameterSpec
from ssm_securestring.core.tiers import Tier

KEY = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
# What the first released version writes. It must be understood for ever: deployed stacks go on sending it.
FIRST_VERSION: dict[str, Any] = {
    "ServiceToken": "arn:aws:lambda:eu-west-1:111122223333:function:f",
    "ServiceTimeout": "600",
    "ContractVersion": "1",
    "Name": "/shop/db/password",
    "KeyId": KEY,
    "Tier": "Standard",
    "Description": "Password of the orders database",
    "Tags": {"team": "orders"},
    "Source": {
        "Kind": "Generated",
        "Length": "40",
        "Classes": ["lowercase", "uppercase", "digits"],
        "ExcludeCharacters": "",
    },
}
SOURCES = st.one_of(
    st.builds(ExternalSource, must_be_set=st.booleans()),
    st.builds(CopySource, parameter_arn=st.text(min_size=1), follow=st.text()),
    st.builds(SealedSource, ciphertext=st.text(), key_arn=st.text()),
    st.builds(NoEchoSource, value=st.text()),
    st.builds(
        SecretsManagerSource,
        secret_arn=st.text(min_size=1),
        json_field=st.none() | st.text(),
        version_stage=st.sampled_from(["AWSCURRENT", "AWSPREVIOUS"]),
        follow=st.text(),
    ),
    st.builds(
        GeneratedSource,
        length_chars=st.integers(4, 8192),
        classes=st.lists(st.sampled_from(CharacterClass), min_size=1, max_size=4, unique=True).map(tuple),
        exclude_characters=st.sampled_from(["", "l1O0", '"/@']),
        regenerate=st.text(),
        at_least=st.just({}),
    ),
    st.builds(
        GeneratedSource,
        length_chars=st.integers(9, 128),
        at_least=st.dictionaries(st.sampled_from(ALPHANUMERIC), st.integers(0, 3)),
    ),
)
POLICIES = st.lists(
    st.one_of(
        st.builds(Expiration, timestamp=st.datetimes(timezones=st.just(UTC))),
        st.builds(ExpirationNotification, before=st.integers(1), unit=st.sampled_from(PolicyUnit)),
        st.builds(NoChangeNotification, after=st.integers(1), unit=st.sampled_from(PolicyUnit)),
    )
).map(tuple)


def test_the_first_version_is_understood() -> None:
    """Properties of the first version read as what they meant then."""
    assert ParameterSpec.from_properties(FIRST_VERSION) == ParameterSpec(
        name=ParameterName("/shop/db/password"),
        key_id=KEY,
        tier=Tier.STANDARD,
        description="Password of the orders database",
        tags={"team": "orders"},
        source=GeneratedSource(length_chars=40),
    )


def test_what_came_later_is_left_out_where_it_says_nothing() -> None:
    """A deployed parameter must not see an update only because the library is newer."""
    written = ParameterSpec.from_properties(FIRST_VERSION).to_properties()
    assert written == {key: FIRST_VERSION[key] for key in FIRST_VERSION if not key.startswith("Service")}


def test_fields_that_came_with_a_default_may_be_missing() -> None:
    """Description and tags are optional, so that older properties without them are still read."""
    bare = {key: FIRST_VERSION[key] for key in ("Name", "KeyId", "Tier", "Source")}
    spec = ParameterSpec.from_properties(bare)
    assert (spec.description, spec.tags) == ("", {})


SPECS = st.builds(
    ParameterSpec,
    name=st.just(ParameterName("/a")),
    key_id=st.just(KEY),
    tier=st.sampled_from(Tier),
    source=SOURCES,
    description=st.text(),
    tags=st.dictionaries(st.text(), st.text()),
    policies=POLICIES,
    adopt_existing=st.booleans(),
    allowed_pattern=st.text(),
    allow_replacement=st.booleans(),
)


@given(spec=SPECS)
def test_what_the_construct_writes_the_function_reads(spec: ParameterSpec) -> None:
    """Through JSON, and with every scalar made a text as CloudFormation does."""
    assert ParameterSpec.from_properties(json.loads(json.dumps(spec.to_properties()))) == spec


def test_every_scalar_is_a_text() -> None:
    """CloudFormation turns numbers and booleans of a custom resource into texts; ours are texts already."""

    def scalars(value: object) -> list[object]:
        if isinstance(value, dict):
            return [each for content in value.values() for each in scalars(content)]
        if isinstance(value, list):
            return [each for content in value for each in scalars(content)]
        return [value]

    properties = ParameterSpec.from_properties(FIRST_VERSION).to_properties()
    assert all(isinstance(each, str) for each in scalars(properties))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"ContractVersion": "2"}, "contract version 2, this function understands 1"),
        ({"ContractVersion": "one"}, "contract version one, this function understands 1"),
        ({"Tier": "Cheap"}, "Tier 'Cheap' is none of Standard, Advanced, Intelligent-Tiering"),
        ({"Name": None}, "property 'Name' is missing"),
        ({"Tags": "team=orders"}, "Tags is not an object"),
        ({"Source": None}, "Source is missing"),
        ({"Policies": "Expiration"}, "Policies is not a list"),
        ({"Policies": [{"Type": "Magic"}]}, "a parameter policy is unknown or malformed"),
        ({"Source": {"Kind": "Magic"}}, "Source.Kind 'Magic' is unknown"),
        ({"Source": {"Kind": "SecretsManager"}}, "Source of kind SecretsManager is malformed"),
        ({"Source": {"Kind": "Generated", "Length": "x", "Classes": []}}, "Source of kind Generated is malformed"),
        ({"Source": {"Kind": "Generated", "Length": "9", "Classes": "digits"}}, "Source.Classes is not a list"),
        (
            {"Source": {"Kind": "Generated", "Length": "9", "Classes": ["digits"], "AtLeast": "2"}},
            "Source.AtLeast is not an object",
        ),
    ],
)
def test_fails_for_properties_that_are_not_understood(change: dict[str, object], message: str) -> None:
    """The message names the property, so that the stack event says what to do."""
    properties = {key: value for key, value in {**FIRST_VERSION, **change}.items() if value is not None}
    with pytest.raises(ContractError, match=message):
        ParameterSpec.from_properties(properties)


def test_fails_for_a_name_that_breaks_a_rule() -> None:
    """A template written by hand is checked like a construct."""
    with pytest.raises(ParameterNameError, match="no leading slash"):
        ParameterSpec.from_properties({**FIRST_VERSION, "Name": "shop/db"})


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"length_chars": 0}, r"length_chars is 0: write 3 \(one for each class\) to 8192"),
        ({"length_chars": 8193}, "length_chars is 8193"),
        ({"classes": ()}, "classes is empty or names a class twice"),
        ({"classes": (CharacterClass.DIGITS, CharacterClass.DIGITS)}, "classes is empty or names a class twice"),
        (
            {"classes": (CharacterClass.DIGITS,), "exclude_characters": "0123456789"},
            "exclude_characters leaves no character of class 'digits'",
        ),
        (
            {"at_least": {CharacterClass.PUNCTUATION: 1}},
            "at_least names class 'punctuation', which is not in classes: add it to classes",
        ),
        ({"at_least": {CharacterClass.DIGITS: -1}}, "at_least has -1 for a class: write 0 or more"),
        (
            {"length_chars": 8, "at_least": {CharacterClass.DIGITS: 4, CharacterClass.UPPERCASE: 4}},
            r"length_chars is 8: write 9 \(what at_least asks for, and one of any other class\) to 8192",
        ),
        (
            {"length_chars": 0, "classes": (CharacterClass.DIGITS,), "at_least": {CharacterClass.DIGITS: 0}},
            "length_chars is 0: write 1 ",
        ),
        (
            {"length_chars": 129, "at_least": {CharacterClass.DIGITS: 11}},
            "has 11 for class 'digits', more than half of what chance gives in 129 characters: write 10 at most",
        ),
    ],
)
def test_fails_for_a_value_that_cannot_be_generated(settings: dict[str, Any], message: str) -> None:
    """Before a deployment, with the setting and the fix."""
    with pytest.raises(SettingError, match=message):
        GeneratedSource(**settings)


def test_generated_values_never_look_like_a_reference() -> None:
    """Parameter Store refuses ``{{...}}`` in a value, so no class has a brace."""
    assert not set("{}") & set("".join(each.characters for each in CharacterClass))
