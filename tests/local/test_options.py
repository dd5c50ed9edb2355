"""What can be asked of the engine: state over restarts, another port, request quotas, the pause after a deletion."""

import base64
import json
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from ssm_securestring.local import EmbeddedAws, Settings
from ssm_securestring.local.parameters.quotas import RequestQuotas
from ssm_securestring.local.protocol import Caller, ServiceError
from tests.local.aws import Account, refused

pytestmark = pytest.mark.e2e


HIGH = "/ssm/parameter-store/high-throughput-enabled"
CALLER = Caller(access_key="", arn="arn:aws:iam::111122223333:root", account="111122223333", region="eu-west-1")


def test_state_survives_a_restart_when_asked(tmp_path: Path) -> None:
    """Parameters, their keys with rotations, aliases, roles and buckets are there again, and values open."""
    with EmbeddedAws.start(tmp_path / "aws", persistent=True) as aws:
        first = Account(aws)
        key = first.kms.create_key()["KeyMetadata"]["KeyId"]
        first.kms.create_alias(AliasName="alias/mine", TargetKeyId=key)
        for name, tier in (("/shop/a", "Standard"), ("/shop/b", "Advanced"), ("/shop/managed", "Standard")):
            used = "alias/aws/ssm" if "managed" in name else "alias/mine"
            first.ssm.put_parameter(Name=name, Value=name, Type="SecureString", Tier=tier, KeyId=used)  # type: ignore[arg-type]  # a plain text
        first.kms.rotate_key_on_demand(KeyId=key)
        first.ssm.put_parameter(Name="/shop/c", Value="/shop/c", Type="SecureString", KeyId="alias/mine")
        managed = first.kms.describe_key(KeyId="alias/aws/ssm")["KeyMetadata"]["Arn"]
        first.ssm.label_parameter_version(Name="/shop/a", Labels=["before"])
        first.iam.create_role(RoleName="r", AssumeRolePolicyDocument='{"Version": "2012-10-17", "Statement": []}')

    with EmbeddedAws.start(tmp_path / "aws", persistent=True) as aws:
        second = Account(aws)
        found = second.ssm.get_parameters_by_path(Path="/shop", WithDecryption=True)["Parameters"]
        assert {each["Name"]: each["Value"] for each in found} == {
            name: name for name in ("/shop/a", "/shop/b", "/shop/c", "/shop/managed")
        }
        assert second.kms.describe_key(KeyId="alias/mine")["KeyMetadata"]["KeyId"] == key
        assert second.kms.describe_key(KeyId="alias/aws/ssm")["KeyMetadata"]["Arn"] == managed
        second.ssm.label_parameter_version(Name="/shop/a", Labels=["after"])
        history = second.ssm.get_parameter_history(Name="/shop/a")["Parameters"]
        assert [each["Labels"] for each in history] == [["after", "before"]]
        assert second.iam.get_role(RoleName="r")["Role"]["RoleName"] == "r"


def test_kept_state_holds_no_value_and_is_the_owners_alone(tmp_path: Path) -> None:
    """Only ciphertext is written, and other users of the machine cannot read it."""
    with EmbeddedAws.start(tmp_path, persistent=True) as aws:
        Account(aws).ssm.put_parameter(Name="/shop/a", Value="canary-5d1c-value", Type="SecureString")

    texts = [each.read_bytes() for each in (tmp_path / "state").rglob("*") if each.is_file()]
    assert texts
    assert not [text for text in texts if b"canary-5d1c-value" in text]
    assert (tmp_path / "state").stat().st_mode & 0o077 == 0


def test_nothing_survives_unless_asked(tmp_path: Path) -> None:
    """An engine that was not asked neither reads what another one kept nor removes it."""
    with EmbeddedAws.start(tmp_path, persistent=True) as aws:
        Account(aws).ssm.put_parameter(Name="/shop/a", Value="v", Type="String")

    with EmbeddedAws.start(tmp_path) as aws, refused("ParameterNotFound"):
        Account(aws).ssm.get_parameter(Name="/shop/a")

    with EmbeddedAws.start(tmp_path, persistent=True) as aws:
        assert Account(aws).ssm.get_parameter(Name="/shop/a")["Parameter"]["Value"] == "v"


@pytest.mark.parametrize("tier", ["Standard", "Advanced"])
def test_fails_to_read_what_was_tampered_with_in_the_store(tmp_path: Path, tier: str) -> None:
    """A ciphertext moved to another parameter, or changed, is refused: whole engine, real store, both tiers."""
    with EmbeddedAws.start(tmp_path, persistent=True) as aws:
        for name in ("/shop/a", "/shop/b", "/shop/c"):
            Account(aws).ssm.put_parameter(Name=name, Value="secret", Type="SecureString", Tier=tier)  # type: ignore[arg-type]  # a plain text
    file = tmp_path / "state" / "ssm.json"
    state = json.loads(file.read_text())
    by_name = {each[-1]["Name"]: each[-1] for each in state["payload"]["parameter_history"]["data"].values()}
    by_name["/shop/b"]["Value"] = by_name["/shop/a"]["Value"]
    changed = bytearray(base64.b64decode(by_name["/shop/c"]["Value"]))
    changed[-1] ^= 1
    by_name["/shop/c"]["Value"] = base64.b64encode(changed).decode()
    file.write_text(json.dumps(state))

    with EmbeddedAws.start(tmp_path, persistent=True) as aws:
        reader = Account(aws).ssm
        assert reader.get_parameter(Name="/shop/a", WithDecryption=True)["Parameter"]["Value"] == "secret"
        for name in ("/shop/b", "/shop/c"):
            with refused("InvalidKeyId") as message:
                reader.get_parameter(Name=name, WithDecryption=True)
            assert "InvalidCiphertextException" in message[0]


def test_the_next_free_port_is_taken_when_asked(tmp_path: Path) -> None:
    """A port in use is passed over; the engine says where it is."""
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        port = busy.getsockname()[1]

        with EmbeddedAws.start(tmp_path, port=port, or_next_port=True) as aws:
            assert int(aws.endpoint_url.rsplit(":", 1)[1]) > port
            assert Account(aws).ssm.describe_parameters()["Parameters"] == []


def test_quotas_when_asked(tmp_path: Path) -> None:
    """Three writes in a second pass, the fourth does not; with higher throughput it does; reads have their own."""
    with EmbeddedAws.start(tmp_path, settings=Settings(throttled=True)) as aws:
        ssm = Account(aws).ssm
        answers = []
        for number in range(5):
            try:
                ssm.put_parameter(Name=f"/shop/{number}", Value="v", Type="String")
                answers.append("ok")
            except ssm.exceptions.ClientError as error:
                answers.append(error.response["Error"]["Code"])
        assert answers[:3] == ["ok"] * 3
        assert "ThrottlingException" in answers
        assert ssm.get_parameter(Name="/shop/0")["Parameter"]["Value"] == "v"
        ssm.update_service_setting(SettingId=HIGH, SettingValue="true")
        for number in range(4):
            ssm.delete_parameters(Names=[f"/shop/{number}"])


@pytest.mark.parametrize(
    ("operations", "is_high", "passing"),
    [
        (["GetParameter", "GetParameters", "GetParametersByPath"], False, 40),
        (["GetParametersByPath"], True, 100),
        (["PutParameter"], False, 3),
        (["PutParameter"], True, 10),
        (["DeleteParameter", "DeleteParameters"], False, 3),
        (["DeleteParameter"], True, 5),
        (["GetParameterHistory"], False, 3),
    ],
)
def test_each_quota_is_a_rate(operations: list[str], passing: int, *, is_high: bool) -> None:
    """So many requests pass at once; a second later as many again, and no more after a longer rest."""
    now = [0.0]
    quotas = RequestQuotas(lambda: is_high, now_seconds=lambda: now[0])

    assert _passed(quotas, operations) == passing
    now[0] += 1
    assert _passed(quotas, operations) == passing
    now[0] += 60
    assert _passed(quotas, operations) == passing


def _passed(quotas: RequestQuotas, operations: list[str]) -> int:
    for number in range(1000):
        try:
            quotas.spend(CALLER, operations[number % len(operations)])
        except ServiceError as error:
            if error.code != "ThrottlingException":
                raise
            return number
    return 1000


def test_a_deleted_name_stays_taken_for_a_while_when_asked(tmp_path: Path) -> None:
    """Until the pause is over, the name cannot be used again; other names can."""
    with EmbeddedAws.start(tmp_path, settings=Settings(deletion_pause_seconds=30)) as aws:
        ssm = Account(aws).ssm
        ssm.put_parameter(Name="/shop/a", Value="v", Type="String")
        ssm.delete_parameter(Name="/shop/a")

        with refused("ParameterAlreadyExists"):
            ssm.put_parameter(Name="/shop/a", Value="v", Type="String")
        with refused("ParameterAlreadyExists"):
            ssm.put_parameter(Name="/shop/a", Value="v", Type="String", Overwrite=True)
        ssm.put_parameter(Name="/shop/b", Value="v", Type="String")


def test_the_command_takes_the_options(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Each option of Python's start has one on the command line."""
    where = ["--directory", str(tmp_path / "aws")]

    def run(*words: str) -> int:
        command = [sys.executable, "-m", "ssm_securestring.cli.main", "local", *words, *where]
        return subprocess.run(command, check=False, timeout=60).returncode

    assert run("start", "--persist", "--throttle", "--deletion-pause", "--port", "45660", "--or-next-port") == 0
    try:
        ssm = Account(EmbeddedAws.attach(tmp_path / "aws")).ssm
        ssm.put_parameter(Name="/shop/a", Value="v", Type="String")
        ssm.delete_parameter(Name="/shop/a")
        with refused("ParameterAlreadyExists"):
            ssm.put_parameter(Name="/shop/a", Value="v", Type="String")
    finally:
        assert run("stop") == 0
    assert "embedded AWS: http://127.0.0.1:" in capfd.readouterr().out
    assert (tmp_path / "aws" / "state").is_dir()
