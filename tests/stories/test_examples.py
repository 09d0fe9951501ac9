"""The examples, as a reader runs them."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = sorted((Path(__file__).parents[2] / "examples").glob("*.py"))


@pytest.mark.real
@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_example_runs(path, tmp_path, real_data):
    done = subprocess.run(
        [sys.executable, path, tmp_path], capture_output=True, text=True, check=False,
        env={**os.environ, "HIGHWALL_DATA": str(real_data)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()
    assert list(tmp_path.rglob("*.png")) or list(tmp_path.rglob("report.html"))
    assert len(path.read_text().splitlines()) < 80
