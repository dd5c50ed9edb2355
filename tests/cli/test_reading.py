"""``get``, ``exec`` and ``doctor`` on the embedded AWS."""

import json
import os
import subprocess
import sys
import uuid
from typing import Any

import boto3
import pytest

from ssm_securestring.cli.exec import variables
from ssm_securestring.cli.main import main
from ssm_securestring.core.errors import SettingError
from ssm_securestring.runtime import SecretValue, SecretValues

pytestmark = pytest.mark.usefixtures("only_the_embedded_aws")

CANARY = "c4n4ry-correct-horse"
READ: dict[str, object] = {
    "Action": ["ssm:GetParameter", "ssm:GetParameters", "ssm:DescribeParameters"],
    "Resource": "*",
}


@pytest.fixture
def path() -> str:
    """A path of its own for each test."""
    return f"/cli/{uuid.uuid4().hex}"


def put(name: str, value: str = CANARY, **more: Any) -> None:  # noqa: ANN401 - arguments of the API
    """Store a SecureString."""
    ssm: Any = boto3.client("ssm")
    ssm.put_parameter(Name=name, Value=value, Type="SecureString", **more)


def make_key(**more: Any) -> str:  # noqa: ANN401 - arguments of the API
    """Make a key and return its ARN."""
    kms: Any = boto3.client("kms")
    arn: str = kms.create_key(**more)["KeyMetadata"]["Arn"]
    return arn


def become(monkeypatch: pytest.MonkeyPatch, *statements: dict[str, object]) -> None:
    """Go on under a new role with these permissions."""
    iam, sts = boto3.client("iam"), boto3.client("sts")
    name, account = f"reader-{uuid.uuid4().hex}", sts.get_caller_identity()["Account"]
    trust = {"Effect": "Allow", "Principal": {"AWS": account}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=document)["Role"]
    policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **each} for each in statements]}
    iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=json.dumps(policy))
    credentials = sts.assume_role(RoleArn=role["Arn"], RoleSessionName="reader")["Credentials"]
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", credentials["AccessKeyId"])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", credentials["SecretAccessKey"])
    monkeypatch.setenv("AWS_SESSION_TOKEN", credentials["SessionToken"])


def test_get_prints_values(path: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Of names line by line, of a path as JSON; a name that fails is an error line and an exit code."""
    put(f"{path}/a", "1")
    put(f"{path}/b", "2")
    assert main(["get", f"{path}/b", f"{path}/a"]) == 0
    assert capsys.readouterr().out == "2\n1\n"
    assert main(["get", "--json", "--path", path]) == 0
    assert json.loads(capsys.readouterr().out) == {f"{path}/a": "1", f"{path}/b": "2"}
    assert main(["get", f"{path}/a", f"{path}/no"]) == 1
    printed = capsys.readouterr()
    assert printed.out == "1\n"
    assert f"parameter {path}/no: not found" in printed.err
    assert main(["get"]) == 1


def test_exec_runs_a_program_with_the_values_in_its_environment(path: str) -> None:
    """Names below the path become variables; the exit code is the program's."""
    put(f"{path}/db/password")
    put(f"{path}/mail-key", "2")
    code = "import os, sys; print(os.environ['DB_PASSWORD'], os.environ['MAIL_KEY']); sys.exit(7)"
    command = [
        sys.executable,
        "-m",
        "ssm_securestring.cli.main",
        "exec",
        "--path",
        path,
        "--",
        sys.executable,
        "-c",
        code,
    ]
    done = subprocess.run(command, env=os.environ, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (7, f"{CANARY} 2\n")


def test_exec_runs_nothing_when_a_value_cannot_be_read(path: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A program with half of its secrets does harm."""
    key = make_key()
    put(f"{path}/a")
    put(f"{path}/b", KeyId=key)
    boto3.client("kms").disable_key(KeyId=key)
    assert main(["exec", "--path", path, "--", "true"]) == 1
    assert f"parameter {path}/b: its KMS key is disabled" in capsys.readouterr().err
    assert main(["exec", "--path", path]) == 1


def test_exec_fails_for_names_that_are_one_variable() -> None:
    """Neither of them wins silently."""
    values = SecretValues({"/p/a-b": SecretValue("1"), "/p/a/b": SecretValue("2")}, {})
    with pytest.raises(SettingError, match="A_B"):
        variables("/p", values)


def doctor(name: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    """Run the doctor; what it prints holds no value."""
    code = main(["doctor", name])
    printed = capsys.readouterr().out
    assert CANARY not in printed
    return code, printed


def test_doctor_finds_nothing_wrong(path: str, capsys: pytest.CaptureFixture[str]) -> None:
    """All four lines are ok."""
    key = make_key()
    put(f"{path}/db", KeyId=key)
    code, printed = doctor(f"{path}/db", capsys)
    assert code == 0
    assert [line.split(":")[0] for line in printed.splitlines()] == [
        *("ok    credentials", "ok    parameter", "ok    key", "ok    reading")
    ]
    assert f"{key} is enabled" in printed


def test_doctor_sees_that_there_is_no_such_parameter(path: str, capsys: pytest.CaptureFixture[str]) -> None:
    """With the Region that was looked at."""
    code, printed = doctor(path, capsys)
    assert code == 1
    assert f"FAIL  parameter: {path} is not in Region eu-west-1 of this account" in printed


def test_doctor_sees_that_the_permission_on_the_key_is_missing(
    path: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The seed's first cause: the credentials may not use the key."""
    key = make_key()
    put(f"{path}/db", KeyId=key)
    become(monkeypatch, READ)
    code, printed = doctor(f"{path}/db", capsys)
    assert code == 1
    assert "?     key" in printed
    assert "FAIL  reading: kms:Decrypt is denied. Grant kms:Decrypt on" in printed


def test_doctor_sees_that_the_key_policy_prevents_it(
    path: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same cause from the other side: IAM allows, the key policy does not; the fix names that, too."""
    owner = f"arn:aws:iam::{boto3.client('sts').get_caller_identity()['Account']}:root"
    manage: dict[str, object] = {"Effect": "Allow", "Principal": {"AWS": owner}, "Action": "kms:*", "Resource": "*"}
    refuse = manage | {"Effect": "Deny", "Principal": "*", "Action": "kms:Decrypt"}
    key = make_key()
    put(f"{path}/db", KeyId=key)
    policy = json.dumps({"Version": "2012-10-17", "Statement": [manage, refuse]})
    boto3.client("kms").put_key_policy(KeyId=key, Policy=policy)
    become(monkeypatch, READ, {"Action": ["kms:Decrypt", "kms:DescribeKey"], "Resource": "*"})
    code, printed = doctor(f"{path}/db", capsys)
    assert code == 1
    assert f"ok    key: {key} is enabled" in printed
    assert "FAIL  reading: kms:Decrypt is denied" in printed
    assert "and at the key policy" in printed


def test_doctor_sees_that_the_encryption_context_is_another_one(
    path: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A grant for another parameter under the same key does not help; the fix says where to look."""
    key = make_key()
    put(f"{path}/db", KeyId=key)
    bound = {"StringEquals": {"kms:EncryptionContext:PARAMETER_ARN": "arn:aws:ssm:eu-west-1:111122223333:parameter/x"}}
    become(
        monkeypatch,
        READ,
        {"Action": "kms:Decrypt", "Resource": key, "Condition": bound},
        {"Action": "kms:DescribeKey", "Resource": key},
    )
    code, printed = doctor(f"{path}/db", capsys)
    assert code == 1
    assert f"ok    key: {key} is enabled" in printed
    assert "look at its conditions (PARAMETER_ARN, kms:ViaService)" in printed


def test_doctor_sees_that_the_permission_in_parameter_store_is_missing(
    path: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not to be mistaken for the key's."""
    put(f"{path}/db")
    become(monkeypatch, {"Action": "s3:GetObject", "Resource": "*"})
    code, printed = doctor(f"{path}/db", capsys)
    assert code == 1
    assert "?     parameter: ssm:DescribeParameters was refused" in printed
    assert "FAIL  reading: ssm:GetParameter is denied" in printed


def test_doctor_sees_that_the_key_is_not_found(path: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The seed's second cause: the identifier leads nowhere."""
    alias, kms = f"alias/{uuid.uuid4().hex}", boto3.client("kms")
    kms.create_alias(AliasName=alias, TargetKeyId=make_key())
    put(f"{path}/db", KeyId=alias)
    kms.delete_alias(AliasName=alias)
    code, printed = doctor(f"{path}/db", capsys)
    assert code == 1
    assert f"FAIL  key: {alias} is not found" in printed


def test_doctor_sees_that_the_key_is_disabled(path: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The seed's third cause, in its first form."""
    key = make_key()
    put(f"{path}/db", KeyId=key)
    boto3.client("kms").disable_key(KeyId=key)
    code, printed = doctor(f"{path}/db", capsys)
    assert code == 1
    assert f"FAIL  key: {key} is disabled: enable it" in printed
    assert "FAIL  reading: its KMS key is disabled" in printed


def test_doctor_sees_that_the_key_is_pending_deletion(path: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The same, in its second form."""
    key = make_key()
    put(f"{path}/db", KeyId=key)
    boto3.client("kms").schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    code, printed = doctor(f"{path}/db", capsys)
    assert code == 1
    assert f"FAIL  key: {key} is pending deletion: cancel that" in printed


def test_doctor_sees_credentials_that_are_not_there(
    path: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It stops there, since all else would fail for the same reason."""
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    code, printed = doctor(path, capsys)
    assert code == 1
    assert printed.startswith("FAIL  credentials")
    assert printed.count("\n") == 1


def test_doctor_sees_that_the_key_is_pending_import(path: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The same, in its third form: the alias was pointed to a key that has no material yet."""
    alias, kms = f"alias/{uuid.uuid4().hex}", boto3.client("kms")
    kms.create_alias(AliasName=alias, TargetKeyId=make_key())
    put(f"{path}/db", KeyId=alias)
    empty = make_key(Origin="EXTERNAL")
    kms.update_alias(AliasName=alias, TargetKeyId=empty)
    code, printed = doctor(f"{path}/db", capsys)
    assert code == 1
    assert f"FAIL  key: {empty} has no key material (pending import): complete the import" in printed
