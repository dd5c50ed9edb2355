"""put and rotate: what a parameter has stays, nothing is made or weakened by accident, and no error holds a value."""

import asyncio
import json
import logging
import subprocess
import sys
import threading
import time
import traceback
import uuid
from collections.abc import Callable
from typing import Any

import boto3
import pytest
from botocore.config import Config

from ssm_securestring import (
    AsyncSecureStrings,
    ParameterAccessDeniedError,
    ParameterNameError,
    ParameterNotFoundError,
    ParameterReadError,
    ParameterThrottledError,
    ParameterTooLargeError,
    ParameterUnreachableError,
    ParameterWriteError,
    SecretValue,
    SecureStrings,
)
from ssm_securestring.core.errors import ParameterKeyError, SettingError
from tests.runtime.faults import ARN, Fault, FaultServer, Handler, garbage, out_of_step, refuse, reset

CANARY = "c4n4ry-correct-horse"
real = pytest.mark.usefixtures("only_the_embedded_aws")


@pytest.fixture
def name() -> str:
    """A name of its own for each test."""
    return f"/writing/{uuid.uuid4().hex}/db"


def store(name: str, **more: Any) -> str:  # noqa: ANN401 - arguments of the API
    """Store a SecureString under a key of its own and return the key's ARN."""
    key: str = boto3.client("kms").create_key()["KeyMetadata"]["Arn"]
    ssm: Any = boto3.client("ssm")
    ssm.put_parameter(**{"Name": name, "Value": "old", "Type": "SecureString", "KeyId": key} | more)
    return key


def described(name: str) -> dict[str, Any]:
    """Return all that Parameter Store says of a parameter, without what changes with each version."""
    filters: Any = [{"Key": "Name", "Values": [name]}]
    (fields,) = boto3.client("ssm").describe_parameters(ParameterFilters=filters)["Parameters"]
    return {key: field for key, field in fields.items() if key not in {"Version", "LastModifiedDate"}}


def stored(name: str) -> tuple[str, int]:
    """Return value and version as anybody else sees them."""
    fields = boto3.client("ssm").get_parameter(Name=name, WithDecryption=True)["Parameter"]
    return fields["Value"], fields["Version"]


def role_that_may(*statements: dict[str, object]) -> SecureStrings:
    """Return a helper that runs under a new role with these permissions."""
    iam, sts = boto3.client("iam"), boto3.client("sts")
    role = f"writer-{uuid.uuid4().hex}"
    trust = {"Effect": "Allow", "Principal": {"AWS": sts.get_caller_identity()["Account"]}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    arn = iam.create_role(RoleName=role, AssumeRolePolicyDocument=document)["Role"]["Arn"]
    policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **each} for each in statements]}
    iam.put_role_policy(RoleName=role, PolicyName="p", PolicyDocument=json.dumps(policy))
    given = sts.assume_role(RoleArn=arn, RoleSessionName="writer")["Credentials"]
    return SecureStrings(
        client=boto3.client(
            "ssm",
            aws_access_key_id=given["AccessKeyId"],
            aws_secret_access_key=given["SecretAccessKey"],
            aws_session_token=given["SessionToken"],
        )
    )


def good_weather(_: Handler) -> bool:
    """Let one call pass."""
    return False


def impatient_client() -> Any:  # noqa: ANN401 - a client of boto3
    """Return a client that does not try again."""
    return boto3.client("ssm", region_name="eu-west-1", config=Config(retries={"total_max_attempts": 1}))


@real
@pytest.mark.parametrize("tier", ["Standard", "Advanced"])
def test_put_keeps_all_that_a_parameter_has(name: str, tier: str) -> None:
    """Key, tier, description, pattern and data type are those of before; the version goes up by one."""
    store(name, Tier=tier, Description="of the shop", AllowedPattern="[a-z0-9-]+", DataType="hostname")
    before = described(name)

    assert SecureStrings().put(name, CANARY) == 2

    assert described(name) == before
    assert stored(name) == (CANARY, 2)


@real
def test_put_keeps_the_policies_of_an_advanced_parameter(name: str) -> None:
    """They are not sent again, for which a permission of its own would be needed."""
    policy = {"Type": "NoChangeNotification", "Version": "1.0", "Attributes": {"After": "20", "Unit": "Days"}}
    store(name, Tier="Advanced", Policies=json.dumps([policy]))
    before = described(name)
    assert before["Policies"]
    SecureStrings().put(name, CANARY)
    assert described(name) == before


@real
@pytest.mark.parametrize("tier", ["Standard", "Advanced"])
def test_who_decrypts_directly_writes_through_parameter_store(name: str, tier: str) -> None:
    """Encryption is Parameter Store's business either way."""
    key = store(name, Tier=tier)
    secrets = SecureStrings(decrypt="direct", key_arns=[key])
    assert secrets.put(name, CANARY) == 2
    assert secrets.refresh(name).reveal() == CANARY
    assert secrets.rotate(name, lambda old: old.reveal()[::-1]) == 3
    assert stored(name) == (CANARY[::-1], 3)


@real
def test_put_changes_what_it_is_told_to(name: str) -> None:
    """Key, tier and description."""
    store(name, Description="old")
    key = boto3.client("kms").create_key()["KeyMetadata"]["Arn"]
    SecureStrings().put(name, SecretValue(CANARY), key_id=key, tier="Advanced", description="")
    now = described(name)
    assert (now["KeyId"], now["Tier"], now.get("Description", "")) == (key, "Advanced", "")
    assert stored(name) == (CANARY, 2)


@real
def test_a_value_that_was_put_is_read_at_once_without_a_call(name: str) -> None:
    """By name and by ARN, also where an older value or its absence was known; other helpers ask anew by their clock."""
    store(name)
    secrets = SecureStrings()
    arn = secrets.record(name).arn
    assert secrets.get(arn).reveal() == "old"
    secrets.put(name, CANARY)
    for each in (name, arn):
        known = secrets.known(each)
        assert known is not None
        assert known.reveal() == CANARY
    assert secrets.record(name).version == 2


@real
def test_put_makes_a_parameter_only_when_told_to(name: str) -> None:
    """Nothing appears under a mistyped name; what is made has the key that was named."""
    secrets = SecureStrings()
    with pytest.raises(ParameterNotFoundError, match=r"not found .* To make it, pass create=True and key_id"):
        secrets.put(name, CANARY)
    with pytest.raises(ParameterNotFoundError):
        secrets.put(name, CANARY, key_id="alias/aws/ssm", tier="Standard", description="d")
    key = boto3.client("kms").create_key()["KeyMetadata"]["Arn"]
    assert secrets.put(name, CANARY, create=True, key_id=key) == 1
    assert secrets.get(name).reveal() == CANARY
    assert (described(name)["KeyId"], described(name)["Tier"]) == (key, "Standard")
    assert secrets.put(name, "newer", create=True, key_id=key) == 2
    assert secrets.get(name).reveal() == "newer"


@real
def test_put_finds_a_name_of_one_level_with_or_without_its_slash() -> None:
    """``foo`` and ``/foo`` are one parameter."""
    single = f"single-{uuid.uuid4().hex}"
    store(single)
    secrets = SecureStrings()
    assert secrets.put(f"/{single}", CANARY) == 2
    assert secrets.get(single).reveal() == CANARY


@real
@pytest.mark.parametrize("more", [{}, {"key_id": "alias/aws/ssm", "tier": "Standard", "description": ""}])
def test_fails_for_a_parameter_in_clear(name: str, more: dict[str, str]) -> None:
    """A secret does not become readable to all who may read the settings, nor a setting unreadable to them."""
    boto3.client("ssm").put_parameter(Name=name, Value="setting", Type="String")
    with pytest.raises(ParameterWriteError, match="is a String, which is stored in clear"):
        SecureStrings().put(name, CANARY, **more)  # type: ignore[arg-type]  # the settings are all texts
    with pytest.raises(ParameterWriteError, match="is a String"):
        SecureStrings().rotate(name, lambda _: CANARY)
    assert stored(name) == ("setting", 1)


@real
def test_fails_for_a_value_that_is_too_long_before_it_is_sent(name: str) -> None:
    """Bytes are counted, not characters, and by the tier that the parameter has or will have."""
    store(name)
    secrets = SecureStrings()
    assert secrets.put(name, "é" * 2048) == 2
    with pytest.raises(ParameterTooLargeError, match=r"has 4098 bytes, and the tier Standard admits 4096.*Advanced"):
        secrets.put(name, "é" * 2049)
    assert secrets.put(name, "é" * 2049, tier="Advanced") == 3
    assert secrets.put(name, "x" * 8192) == 4
    with pytest.raises(ParameterTooLargeError, match="8193 bytes"):
        secrets.put(name, "x" * 8193)
    with pytest.raises(ParameterWriteError, match=r"is advanced\. Leave tier out"):
        secrets.put(name, CANARY, tier="Standard")
    assert stored(name)[1] == 4


@real
def test_what_parameter_store_refuses_is_said_without_the_value(name: str) -> None:
    """A pattern that does not match, a key that is not there or disabled."""
    key = store(name, AllowedPattern="[0-9]+", Value="1")
    secrets = SecureStrings()
    with pytest.raises(ParameterWriteError, match="its AllowedPattern does not admit the value"):
        secrets.put(name, CANARY)
    boto3.client("kms").disable_key(KeyId=key)
    with pytest.raises(ParameterKeyError, match="its KMS key is disabled"):
        secrets.put(name, "2")


@real
def test_the_permissions_of_put_are_those_that_are_documented(name: str) -> None:
    """grant_write and grant_read_metadata, or grant_write and grant_read where all settings are named."""
    key = store(name, Description="d")
    arn = boto3.client("ssm").get_parameter(Name=name)["Parameter"]["ARN"]
    bound = {"kms:EncryptionContext:PARAMETER_ARN": arn, "kms:ViaService": "ssm.eu-west-1.amazonaws.com"}
    write: dict[str, object] = {"Action": "ssm:PutParameter", "Resource": arn}
    encrypt: dict[str, object] = {"Action": "kms:Encrypt", "Resource": key, "Condition": {"StringEquals": bound}}
    describe: dict[str, object] = {"Action": "ssm:DescribeParameters", "Resource": "*"}
    read: dict[str, object] = {"Action": "ssm:GetParameter", "Resource": arn}

    assert role_that_may(write, encrypt, describe).put(name, CANARY) == 2
    assert role_that_may(write, encrypt, read).put(name, "3", key_id=key, tier="Standard", description="d") == 3
    with pytest.raises(ParameterAccessDeniedError, match=r"ssm:DescribeParameters is denied.*grant_read_metadata\(\)"):
        role_that_may(write, encrypt).put(name, CANARY)
    with pytest.raises(ParameterAccessDeniedError, match=r"ssm:PutParameter is denied.*grant_write\(\)"):
        role_that_may(encrypt, describe).put(name, CANARY)
    with pytest.raises(ParameterAccessDeniedError, match=r"kms:Encrypt.* is denied.*grant_write\(\)"):
        role_that_may(write, describe).put(name, CANARY)
    assert stored(name) == ("3", 3)


@real
def test_rotate_makes_the_new_value_of_the_stored_one(name: str) -> None:
    """Not of the one that is known; the version comes back, and all settings stay."""
    store(name, Description="d")
    before = described(name)
    secrets = SecureStrings()
    secrets.get(name)
    boto3.client("ssm").put_parameter(Name=name, Value="newer", Overwrite=True, KeyId=before["KeyId"])
    assert secrets.rotate(name, lambda old: f"{old.reveal()}-{CANARY}") == 3
    assert stored(name) == (f"newer-{CANARY}", 3)
    assert secrets.get(name).reveal() == f"newer-{CANARY}"
    assert described(name) == before


@real
def test_rotate_says_when_somebody_else_wrote_in_between(name: str, caplog: pytest.LogCaptureFixture) -> None:
    """The last writer wins, the other value is in the history, and the log has both versions and no value."""
    key = store(name)

    def make(_: SecretValue) -> str:
        boto3.client("ssm").put_parameter(Name=name, Value="theirs", Overwrite=True, KeyId=key)
        return CANARY

    assert SecureStrings().rotate(name, make) == 3
    assert stored(name) == (CANARY, 3)
    assert "version 3 was made of version 1" in caplog.text
    assert CANARY not in caplog.text


def test_fails_in_make_and_nothing_is_stored(faults: FaultServer) -> None:
    """Its error comes out as it is; a result that is no text is refused without being shown."""
    faults.values["/x"] = "old"
    secrets = SecureStrings()
    with pytest.raises(ZeroDivisionError):
        secrets.rotate("/x", lambda _: 1 / 0)  # type: ignore[arg-type,return-value]  # never returns
    with pytest.raises(TypeError, match="not int"):
        secrets.rotate("/x", lambda _: 8765)  # type: ignore[arg-type,return-value]  # what a caller may do
    assert [operation for operation, _ in faults.calls] == ["GetParameter", "GetParameter"]


@pytest.mark.parametrize("wrong", ["/x:3", f"{ARN}x", "shop/x", "/aws/x"])
def test_fails_for_a_name_that_cannot_be_written(faults: FaultServer, wrong: str) -> None:
    """A version is not written, and an ARN may be another account's."""
    secrets = SecureStrings()
    with pytest.raises(ParameterNameError) as caught:
        secrets.put(wrong, CANARY)
    assert CANARY not in str(caught.value)
    with pytest.raises(ParameterNameError):
        secrets.rotate(wrong, lambda _: CANARY)
    assert faults.calls == []


def test_fails_for_settings_out_of_range(faults: FaultServer) -> None:
    """Before anything is sent."""
    with pytest.raises(SettingError, match="tier is 'advanced': write one of 'Standard', 'Advanced'"):
        SecureStrings().put("/x", CANARY, tier="advanced")
    with pytest.raises(SettingError, match="key_id is missing, which create=True needs"):
        SecureStrings().put("/x", CANARY, create=True)
    for value, problem in (("", "is empty"), ("a{{ssm:/x}}", "has {{...}}")):
        with pytest.raises(ParameterWriteError, match=problem):
            SecureStrings().put("/x", value)
    assert faults.calls == []


@pytest.mark.parametrize("client", [lambda: None, impatient_client], ids=["standard library", "boto3"])
@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (refuse("ValidationException", text=f"Value '{CANARY}' at 'value' failed"), ParameterReadError),
        (refuse("ParameterPatternMismatchException", text=CANARY), ParameterWriteError),
        (refuse("TooManyUpdates"), ParameterThrottledError),
        (refuse("InternalServerError", 500, text=CANARY), ParameterUnreachableError),
        (reset, ParameterUnreachableError),
    ],
    ids=["validation", "pattern", "concurrent", "failed", "reset"],
)
def test_no_error_of_a_write_holds_the_value(
    faults: FaultServer,
    fault: Fault,
    kind: type[ParameterReadError],
    client: Callable[[], Any],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Neither text nor causes nor attributes nor the locals of any frame below the caller's, nor a log line."""
    faults.values["/x"] = "old"
    value = SecretValue(CANARY)
    secrets = SecureStrings(timeout_seconds=0.5, client=client())
    faults.faults = [good_weather] + [fault] * 1000

    with (
        caplog.at_level(logging.DEBUG),
        caplog.at_level(logging.DEBUG, logger="botocore"),
        pytest.raises(kind) as caught,
    ):
        secrets.put("/x", value)

    assert type(caught.value) is kind
    error: BaseException | None = caught.value
    while error is not None:
        shown = traceback.TracebackException.from_exception(error, capture_locals=True)
        own = "".join(frame for frame in shown.format() if __file__ not in frame)
        assert CANARY not in own
        assert CANARY not in repr(vars(error)) + repr(error.args)
        error = error.__cause__ or error.__context__
    assert CANARY not in caplog.text


def test_a_write_without_an_answer_may_have_been_stored(faults: FaultServer) -> None:
    """So nobody is told of the old value any more: the next one asks."""
    faults.values["/x"] = "old"
    secrets = SecureStrings(timeout_seconds=0.3)
    assert secrets.get("/x").reveal() == "old"

    def stored_but_lost(handler: Handler) -> bool:
        handler.server.answer(handler.operation, handler.asked)
        return garbage(handler)

    faults.faults = [good_weather] + [stored_but_lost] * 50
    with pytest.raises(ParameterUnreachableError):
        secrets.put("/x", CANARY)
    faults.faults.clear()
    assert secrets.get("/x").reveal() == CANARY


def test_a_read_that_began_before_a_write_does_not_bring_the_old_value_back(faults: FaultServer) -> None:
    """However late its answer comes."""
    faults.values["/x"] = "old"
    secrets = SecureStrings()
    secrets.get("/x")

    def late(handler: Handler) -> bool:
        content = handler.server.answer(handler.operation, handler.asked)
        time.sleep(0.4)
        handler.send(200, content)
        return True

    faults.faults = [late]
    early = threading.Thread(target=secrets.refresh, args=("/x",))
    early.start()
    time.sleep(0.1)
    secrets.put("/x", CANARY)
    assert secrets.get("/x").reveal() == CANARY
    early.join()
    assert secrets.get("/x").reveal() == CANARY


def test_the_offline_source_can_be_written_to() -> None:
    """In memory: versions, creation and errors are those of the service."""
    values = {"/x": "old"}
    secrets = SecureStrings(offline=values)
    assert secrets.put("/x", CANARY) == 2
    assert secrets.rotate("/x", lambda old: old.reveal().upper()) == 3
    assert secrets.get("/x").reveal() == CANARY.upper()
    with pytest.raises(ParameterNotFoundError):
        secrets.put("/y", CANARY)
    assert secrets.put("/y", CANARY, create=True, key_id="alias/any") == 1
    assert secrets.get("/y").reveal() == CANARY
    assert values == {"/x": "old"}


def test_who_only_reads_does_not_load_what_writes(faults: FaultServer) -> None:
    """Nor what fits the helper into frameworks, or asks an instance for credentials."""
    faults.values["/x"] = "value"
    script = (
        "import sys, ssm_securestring\n"
        "assert ssm_securestring.get('/x').reveal() == 'value'\n"
        "print(*sorted({name.rpartition('.')[2] for name in sys.modules if '.runtime.' in name}))\n"
    )
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.split()
    assert "http" in loaded
    assert not {"writing", "settings", "powertools", "instance", "client", "direct", "offline"} & set(loaded)


def test_asyncio_writes_too() -> None:
    """With the same answers."""

    async def run() -> None:
        secrets = AsyncSecureStrings(SecureStrings(offline={"/x": "old"}))
        assert await secrets.put("/x", "new") == 2
        assert await secrets.rotate("/x", lambda old: old.reveal() * 2) == 3
        assert (await secrets.get("/x")).reveal() == "newnew"

    asyncio.run(run())


@pytest.mark.parametrize(
    "how", [{}, {"key_id": "alias/k", "tier": "Standard", "description": ""}], ids=["look", "told"]
)
def test_fails_to_store_where_the_answer_is_about_another_parameter(faults: FaultServer, how: dict[str, Any]) -> None:
    """The value goes to the parameter that was named, or nowhere."""
    faults.values |= {"/a": "old", "/x": "of somebody else"}
    secrets = SecureStrings()
    faults.faults = [out_of_step]

    with pytest.raises(ParameterUnreachableError, match="the answer was to another call"):
        secrets.put("/a", CANARY, **how)

    assert "PutParameter" not in {operation for operation, _ in faults.calls}
    assert faults.values == {"/a": "old", "/x": "of somebody else"}
    assert secrets.put("/a", CANARY, **how) == 2
    assert faults.values["/a"] == CANARY
