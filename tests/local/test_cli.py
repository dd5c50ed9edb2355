"""``ssm-securestring local``: what a shell sees."""

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from ssm_securestring.cli.main import main
from ssm_securestring.local import EmbeddedAws
from tests.local.aws import Account

pytestmark = pytest.mark.e2e


Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Runs the command in an empty directory."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}

    def call(*arguments: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "-m", "ssm_securestring.cli.main", "local", *arguments],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    return call


def test_start_env_trail_stop(run: Run, tmp_path: Path) -> None:
    """The whole life of an engine from a shell, with the real aws command in the middle."""
    before = run("status")
    started = run("start")
    try:
        status = run("status")
        script = (
            'eval "$ENV"; exec "$AWS" ssm put-parameter --name MyParameter --value secret_value --type SecureString'
        )
        aws = Path(sys.executable).parent / "aws"
        put = subprocess.run(
            ["/bin/sh", "-c", script],
            env={**os.environ, "ENV": run("env").stdout, "AWS": str(aws), "AWS_PROFILE": "somebody-elses"},
            capture_output=True,
            text=True,
            check=False,
        )
        trail = run("trail")
        lines = [json.loads(line) for line in run("trail", "--json").stdout.splitlines()]
    finally:
        stopped = run("stop")

    assert (before.returncode, before.stdout) == (1, "embedded AWS: not running\n")
    assert started.returncode == 0
    assert "ssm-securestring local env" in started.stdout
    assert status.returncode == 0
    assert json.loads(put.stdout) == {"Version": 1, "Tier": "Standard"}, put.stderr
    assert "kms:Encrypt  ok  arn:aws:iam::111122223333:root  by ssm.amazonaws.com" in trail.stdout
    assert [line["eventName"] for line in lines] == ["PutParameter", "Encrypt"]
    assert lines[1]["requestParameters"]["encryptionContext"] == {
        "PARAMETER_ARN": "arn:aws:ssm:eu-west-1:111122223333:parameter/MyParameter"
    }
    assert "secret_value" not in trail.stdout + json.dumps(lines)
    assert (stopped.returncode, stopped.stdout) == (0, "embedded AWS: stopped\n")
    assert list(tmp_path.iterdir()) == []


def test_env_is_quoted_for_a_shell(embedded_aws_directory: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Every line is an assignment that a shell reads back unchanged, and what would go before it is unset."""
    assert main(["local", "env", "--directory", str(embedded_aws_directory)]) == 0

    *exports, unset = capsys.readouterr().out.splitlines()
    assert all(line.startswith("export ") and len(shlex.split(line)) == 2 for line in exports)
    assert unset.startswith("unset AWS_PROFILE ")


def test_fails_without_an_engine(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The message says where it looked and what to do; stopping nothing is no error."""
    where = ["--directory", str(tmp_path)]

    assert main(["local", "env", *where]) == 1
    assert f"none is running in {tmp_path}" in capsys.readouterr().err
    assert main(["local", "stop", *where]) == 0


@pytest.mark.parametrize("arguments", [["--port", "70000"], ["--port", "x"], ["--account", "123"]])
def test_fails_with_a_bad_option(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """An impossible option is refused before anything starts."""
    with pytest.raises(SystemExit) as caught:
        main(["local", "start", *arguments])

    assert caught.value.code == 2
    assert arguments[1] in capsys.readouterr().err


def test_cli_loads_nothing_heavy() -> None:
    """Help comes without boto3, ministack or aws-cdk-lib."""
    program = (
        "import sys; from ssm_securestring.cli.main import main\n"
        "try: main(['local', '--help'])\n"
        "except SystemExit: print(sorted({'boto3', 'ministack', 'aws_cdk', 'cryptography'} & set(sys.modules)))"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)

    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize("form", [["--json"], []])
def test_trail_is_followed_until_the_engine_ends(tmp_path: Path, form: list[str]) -> None:
    """Calls from before and calls as they happen are printed; when the engine stops, so does the command."""
    aws = EmbeddedAws.start(tmp_path / "aws")
    try:
        Account(aws).ssm.put_parameter(Name="before", Value="v", Type="String")
        command = [sys.executable, "-m", "ssm_securestring.cli.main", "local", "trail", "--follow", *form]
        with subprocess.Popen(
            [*command, "--directory", str(aws.directory)],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        ) as following:
            assert following.stdout is not None
            first = following.stdout.readline()
            Account(aws).ssm.get_parameter(Name="before")
            second = following.stdout.readline()
            aws.stop()
            rest = following.stdout.read()
    finally:
        aws.stop()

    assert "PutParameter" in first
    assert "GetParameter" in second
    assert (rest, following.returncode) == ("", 0)
    if form:
        assert json.loads(second)["resources"] == [{"ARN": "arn:aws:ssm:eu-west-1:111122223333:parameter/before"}]
