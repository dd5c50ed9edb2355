"""The engine as a process: starts ready, listens on loopback only, says what is wrong, leaves nothing behind."""

import errno
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from ssm_securestring.local import EmbeddedAws, EmbeddedAwsError
from ssm_securestring.local import seam as seam_module
from ssm_securestring.local.engine import listen
from ssm_securestring.local.seam import EXPECTED, Expected, Seam
from tests.local.aws import Account, refused

pytestmark = pytest.mark.e2e  # it starts engines of its own

CANARY = "canary-7f3a9c51-value"
LISTENING = "0A"
START = time.time()


def _is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def _wait_until_gone(pid: int) -> None:
    deadline = time.monotonic() + 10
    while _is_alive(pid) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not _is_alive(pid)


def _listening_addresses(pid: int) -> set[str]:
    """Return the local addresses of the process's listening sockets, from the kernel's own tables."""
    inodes = set()
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        target = str(descriptor.readlink())
        if target.startswith("socket:["):
            inodes.add(target[8:-1])
    found = set()
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == LISTENING and fields[9] in inodes:
                found.add(fields[1])
    return found


def test_it_listens_on_the_loopback_interface_only(embedded_aws: EmbeddedAws) -> None:
    """One listening socket, at 127.0.0.1 and the port that it says."""
    port = int(embedded_aws.endpoint_url.rsplit(":", 1)[1])

    assert _listening_addresses(embedded_aws.pid) == {f"0100007F:{port:04X}"}


def test_stop_leaves_no_process_and_no_file(tmp_path: Path) -> None:
    """Everything it writes is in its directory, and stop takes that away; stopping again does nothing."""
    aws = EmbeddedAws.start(tmp_path / "aws")
    Account(aws).ssm.put_parameter(Name="p", Value="v", Type="SecureString")
    assert sorted(each.name for each in tmp_path.iterdir()) == ["aws"]

    aws.stop()
    aws.stop()

    assert not _is_alive(aws.pid)
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_written_outside_its_directory(tmp_path: Path) -> None:
    """Everything that the engine opens for writing is in its directory, after it has done some of everything."""
    with EmbeddedAws.start(tmp_path / "aws") as aws:
        account = Account(aws)
        account.ssm.put_parameter(Name="p", Value="v", Type="SecureString", Tier="Advanced")
        account.iam.list_roles()
        account.cloudformation.list_stacks()
        common = {path for path in Path(tempfile.gettempdir()).glob("ministack*") if path.stat().st_mtime > START}

        assert (tmp_path / "aws" / "tmp" / "state").is_dir()
    assert common == set()


def test_a_directory_that_was_there_before_stays(tmp_path: Path) -> None:
    """Only its own files are removed."""
    (tmp_path / "mine").touch()

    with EmbeddedAws.start(tmp_path):
        pass

    assert [each.name for each in tmp_path.iterdir()] == ["mine"]


def test_attach_finds_a_detached_engine_and_can_stop_it(tmp_path: Path) -> None:
    """Another handle sees the same engine and trail, and ends it though it is no child of anybody."""
    started = EmbeddedAws.start(tmp_path / "aws", detached=True, account="444455556666", region="us-east-1")
    Account(started).ssm.put_parameter(Name="p", Value="v", Type="String")

    attached = EmbeddedAws.attach(tmp_path / "aws")

    assert (attached.endpoint_url, attached.pid) == (started.endpoint_url, started.pid)
    assert (attached.account, attached.region) == ("444455556666", "us-east-1")
    assert [each.event_name for each in attached.trail()] == ["PutParameter"]
    assert attached.trail()[0].resources == ("arn:aws:ssm:us-east-1:444455556666:parameter/p",)
    attached.stop()
    assert not _is_alive(started.pid)
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(
        EmbeddedAwsError, match=r"none is running in .*\. Start one with `ssm-securestring local start`"
    ):
        EmbeddedAws.attach(tmp_path / "aws")


def test_fails_to_start_on_a_busy_port(tmp_path: Path) -> None:
    """The message names the port and the way out, and nothing is left behind."""
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        port = busy.getsockname()[1]

        with pytest.raises(EmbeddedAwsError) as caught:
            EmbeddedAws.start(tmp_path / "aws", port=port)

    assert str(caught.value) == (
        f"embedded AWS: port {port} on 127.0.0.1 is in use. Choose another port, or leave it out to get a free one."
    )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (errno.EADDRNOTAVAIL, "cannot listen on 127.0.0.1 (Cannot assign requested address). Bring up the loopback"),
        (errno.EACCES, "port 80 may not be used by this user. Choose a port above 1023"),
    ],
)
def test_fails_to_listen_without_loopback_or_permission(
    monkeypatch: pytest.MonkeyPatch, number: int, text: str
) -> None:
    """What the kernel refuses is said in words that tell what to do."""

    def refuse(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(socket.socket, "bind", refuse)

    with pytest.raises(EmbeddedAwsError) as caught:
        listen(80)

    assert text in str(caught.value)


def test_fails_to_start_twice_in_one_directory(tmp_path: Path) -> None:
    """The second start is refused and the first engine goes on."""
    with EmbeddedAws.start(tmp_path) as aws:
        with pytest.raises(EmbeddedAwsError, match="one is running in"):
            EmbeddedAws.start(tmp_path)

        assert Account(aws).ssm.describe_parameters()["Parameters"] == []


def test_fails_to_start_where_nothing_can_be_written(tmp_path: Path) -> None:
    """A directory that cannot be made is named."""
    (tmp_path / "file").touch()

    with pytest.raises(EmbeddedAwsError, match=r"cannot write to .*file/aws"):
        EmbeddedAws.start(tmp_path / "file" / "aws")


def test_an_engine_that_was_killed_leaves_nothing_in_the_way(tmp_path: Path) -> None:
    """After SIGKILL the next start in the same directory works, with a new trail."""
    first = EmbeddedAws.start(tmp_path / "aws", detached=True)
    Account(first).ssm.put_parameter(Name="p", Value="v", Type="String")
    os.kill(first.pid, signal.SIGKILL)
    _wait_until_gone(first.pid)

    with EmbeddedAws.start(tmp_path / "aws") as second:
        assert second.trail() == []
        with refused("ParameterNotFound"):
            Account(second).ssm.get_parameter(Name="p")
    assert list(tmp_path.iterdir()) == []


def test_an_engine_ends_with_the_process_that_started_it(tmp_path: Path) -> None:
    """When the starter is killed outright, the engine ends too and removes its files."""
    program = (
        "import sys, time; from pathlib import Path; from ssm_securestring.local import EmbeddedAws\n"
        "print(EmbeddedAws.start(Path(sys.argv[1])).pid, flush=True); time.sleep(60)"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    with subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path / "aws")], stdout=subprocess.PIPE, text=True, env=environment
    ) as starter:
        assert starter.stdout is not None
        pid = int(starter.stdout.readline())
        starter.kill()

    _wait_until_gone(pid)
    deadline = time.monotonic() + 5
    while list(tmp_path.iterdir()) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert list(tmp_path.iterdir()) == []


def test_no_value_is_in_any_file_of_a_running_engine(tmp_path: Path) -> None:
    """Trail, log and everything else on disk are free of values, whether the call succeeds or is refused."""
    with EmbeddedAws.start(tmp_path) as aws:
        account = Account(aws)
        key = account.kms.create_key()["KeyMetadata"]["Arn"]
        for number, tier in enumerate(("Standard", "Advanced")):
            account.ssm.put_parameter(Name=f"p{number}", Value=CANARY, Type="SecureString", KeyId=key, Tier=tier)  # type: ignore[arg-type]  # a plain text
            account.ssm.get_parameter(Name=f"p{number}", WithDecryption=True)
        account.kms.encrypt(KeyId=key, Plaintext=CANARY.encode())
        for bad in ({"Name": "ssm/x"}, {"Name": "p0"}, {"Name": "q", "AllowedPattern": "[0-9]"}, {"KeyId": "none"}):
            wanted = {"Name": "z", "Value": CANARY, "Type": "SecureString", **bad}
            with pytest.raises(account.ssm.exceptions.ClientError) as caught:
                account.ssm.put_parameter(**wanted)  # type: ignore[arg-type]  # a table of texts
            assert CANARY not in str(caught.value)

        texts = [each.read_bytes() for each in tmp_path.rglob("*") if each.is_file()]

    assert len(texts) >= 3
    assert not [text for text in texts if CANARY.encode() in text]


def test_trail_shows_request_parameters_by_an_allow_list(root: Account, name: str) -> None:
    """Descriptions and patterns, which people write secrets into, are not in the trail; names and keys are."""
    root.ssm.put_parameter(
        Name=name, Value="v", Type="String", Description="not shown", AllowedPattern="v|w", Tier="Standard"
    )

    record = next(each for each in root.aws.trail() if each.resources and each.resources[0].endswith(name))

    assert record.request_parameters == {"Name": name, "Type": "String", "Tier": "Standard"}
    assert json.loads(json.dumps(record.to_json()))["eventName"] == "PutParameter"


def test_environment_keeps_every_sdk_away_from_the_real_aws(embedded_aws: EmbeddedAws) -> None:
    """Endpoint and credentials are set, and neither files nor the metadata service can bring others in."""
    environment = embedded_aws.environment()

    assert environment["AWS_ENDPOINT_URL"] == embedded_aws.endpoint_url
    assert (environment["AWS_ACCESS_KEY_ID"], environment["AWS_SECRET_ACCESS_KEY"]) == ("test", "test")
    assert (environment["AWS_CONFIG_FILE"], environment["AWS_SHARED_CREDENTIALS_FILE"]) == ("/dev/null", "/dev/null")
    assert environment["AWS_EC2_METADATA_DISABLED"] == "true"
    assert environment["AWS_REGION"] == environment["AWS_DEFAULT_REGION"] == embedded_aws.region


@pytest.mark.parametrize(
    ("expected", "text"),
    [
        (
            Expected("ministack.services.ssm", "_put_parameter", "data, moved"),
            "ministack.services.ssm._put_parameter takes (data), expected (data, moved)",
        ),
        (Expected("ministack.services.ssm", "_gone", "data"), "ministack.services.ssm._gone is missing"),
        (
            Expected("ministack.services.ssm", "_tags", "type:list"),
            "ministack.services.ssm._tags is a AccountRegionScopedDict, expected a value of type list",
        ),
        (Expected("ministack.services.ssm", "_tags", "data"), "ministack.services.ssm._tags cannot be called"),
        (Expected("ministack.services.none", "x", "data"), "ministack.services.none cannot be imported"),
    ],
)
def test_fails_to_start_when_ministack_moved_something(
    monkeypatch: pytest.MonkeyPatch, expected: Expected, text: str
) -> None:
    """A name that is not as expected stops the start, and the message names it."""
    monkeypatch.setattr(seam_module, "EXPECTED", (expected,))

    with pytest.raises(EmbeddedAwsError) as caught:
        Seam()

    assert text in str(caught.value)


def test_seam_lists_every_name_once() -> None:
    """The list is the whole truth: nothing twice."""
    names = [(each.module, each.name) for each in EXPECTED]

    assert len(names) == len(set(names))


def test_seam_replaces_only_what_the_list_says() -> None:
    """A name that is listed as used, not as replaced, cannot be replaced."""
    seam = Seam.__new__(Seam)
    seam._names = {(each.module, each.name): each for each in EXPECTED}

    with pytest.raises(KeyError):
        seam._replace("ministack.services.ssm", "_tags", print)


def test_nothing_but_the_seam_imports_ministack() -> None:
    """The private names of ministack are known in one module."""
    reaching_in = re.compile(r"(?:from|import) ministack|[\"']ministack\.")

    importing = [
        each.name
        for each in Path(seam_module.__file__).parent.rglob("*.py")
        if reaching_in.search(each.read_text()) and each.name != "seam.py"
    ]

    assert importing == []
