"""Run the CDK CLI against the embedded AWS, unmodified, and only there."""

import os
import signal
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

ROOT: Final = Path(__file__).resolve().parent.parent


class CdkError(Exception):
    """The CLI was not started, or ended with an error.

    Attributes:
        output: All that it printed.
    """

    def __init__(self, message: str, *, output: str = "") -> None:
        super().__init__(message)
        self.output = output


class Cdk:
    """The CDK CLI, bound to one embedded AWS.

    Args:
        environment: The ``AWS_*`` variables of that embedded AWS.
        scratch: Folder for everything that CLI and jsii write besides the assembly.
        app_folder: Folder with ``cdk.json``. Default: this project.
        say: What to do with each line that the CLI prints. Default: nothing.

    Raises:
        CdkError: The environment would let the CLI reach the real AWS.
    """

    def __init__(
        self,
        environment: Mapping[str, str],
        *,
        scratch: Path,
        app_folder: Path = ROOT,
        say: Callable[[str], None] = lambda _line: None,
    ) -> None:
        host = urlsplit(environment.get("AWS_ENDPOINT_URL", "")).hostname
        if host not in {"127.0.0.1", "localhost"}:
            raise CdkError("AWS_ENDPOINT_URL does not point to this machine: the CLI would call the real AWS")
        kept = {name: text for name, text in os.environ.items() if not name.startswith("AWS_")}
        # Nothing is written outside the scratch folder: neither caches in the home directory nor temporary files.
        self._environment = {
            **kept,
            **environment,
            "CDK_HOME": str(scratch / "cdk-home"),
            "JSII_RUNTIME_PACKAGE_CACHE_ROOT": str(scratch / "jsii"),
            "TMPDIR": str(scratch),
        }
        self._app_folder = app_folder
        self._say = say

    def run(self, *arguments: str) -> str:
        """Run one command to its end and return what it printed.

        Raises:
            CdkError: It ended with an error.
        """
        command = ["cdk", *arguments, "--no-notices", "--no-color"]
        # A group of its own: Ctrl-C goes to us first, and we end all of it.
        with subprocess.Popen(
            command,
            cwd=self._app_folder,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        ) as process:
            try:
                lines = self._follow(process)
            except BaseException:
                _end_group(process)
                raise
        output = "".join(lines)
        if process.returncode != 0:
            raise CdkError(f"{' '.join(command)} ended with exit code {process.returncode}", output=output)
        return output

    def _follow(self, process: subprocess.Popen[str]) -> list[str]:
        assert process.stdout is not None  # noqa: S101 - it is a pipe, see above
        lines = []
        for line in process.stdout:
            lines.append(line)
            self._say(line.rstrip())
        process.wait()
        return lines


def _end_group(process: subprocess.Popen[str]) -> None:
    """End the CLI with everything it started, first politely."""
    for number, patience_seconds in ((signal.SIGTERM, 5), (signal.SIGKILL, None)):
        try:
            os.killpg(process.pid, number)
            process.wait(patience_seconds)
        except ProcessLookupError:
            return
        except subprocess.TimeoutExpired:
            continue
