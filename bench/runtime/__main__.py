"""Measure, and print ratios against the targets."""

import contextlib
import io
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import urllib.request
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from bench.runtime import clients
from bench.runtime.carried import carried
from bench.runtime.certificates import make_certificate

_ROOT: Final = Path(__file__).parents[2]
_LATENCY_MS: Final = 20
# Odd numbers have a median. Starting a process is noisier than what happens in it.
_STARTS: Final = 15
_REPEATS: Final = 7

Row = tuple[str, list[float], float, float]
# What each client printed, in each round.
Rounds = list[dict[str, list[float]]]


def main() -> int:
    """Run everything; the exit code says whether each target was met."""
    python = platform.python_version()
    print(f"Python {python}, {os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}")
    with tempfile.TemporaryDirectory() as folder:
        bundle, certificate = make_certificate(Path(folder))
        rows = [*_plain(), *_over_tls(bundle, certificate), *_sizes()]
    print(f"{'what':44} {'ours':>10} {'boto3':>10} {'powertools':>11} {'ssm-cache':>10}   ratio  target")
    for name, numbers, ratio, target in rows:
        shown = "".join(f"{number:>11.4g}" for number in numbers)
        print(f"{name:44}{shown:44}{ratio:>8.3f}  {target:<6g} {'met' if ratio <= target else 'MISSED'}")
    return 0 if all(ratio <= target for _, _, ratio, target in rows) else 1


def _plain() -> Iterator[Row]:
    with _server() as url:
        first = _rounds(clients.FIRST_VALUE, url, times=_STARTS)
        yield _row("first value, plain: ms", first, 0, target=0.16)
        imported = statistics.median(_run(clients.IMPORT, url)[0] for _ in range(_STARTS))
        yield "import ssm_securestring: ms", [imported], imported, 5
        yield _row("resident after the first value: MB", first, 1, target=0.45)
        cached = {
            name: _run(_text(clients.CACHED, name, times=2_000 if name == "ours" else 200), url)
            for name in ("ours", "powertools", "ssm-cache")
        }
        ours, baseline = cached.pop("ours")
        yield "cached get: ns, against dict and TTL check", [ours], ours / baseline, 1.5
        for name, (theirs, _) in cached.items():
            yield f"cached get: ns, {name}", [theirs], ours / theirs, 1
        uncached = _rounds(clients.UNCACHED, url, times=_REPEATS)
        yield _row("uncached call: microseconds of CPU", uncached, 0, target=0.2)
        yield from _together(url)


def _together(url: str) -> Iterator[Row]:
    many = {name: _counted(_text(clients.MANY, name), url) for name in clients.CLIENTS}
    singles = 6.0  # of each client, before
    calls = [count - singles for count, _ in many.values()]
    yield "100 names, 20 ms latency: calls", calls, calls[0], 10
    # The quickest run of each: ten threads that wait for two processors, too, tell of those who keep these busy.
    times = [min(took for took, _ in printed) for _, printed in many.values()]
    trips = times[0] / min(one for _, one in many["ours"][1])
    yield "100 names, 20 ms latency: ms; round trips", times, trips, 1.5
    for title, names, target in (
        ("32 threads, one expired name: calls", ["/x"] * 32, 1),
        ("32 threads, 32 names: calls", [f"/{number}" for number in range(32)], 5),
    ):
        texts = (_text(clients.THREADS, name, names=repr(names)) for name in clients.CLIENTS)
        counts = [_counted(text, url)[0] - 1.0 for text in texts]
        yield title, counts, counts[0], target


def _over_tls(bundle: Path, certificate: Path) -> Iterator[Row]:
    with _server(certificate) as url:
        first = _rounds(clients.FIRST_VALUE, url, times=_STARTS, AWS_CA_BUNDLE=str(bundle))
        yield _row("first value, TLS: ms", first, 0, target=0.25)


def _sizes() -> Iterator[Row]:
    """Measure zip files, which is what functions and environments are made of."""
    package = _ROOT / "constructs" / "ssm_securestring"
    for title, files, target in (
        ("what a function carries: KB", sorted(carried()), 120),
        ("the whole package: KB", sorted(package.rglob("*.py")), 600),
    ):
        size = _zipped_kb(files)
        yield title, [size], size, target


def _zipped_kb(files: list[Path]) -> float:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in files:
            archive.write(file, file.relative_to(_ROOT))
    return buffer.tell() / 1024


def _row(title: str, rounds: Rounds, index: int, *, target: float) -> Row:
    """Compare within each round, so that the machine's moods hit both."""
    numbers = [statistics.median(each[name][index] for each in rounds) for name in clients.CLIENTS]
    ratio = statistics.median(each["ours"][index] / each["boto3"][index] for each in rounds)
    return title, numbers, ratio, target


def _text(template: str, client: str, **more: object) -> str:
    return template.format(client=clients.CLIENTS[client], **more)


def _rounds(template: str, url: str, *, times: int, **environment: str) -> Rounds:
    """Let the clients take turns, once more than is counted: in the first round, Python compiles."""
    rounds = [
        {name: _run(_text(template, name), url, **environment) for name in clients.CLIENTS} for _ in range(times + 1)
    ]
    return rounds[1:]


def _counted(text: str, url: str) -> tuple[int, list[list[float]]]:
    """Return how many calls it took, at most, and what each run printed."""
    calls, printed = [], []
    for _ in range(_REPEATS):
        _count(url, _LATENCY_MS)
        printed.append(_run(text, url))
        calls.append(_count(url, 0))
    return max(calls), printed


def _count(url: str, latency_ms: int) -> int:
    with urllib.request.urlopen(f"{url}/{latency_ms}") as answer:  # noqa: S310 - our own server
        return int(json.load(answer)["count"])


def _run(text: str, url: str, **more: str) -> list[float]:
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(_ROOT / "constructs"),
        "AWS_ENDPOINT_URL": url,
        "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "example",
        "AWS_REGION": "eu-west-1",
        "AWS_DEFAULT_REGION": "eu-west-1",
        **more,
    }
    done = subprocess.run([sys.executable, "-c", text], env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr)
    printed: list[float] = json.loads(done.stdout)
    return printed


@contextlib.contextmanager
def _server(certificate: Path | None = None) -> Iterator[str]:
    command = [sys.executable, "-m", "bench.runtime.server", *([str(certificate)] if certificate else [])]
    with subprocess.Popen(command, cwd=_ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None  # noqa: S101 - for the type checker
        port = process.stdout.readline().strip()
        yield f"{'https' if certificate else 'http'}://localhost:{port}"
        process.terminate()


if __name__ == "__main__":
    sys.exit(main())
