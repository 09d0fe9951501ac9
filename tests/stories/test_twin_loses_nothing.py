"""A short loss trial: gateways, broker, server and PostgreSQL are killed while readings flow; none is lost or twice.

The long one, with 210,000 readings and 40 kills, is ``benchmarks/twin_loss.py``.
"""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from tests.twin import postgresql

TRIAL = Path(__file__).resolve().parents[2] / "benchmarks" / "twin_loss.py"


@pytest.mark.skipif(
    shutil.which("mosquitto", path="/usr/bin:/usr/sbin:/usr/local/sbin") is None, reason="no mosquitto on this machine"
)
@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_nothing_is_lost_when_everything_is_killed(database: str) -> None:
    if database == "postgresql" and postgresql.program("initdb") is None:
        pytest.skip("no PostgreSQL (initdb) on this machine")
    plan = ["--readings", "5000", "--rate", "300", "--kills", "6", "--no-report", "--database", database]
    done = subprocess.run(
        [sys.executable, str(TRIAL), *plan], capture_output=True, text=True, timeout=240, check=False, cwd=TRIAL.parent
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    for what in ("n_lost=0", "n_twice=0", "n_wrong=0", "n_given_up=0", "differences=[]"):
        assert what in done.stdout
    in_flow = re.search(r"n_kills_in_flow=(\d+)", done.stdout)
    assert in_flow is not None
    assert int(in_flow[1]) >= 3, "kills after the last reading show nothing"
