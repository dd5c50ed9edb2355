"""``make demo`` as a stranger runs it: what it prints, and what it leaves behind."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from demo.__main__ import DemoError, judge, judge_proof
from demo.access import Observation, Operation
from demo.cdk import Cdk, CdkError

pytestmark = pytest.mark.e2e

ROOT = Path(__file__).parents[2]
# Who can do what, spelled out: (read, write, decrypt directly).
EXPECTED = {
    ("Orders", "/shop/db/password"): ("allowed", "refused", "refused"),
    ("Orders", "/shop/mail/api-key"): ("refused", "refused", "refused"),
    ("Orders", "/shop/payment/password"): ("refused", "refused", "refused"),
    ("Orders", "/shop/reports/signing-key"): ("refused", "refused", "refused"),
    ("Reporting", "/shop/db/password"): ("refused", "refused", "refused"),
    ("Reporting", "/shop/mail/api-key"): ("refused", "refused", "refused"),
    ("Reporting", "/shop/payment/password"): ("refused", "refused", "refused"),
    ("Reporting", "/shop/reports/signing-key"): ("allowed", "refused", "refused"),
    ("Deployer", "/shop/db/password"): ("refused", "refused", "refused"),
    ("Deployer", "/shop/mail/api-key"): ("refused", "allowed", "refused"),
    ("Deployer", "/shop/payment/password"): ("refused", "refused", "refused"),
    ("Deployer", "/shop/reports/signing-key"): ("refused", "allowed", "refused"),
    ("Auditor", "/shop/db/password"): ("refused", "refused", "refused"),
    ("Auditor", "/shop/mail/api-key"): ("refused", "refused", "refused"),
    ("Auditor", "/shop/payment/password"): ("refused", "refused", "refused"),
    ("Auditor", "/shop/reports/signing-key"): ("refused", "refused", "refused"),
}


def _start(directory: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "demo", f"--directory={directory}"],
        cwd=ROOT,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def _processes_of(directory: Path) -> list[str]:
    """Return the command lines of all processes that were told of the directory."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            told = (process / "cmdline").read_bytes() + (process / "environ").read_bytes()
        except OSError:
            continue
        if str(directory).encode() in told:
            found.append((process / "cmdline").read_text().replace("\0", " "))
    return found


def test_it_observes_what_the_app_declares_and_leaves_nothing(tmp_path: Path) -> None:
    """Every principal on every parameter, the calls to KMS behind it, and an empty folder afterwards."""
    directory = tmp_path / "demo"
    with _start(directory) as demo:
        output, _ = demo.communicate()

    assert demo.returncode == 0, output
    row = re.compile(r"^(\w+) +(/shop/\S+) +(allowed|refused) +(allowed|refused) +(allowed|refused)$", re.MULTILINE)
    assert {(who, what): (read, write, direct) for who, what, read, write, direct in row.findall(output)} == EXPECTED
    assert "what was proved before the deployment is what was observed, 48 times" in output
    assert "it answered {'parameter': '/shop/db/password', 'length_chars': 40}" in output
    calls = re.findall(r"^\d+ +(\w+) +(\S+) +PARAMETER_ARN=\S+:parameter(\S+) +(\w+)$", output, re.MULTILINE)
    made = {(operation, who, parameter) for operation, who, parameter, result in calls if result == "ok"}
    function = "ShopParameters-SecureStringProviderRole6A8D282D"
    assert made == {
        ("Encrypt", function, "/shop/db/password"),
        ("Encrypt", function, "/shop/mail/api-key"),
        ("Encrypt", function, "/shop/payment/password"),
        ("GenerateDataKey", function, "/shop/reports/signing-key"),
        ("Decrypt", "Orders", "/shop/db/password"),
        ("Decrypt", "Reporting", "/shop/reports/signing-key"),
        ("Encrypt", "Deployer", "/shop/mail/api-key"),
        ("GenerateDataKey", "Deployer", "/shop/reports/signing-key"),
    }
    assert not directory.exists()
    assert _processes_of(directory) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_it_stops_what_it_started(tmp_path: Path, number: signal.Signals) -> None:
    """In the midst of a deployment: no process and no file is left, and the exit code says why."""
    directory = tmp_path / "demo"
    with _start(directory) as demo:
        assert demo.stdout is not None
        for line in demo.stdout:
            if "creating CloudFormation changeset" in line:
                demo.send_signal(number)
                break
        rest = demo.stdout.read()

    assert demo.returncode == 128 + number, rest
    assert not directory.exists()
    assert _processes_of(directory) == []


def test_fails_when_something_is_not_as_declared() -> None:
    """An extra permission fails the demo like a missing one."""
    for declared, allowed, text in ((False, True, "Orders may read /a"), (True, False, "Orders may not read /a")):
        observation = Observation(
            principal="Orders", parameter="/a", operation=Operation.READ, declared=declared, allowed=allowed
        )
        with pytest.raises(DemoError, match=text):
            judge([observation])


def test_fails_when_the_proof_said_something_else() -> None:
    """Of what was observed, of less, or of more."""
    observation = Observation(principal="Orders", parameter="/a", operation=Operation.READ, declared=True, allowed=True)
    said = {("Orders", "/a", Operation.READ): True}
    judge_proof([observation], said)
    for otherwise in (
        {("Orders", "/a", Operation.READ): False},
        {},
        {**said, ("Orders", "/b", Operation.WRITE): False},
    ):
        with pytest.raises(DemoError, match="not as was proved: Orders /"):
            judge_proof([observation], otherwise)


def test_fails_to_start_the_cli_without_a_local_endpoint(tmp_path: Path) -> None:
    """It would call the real AWS."""
    for environment in ({}, {"AWS_ENDPOINT_URL": "https://ssm.eu-west-1.amazonaws.com"}):
        with pytest.raises(CdkError, match="the CLI would call the real AWS"):
            Cdk(environment, scratch=tmp_path)
