"""The helper against the embedded AWS: real SecureStrings, real permissions, real key states."""

import json
import logging
import uuid
from collections.abc import Callable
from typing import Any

import boto3
import pytest
from botocore.config import Config

from ssm_securestring import (
    ParameterAccessDeniedError,
    ParameterKeyError,
    ParameterKeyNotFoundError,
    ParameterKeyPendingImportError,
    ParameterNameError,
    ParameterNotFoundError,
    ParameterReadError,
    ParameterVersionNotFoundError,
    SecureStrings,
)
from ssm_securestring.local import EmbeddedAws

pytestmark = pytest.mark.usefixtures("only_the_embedded_aws")

CANARY = "c4n4ry-correct-horse"
READ = ["ssm:GetParameter", "ssm:GetParameters"]


@pytest.fixture
def path() -> str:
    """A path of its own for each test."""
    return f"/runtime/{uuid.uuid4().hex}"


def put(name: str, value: str = CANARY, **more: Any) -> str:  # noqa: ANN401 - arguments of the API
    """Store a SecureString and return its ARN."""
    ssm: Any = boto3.client("ssm")
    ssm.put_parameter(Name=name, Value=value, Type="SecureString", **more)
    arn: str = ssm.get_parameter(Name=name)["Parameter"]["ARN"]
    return arn


def make_key() -> str:
    """Make a symmetric key and return its ARN."""
    return boto3.client("kms").create_key()["KeyMetadata"]["Arn"]


def role_that_may(*statements: dict[str, object]) -> SecureStrings:
    """Return a helper that runs under a new role with these permissions."""
    iam, sts = boto3.client("iam"), boto3.client("sts")
    name = f"reader-{uuid.uuid4().hex}"
    account = sts.get_caller_identity()["Account"]
    trust = {"Effect": "Allow", "Principal": {"AWS": account}, "Action": "sts:AssumeRole"}
    role = iam.create_role(
        RoleName=name, AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    )["Role"]
    document = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **each} for each in statements]}
    iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=json.dumps(document))
    credentials = sts.assume_role(RoleArn=role["Arn"], RoleSessionName="reader")["Credentials"]
    client = boto3.client(
        "ssm",
        aws_access_key_id=credentials["AccessKeyId"],
        aws_secret_access_key=credentials["SecretAccessKey"],
        aws_session_token=credentials["SessionToken"],
    )
    return SecureStrings(client=client)


@pytest.mark.parametrize("tier", ["Standard", "Advanced"])
def test_get_decrypts_a_parameter_of_either_tier(path: str, tier: str) -> None:
    """By name, and by ARN."""
    arn = put(f"{path}/db", Tier=tier, KeyId=make_key())
    secrets = SecureStrings()
    assert secrets.get(f"{path}/db").reveal() == CANARY
    assert secrets.get(arn).reveal() == CANARY


def test_get_many_asks_ten_names_at_a_time_and_keeps_what_is_good(path: str, embedded_aws: EmbeddedAws) -> None:
    """25 names are three calls; a missing one has its own error and costs the others nothing."""
    names = [f"{path}/{number}" for number in range(24)]
    for name in names:
        put(name, value=f"value of {name}")
    before = len(embedded_aws.trail())

    values = SecureStrings().get_many([*names, f"{path}/missing", names[0]])

    calls = [each.event_name for each in embedded_aws.trail()[before:] if each.event_source == "ssm.amazonaws.com"]
    assert calls == ["GetParameters"] * 3
    assert {name: value.reveal() for name, value in values.items()} == {name: f"value of {name}" for name in names}
    with pytest.raises(ParameterNotFoundError, match=rf"parameter {path}/missing: not found in this account"):
        _ = values[f"{path}/missing"]
    assert list(values.errors) == [f"{path}/missing"]
    assert CANARY not in repr(values)


def test_get_many_finds_a_single_level_name_with_and_without_slash() -> None:
    """``foo`` and ``/foo`` are one parameter, and an ARN may be mixed in."""
    name = f"single-{uuid.uuid4().hex}"
    arn = put(name)
    values = SecureStrings().get_many([name, arn])
    assert {key: value.reveal() for key, value in values.items()} == {name: CANARY, arn: CANARY}
    assert SecureStrings().get_many([f"/{name}"])[f"/{name}"].reveal() == CANARY


def test_one_bad_key_does_not_take_other_parameters_along(path: str) -> None:
    """The call for both fails as a whole, so each is asked for alone."""
    bad_key = make_key()
    put(f"{path}/bad", KeyId=bad_key)
    put(f"{path}/good", KeyId=make_key())
    boto3.client("kms").disable_key(KeyId=bad_key)

    values = SecureStrings().get_many([f"{path}/bad", f"{path}/good"])

    assert values[f"{path}/good"].reveal() == CANARY
    with pytest.raises(ParameterKeyError, match="its KMS key is disabled"):
        _ = values[f"{path}/bad"]


def test_fails_for_a_name_that_is_not_there(path: str) -> None:
    """A KeyError too, with the service's code and the id to give to AWS Support."""
    with pytest.raises(ParameterNotFoundError) as caught:
        SecureStrings().get(path)
    assert isinstance(caught.value, KeyError)
    assert (caught.value.name, caught.value.code) == (path, "ParameterNotFound")
    assert caught.value.request_id
    assert caught.value.__cause__ is not None


@pytest.mark.parametrize(
    ("break_key", "message"),
    [
        (lambda kms, key: kms.disable_key(KeyId=key), "its KMS key is disabled. Enable the key"),
        (
            lambda kms, key: kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7),
            "its KMS key is pending deletion. Cancel the deletion",
        ),
    ],
    ids=["disabled", "pending-deletion"],
)
def test_fails_for_a_key_that_cannot_be_used(path: str, break_key: Callable[[Any, str], object], message: str) -> None:
    """The message says in what state the key is and how to mend it."""
    key = make_key()
    put(f"{path}/db", KeyId=key)
    break_key(boto3.client("kms"), key)
    with pytest.raises(ParameterKeyError, match=message) as caught:
        SecureStrings().get(f"{path}/db")
    assert caught.value.code == "InvalidKeyId"


def break_alias(name: str, target: str) -> None:
    """Store under an alias, and point that somewhere else."""
    alias, kms = f"alias/{uuid.uuid4().hex}", boto3.client("kms")
    kms.create_alias(AliasName=alias, TargetKeyId=make_key())
    put(name, KeyId=alias)
    kms.update_alias(AliasName=alias, TargetKeyId=target)


def test_versions_and_labels_are_read_and_missing_ones_told_from_missing_names(path: str) -> None:
    """Alone and among others: a version that is not there is not a parameter that is not there."""
    name = f"{path}/db"
    put(name, value="1")
    ssm: Any = boto3.client("ssm")
    ssm.put_parameter(Name=name, Value="2", Type="SecureString", Overwrite=True)
    ssm.label_parameter_version(Name=name, ParameterVersion=1, Labels=["old"])
    wanted = [name, f"{name}:1", f"{name}:old", f"{name}:9", f"{name}:none", f"{path}/missing", f"{path}/missing:1"]

    together = SecureStrings().get_many(wanted)

    assert {each: value.reveal() for each, value in together.items()} == {
        name: "2",
        f"{name}:1": "1",
        f"{name}:old": "1",
    }
    assert {each: type(error) for each, error in together.errors.items()} == {
        f"{name}:9": ParameterVersionNotFoundError,
        f"{name}:none": ParameterVersionNotFoundError,
        f"{path}/missing": ParameterNotFoundError,
        f"{path}/missing:1": ParameterNotFoundError,
    }
    for each, error in together.errors.items():
        with pytest.raises(type(error)) as caught:
            SecureStrings().get(each)
        assert (type(caught.value), str(caught.value)) == (type(error), str(error))


def test_fails_for_a_key_without_material_and_for_one_that_is_gone(path: str) -> None:
    """By writing, too: a key that waits for its import, and one that was never there."""
    kms: Any = boto3.client("kms")
    empty = kms.create_key(Origin="EXTERNAL")["KeyMetadata"]["Arn"]
    break_alias(f"{path}/db", empty)
    gone = f"{empty.rpartition('/')[0]}/{uuid.uuid4()}"
    with pytest.raises(ParameterKeyPendingImportError, match=r"pending import\)\. Import the key material"):
        SecureStrings().put(f"{path}/db", CANARY, key_id=empty)
    with pytest.raises(ParameterKeyNotFoundError, match="its KMS key does not exist"):
        SecureStrings().put(f"{path}/db", CANARY, key_id=gone)
    assert SecureStrings().get(f"{path}/db").reveal() == CANARY


def test_fails_without_permission_in_parameter_store(path: str) -> None:
    """The message names the action, and the way to grant it."""
    put(f"{path}/db")
    with pytest.raises(
        ParameterAccessDeniedError, match=r"ssm:GetParameter is denied\. Grant ssm:GetParameter"
    ) as caught:
        role_that_may({"Action": "s3:GetObject", "Resource": "*"}).get(f"{path}/db")
    assert isinstance(caught.value, PermissionError)


def test_fails_without_permission_in_kms(path: str) -> None:
    """The same code from the service, but another permission is missing: the message tells which, on which key."""
    key = make_key()
    put(f"{path}/db", KeyId=key)
    allowed: dict[str, object] = {"Action": READ, "Resource": "*"}
    with pytest.raises(ParameterAccessDeniedError, match=r"kms:Decrypt is denied\. Grant kms:Decrypt on") as caught:
        role_that_may(allowed).get(f"{path}/db")
    assert "PARAMETER_ARN" in str(caught.value)


def test_the_conditions_of_a_grant_are_met_by_the_helper(path: str) -> None:
    """What grant_read writes into a policy is enough for get and get_many, and for this parameter alone."""
    key = make_key()
    arn = put(f"{path}/db", KeyId=key)
    put(f"{path}/other", KeyId=key)
    bound = {"kms:EncryptionContext:PARAMETER_ARN": arn, "kms:ViaService": "ssm.eu-west-1.amazonaws.com"}
    secrets = role_that_may(
        {"Action": READ, "Resource": f"{arn.rsplit('/', 1)[0]}/*"},
        {"Action": "kms:Decrypt", "Resource": key, "Condition": {"StringEquals": bound}},
    )
    assert secrets.get(f"{path}/db").reveal() == CANARY
    assert secrets.get_many([f"{path}/db"])[f"{path}/db"].reveal() == CANARY
    with pytest.raises(ParameterAccessDeniedError, match="kms:Decrypt is denied"):
        secrets.get(f"{path}/other")


def test_fails_with_one_sentence_when_nobody_answers(path: str) -> None:
    """No network, no credentials, no Region: an error of ours, with the cause kept."""
    client = boto3.client("ssm", endpoint_url="http://127.0.0.1:1", config=Config(retries={"total_max_attempts": 1}))
    with pytest.raises(ParameterReadError, match="Parameter Store could not be asked") as caught:
        SecureStrings(client=client).get(path)
    assert caught.value.code == "NoAnswer"
    with pytest.raises(ParameterReadError, match="could not be asked"):
        _ = SecureStrings(client=client).get_many([path])[path]


@pytest.mark.parametrize("name", ["shop/db", "", "/shop//db"])
def test_fails_for_a_name_that_can_be_none_before_any_call(name: str) -> None:
    """No client is made for it."""
    with pytest.raises(ParameterNameError):
        SecureStrings().get(name)
    with pytest.raises(ParameterNameError):
        SecureStrings().get_many(["/shop/db", name])


def test_aws_own_parameters_can_be_asked_for() -> None:
    """Their names are reserved for making, not for reading."""
    with pytest.raises(ParameterNotFoundError):
        SecureStrings().get("/aws/service/no-such-thing")


def test_no_log_line_holds_the_value(path: str, caplog: pytest.LogCaptureFixture) -> None:
    """The AWS SDK writes response bodies at level DEBUG; once the helper has its client, it does not."""
    put(f"{path}/db", value=CANARY)
    put(f"{path}/api", value=CANARY)
    # By name, too: the function, in whose tests that happens, silences it for the whole process.
    with caplog.at_level(logging.DEBUG), caplog.at_level(logging.DEBUG, logger="botocore"):
        for secrets in (SecureStrings(client=boto3.client("ssm")), SecureStrings()):
            secrets.get(f"{path}/db")
            secrets.get_many([f"{path}/db", f"{path}/api"])
            secrets.invalidate()
            secrets.get_many([f"{path}/db", f"{path}/api"])
    assert "botocore" in {record.name.split(".")[0] for record in caplog.records}
    assert CANARY not in caplog.text
