"""Parameter Store without AWS: for laptops, tests and CI. What is asked of it, it answers as the service does."""

import json
import os
import threading
from collections.abc import Mapping
from typing import Any, Final

from ssm_securestring.core.errors import SettingError
from ssm_securestring.core.names import ParameterName
from ssm_securestring.runtime.calls import Answer, ServiceRefusalError

# No account and no Region: the ARN shows where the value came from.
_ARN_PREFIX: Final = "arn:offline:ssm:offline:000000000000:parameter/"
_KEY_ID: Final = "alias/offline"


class OfflineTransport:
    """Answers from memory.

    Args:
        values: Values by name.

    Raises:
        ParameterNameError: One of the names could be none.
    """

    def __init__(self, values: Mapping[str, str]) -> None:
        """Take a copy."""
        self._values = {ParameterName(name).without_slash: (name, value, 1) for name, value in values.items()}
        self._writing = threading.Lock()

    def call(self, operation: str, request: Mapping[str, object]) -> Answer:
        """Answer an operation. What is put stays in memory: no file is changed.

        Raises:
            ServiceRefusalError: There is no parameter of this name; or there is one, which is not to be overwritten.
        """
        if operation == "GetParameter":
            found = self._found(str(request["Name"]))
            if found is None:
                raise ServiceRefusalError("ParameterNotFound", "", request_id=None)
            return Answer({"Parameter": found}, "")
        if operation == "GetParameters":
            names = request["Names"]
            wanted = names if isinstance(names, list) else []
            return Answer({"Parameters": [found for name in wanted if (found := self._found(name))]}, "")
        if operation == "DescribeParameters":
            return Answer({"Parameters": self._described(request)}, "")
        if operation == "PutParameter":
            return Answer({"Version": self._put(request)}, "")
        return Answer({"Parameters": self._below(str(request["Path"]), recursive=bool(request["Recursive"]))}, "")

    def reset(self) -> None:
        """Have no connections."""

    def _found(self, text: str) -> dict[str, object] | None:
        key = text.removeprefix(_ARN_PREFIX).removeprefix("/")
        if key not in self._values:
            return None
        name, value, version = self._values[key]
        return {"Name": name, "Type": "SecureString", "Value": value, "Version": version, "ARN": f"{_ARN_PREFIX}{key}"}

    def _described(self, request: Mapping[str, Any]) -> list[dict[str, object]]:
        found = filter(None, (self._found(name) for name in request["ParameterFilters"][0]["Values"]))
        return [fields | {"KeyId": _KEY_ID, "Tier": "Intelligent-Tiering"} for fields in found]

    def _put(self, request: Mapping[str, Any]) -> int:
        name = str(request["Name"])
        key = name.removeprefix("/")
        with self._writing:
            name, _, version = self._values.get(key, (name, "", 0))
            if version and not request.get("Overwrite"):
                raise ServiceRefusalError("ParameterAlreadyExists", "", request_id=None)
            self._values[key] = (name, str(request["Value"]), version + 1)
        return version + 1

    def _below(self, path: str, *, recursive: bool) -> list[dict[str, object]]:
        prefix = f"{path.strip('/')}/".lstrip("/")
        inside = [key for key in sorted(self._values) if key.startswith(prefix)]
        direct = [key for key in inside if recursive or "/" not in key[len(prefix) :]]
        return [fields for key in direct if (fields := self._found(key))]


def read_file(path: str | os.PathLike[str]) -> dict[str, str]:
    """Read values by name from a file with one JSON object.

    Raises:
        SettingError: It is no such file. Nothing that stands in it is in the error.
    """
    try:
        with open(path, encoding="utf-8") as file:  # noqa: PTH123 - pathlib is slow to import
            values = json.load(file)
    except OSError as error:
        fix = "write the path of a JSON file"
        raise SettingError("offline", problem=f"cannot be read ({error.strerror})", fix=fix) from error
    except ValueError:
        values = None
    if not isinstance(values, dict) or not all(isinstance(each, str) for each in values.values()):
        # Outside of the except block: a JSONDecodeError holds the whole text.
        fix = "write one JSON object with names and texts"
        raise SettingError("offline", problem="is not a file of values by name", fix=fix)
    return values
