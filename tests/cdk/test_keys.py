"""The key made for Parameter Store: administration apart from use, and use only through Parameter Store."""

import aws_cdk as cdk
import pytest
from aws_cdk import aws_kms as kms

from ssm_securestring.cdk import KeyReference, ParameterKey, SecureStringParameter
from ssm_securestring.core.errors import ParameterNameError, SettingError
from tests.cdk.spelled import KEY_ARN, VIA_SSM, arn_of, only, resources

ROOT = {"AWS": {"Fn::Join": ["", ["arn:", {"Ref": "AWS::Partition"}, ":iam::111122223333:root"]]}}


def test_the_key_policy_is_exactly_this(stack: cdk.Stack) -> None:
    """Two statements: nobody who administers may use, and use is bound to service, account and paths."""
    ParameterKey(stack, "Key", path_prefixes=["/shop", "/mail/"])

    policy = only(stack, "AWS::KMS::Key")["Properties"]["KeyPolicy"]

    administration, use = policy["Statement"]
    assert use == {
        "Sid": "UseThroughParameterStore",
        "Effect": "Allow",
        "Principal": ROOT,
        "Action": ["kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey"],
        "Resource": "*",
        "Condition": {
            "StringEquals": {"kms:CallerAccount": "111122223333", "kms:ViaService": VIA_SSM},
            "StringLike": {"kms:EncryptionContext:PARAMETER_ARN": [arn_of("/shop/*"), arn_of("/mail/*")]},
        },
    }
    assert {key: administration[key] for key in administration if key != "Action"} == {
        "Sid": "AdministerWithoutUse",
        "Effect": "Allow",
        "Principal": ROOT,
        "Resource": "*",
    }
    uses = {"Encrypt", "Decrypt", "ReEncrypt", "GenerateDataKey", "CreateGrant", "GenerateMac", "Sign"}
    assert "kms:PutKeyPolicy" in administration["Action"]
    assert not [action for action in administration["Action"] if "*" in action]
    assert not [action for action in administration["Action"] if action.removeprefix("kms:").startswith(tuple(uses))]


def test_defaults_rotate_the_key_and_keep_it(stack: cdk.Stack) -> None:
    """Rotation every year, 30 days before a deletion, retained unless its own creation fails."""
    ParameterKey(stack, "Key", alias="shop/parameters")

    key = only(stack, "AWS::KMS::Key")

    assert (key["DeletionPolicy"], key["UpdateReplacePolicy"]) == ("RetainExceptOnCreate", "Retain")
    assert key["Properties"]["EnableKeyRotation"] is True
    assert key["Properties"]["RotationPeriodInDays"] == 365
    assert key["Properties"]["PendingWindowInDays"] == 30
    assert "KeySpec" not in key["Properties"]
    alias = only(stack, "AWS::KMS::Alias")
    assert alias["Properties"]["AliasName"] == "alias/shop/parameters"


def test_without_prefixes_the_policy_admits_parameters_of_this_account_and_region(stack: cdk.Stack) -> None:
    """Still bound to Parameter Store and to a context with a parameter's ARN."""
    ParameterKey(stack, "Key")

    use = only(stack, "AWS::KMS::Key")["Properties"]["KeyPolicy"]["Statement"][1]

    assert use["Condition"]["StringLike"] == {"kms:EncryptionContext:PARAMETER_ARN": [arn_of("/*")]}


@pytest.mark.parametrize(
    ("spec", "usage"),
    [
        (kms.KeySpec.RSA_2048, kms.KeyUsage.ENCRYPT_DECRYPT),
        (kms.KeySpec.ECC_NIST_P256, kms.KeyUsage.SIGN_VERIFY),
        (kms.KeySpec.HMAC_256, kms.KeyUsage.GENERATE_VERIFY_MAC),
    ],
)
def test_fails_for_a_key_that_is_not_symmetric(stack: cdk.Stack, spec: kms.KeySpec, usage: kms.KeyUsage) -> None:
    """Parameter Store supports only symmetric keys: refused here, not at the first write."""
    with pytest.raises(SettingError, match="supports only symmetric encryption keys: leave it out"):
        ParameterKey(stack, "Key", key_spec=spec)
    own = kms.Key(stack, "Own", key_spec=spec, key_usage=usage)
    with pytest.raises(SettingError, match=f"key_spec is {spec.name}"):
        SecureStringParameter(stack, "Parameter", encryption_key=own)
    assert not resources(stack, "Custom::SsmSecureString")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"rotation_period": cdk.Duration.days(89)}, "rotation_period is 89 days: write whole days, 90 to 2560"),
        ({"rotation_period": cdk.Duration.days(2561)}, "rotation_period is 2561 days"),
        ({"rotation_period": cdk.Duration.hours(2161)}, "rotation_period is 90.0417 days"),
        ({"pending_window": cdk.Duration.days(6)}, "pending_window is 6 days: write whole days, 7 to 30"),
        ({"pending_window": cdk.Duration.days(31)}, "pending_window is 31 days"),
    ],
)
def test_fails_for_days_out_of_range(stack: cdk.Stack, settings: dict[str, cdk.Duration], message: str) -> None:
    """With the range that KMS accepts."""
    with pytest.raises(SettingError, match=message):
        ParameterKey(stack, "Key", **settings)  # type: ignore[arg-type]  # one of the two durations
    assert not stack.node.children


def test_fails_for_a_prefix_that_begins_no_name(stack: cdk.Stack) -> None:
    """A pattern in a prefix would open more than it says."""
    with pytest.raises(ParameterNameError, match=r"contains '\*'"):
        ParameterKey(stack, "Key", path_prefixes=["/shop/*"])


def test_fails_for_a_parameter_that_the_key_policy_would_not_admit(stack: cdk.Stack) -> None:
    """Nobody could use it: refused before a deployment."""
    key = ParameterKey(stack, "Key", path_prefixes=["/shop"])
    for name in ("/shopping/list", "/shop"):
        with pytest.raises(SettingError, match=f"admits only parameters under /shop, not '{name}'"):
            SecureStringParameter(stack, "Parameter", name=name, encryption_key=key)
    SecureStringParameter(stack, "Parameter", name="/shop/list", encryption_key=key)


@pytest.mark.parametrize(
    "arn",
    [
        "alias/shop",
        "1234abcd-12ab-34cd-56ef-1234567890ab",
        "arn:aws:kms:eu-west-1:111122223333:alias/shop",
        "arn:aws:ssm:eu-west-1:111122223333:parameter/x",
    ],
)
def test_fails_for_anything_but_the_arn_of_a_key(arn: str) -> None:
    """IAM matches a key by its ARN alone; an alias in a policy never matches."""
    with pytest.raises(SettingError, match="which is not the ARN of a key: write arn:<partition>:kms:"):
        ParameterKey.from_key_arn(arn)


def test_a_key_made_elsewhere_is_named_by_its_arn() -> None:
    """The same text goes to Parameter Store and into policies."""
    assert ParameterKey.from_key_arn(KEY_ARN) == KeyReference(key_id=KEY_ARN, key_arn=KEY_ARN)


def test_fails_for_an_alias_instead_of_a_key(stack: cdk.Stack) -> None:
    """Grants on an imported alias are silent no-ops in the CDK; here they are an error with the way out."""
    alias = kms.Alias.from_alias_name(stack, "Alias", "alias/shop")
    with pytest.raises(SettingError, match=r"encryption_key is an alias: pass the key itself, or ParameterKey\.from"):
        SecureStringParameter(stack, "Parameter", encryption_key=alias)


def test_the_aws_managed_key_is_an_explicit_choice(stack: cdk.Stack) -> None:
    """No key is made, the parameter names the alias, and no policy names a key."""
    SecureStringParameter(stack, "Parameter", encryption_key=ParameterKey.aws_managed())

    assert only(stack, "Custom::SsmSecureString")["Properties"]["KeyId"] == "alias/aws/ssm"
    assert not resources(stack, "AWS::KMS::Key")
    statements = only(stack, "AWS::IAM::ManagedPolicy")["Properties"]["PolicyDocument"]["Statement"]
    (on_kms,) = (each for each in statements if "kms:" in str(each["Action"]))
    # For a key that the parameter was under before.
    assert (on_kms["Action"], on_kms["Resource"]) == ("kms:Decrypt", "*")


def test_any_symmetric_key_of_the_cdk_will_do(stack: cdk.Stack) -> None:
    """A kms.Key of one's own goes in by its ARN."""
    key = kms.Key(stack, "Own")
    SecureStringParameter(stack, "Parameter", encryption_key=key)

    (logical_id,) = resources(stack, "AWS::KMS::Key")
    assert only(stack, "Custom::SsmSecureString")["Properties"]["KeyId"] == {"Fn::GetAtt": [logical_id, "Arn"]}
