import datetime as dt
import sys

import numpy as np
import pytest
from numpy.testing import assert_allclose

from highwall.core.errors import InputError
from highwall.insar.corrections.coarse import places_of
from highwall.insar.corrections.tides import fit_tide
from highwall.insar.geometry import los_enu
from tests.insar.series import make_scene

DAYS = np.array([0, 12, 24, 36])
MORNING = dt.time(22, 7)
SCENE = make_scene(np.zeros((4, 30, 30)), DAYS)


def test_the_tide_is_that_of_pysolid_at_each_pixel():
    pysolid = pytest.importorskip("pysolid")
    corner = SCENE.isel(y=[0], x=[0])
    layer = fit_tide(SCENE, pass_time_utc=MORNING, anchor=corner).layers(SCENE, np.zeros(0))["correction_tide"]
    assert_allclose(layer[0], 0.0)
    assert_allclose(layer[:, 0, 0], 0.0, atol=1e-12)
    places = places_of(SCENE.isel(y=[0, -1], x=[0, -1]))
    sight = los_enu(39.0, heading_deg=-12.0)
    truth = []
    for day in DAYS:
        moment = dt.datetime.combine(dt.date(2020, 1, 4) + dt.timedelta(days=int(day)), MORNING)
        for where in ((0, 0), (1, 1)):
            box = {"LENGTH": 2, "WIDTH": 2, "X_STEP": 1e-3, "Y_STEP": -1e-3,
                   "X_FIRST": places.longitude[where], "Y_FIRST": places.latitude[where]}  # fmt: skip
            parts = pysolid.calc_solid_earth_tides_grid(moment, box, step_size=1.0, verbose=False)
            truth.append(sum(part[0, 0] * share for part, share in zip(parts, sight, strict=True)))
    away, here = np.array(truth).reshape(len(DAYS), 2).T[::-1]
    expected = (away - away[0]) - (here - here[0])
    assert np.abs(expected).max() > 1e-5  # 4 km apart the tide differs by some hundredths of a millimetre
    assert_allclose(layer[:, -1, -1], expected, atol=2e-6)


def test_the_hour_is_asked_for_by_name():
    with pytest.raises(InputError, match=r"give deform.corrections.pass_time_utc"):
        fit_tide(SCENE, pass_time_utc=None, anchor=SCENE)


def test_without_pysolid_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "pysolid", None)
    with pytest.raises(InputError, match=r"pip install 'highwall\[tides\]'"):
        fit_tide(SCENE, pass_time_utc=MORNING, anchor=SCENE)
