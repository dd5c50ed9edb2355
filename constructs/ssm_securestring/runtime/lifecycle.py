"""What happens to a process under our feet: it is forked, or restored from a snapshot of AWS Lambda."""

import functools
import os
import weakref
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ssm_securestring.runtime.reader import Reader

_READERS: "weakref.WeakSet[Reader]" = weakref.WeakSet()


def watch(reader: "Reader") -> None:
    """Let a reader begin anew after a fork and after a restore."""
    _READERS.add(reader)
    _register()


def after_fork() -> None:
    """Drop what a child process must not share with its parent."""
    for reader in list(_READERS):
        reader.after_fork()


def after_restore() -> None:
    """Drop what is of the time of the snapshot: values, connections, credentials."""
    for reader in list(_READERS):
        reader.after_restore()


@functools.cache
def _register() -> None:
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=after_fork)
    # Lambda Developer Guide, "Runtime hooks for Lambda SnapStart".
    if os.environ.get("AWS_LAMBDA_INITIALIZATION_TYPE") == "snap-start":
        from snapshot_restore_py import register_after_restore

        register_after_restore(after_restore)
