import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.parametrize("what", ["cog", "vectors", "zarr", "json"])
def test_a_full_disk_is_an_output_error_and_spoils_nothing(what: str, tmp_path: Path):
    program = Path(__file__).with_name("full_disk.py")
    done = subprocess.run([sys.executable, program, what, tmp_path], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
