"""How functions run: a clean interpreter, a clean environment, and an answer for CloudFormation in any case."""

import re
import venv
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from importlib.metadata import Distribution, distribution
from pathlib import Path
from threading import Lock
from typing import Any, Final

from ssm_securestring.local.seam import Seam

# What AWS's Python runtimes bring.
_RUNTIME_DISTRIBUTION: Final = "boto3"
_REQUIREMENT_NAME: Final = re.compile(r"[A-Za-z0-9._-]+")
_ANSWER_PATH: Final = "/_ministack/cfn-response/"

# Runs before ministack's own program, inside the function's process. A function sees what Lambda would give it.
_PROLOGUE: Final = """
import os as _os, site as _site, sys as _sys
_KEPT = {"PATH", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR", "LAMBDA_TASK_ROOT", "LD_LIBRARY_PATH"}
_layers = [_each for _each in _os.environ.pop("_LAMBDA_LAYERS_DIRS", "").split(_os.pathsep) if _each]
for _name in list(_os.environ):
    if _name not in _KEPT and not _name.startswith(("AWS_", "_LAMBDA_", "_MINISTACK_", "_X_AMZN_")):
        del _os.environ[_name]
_os.environ["AWS_CONFIG_FILE"] = _os.environ["AWS_SHARED_CREDENTIALS_FILE"] = _os.devnull
_os.environ["AWS_EC2_METADATA_DISABLED"] = "true"
_os.environ["AWS_EXECUTION_ENV"] = "AWS_Lambda_python%d.%d" % _sys.version_info[:2]
_os.environ["NO_PROXY"] = _os.environ["no_proxy"] = "127.0.0.1,localhost"
# The folder of this program goes; the function's own code comes first, then its layers, as on Lambda.
_runtime = _sys.path[1:]
_sys.path[:] = []
for _each in _layers:
    _sys.path.append(_os.path.join(_each, "python"))
    _version = "python%d.%d" % _sys.version_info[:2]
    _site.addsitedir(_os.path.join(_each, "python", "lib", _version, "site-packages"))
_sys.path += _runtime
"""

_log_group_of_running: ContextVar[str] = ContextVar("ssm_securestring_log_group", default="")


class FunctionInterpreter:
    """An interpreter that has boto3 and what boto3 needs, and nothing else. It is made when it is first asked for.

    Args:
        directory: Where it is made.
    """

    def __init__(self, directory: Path) -> None:
        """Remember where."""
        self._directory = directory
        self._lock = Lock()
        self._path: Path | None = None

    def path(self) -> Path:
        """Return the interpreter."""
        with self._lock:
            if self._path is None:
                self._path = self._make()
            return self._path

    def _make(self) -> Path:
        builder = venv.EnvBuilder(symlinks=True, with_pip=False)
        builder.create(self._directory)
        interpreter = self._directory / "bin" / "python"
        packages = next(self._directory.glob("lib/python*/site-packages"))
        for each in _with_requirements(_RUNTIME_DISTRIBUTION, set()):
            for source in _top_level(each):
                (packages / source.name).symlink_to(source)
        return interpreter


def install(seam: Seam, interpreter: FunctionInterpreter) -> None:
    """Run functions our way."""

    def detect_runtime_binary(runtime: str) -> tuple[str, str]:
        if not runtime.startswith("python"):
            return default_runtime(runtime)
        environment = f"import os; os.environ['AWS_LAMBDA_LOG_GROUP_NAME'] = {_log_group_of_running.get()!r}\n"
        return str(interpreter.path()), environment + _PROLOGUE + seam.python_worker_script

    def execute(func: dict[str, Any], event: Any) -> Any:  # noqa: ANN401 - ministack has no types
        # The process of a function is made while it is called for the first time.
        token = _log_group_of_running.set(_log_group(func))
        try:
            result = default_execution(func, event)
        finally:
            _log_group_of_running.reset(token)
        if isinstance(result, dict) and result.get("error") and isinstance(event, dict):
            _answer_for_crashed(seam, func, event)
        return result

    default_runtime = seam.replace_runtime_lookup(detect_runtime_binary)
    default_execution: Callable[..., Any] = seam.replace_function_execution(execute)


def _answer_for_crashed(seam: Seam, func: dict[str, Any], event: dict[str, Any]) -> None:
    """Tell CloudFormation that a function ended in an error, instead of letting the stack wait for an hour.

    The error itself stays in the function's log: it may contain what must not be in CloudFormation's events.
    """
    _, found, token = str(event.get("ResponseURL", "")).partition(_ANSWER_PATH)
    if not found:
        return
    seam.answer_custom_resource(
        token,
        {
            "Status": "FAILED",
            "Reason": "The function ended with an error before it answered CloudFormation; "
            f"see log group {_log_group(func)}.",
            "PhysicalResourceId": event.get("PhysicalResourceId") or str(event.get("RequestId")),
            "StackId": event.get("StackId"),
            "RequestId": event.get("RequestId"),
            "LogicalResourceId": event.get("LogicalResourceId"),
        },
    )


def _log_group(func: dict[str, Any]) -> str:
    """Return the log group that a function is configured with."""
    config = func.get("config") or func
    return str((config.get("LoggingConfig") or {}).get("LogGroup") or f"/aws/lambda/{config.get('FunctionName')}")


def _with_requirements(name: str, seen: set[str]) -> Iterator[Distribution]:
    """Yield a distribution and, recursively, what it needs."""
    if name.lower() in seen:
        return
    seen.add(name.lower())
    found = distribution(name)
    yield found
    for requirement in found.requires or []:
        needed = _REQUIREMENT_NAME.match(requirement)
        if needed and "extra ==" not in requirement:
            yield from _with_requirements(needed.group(), seen)


def _top_level(found: Distribution) -> set[Path]:
    """Return the files and folders that a distribution has in site-packages."""
    root = Path(str(found.locate_file("")))
    names = {file.parts[0] for file in found.files or [] if file.parts[0] not in ("..", "__pycache__")}
    return {root / name for name in names}
