"""Resolve what the named requirements bring along and pin it below them in the same file.

A requirements file here has two parts. People edit the upper one, which names what our code and Makefile use.
This program rewrites the lower one with what pip resolves for it, so that the next set-up installs the same files.

Example:
    $ .venv/bin/python -m tools.lock requirements.txt tools/requirements-checkov.txt
"""

import json
import re
import subprocess
import sys
from pathlib import Path

MARKER = "# --- brought along by the above; written by `make lock`, do not edit ---"


def upper_part(text: str) -> str:
    """Return the part that people edit, without the marker line.

    Raises:
        ValueError: The file has no marker line.
    """
    head, marker, _ = text.partition(MARKER)
    if not marker:
        message = f"there is no line {MARKER!r}: add it below the requirements that are named directly"
        raise ValueError(message)
    return head


def normalized(name: str) -> str:
    """Return a distribution's name as package indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def named_directly(head: str) -> set[str]:
    """Return the normalized names of the requirements in the upper part."""
    lines = (line.partition("#")[0].strip() for line in head.splitlines())
    return {normalized(re.split(r"[\[<>=~!;\s]", line, maxsplit=1)[0]) for line in lines if line}


def resolve(head: str) -> dict[str, str]:
    """Ask pip which distributions the upper part needs, itself included; nothing is installed."""
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--dry-run", "--ignore-installed", "--report", "-"]
    answer = subprocess.run(
        [*command, "--requirement", "/dev/stdin"], input=head, capture_output=True, text=True, check=False
    )
    if answer.returncode != 0:
        raise SystemExit(answer.stderr)
    metadata = [item["metadata"] for item in json.loads(answer.stdout)["install"]]
    return {normalized(item["name"]): item["version"] for item in metadata}


def locked(text: str) -> str:
    """Return the file's text with its lower part resolved again."""
    head = upper_part(text)
    direct = named_directly(head)
    pins = [f"{name}=={version}" for name, version in sorted(resolve(head).items()) if name not in direct]
    return "\n".join([f"{head}{MARKER}", *pins, ""])


def main() -> None:
    """Rewrite each file named on the command line."""
    for argument in sys.argv[1:]:
        path = Path(argument)
        text = locked(path.read_text(encoding="utf-8"))
        path.write_text(text, encoding="utf-8")
        print(f"{path}: {text.count('==')} distributions pinned")


if __name__ == "__main__":
    main()
