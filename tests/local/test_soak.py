"""Many writers and readers at once. The long run is ``python -m bench.soak 60``."""

import pytest

from bench.soak import Soak
from ssm_securestring.local import EmbeddedAccount

pytestmark = pytest.mark.e2e


def test_32_threads_lose_no_write_and_see_no_wrong_value(
    embedded_account: EmbeddedAccount, capsys: pytest.CaptureFixture[str]
) -> None:
    """Five seconds of writing and reading: every write counts, every value read was written there."""
    findings = Soak(embedded_account, threads=32).run(5)

    with capsys.disabled():
        print(f"\n32 threads: {findings.report()}")
    assert findings.faults == []
    assert findings.calls["writes"] > 100
    assert findings.calls["reads"] == findings.calls["writes"]
