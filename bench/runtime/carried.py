"""What a function that uses the helper has to carry: the helper, and whatever it imports of this package."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Final

_SOURCE_ROOT: Final = Path(__file__).parents[2] / "constructs"
_PACKAGE: Final = "ssm_securestring"


def carried() -> frozenset[Path]:
    """Follow the imports of all modules of the helper, those inside of functions included; returns files."""
    helper = f"{_PACKAGE}.runtime"
    waiting = {f"{helper}.{path.stem}" for path in _file(helper).parent.glob("*.py") if path.stem != "__init__"}
    found: set[str] = set()
    while waiting:
        module = waiting.pop()
        found.add(module)
        waiting |= {each for each in _imported(module) if _file(each).exists()} - found
    return frozenset(map(_file, found))


def _imported(module: str) -> Iterator[str]:
    """Name what a module loads, its parents first; a name that is imported may be a module, too."""
    yield from (module[:at] for at, character in enumerate(module) if character == ".")
    for node in ast.walk(ast.parse(_file(module).read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith(_PACKAGE):
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _file(module: str) -> Path:
    path = _SOURCE_ROOT.joinpath(*module.split("."))
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
