import numpy as np
import pytest
from numpy.testing import assert_allclose
from pyproj import Transformer

from highwall.core.errors import InputError, NetworkError, StackError
from highwall.insar.options import (
    AlreadyReferenced,
    AreaReference,
    AutomaticReference,
    PixelReference,
    PointReference,
)
from highwall.insar.reference import locate, phase_at, reference_phase, subtract_reference
from highwall.insar.still import ReferencePlace
from tests.insar.stacks import noisy_case


@pytest.fixture
def stack():
    return noisy_case(1, missing=0.0)[0]


def place(stack, reference):
    found = locate(stack, reference=reference)
    return found.rows, found.cols


def test_pixel_and_its_square(stack):
    assert place(stack, PixelReference(row=4, col=16)) == (slice(4, 5), slice(16, 17))
    square = reference_phase(stack, reference=PixelReference(row=0, col=3, half_width_px=1))
    assert_allclose(square.phase, stack["unw"].isel(y=slice(0, 2), x=slice(2, 5)).mean(("y", "x")), rtol=1e-5)
    assert "row 0, column 3" in square.why


def test_point_in_the_grid_and_in_degrees(stack):
    x, y = float(stack["x"][7]), float(stack["y"][2])
    assert place(stack, PointReference(x=x, y=y, crs="EPSG:32650")) == (slice(2, 3), slice(7, 8))
    lon, lat = Transformer.from_crs("EPSG:32650", "EPSG:4326", always_xy=True).transform(500_007.5, 4_000_065.0)
    assert place(stack, PointReference(x=lon, y=lat)) == (slice(2, 3), slice(0, 1))


def test_area_holds_the_pixels_whose_centres_it_holds(stack):
    left, top = 500_000 + 20.1, 4_000_090 - 30.1
    area = AreaReference(left=left, bottom=top - 20, right=left + 30, top=top, crs="EPSG:32650")
    assert place(stack, area) == (slice(3, 5), slice(2, 5))


AREA = AreaReference(left=500_020, bottom=4_000_050, right=500_040, top=4_000_060, crs="EPSG:32650")


def test_area_is_averaged_over_the_pixels_that_have_every_pair(stack):
    stack["unw"][0, 3, 2] = np.nan
    found = reference_phase(stack, reference=AREA)
    assert_allclose(found.phase, stack["unw"][:, 3, 3], rtol=1e-6)
    assert "the 1 that have every pair" in found.why


def test_area_without_a_whole_pixel_is_averaged_over_what_is_there(stack):
    stack["unw"][0, 3, 2] = stack["unw"][1, 3, 3] = np.nan
    found = reference_phase(stack, reference=AREA)
    assert_allclose(found.phase[0], stack["unw"][0, 3, 3], rtol=1e-6)
    assert_allclose(found.phase[1], stack["unw"][1, 3, 2], rtol=1e-6)
    assert_allclose(found.phase[2], stack["unw"][2, 3, 2:4].mean(), rtol=1e-5)
    assert "over other pixels in each" in found.why


def test_a_pair_without_the_place_does_not_cost_the_others(stack):
    stack["unw"][0, 3, 2:4] = np.nan
    found = reference_phase(stack, reference=AREA)
    assert np.isnan(found.phase[0])
    assert_allclose(found.phase[1:], stack["unw"][1:, 3, 2:4].mean("x"), rtol=1e-5)


def test_automatic_averages_fit_pixels_and_says_why(stack):
    stack["unw"][:] = np.random.default_rng(0).normal(0, 0.1, stack["unw"].shape)
    stack["coh"][:] = 0.5
    stack["coh"][:, :, 6:] = 0.8
    found = locate(stack, reference=AutomaticReference(radius_px=1))
    assert found.counts.sum() >= 5
    assert found.cols.start + np.flatnonzero(found.counts.any(axis=0))[0] >= 6
    assert "mean coherence 0.80" in found.why
    assert f"with {stack.sizes['pair']} pairs" in found.why
    lazy = locate(stack.chunk(y=3), reference=AutomaticReference(radius_px=1))
    assert lazy.why == found.why


def test_automatic_lies_outside_what_is_avoided(stack):
    stack["unw"][:] = np.random.default_rng(0).normal(0, 0.1, stack["unw"].shape)
    avoid = np.zeros((9, 17), dtype=bool)
    avoid[:, :9] = True
    reference = AutomaticReference(radius_px=0, margin_px=3)
    found = locate(stack, reference=reference, avoid=avoid)
    assert found.cols.start >= 12
    phase = reference_phase(stack, reference=reference, avoid=avoid).phase
    assert_allclose(phase, stack["unw"][:, found.rows.start, found.cols.start])


def test_pixels_of_a_place_that_do_not_count_are_left_out(stack):
    counts = np.array([[True, False], [False, True]])
    chosen = ReferencePlace(slice(2, 4), slice(5, 7), "chosen", counts)
    phase = phase_at(chosen.window(stack), place=chosen).phase
    assert_allclose(phase, (stack["unw"][:, 2, 5] + stack["unw"][:, 3, 6]) / 2, rtol=1e-5)


def test_subtraction(stack):
    referenced = subtract_reference(stack, reference=PixelReference(row=3, col=3))
    assert (referenced["unw"][:, 3, 3] == 0.0).all()
    assert_allclose(referenced["unw"][2], stack["unw"][2] - stack["unw"][2, 3, 3])
    untouched = subtract_reference(stack, reference=AlreadyReferenced())
    assert untouched["unw"].equals(stack["unw"])


def test_missing_pairs_are_named(stack):
    stack["unw"][2, 3, 3] = np.nan
    found = reference_phase(stack, reference=PixelReference(row=3, col=3))
    (left_out,) = found.set_aside(stack)
    assert left_out.name == f"{str(stack['first'].values[2])[:10]}/{str(stack['second'].values[2])[:10]}"


@pytest.mark.parametrize(
    "reference",
    [
        PixelReference(row=9, col=0),
        PixelReference(row=0, col=17),
        PointReference(x=100.0, y=10.0),
        AreaReference(left=0, bottom=0, right=1, top=1),
        AreaReference(left=500_021, bottom=4_000_051, right=500_022, top=4_000_052, crs="EPSG:32650"),
    ],
)
def test_outside_the_stack(stack, reference):
    with pytest.raises(StackError, match="stack"):
        locate(stack, reference=reference)


def test_a_place_outside_is_told_as_it_was_given_and_a_swapped_one_is_known(stack):
    lon, lat = Transformer.from_crs("EPSG:32650", "EPSG:4326", always_xy=True).transform(500_050.0, 4_000_050.0)
    covered = r"which covers longitude 117\S* to 117\S*, latitude 36\S* to 36\S* \(EPSG:4326\)"
    with pytest.raises(
        StackError, match=f"longitude 36.*, latitude 117.* lies outside the stack, {covered}"
    ) as swapped:
        locate(stack, reference=PointReference(x=lat, y=lon))
    assert f"longitude comes first, and {lon:.10g}, {lat:.10g} lies in it" in str(swapped.value)
    with pytest.raises(StackError, match=r"longitude 100, latitude 10 lies outside .*; choose a place in it"):
        locate(stack, reference=PointReference(x=100.0, y=10.0))
    with pytest.raises(
        StackError, match=r"x 4000050, y 500050 lies outside .*\(EPSG:32650\); x comes first, and 500050"
    ):
        locate(stack, reference=PointReference(x=4_000_050.0, y=500_050.0, crs="EPSG:32650"))


def test_no_phase_at_all_at_the_reference(stack):
    stack["unw"][:, 3, 3] = np.nan
    with pytest.raises(NetworkError, match="choose another place"):
        reference_phase(stack, reference=PixelReference(row=3, col=3))


def test_a_referenced_stack_has_no_place(stack):
    with pytest.raises(InputError, match="referenced already"):
        locate(stack, reference=AlreadyReferenced())
