"""Who may do what: IAM, key policies and grants, with the condition keys of KMS and Parameter Store."""

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.local.aws import Account, Statement, allow, refused

ARN = Callable[[str], str]
Role = Callable[..., Account]
VIA_SSM = {"kms:ViaService": "ssm.eu-west-1.amazonaws.com"}
ROOT = "arn:aws:iam::111122223333:root"


def _for(arn: str, **more: str) -> dict[str, Any]:
    return {"StringEquals": {"kms:EncryptionContext:PARAMETER_ARN": arn, **more}}


def _put(root: Account, name: str, key: str, value: str = "secret") -> None:
    root.ssm.put_parameter(Name=name, Value=value, Type="SecureString", KeyId=key)


def _set_policy(root: Account, key: str, *statements: Statement) -> None:
    policy = {"Version": "2012-10-17", "Statement": [{"Resource": "*", **each} for each in statements]}
    # Some of them leave out the account, as a strict policy of real life names an administrator that is not here.
    root.kms.put_key_policy(KeyId=key, Policy=json.dumps(policy), BypassPolicyLockoutSafetyCheck=True)


def test_context_condition_opens_one_parameter_of_a_shared_key(
    root: Account, name: str, key: str, arn_of: ARN, role: Role
) -> None:
    """The seed's last policy: a reader of one parameter cannot decrypt another, though it may fetch both."""
    other = f"{name}-other"
    _put(root, name, key)
    _put(root, other, key)
    reader = role(allow("ssm:GetParameter*", arn_of("*")), allow("kms:Decrypt", key, _for(arn_of(name))))

    assert reader.ssm.get_parameter(Name=name, WithDecryption=True)["Parameter"]["Value"] == "secret"
    with refused("AccessDeniedException"):
        reader.ssm.get_parameter(Name=other, WithDecryption=True)
    with refused("AccessDeniedException"):
        reader.ssm.get_parameters(Names=[name, other], WithDecryption=True)


def test_via_service_condition_forbids_calling_kms_directly(
    root: Account, name: str, key: str, arn_of: ARN, role: Role
) -> None:
    """With kms:ViaService a reader decrypts through Parameter Store only; without it, directly as well."""
    _put(root, name, key)
    blob = base64.b64decode(root.ssm.get_parameter(Name=name)["Parameter"]["Value"])
    context = {"PARAMETER_ARN": arn_of(name)}
    fetch = allow("ssm:GetParameter", arn_of(name))
    through = role(fetch, allow("kms:Decrypt", key, _for(arn_of(name), **VIA_SSM)))
    direct = role(fetch, allow("kms:Decrypt", key, _for(arn_of(name))))

    assert through.ssm.get_parameter(Name=name, WithDecryption=True)["Parameter"]["Value"] == "secret"
    with refused("AccessDeniedException"):
        through.kms.decrypt(CiphertextBlob=blob, EncryptionContext=context)
    assert direct.kms.decrypt(CiphertextBlob=blob, EncryptionContext=context)["Plaintext"] == b"secret"
    with refused("AccessDeniedException"):
        direct.kms.decrypt(CiphertextBlob=blob)


@pytest.mark.parametrize(
    ("action", "standard", "advanced"),
    [("kms:Encrypt", True, False), ("kms:GenerateDataKey", False, True), ("kms:Decrypt", False, False)],
)
def test_each_tier_needs_its_own_permission_to_write(
    name: str, key: str, arn_of: ARN, role: Role, action: str, *, standard: bool, advanced: bool
) -> None:
    """Encrypt writes standard parameters, GenerateDataKey advanced ones, and nothing else does."""
    writer = role(allow("ssm:PutParameter", arn_of(f"{name}*")), allow(action, key))
    for tier, allowed in (("Standard", standard), ("Advanced", advanced)):
        wanted: dict[str, Any] = {"Name": f"{name}-{tier}", "Value": "v", "Type": "SecureString", "Tier": tier}
        if allowed:
            assert writer.ssm.put_parameter(**wanted, KeyId=key)["Version"] == 1
        else:
            with refused("AccessDeniedException"):
                writer.ssm.put_parameter(**wanted, KeyId=key)


def test_default_key_needs_no_kms_permission(root: Account, name: str, arn_of: ARN, role: Role) -> None:
    """Who may call Parameter Store may decrypt what alias/aws/ssm encrypts; only an explicit Deny helps."""
    root.ssm.put_parameter(Name=name, Value="secret", Type="SecureString")
    key = root.kms.describe_key(KeyId="alias/aws/ssm")["KeyMetadata"]["Arn"]
    fetch = allow("ssm:GetParameter", arn_of(name))

    assert role(fetch).ssm.get_parameter(Name=name, WithDecryption=True)["Parameter"]["Value"] == "secret"
    barred = role(fetch, {"Effect": "Deny", "Action": "kms:Decrypt", "Resource": key})
    with refused("AccessDeniedException") as message:
        barred.ssm.get_parameter(Name=name, WithDecryption=True)
    assert "with an explicit deny in an identity-based policy" in message[0]


def test_conditions_of_the_delegating_statement_limit_what_iam_can_give(
    root: Account, name: str, key: str, arn_of: ARN, role: Role
) -> None:
    """A key policy that delegates for one path only is not widened by a generous IAM policy."""
    inside, outside = f"{name}/in", "/elsewhere" + name
    _put(root, inside, key)
    _put(root, outside, key)
    context = {"StringLike": {"kms:EncryptionContext:PARAMETER_ARN": arn_of(f"{name}/*")}}
    _set_policy(root, key, {"Effect": "Allow", "Principal": {"AWS": ROOT}, "Action": "kms:*", "Condition": context})
    reader = role(allow("ssm:GetParameter", "*"), allow("kms:*", "*"))

    assert reader.ssm.get_parameter(Name=inside, WithDecryption=True)["Parameter"]["Value"] == "secret"
    with refused("AccessDeniedException") as message:
        reader.ssm.get_parameter(Name=outside, WithDecryption=True)
    assert "because no resource-based policy allows the kms:Decrypt action" in message[0]


def test_without_delegation_iam_counts_for_nothing_and_a_named_role_needs_no_iam(
    root: Account, name: str, key: str, arn_of: ARN, role: Role
) -> None:
    """A key policy that names principals and not the account is the whole truth about the key."""
    _put(root, name, key)
    generous, named = role(allow("*", "*")), role(allow("ssm:GetParameter", arn_of(name)))
    session = named.sts.get_caller_identity()["Arn"]
    role_arn = f"arn:aws:iam::111122223333:role/{session.split('/')[1]}"
    _set_policy(root, key, {"Effect": "Allow", "Principal": {"AWS": role_arn}, "Action": "kms:Decrypt"})

    assert named.ssm.get_parameter(Name=name, WithDecryption=True)["Parameter"]["Value"] == "secret"
    with refused("AccessDeniedException"):
        generous.ssm.get_parameter(Name=name, WithDecryption=True)


def test_principal_arn_is_that_of_the_role(root: Account, name: str, key: str, arn_of: ARN, role: Role) -> None:
    """A key policy that compares aws:PrincipalArn means the role, whatever its session is called.

    Source:
        IAM User Guide, "AWS global condition context keys", aws:PrincipalArn.
    """
    _put(root, name, key)
    read = [allow("ssm:GetParameter", arn_of(name)), allow("kms:Decrypt", key)]
    named, other = role(*read), role(*read)
    role_name = named.sts.get_caller_identity()["Arn"].split("/")[1]
    only_named = {"ArnEquals": {"aws:PrincipalArn": f"arn:aws:iam::111122223333:role/{role_name}"}}
    _set_policy(
        root, key, {"Effect": "Allow", "Principal": {"AWS": ROOT}, "Action": "kms:Decrypt", "Condition": only_named}
    )

    assert named.ssm.get_parameter(Name=name, WithDecryption=True)["Parameter"]["Value"] == "secret"
    with refused("AccessDeniedException"):
        other.ssm.get_parameter(Name=name, WithDecryption=True)


def test_explicit_deny_in_a_key_policy_wins(root: Account, name: str, key: str, arn_of: ARN, role: Role) -> None:
    """A Deny for calls that do not come through Parameter Store stops direct decryption and nothing else."""
    _put(root, name, key)
    _set_policy(
        root,
        key,
        {"Effect": "Allow", "Principal": {"AWS": ROOT}, "Action": "kms:*"},
        {
            "Effect": "Deny",
            "Principal": {"AWS": "*"},
            "Action": "kms:Decrypt",
            "Condition": {"StringNotEquals": VIA_SSM},
        },
    )
    reader = role(allow(["ssm:GetParameter", "kms:Decrypt"], "*"))
    blob = base64.b64decode(root.ssm.get_parameter(Name=name)["Parameter"]["Value"])

    assert reader.ssm.get_parameter(Name=name, WithDecryption=True)["Parameter"]["Value"] == "secret"
    with refused("AccessDeniedException") as message:
        reader.kms.decrypt(CiphertextBlob=blob, EncryptionContext={"PARAMETER_ARN": arn_of(name)})
    assert "with an explicit deny in a resource-based policy" in message[0]


def test_caller_account_and_context_keys_reach_the_policies(root: Account, name: str, key: str, role: Role) -> None:
    """kms:CallerAccount and the set of context keys are there for conditions."""
    _put(root, name, key)
    _set_policy(
        root,
        key,
        {
            "Effect": "Allow",
            "Principal": {"AWS": "*"},
            "Action": "kms:Decrypt",
            "Condition": {
                "StringEquals": {"kms:CallerAccount": "111122223333"},
                "ForAllValues:StringEquals": {"kms:EncryptionContextKeys": ["PARAMETER_ARN"]},
                "ForAnyValue:StringEquals": {"kms:EncryptionContextKeys": "PARAMETER_ARN"},
            },
        },
    )

    reader = role(allow("ssm:GetParameter", "*"))
    assert reader.ssm.get_parameter(Name=name, WithDecryption=True)["Parameter"]["Value"] == "secret"


def test_request_alias_is_a_condition_key(root: Account, name: str, key: str, role: Role) -> None:
    """A permission by alias holds for requests that use the alias, and for no others."""
    alias = f"alias{name}"
    root.kms.create_alias(AliasName=alias, TargetKeyId=key)
    caller = role(allow("kms:Encrypt", "*", {"StringEquals": {"kms:RequestAlias": alias}}))

    assert caller.kms.encrypt(KeyId=alias, Plaintext=b"x")["KeyId"] == key
    with refused("AccessDeniedException"):
        caller.kms.encrypt(KeyId=key, Plaintext=b"x")


def test_grant_lets_its_grantee_use_the_key_within_its_constraint(
    root: Account, name: str, key: str, arn_of: ARN, role: Role
) -> None:
    """A grant is a further source of permission, bound to the encryption context it names."""
    _put(root, name, key)
    reader = role(allow("ssm:GetParameter", "*"))
    role_arn = f"arn:aws:iam::111122223333:role/{reader.sts.get_caller_identity()['Arn'].split('/')[1]}"
    with refused("AccessDeniedException"):
        reader.ssm.get_parameter(Name=name, WithDecryption=True)

    for context, works in (({"PARAMETER_ARN": arn_of("/other")}, False), ({"PARAMETER_ARN": arn_of(name)}, True)):
        root.kms.create_grant(
            KeyId=key,
            GranteePrincipal=role_arn,
            Operations=["Decrypt"],
            Constraints={"EncryptionContextSubset": context},
        )
        if works:
            assert reader.ssm.get_parameter(Name=name, WithDecryption=True)["Parameter"]["Value"] == "secret"
        else:
            with refused("AccessDeniedException"):
                reader.ssm.get_parameter(Name=name, WithDecryption=True)


def test_get_parameters_is_authorised_name_by_name(root: Account, name: str, arn_of: ARN, role: Role) -> None:
    """One name without permission refuses the whole call, also if there is no such parameter."""
    root.ssm.put_parameter(Name=name, Value="v", Type="String")
    reader = role(allow("ssm:GetParameters", arn_of(name)))

    assert [each["Name"] for each in reader.ssm.get_parameters(Names=[name])["Parameters"]] == [name]
    with refused("AccessDeniedException") as message:
        reader.ssm.get_parameters(Names=[name, f"{name}2"])
    assert f"ssm:GetParameters on resource: {arn_of(name)}2" in message[0]


def test_get_by_path_is_authorised_on_the_path_alone(root: Account, name: str, arn_of: ARN, role: Role) -> None:
    """Who may read a path reads everything below, where GetParameter is denied too; its ancestor is another path."""
    root.ssm.put_parameter(Name=name, Value="v", Type="String")
    path = name.removesuffix("/value")
    reader = role(
        allow("ssm:GetParametersByPath", arn_of(path)),
        {"Effect": "Deny", "Action": "ssm:GetParameter", "Resource": arn_of(name)},
    )

    assert [each["Name"] for each in reader.ssm.get_parameters_by_path(Path=path)["Parameters"]] == [name]
    with refused("AccessDeniedException"):
        reader.ssm.get_parameter(Name=name)
    with refused("AccessDeniedException"):
        reader.ssm.get_parameters_by_path(Path="/test", Recursive=True)


def test_resource_tags_decide_who_may_delete(root: Account, name: str, arn_of: ARN, role: Role) -> None:
    """A provisioning role that may delete what carries its stack's tag deletes nothing else."""
    mine, foreign = f"{name}-mine", f"{name}-foreign"
    for each, stack in ((mine, "stack-1"), (foreign, "stack-2")):
        root.ssm.put_parameter(
            Name=each, Value="v", Type="String", Tags=[{"Key": "ssm-securestring:stack", "Value": stack}]
        )
    condition = {"StringEquals": {"aws:ResourceTag/ssm-securestring:stack": "stack-1"}}
    owner = role(allow(["ssm:DeleteParameter", "ssm:ListTagsForResource"], arn_of("*"), condition))

    with refused("AccessDeniedException"):
        owner.ssm.delete_parameter(Name=foreign)
    with refused("AccessDeniedException"):
        owner.ssm.delete_parameter(Name=f"{name}-none")
    listed = owner.ssm.list_tags_for_resource(ResourceType="Parameter", ResourceId=mine)["TagList"]
    assert listed == [{"Key": "ssm-securestring:stack", "Value": "stack-1"}]
    owner.ssm.delete_parameter(Name=mine)
    with refused("ParameterNotFound"):
        root.ssm.get_parameter(Name=mine)


def test_overwrite_and_request_tags_are_condition_keys(root: Account, name: str, arn_of: ARN, role: Role) -> None:
    """A create-only writer cannot overwrite, and one bound to a tag must set it."""
    put = allow(["ssm:PutParameter", "ssm:AddTagsToResource"], arn_of(f"{name}*"))
    deny_overwrite = {
        "Effect": "Deny",
        "Action": "ssm:PutParameter",
        "Resource": "*",
        "Condition": {"StringEquals": {"ssm:Overwrite": "true"}},
    }
    creator = role(put, deny_overwrite)
    creator.ssm.put_parameter(Name=name, Value="v", Type="String")
    with refused("AccessDeniedException"):
        creator.ssm.put_parameter(Name=name, Value="v", Type="String", Overwrite=True)
    tagger = role({**put, "Condition": {"StringEquals": {"aws:RequestTag/team": "shop"}}})
    with refused("AccessDeniedException"):
        tagger.ssm.put_parameter(Name=f"{name}2", Value="v", Type="String")
    tagger.ssm.put_parameter(Name=f"{name}2", Value="v", Type="String", Tags=[{"Key": "team", "Value": "shop"}])
    assert root.ssm.get_parameter(Name=f"{name}2")["Parameter"]["Value"] == "v"


def test_a_role_without_permissions_can_do_nothing(root: Account, name: str, key: str, role: Role) -> None:
    """Every call is checked, those about keys in general and about metadata included."""
    _put(root, name, key)
    nobody = role()
    calls: list[Callable[[], object]] = [
        lambda: nobody.ssm.get_parameter(Name=name),
        lambda: nobody.ssm.get_parameter_history(Name=name),
        nobody.ssm.describe_parameters,
        lambda: nobody.ssm.delete_parameters(Names=[name]),
        lambda: nobody.ssm.label_parameter_version(Name=name, Labels=["a"]),
        lambda: nobody.ssm.get_service_setting(SettingId="/ssm/parameter-store/default-parameter-tier"),
        nobody.kms.list_keys,
        nobody.kms.create_key,
        lambda: nobody.kms.describe_key(KeyId=key),
        lambda: nobody.kms.create_alias(AliasName="alias/x", TargetKeyId=key),
        lambda: nobody.kms.put_key_policy(KeyId=key, Policy="{}"),
        lambda: nobody.kms.re_encrypt(
            CiphertextBlob=root.kms.encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"], DestinationKeyId=key
        ),
    ]
    for call in calls:
        with refused("AccessDeniedException"):
            call()


def test_fails_unsigned_or_wrongly_signed(root: Account, name: str) -> None:
    """A request without credentials, or with made-up ones, gets nowhere."""
    stranger = Account(root.aws, "AKIAIOSFODNN7EXAMPLE", "wrong")
    with refused("UnrecognizedClientException"):
        stranger.ssm.get_parameter(Name=name)
