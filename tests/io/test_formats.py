"""One contract for all formats: the same little stack comes back, whoever wrote it."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from highwall.core.constants import SENTINEL1_WAVELENGTH
from highwall.core.grid import same_grid
from highwall.io.radar import interferograms
from highwall.io.radar.interferograms import FORMATS, open_stack
from tests.io import stacks_made as made


class Made(NamedTuple):
    write: Callable
    grid: object
    holds: frozenset[str]


ALL = frozenset({"coh", "conncomp", "height", "los_enu", "heading"})
CASES = {
    "geotiff": Made(made.as_geotiffs, made.UTM, ALL - {"conncomp", "heading"}),
    "hyp3": Made(made.as_hyp3, made.UTM, ALL),
    "licsar": Made(made.as_licsar, made.DEGREES, ALL - {"conncomp"}),
    "gamma": Made(made.as_gamma, made.DEGREES, ALL - {"conncomp"}),
    "roipac": Made(made.as_roipac, made.DEGREES, ALL - {"conncomp", "los_enu"}),
    "mintpy": Made(made.as_mintpy, made.UTM, ALL),
    "opera": Made(made.as_opera, made.UTM, ALL - {"heading"}),
    "zarr": Made(made.as_zarr, made.UTM, ALL),
    "hdf": Made(made.as_hdf, made.UTM, ALL - {"height", "los_enu", "heading"}),
}


def test_every_format_is_made_here():
    assert CASES.keys() - {"zarr", "hdf"} == FORMATS.keys()


@pytest.mark.parametrize("lazy", [False, True], ids=["loaded", "lazy"])
@pytest.mark.parametrize("name", CASES)
def test_the_same_stack_comes_back(name: str, lazy: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    case = CASES[name]
    truth = made.little_stack(case.grid)
    source = case.write(truth, tmp_path)
    if lazy:
        monkeypatch.setattr(interferograms, "IN_MEMORY_MIB", 0)
    stack, set_aside = open_stack(source, chunk_px=4)
    assert set_aside == []
    assert bool(stack["unw"].chunks) is lazy
    assert_array_equal(stack["first"], truth["first"])
    assert_array_equal(stack["second"], truth["second"])
    assert same_grid(stack.odc.geobox, case.grid)
    assert stack["unw"].dtype == np.float32
    assert_allclose(stack["unw"], truth["unw"], rtol=1e-6)  # float32, there and back through metres for OPERA
    assert float(stack["unw"].min()) > 0.0  # the ground sinks: away from the satellite
    assert_allclose(stack["bperp"], truth["bperp"], rtol=1e-6)
    assert_allclose(stack.attrs["wavelength_m"], SENTINEL1_WAVELENGTH, rtol=1e-9)
    assert set(stack.data_vars) - {"unw"} == case.holds - {"heading"}
    assert ("heading_deg" in stack.attrs) == ("heading" in case.holds)
    assert_allclose(stack["coh"], truth["coh"], atol=1e-6)
    if "conncomp" in case.holds:
        assert stack["conncomp"].dtype == np.uint16
        assert_array_equal(stack["conncomp"], truth["conncomp"])
    if "height" in case.holds:
        assert_allclose(stack["height"], truth["height"], rtol=1e-6)
    if "los_enu" in case.holds:
        assert stack["component"].values.tolist() == ["east", "north", "up"]
        assert_allclose(stack["los_enu"], truth["los_enu"], atol=1e-6)
        assert_allclose(stack.attrs["incidence_deg"], made.INCIDENCE_DEG, atol=1e-3)
    if "heading" in case.holds:
        assert stack.attrs["heading_deg"] == made.HEADING_DEG
