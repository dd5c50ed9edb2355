"""Everything at once for some seconds. The long run is ``python -m bench.helper_soak 60``."""

import os

import pytest

from bench.helper_soak import Soak, report
from bench.weather import Weather


@pytest.mark.e2e
def test_a_storm_of_all_faults_leaves_no_wrong_value_and_no_lost_exception(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Eight threads and more; SSM_SECURESTRING_SOAK_SECONDS makes it longer. The counts are printed."""
    for name in ("AWS_SESSION_TOKEN", "AWS_PROFILE", "AWS_CA_BUNDLE", "AWS_ENDPOINT_URL_SSM", "http_proxy"):
        monkeypatch.delenv(name, raising=False)
    soak = Soak(seconds=float(os.environ.get("SSM_SECURESTRING_SOAK_SECONDS", "5")), threads=8)

    findings = soak.run()

    with capsys.disabled():
        print(f"\n{report(soak)}")
    assert findings.faults == []
    assert findings.counts["values"] > 200
    assert findings.counts["writes"] > 5
    assert len(soak.server.played) > 8


def test_the_weather_remembers_what_was_stored_when() -> None:
    """The soak can fail: a value that was never stored, or not any more, is told from the stored one."""
    with Weather() as server:
        old, new = server.values["/soak/1"], server.new_value("/soak/1")
        assert server.replaced_at("/soak/1", new) is None
        server.store("/soak/1", new)
        ended = server.replaced_at("/soak/1", old)
        assert ended is not None
        assert ended == server.stored_at("/soak/1", new)
        assert server.replaced_at("/soak/1", new) == float("inf")
