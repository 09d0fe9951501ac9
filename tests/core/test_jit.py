from pathlib import Path

import numpy as np
import pytest

import highwall
from highwall.core import jit
from highwall.core.jit import FAST_MATH, cache_folder, exact_kernel, kernel


def test_compiled_kernels_lie_in_the_users_cache_by_their_sources(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    folder = cache_folder()
    assert folder.parent == tmp_path / "highwall"
    monkeypatch.setenv("NUMBA_CACHE_DIR", "/elsewhere")
    assert cache_folder() == Path("/elsewhere") / folder.name


def test_a_change_in_any_module_of_kernels_is_another_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    room = tmp_path / "room"
    room.mkdir()
    monkeypatch.setattr(highwall, "__file__", str(tmp_path / "__init__.py"))
    names = []
    for source in ("a = 1", "a = 2"):
        (room / "_kernels_more.py").write_text(source)
        jit._sources.cache_clear()
        names.append(cache_folder().name)
    jit._sources.cache_clear()
    assert names[0] != names[1]


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


def test_an_exact_kernel_rounds_every_operation():
    def lost(large, small):
        return (large + small) - large

    assert exact_kernel(lost)(1e16, 1.0) == 0.0  # a kernel may rearrange it to 1.0
