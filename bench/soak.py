"""Many writers and readers at once against one embedded AWS: ``python -m bench.soak [SECONDS] [THREADS]``.

Every thread writes parameters of its own and one that all share, in both tiers, and reads them back. No write may be
lost, and no reader may ever see a value that was not written to that parameter.
"""

import sys
import tempfile
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ssm_securestring.local import EmbeddedAccount, EmbeddedAws

SHARED = "/soak/shared"
_TIERS = ("Standard", "Advanced")


@dataclass
class Findings:
    """What a soak did, and what was wrong.

    Attributes:
        calls: How many calls of each kind succeeded.
        faults: What was wrong, one line each; empty if all is well.
        seconds: How long it took.
    """

    calls: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    seconds: float = 0.0

    def report(self) -> str:
        """Return the counts and the faults as text."""
        counts = ", ".join(f"{count} {name}" for name, count in sorted(self.calls.items()))
        rate = sum(self.calls.values()) / self.seconds
        faults = "".join(f"\n  {fault}" for fault in self.faults[:20])
        return f"{counts} in {self.seconds:.1f} s ({rate:.0f} calls/s), {len(self.faults)} faults{faults}"


class Soak:
    """One soak.

    Args:
        account: Where.
        threads: How many at once.
    """

    def __init__(self, account: EmbeddedAccount, *, threads: int) -> None:
        """Make a key, and a client for each thread: making clients is not what is measured."""
        self._account = account
        self._clients = [account.client("ssm") for _ in range(threads)]
        self._key = account.client("kms").create_key()["KeyMetadata"]["Arn"]
        self._findings = Findings()
        self._lock = threading.Lock()
        self._shared_values: set[str] = set()

    def run(self, seconds: float) -> Findings:
        """Run for so long; return what was found."""
        start = time.monotonic()
        with ThreadPoolExecutor(len(self._clients)) as pool:
            for done in [
                pool.submit(self._work, number, client, start + seconds) for number, client in enumerate(self._clients)
            ]:
                done.result()
        self._check_shared()
        self._findings.seconds = time.monotonic() - start
        return self._findings

    def _work(self, number: int, client: Any, end: float) -> None:  # noqa: ANN401 - a client of boto3
        name, tier = f"/soak/own/{number}", _TIERS[number % len(_TIERS)]
        written = 0
        try:
            while time.monotonic() < end:
                written += 1
                value = f"{number}:{written}"
                version = self._put(client, name, value, tier)
                self._expect(version == written, f"{name} has version {version} after {written} writes")
                self._expect(self._get(client, name) == value, f"{name} lost write {written}")
                self._use_shared(client, value)
        except Exception as error:  # noqa: BLE001 - whatever goes wrong is a finding
            self._expect(False, f"thread {number}: {type(error).__name__}: {error}")  # noqa: FBT003 - it happened

    def _use_shared(self, client: Any, value: str) -> None:  # noqa: ANN401 - a client of boto3
        with self._lock:
            self._shared_values.add(value)
        self._put(client, SHARED, value, "Advanced")
        seen = self._get(client, SHARED)
        with self._lock:
            known = seen in self._shared_values
        self._expect(known, f"{SHARED} had a value that nobody wrote")

    def _put(self, client: Any, name: str, value: str, tier: str) -> int:  # noqa: ANN401 - a client of boto3
        answer = client.put_parameter(
            Name=name, Value=value, Type="SecureString", Tier=tier, KeyId=self._key, Overwrite=True
        )
        self._count("writes")
        return int(answer["Version"])

    def _get(self, client: Any, name: str) -> str:  # noqa: ANN401 - a client of boto3
        answer = client.get_parameter(Name=name, WithDecryption=True)
        self._count("reads")
        return str(answer["Parameter"]["Value"])

    def _check_shared(self) -> None:
        version = self._account.client("ssm").get_parameter(Name=SHARED)["Parameter"]["Version"]
        wanted = len(self._shared_values)
        self._expect(version == wanted, f"{SHARED} has version {version} after {wanted} writes")

    def _count(self, name: str) -> None:
        with self._lock:
            self._findings.calls[name] += 1

    def _expect(self, good: bool, otherwise: str) -> None:  # noqa: FBT001 - it reads as a sentence
        if not good:
            with self._lock:
                self._findings.faults.append(otherwise)


def main(seconds: float = 60.0, threads: float = 32) -> int:
    """Run a soak against an engine of its own; returns 1 if anything was wrong."""
    with tempfile.TemporaryDirectory() as folder, EmbeddedAws.start(Path(folder)) as aws:
        findings = Soak(aws.new_account(), threads=int(threads)).run(seconds)
    print(f"{threads:.0f} threads: {findings.report()}")
    return 1 if findings.faults else 0


if __name__ == "__main__":
    sys.exit(main(*(float(each) for each in sys.argv[1:])))
