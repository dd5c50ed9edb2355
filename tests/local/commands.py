"""The real ``aws`` command, run as a person would, with the credentials of somebody."""

import json
import os
import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.local.aws import Account

# Names of the examples in the KMS Developer Guide.
KEY_ID = "1234abcd-12ab-34cd-56ef-1234567890ab"
KEY = f"arn:aws:kms:us-west-2:111122223333:key/{KEY_ID}"
PARAMETER = "arn:aws:ssm:us-west-2:111122223333:parameter"
_AWS = Path(sys.executable).parent / "aws"


@dataclass(frozen=True)
class Shell:
    """A shell in which the ``aws`` command uses the embedded AWS as an account, a user or a role."""

    account: Account

    def run(self, line: str) -> Any:  # noqa: ANN401 - any JSON
        """Run a command line that must succeed; return what it printed."""
        done = self._call(line)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout) if done.stdout.strip() else {}

    def refused(self, line: str, code: str) -> str:
        """Run a command line that must be refused with this error code; return the message."""
        done = self._call(line)
        assert done.returncode != 0, done.stdout
        assert f"An error occurred ({code}) when calling the " in done.stderr, done.stderr
        return done.stderr.partition(" operation: ")[2].strip()

    def _call(self, line: str) -> "subprocess.CompletedProcess[str]":
        environment = {name: text for name, text in os.environ.items() if not name.startswith("AWS_")}
        environment |= self.account.aws.environment()
        environment |= {"AWS_ACCESS_KEY_ID": self.account.access_key, "AWS_SECRET_ACCESS_KEY": self.account.secret_key}
        if self.account.session_token:
            environment["AWS_SESSION_TOKEN"] = self.account.session_token
        return subprocess.run(
            [str(_AWS), *shlex.split(line.removeprefix("$ "))[1:]],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
