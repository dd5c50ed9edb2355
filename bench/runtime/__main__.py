"""Measure, and print ratios against the targets."""

import contextlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from bench.runtime import clients
from bench.runtime.certificates import make_certificate

_ROOT: Final = Path(__file__).parents[2]
_REPEATS: Final = 15
_LATENCY_MS: Final = 20


def main() -> int:
    """Run everything; the exit code says whether each target was met."""
    with tempfile.TemporaryDirectory() as folder:
        bundle, certificate = make_certificate(Path(folder))
        rows = [*_plain(), *_over_tls(bundle, certificate), _size()]
    print(f"{'what':44} {'ours':>10} {'boto3':>10} {'powertools':>11} {'ssm-cache':>10}   ratio  target")
    for name, numbers, ratio, target in rows:
        shown = "".join(f"{number:>11.4g}" for number in numbers)
        print(f"{name:44}{shown:44}{ratio:>8.3f}  {target:<6g} {'met' if ratio <= target else 'MISSED'}")
    return 0 if all(ratio <= target for _, _, ratio, target in rows) else 1


Row = tuple[str, list[float], float, float]


def _plain() -> Iterator[Row]:
    with _server() as url:
        first = _interleaved(clients.FIRST_VALUE, url)
        yield _row("first value, plain: ms", [each[0] for each in first.values()], 0.16)
        imported = statistics.median(float(_run(clients.IMPORT, url)) for _ in range(_REPEATS))
        yield "import ssm_securestring: ms", [imported], imported, 5
        yield _row("resident after the first value: MB", [each[1] for each in first.values()], 0.45)
        cached = {name: _each(clients.CACHED, name, url, cost=1 if name == "ours" else 20) for name in _CACHING}
        ours, baseline = cached["ours"]
        yield "cached get: ns, against dict and TTL check", [ours], ours / baseline, 1.5
        for name in _CACHING[1:]:
            yield f"cached get: ns, {name}", [cached[name][0]], ours / cached[name][0], 1
        cpu = [float(_run(_text(clients.UNCACHED, name), url)) for name in clients.CLIENTS]
        yield _row("uncached call: microseconds of CPU", cpu, 0.2)
        yield from _together(url)


_CACHING: Final = ("ours", "powertools", "ssm-cache")


def _together(url: str) -> Iterator[Row]:
    many = {name: _counted(_text(clients.MANY, name), url) for name in clients.CLIENTS}
    yield "100 names, 20 ms latency: calls", [each[0] - 1 for each in many.values()], many["ours"][0] - 1, 10
    yield "100 names, 20 ms latency: ms; round trips", [each[1] for each in many.values()], many["ours"][1] / 20, 1.5
    for title, names, target in (
        ("32 threads, one expired name: calls", ["/x"] * 32, 1),
        ("32 threads, 32 names: calls", [f"/{number}" for number in range(32)], 5),
    ):
        counts = [_counted(_text(clients.THREADS, name, names=repr(names)), url)[0] - 1 for name in clients.CLIENTS]
        yield title, counts, counts[0], target


def _over_tls(bundle: Path, certificate: Path) -> Iterator[Row]:
    with _server(certificate) as url:
        first = _interleaved(clients.FIRST_VALUE, url, AWS_CA_BUNDLE=str(bundle))
        yield _row("first value, TLS: ms", [each[0] for each in first.values()], 0.25)


def _size() -> Row:
    package = _ROOT / "constructs" / "ssm_securestring"
    files = [package / "__init__.py", *(package / "core").glob("*.py"), *(package / "runtime").glob("*.py")]
    size = sum(file.stat().st_size for file in files) / 1024
    return "core and runtime: KB", [size], size, 120


def _row(title: str, numbers: list[float], target: float) -> Row:
    return title, numbers, numbers[0] / numbers[1], target


def _text(template: str, client: str, **more: object) -> str:
    return template.format(client=clients.CLIENTS[client], **more)


def _each(template: str, client: str, url: str, **more: object) -> Any:  # noqa: ANN401 - JSON
    return json.loads(_run(_text(template, client, **more), url))


def _interleaved(template: str, url: str, **environment: str) -> dict[str, list[float]]:
    """Return medians; the clients take turns, so that the machine's moods hit all of them."""
    rounds = [
        {name: json.loads(_run(_text(template, name), url, **environment)) for name in clients.CLIENTS}
        for _ in range(_REPEATS)
    ]
    return {
        name: [statistics.median(numbers) for numbers in zip(*(each[name] for each in rounds), strict=True)]
        for name in clients.CLIENTS
    }


def _counted(text: str, url: str) -> tuple[float, float]:
    """Return how many calls it took, at most, and the median of what was printed."""
    calls, printed = [], []
    for _ in range(5):
        _count(url, _LATENCY_MS)
        printed.append(float(_run(text, url)))
        calls.append(_count(url, 0))
    return max(calls), statistics.median(printed)


def _count(url: str, latency_ms: int) -> int:
    with urllib.request.urlopen(f"{url}/{latency_ms}") as answer:  # noqa: S310 - our own server
        return int(json.load(answer)["count"])


def _run(text: str, url: str, **more: str) -> str:
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
    return done.stdout


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
