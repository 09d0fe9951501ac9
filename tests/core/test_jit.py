from pathlib import Path

import numpy as np
import pytest

from highwall import __version__
from highwall.core.jit import FAST_MATH, cache_folder, kernel


def test_compiled_kernels_lie_in_the_users_cache_by_version(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder() == tmp_path / "highwall" / f"kernels-{__version__}"
    monkeypatch.setenv("NUMBA_CACHE_DIR", "/elsewhere")
    assert cache_folder() == Path("/elsewhere")


def test_a_kernel_keeps_nan_and_divides_as_ieee_does():
    @kernel
    def ratio(values, divisor):
        total = 0.0
        for value in values:
            if not np.isnan(value):
                total += value / divisor
        return total

    assert ratio(np.array([1.0, np.nan, 2.0]), 2.0) == 1.5
    assert ratio(np.array([1.0]), 0.0) == np.inf
    assert "nnan" not in FAST_MATH
