"""Keys, parameters and grants, as templates say them."""

from typing import Any, Final

import pytest

from ssm_securestring.core.access import Verb
from ssm_securestring.core.tiers import Tier
from ssm_securestring.iam.model import Condition, Effect, Policy, Statement, Unknown
from ssm_securestring.iam.world import Declared, Key, Parameter
from tests.iam.templates import (
    ACCOUNT,
    DB,
    IAM,
    KEY_ARN,
    KEY_ID,
    NO_DEFAULT,
    OPEN,
    attached,
    document,
    key_of,
    only,
    role,
    world_of,
)

NEWER: Final = (
    "properties have contract version 99, this function understands 1: deploy function and template with the same "
    "version of ssm-securestring"
)


def test_a_key_without_a_policy_has_the_default_one() -> None:
    """It leaves everything to IAM. Its aliases are known, however they name it."""
    alias = "AWS::KMS::Alias"
    world = world_of(
        {
            "Key": {"Type": "AWS::KMS::Key"},
            "A": {"Type": alias, "Properties": {"AliasName": "alias/a", "TargetKeyId": {"Ref": "Key"}}},
            "B": {"Type": alias, "Properties": {"AliasName": "alias/b", "TargetKeyId": {"Fn::GetAtt": ["Key", "Arn"]}}},
        }
    )

    key = key_of(world)
    assert (key.name, key.stack, key.aliases) == ("Shop/Key", "Shop", ("alias/a", "alias/b"))
    assert key.policy == Policy(
        place="Shop/Key, key policy",
        statements=(
            Statement(
                effect=Effect.ALLOW,
                actions=("kms:*",),
                resources=("*",),
                principals={"AWS": (f"{IAM}:root",)},
                place="Shop/Key, key policy, statement 1",
                sid="Enable IAM User Permissions",
            ),
        ),
    )


def test_a_key_policy_that_is_not_known_may_admit_anybody() -> None:
    """It is not taken as the default one."""
    world = world_of(
        {
            "Key": {"Type": "AWS::KMS::Key", "Properties": {"KeyPolicy": {"Fn::GetAtt": ["Made", "Policy"]}}},
            "Made": {"Type": "Custom::Made"},
        }
    )

    reason = "Policy of Custom::Made Made is known only after the deployment"
    unknown = Unknown(place="Shop/Key, Properties.KeyPolicy", reason=reason)
    assert key_of(world).unknown == (unknown,)
    assert key_of(world).policy == Policy(
        place=unknown.place,
        statements=(
            Statement(
                effect=Effect.ALLOW,
                actions=(unknown,),
                resources=(unknown,),
                principals={"AWS": (unknown,)},
                place=unknown.place,
            ),
        ),
    )


def test_a_replica_has_the_id_of_its_primary_and_its_own_region() -> None:
    """In the stack of its own Region, by the primary's ARN."""
    primary = f"arn:aws:kms:us-east-1:{ACCOUNT}:key/mrk-1234"
    replica = {"Type": "AWS::KMS::ReplicaKey", "Properties": {"PrimaryKeyArn": primary, "KeyPolicy": document("kms:*")}}

    assert key_of(world_of({"Replica": replica})).arn == f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/mrk-1234"


def secure_string(**properties: object) -> dict[str, Any]:
    """Spell out the custom resource of a parameter, as the constructs write it."""
    return {
        "Type": "Custom::SsmSecureString",
        "Properties": {
            "ServiceToken": {"Fn::GetAtt": ["Function", "Arn"]},
            "ContractVersion": "1",
            "Name": "/shop/db",
            "KeyId": KEY_ARN,
            "Tier": "Standard",
            "Description": "",
            "Tags": {},
            "Source": {"Kind": "External"},
            **properties,
        },
    }


FUNCTION = {
    "Function": {"Type": "AWS::Lambda::Function", "Properties": {"Role": {"Fn::GetAtt": ["Provider", "Arn"]}}},
    "Provider": role("provider"),
}


def test_a_parameter_is_read_with_its_key_and_provider() -> None:
    """A key from elsewhere is known by its ARN alone; the role of the function is marked."""
    world = world_of({**FUNCTION, "Db": secure_string(Tier="Advanced", AdoptExisting="true")})

    assert world.parameters == (
        Parameter(
            arn=DB,
            name="/shop/db",
            tier=Tier.ADVANCED,
            key=KEY_ARN,
            stack="Shop",
            stack_id=world.parameters[0].stack_id,
            provider=f"{IAM}:role/provider",
            adopts=True,
        ),
    )
    # The id of the stack is a stand-in, the same that AWS::StackId gives.
    assert world.parameters[0].stack_id.startswith("arn:aws:cloudformation:eu-west-1:111122223333:stack/Shop/")
    assert world.keys == (Key(name=KEY_ARN, arn=KEY_ARN, policy=None),)
    assert only(world).is_provider


def test_where_a_value_comes_from_is_read_and_whether_it_may_be_replaced() -> None:
    """The key of a sealed value is made known, as that of the parameter is."""
    seal = KEY_ARN.replace(KEY_ID, "5ea15ea1-12ab-34cd-56ef-1234567890ab")
    sources = {
        "Copied": {"Kind": "Copy", "ParameterArn": DB},
        "Sealed": {"Kind": "Sealed", "Ciphertext": "AAAA", "KeyArn": seal},
    }
    resources = {name: secure_string(Name=f"/shop/{name}", Source=source) for name, source in sources.items()}

    world = world_of({**FUNCTION, **resources, "Db": secure_string(AllowReplacement="true")})

    told = {each.name: (each.copied_from, each.sealing_key, each.replaceable) for each in world.parameters}
    assert told == {
        "/shop/Copied": (DB, None, False),
        "/shop/Sealed": (None, seal, False),
        "/shop/db": (None, None, True),
    }
    assert {each.arn for each in world.keys} == {KEY_ARN, seal}


@pytest.mark.parametrize(
    ("key_id", "expected"),
    [
        (KEY_ID, KEY_ARN),
        ("alias/aws/ssm", "alias/aws/ssm"),
        (f"arn:aws:kms:eu-west-1:{ACCOUNT}:alias/aws/ssm", "alias/aws/ssm"),
        ({"Ref": "Open"}, Unknown(place="Shop/Db, Properties.KeyId", reason=NO_DEFAULT)),
        ("alias/elsewhere", Unknown(place="Shop", reason="which key alias/elsewhere names is not known")),
    ],
)
def test_the_key_of_a_parameter_is_found_however_it_is_named(key_id: object, expected: object) -> None:
    """By id, as the AWS managed key, or not at all."""
    world = world_of({**FUNCTION, "Db": secure_string(KeyId=key_id)}, Parameters=OPEN)

    assert [each.key for each in world.parameters] == [expected]


def test_an_alias_of_the_assembly_leads_to_its_key() -> None:
    """KMS would look it up as well."""
    world = world_of(
        {
            **FUNCTION,
            "Key": {"Type": "AWS::KMS::Key"},
            "Alias": {"Type": "AWS::KMS::Alias", "Properties": {"AliasName": "alias/a", "TargetKeyId": {"Ref": "Key"}}},
            "Db": secure_string(KeyId={"Ref": "Alias"}),
        }
    )

    assert [each.key for each in world.parameters] == [key_of(world).arn]


def test_the_aws_managed_key_has_its_known_policy() -> None:
    """It admits every principal of the account, through Parameter Store of its Region."""
    world = world_of({**FUNCTION, "Db": secure_string(KeyId="alias/aws/ssm")})

    key = key_of(world)
    assert key.policy is not None
    use, metadata = key.policy.statements
    assert (key.name, key.aliases, key.stack) == ("alias/aws/ssm", ("alias/aws/ssm",), None)
    assert key.arn.startswith(f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/")
    assert use.principals == {"AWS": ("*",)}
    assert use.actions == ("kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey")
    assert use.conditions == (
        Condition(operator="StringEquals", key="kms:CallerAccount", values=(ACCOUNT,)),
        Condition(operator="StringEquals", key="kms:ViaService", values=("ssm.eu-west-1.amazonaws.com",)),
    )
    assert metadata.principals == {"AWS": (f"{IAM}:root",)}


@pytest.mark.parametrize(
    ("properties", "place", "reason"),
    [
        ({"Name": {"Ref": "Open"}}, "Shop/Db, Properties.Name", NO_DEFAULT),
        (
            {"ContractVersion": "99"},
            "Shop/Db, Properties",
            NEWER,
        ),
    ],
)
def test_a_parameter_that_cannot_be_read_is_said(properties: dict[str, object], place: str, reason: str) -> None:
    """It is among what is unknown instead."""
    world = world_of({**FUNCTION, "Db": secure_string(**properties)}, Parameters=OPEN)

    assert world.parameters == ()
    assert world.unknown == (Unknown(place=place, reason=reason),)


def grant(**record: object) -> dict[str, Any]:
    """Spell out one grant, as the constructs record it."""
    return {
        "verb": "READ",
        "parameter": DB,
        "path": False,
        "tier": "Standard",
        "key": KEY_ARN,
        "direct": False,
        **record,
    }


def granting(*records: dict[str, Any]) -> dict[str, Any]:
    """Spell out a policy of two roles that says what was granted."""
    made = attached("Policy", "a:Read", Roles=["orders", "ops"])
    return {"Role": role("orders"), "Policy": {**made, "Metadata": {"ssm-securestring:access": list(records)}}}


def test_grants_are_those_of_the_principals_that_the_policy_is_attached_to() -> None:
    """Each with its verb, tier and key; imported principals, too."""
    records = [
        grant(),
        grant(verb="WRITE", tier="Advanced", parameter=f"{DB}/*", path=True),
        {"verb": "READ_METADATA", "parameter": DB, "path": False, "direct": True},
    ]

    world = world_of(granting(*records))

    expected = [
        (Verb.READ, DB, False, Tier.STANDARD, KEY_ARN, False),
        (Verb.WRITE, f"{DB}/*", True, Tier.ADVANCED, KEY_ARN, False),
        (Verb.READ_METADATA, DB, False, None, "alias/aws/ssm", True),
    ]
    assert world.declared == tuple(
        Declared(
            principal=f"{IAM}:role/{name}",
            verb=verb,
            parameter=parameter,
            path=path,
            tier=tier,
            key=key,
            direct=direct,
            stack="Shop",
        )
        for verb, parameter, path, tier, key, direct in expected
        for name in ("orders", "ops")
    )
    assert {each.name for each in world.keys} == {KEY_ARN, "alias/aws/ssm"}


def test_a_share_is_a_grant_to_a_principal_of_another_account() -> None:
    """Its policies are not in the assembly."""
    other = "arn:aws:iam::999922223333:role/reports"
    share = {"Type": "AWS::RAM::ResourceShare", "Metadata": {"ssm-securestring:access": [grant(principal=other)]}}

    (declared,) = world_of({"Share": share}).declared

    assert (declared.principal, declared.verb, declared.parameter) == (other, Verb.READ, DB)


@pytest.mark.parametrize(
    ("record", "place", "reason", "declared"),
    [
        (grant(parameter={"Ref": "Open"}), ".parameter", NO_DEFAULT, 0),
        (grant(key={"Ref": "Open"}), ".key", NO_DEFAULT, 2),
        (grant(verb="EAT"), "", "it is not of the form that this version records", 0),
        (grant(tier="Golden"), "", "it is not of the form that this version records", 0),
    ],
)
def test_a_grant_that_is_not_known_is_said(record: dict[str, Any], place: str, reason: str, declared: int) -> None:
    """Without its key it is still a grant."""
    world = world_of(granting(record), Parameters=OPEN)

    assert world.unknown == (Unknown(place=f"Shop/Policy, Metadata.ssm-securestring:access[0]{place}", reason=reason),)
    assert [each.key for each in world.declared] == [None] * declared


def test_the_marked_role_is_the_provider() -> None:
    """Also before it keeps any parameter."""
    marked = {**role("provider"), "Metadata": {"ssm-securestring:provider": True}}

    assert only(world_of({"Role": marked})).is_provider
