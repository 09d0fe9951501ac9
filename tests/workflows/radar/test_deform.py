"""From a stack on disk to motion on a map, as the verb does it. All numbers here are simulated."""

import datetime as dt
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from highwall.core.errors import InputError, StackError
from highwall.core.grid import grid_of
from highwall.insar.geometry import los_layer
from highwall.insar.options import (
    CorrectionOptions,
    InversionOptions,
    NetworkOptions,
    PixelReference,
    VelocityOptions,
)
from highwall.io.radar.faults import Faults
from highwall.io.radar.stacks import write_stack
from highwall.io.rasters import read_raster, read_zarr
from highwall.workflows.blocks import crew
from highwall.workflows.config import DeformSection
from highwall.workflows.radar.deform import deform
from highwall.workflows.radar.measure import Measurement
from highwall.workflows.radar.motion import Concluding, Inverting
from highwall.workflows.radar.plan import plan
from highwall.workflows.radar.stack import Given, open_radar, site_of_radar
from highwall.workflows.run import Run, facts_of
from tests.insar.stacks import METRES_PER_RADIAN, band_network, make_stack

SHAPE, DAYS = (150, 140), np.arange(10) * 12
PAIRS = band_network(10, band=3)
AT_CORNER = DeformSection(inversion=InversionOptions(reference=PixelReference(row=5, col=5), looks=20))


def bowl():
    """Velocity [m year⁻¹] of a bowl that sinks by 80 mm a year, still at the corners."""
    y, x = np.mgrid[: SHAPE[0], : SHAPE[1]]
    return -0.08 * np.exp(-((y - 90) ** 2 + (x - 70) ** 2) / (2 * 18**2))


def sinking(seed=3, extra=0.0):
    """Stack over the bowl, coherence 0.7 at 20 looks; ``extra`` (epoch, y, x) [m] is added to the displacement."""
    rng = np.random.default_rng(seed)
    displacement = bowl() * (DAYS / 365.25)[:, None, None] + extra
    moved = displacement[PAIRS[:, 1]] - displacement[PAIRS[:, 0]]
    coh = rng.uniform(0.6, 0.8, moved.shape)
    noise = np.sqrt((1 - coh**2) / (40 * coh**2)) * rng.normal(size=moved.shape)
    unw = (moved / METRES_PER_RADIAN + noise).astype(np.float32)
    unw[rng.random(unw.shape) < 0.05] = np.nan
    for row, col in ((5, 5), (140, 130)):  # places of reference, free of noise
        unw[:, row, col] = (moved[:, row, col] / METRES_PER_RADIAN).astype(np.float32)
    return make_stack(unw, PAIRS, days=DAYS, coh=coh.astype(np.float32))


def carried_out(stack, folder, *, options=AT_CORNER, memory_mib=512, advance=lambda what, done, total: None, **beside):
    source = folder / "stack.zarr"
    if not source.exists():
        write_stack(stack, source)
    given = Given(source, **beside)
    with crew(memory_mib=memory_mib, advance=advance) as hands:
        record = deform(Run(folder / "out", site_of_radar(given)), given, hands, options=options)
    return read_zarr(folder / "out" / "displacement.zarr").load(), facts_of(record)


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    folder = tmp_path_factory.mktemp("deform")
    return folder, *carried_out(sinking(), folder)


def test_the_bowl_is_found_with_its_sign_and_rate(done):
    _, result, facts = done
    error = result["velocity"] - bowl()
    scatter = float(error.std())
    assert abs(float(error.mean())) < 0.002
    assert scatter < 0.004
    # Errors are stated: their size is the scatter's, within a third.
    assert float(np.sqrt((error**2).mean() / (result["velocity_std"] ** 2).mean())) == pytest.approx(1.0, abs=0.33)
    assert -0.095 < facts["velocity_min"] < -0.07
    assert facts["n_pairs"] == len(PAIRS)
    assert facts["reference"].startswith("row 5, column 5")


def test_the_map_files_hold_what_the_series_do(done):
    folder, result, _ = done
    for name in ("velocity", "velocity_vertical", "insar_quality", "mean_coherence"):
        written = read_raster(folder / "out" / f"{name}.tif").load()
        expected = result[name].values.astype(np.float64)
        np.testing.assert_allclose(written.values, expected, atol=1e-7)


def test_the_reference_does_not_move_and_is_flagged(done):
    from highwall.insar.quality import FLAGS

    _, result, _ = done
    assert float(abs(result["displacement"][:, 5, 5]).max()) < 1e-7
    flagged = (result["insar_quality"].values & FLAGS["reference"]) > 0
    assert flagged.sum() == 1
    assert flagged[5, 5]


def test_vertical_motion_is_the_line_of_sight_over_its_cosine(done):
    _, result, _ = done
    upright = result["velocity"] / np.cos(np.deg2rad(39.0))
    xr.testing.assert_allclose(result["velocity_vertical"].drop_attrs(), upright.drop_attrs(), rtol=1e-5)


def test_the_result_does_not_depend_on_the_blocks_to_the_bit(done, tmp_path):
    _, result, _ = done
    small, _ = carried_out(sinking(), tmp_path, memory_mib=1)
    xr.testing.assert_identical(small, result)


def test_the_result_does_not_depend_on_the_order_of_pairs_to_the_bit(done, tmp_path):
    _, result, _ = done
    shuffled, _ = carried_out(sinking().isel(pair=np.random.default_rng(5).permutation(len(PAIRS))), tmp_path)
    for name in ("displacement", "velocity", "n_valid_pairs"):
        np.testing.assert_array_equal(shuffled[name], result[name])


def test_another_reference_changes_all_series_alike(done, tmp_path):
    _, result, _ = done
    there = DeformSection(inversion=InversionOptions(reference=PixelReference(row=140, col=130), looks=20))
    other, _ = carried_out(sinking(), tmp_path, options=there)
    shift = (other["displacement"] - result["displacement"]).values
    assert np.nanmax(np.nanstd(shift.reshape(len(DAYS), -1), axis=1)) < 2e-6


def test_a_stopped_run_is_taken_up_where_it_stopped(done, tmp_path):
    _, result, _ = done
    told = []

    def stopped(what, n_done, total):
        told.append(what)
        if what.startswith("inverted") and n_done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        carried_out(sinking(), tmp_path, memory_mib=1, advance=stopped)
    starts = []
    again, _ = carried_out(
        sinking(), tmp_path, memory_mib=1, advance=lambda what, n, total: starts.append((what, n, total))
    )
    assert starts[0] in {("inverted", 2, 4), ("inverted", 3, 4)}  # another thread may have been at the end of its block
    xr.testing.assert_identical(again, result)
    assert not list((tmp_path / "out").glob(".unfinished*"))


def test_unfinished_work_of_another_task_does_not_count(tmp_path):
    def stopped(what, n_done, total):
        if n_done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        carried_out(sinking(), tmp_path, memory_mib=1, advance=stopped)
    starts = []
    options = AT_CORNER.model_copy(update={"network": NetworkOptions(max_btemp_days=24)})
    _, facts = carried_out(
        sinking(), tmp_path, options=options, memory_mib=1, advance=lambda what, n, total: starts.append((what, n))
    )
    assert starts[0] == ("inverted", 0)
    assert facts["n_pairs"] == 9 + 8
    assert facts["n_pairs_discarded"] == 7
    assert "temporal baseline 36 days > 24" in facts["pairs_discarded"][0]


def test_an_automatic_reference_keeps_off_what_it_is_told_to_avoid(tmp_path):
    import geopandas as gpd
    import shapely

    stack = sinking()
    grid = grid_of(stack["unw"])
    right = grid.boundingbox.right
    avoided = gpd.GeoDataFrame(geometry=[shapely.box(*grid.boundingbox[:2], right - 200, grid.boundingbox.top)],
                               crs=str(grid.crs))  # fmt: skip
    avoided.to_file(tmp_path / "mine.gpkg")
    _, facts = carried_out(stack, tmp_path, options=DeformSection(), avoid=tmp_path / "mine.gpkg")
    column = int(facts["reference"].split("column ")[1].split(":")[0])
    assert column >= SHAPE[1] - 20
    assert "px from what is avoided" in facts["reference"]


def test_still_ground_does_not_rise_where_most_of_the_scene_sinks_slowly(tmp_path):
    days, pairs, width = np.arange(31) * 12, band_network(31, band=3), 100
    rate = np.broadcast_to(np.where(np.arange(width) < 70, -0.002 - 0.016 * np.arange(width) / 70, 0.0), (100, width))
    displacement = rate * (days / 365.25)[:, None, None]
    moved = displacement[pairs[:, 1]] - displacement[pairs[:, 0]]
    rng = np.random.default_rng(1)
    phase = moved / METRES_PER_RADIAN + rng.normal(0, 0.2, moved.shape) + rng.normal(0, 3, len(pairs))[:, None, None]
    coh = np.full(moved.shape, 0.7, np.float32)
    stack = make_stack(phase.astype(np.float32), pairs, days=days, coh=coh)
    result, facts = carried_out(stack, tmp_path, options=DeformSection())
    assert "correction_ramp" in facts["corrections"]  # the reference was spread over still ground
    assert abs(float(result["velocity"][:, 70:].median())) < 0.001
    assert float((result["velocity"] - rate).median()) == pytest.approx(0.0, abs=0.001)


def test_a_delay_that_follows_height_is_taken_off_and_kept(tmp_path):
    y, x = np.mgrid[: SHAPE[0], : SHAPE[1]]
    height = (300 + 200 * np.sin(x / 17) + y).astype(np.float32)
    rate = np.random.default_rng(8).normal(0, 5e-5, len(DAYS))
    delay = rate[:, None, None] * (height - height[5, 5])
    stack = sinking(extra=delay).assign(height=(("y", "x"), height))
    options = AT_CORNER.model_copy(update={"corrections": CorrectionOptions(stratified=True)})
    result, facts = carried_out(stack, tmp_path, options=options)
    truth = delay - delay[0]
    left = result["correction_stratified"].values - truth
    assert np.nanstd(left) < 0.1 * np.std(truth)
    assert facts["corrections"] == ["correction_stratified"]
    before, after = (float((result[name] - bowl()).std()) for name in ("velocity_uncorrected", "velocity"))
    assert after < 0.5 * before


def test_radar_coordinates_come_to_the_map(tmp_path):
    from pyproj import Transformer

    stack = sinking()
    x, y = np.meshgrid(stack.x.values, stack.y.values)
    lon, lat = Transformer.from_crs("EPSG:32650", "EPSG:4326", always_xy=True).transform(x, y)
    look = los_layer(xr.full_like(stack["unw"][0], 34.0, np.float32), heading_deg=-12.0).astype(np.float32)
    stack = stack.assign(los_enu=look)
    radar = stack.drop_vars(["x", "y", "spatial_ref"]).assign_coords(
        latitude=(("y", "x"), lat), longitude=(("y", "x"), lon)
    )
    result, _ = carried_out(radar.isel(y=slice(None, None, -1)), tmp_path,
                            options=AT_CORNER.model_copy(update={"posting_m": 20.0}))  # fmt: skip
    grid = grid_of(result["velocity"])
    assert grid.crs.epsg == 32650
    assert grid.resolution.x == 20.0
    seen = result["velocity"].notnull()
    np.testing.assert_allclose(result["los_enu"].sel(component="up").where(seen).min(), look[2, 0, 0], rtol=1e-5)
    assert result["network_errors"].dims == ("epoch", "other_epoch")
    deepest = result["velocity"].where(result["velocity"] == result["velocity"].min(), drop=True)
    assert abs(float(deepest.x[0]) - float(stack.x[70])) < 80
    assert abs(float(deepest.y[0]) - float(stack.y[90])) < 80


def test_a_plan_says_what_it_takes_and_writes_nothing(done):
    folder, _, _ = done
    there = sorted(folder.rglob("*"))
    with crew() as hands:
        lines = "\n".join(plan(Given(folder / "stack.zarr"), hands, options=AT_CORNER))
    for words in ("10 epochs, 24 pairs, one piece", "150×140 pixels", "2020-01-04 to 2020-04-21", "MiB", "min", "GiB"):
        assert words in lines
    assert sorted(folder.rglob("*")) == there


def test_a_stack_of_no_place_is_refused(tmp_path):
    write_stack(sinking().drop_vars(["x", "y", "spatial_ref"]), tmp_path / "stack.zarr")
    with pytest.raises(StackError, match="neither latitude nor longitude"):
        open_radar(Given(tmp_path / "stack.zarr"), NetworkOptions())


def test_of_wide_maps_of_delay_only_what_lies_around_the_stack_is_held(tmp_path):
    stack = sinking()
    write_stack(stack, tmp_path / "stack.zarr")
    around = grid_of(stack["unw"]).geographic_extent.boundingbox
    header = {"WIDTH": 300, "FILE_LENGTH": 200, "X_FIRST": around.left - 1.5, "Y_FIRST": around.top + 1.0,
              "X_STEP": 0.01, "Y_STEP": -0.01}  # fmt: skip
    (tmp_path / "gacos").mkdir()
    for date in ("20200104", "20200116"):
        np.full((200, 300), 2.3, "<f4").tofile(tmp_path / "gacos" / f"{date}.ztd")
        lines = "\n".join(f"{name} {value}" for name, value in header.items())
        (tmp_path / "gacos" / f"{date}.ztd.rsc").write_text(lines)
    ztd = open_radar(Given(tmp_path / "stack.zarr", gacos=tmp_path / "gacos"), NetworkOptions()).ztd
    for axis, low, high in (("longitude", around.left, around.right), ("latitude", around.bottom, around.top)):
        nodes = ztd[axis].values
        assert low - 0.02 < nodes[0] <= low
        assert high <= nodes[-1] < high + 0.02


def test_points_without_motion_cost_their_series_and_not_the_run(tmp_path):
    stack = sinking().isel(y=slice(0, 30), x=slice(0, 30))
    stack["unw"][:, 10, 10] = np.nan
    from pyproj import Transformer

    lon, lat = Transformer.from_crs("EPSG:32650", "EPSG:4326", always_xy=True).transform(stack.x[10], stack.y[10])
    options = AT_CORNER.model_copy(update={"points": ((float(lon), float(lat)), (0.0, 0.0))})
    carried_out(stack, tmp_path, options=options)
    record = Run(tmp_path / "out", site_of_radar(Given(tmp_path / "stack.zarr"))).record("deform")
    reasons = [row["reason"] for row in record["highwall:set_aside"]]
    assert sum("no motion is known there" in reason for reason in reasons) == 2
    assert (tmp_path / "out" / "motion.png").exists()


def test_a_file_that_breaks_under_way_is_named_in_the_end(tmp_path, monkeypatch):
    from highwall.io.radar import interferograms
    from tests.io.stacks_made import as_geotiffs, little_stack

    monkeypatch.setattr(interferograms, "IN_MEMORY_MIB", 0)
    folder = as_geotiffs(little_stack(), tmp_path / "pairs")
    scene = open_radar(Given(folder), NetworkOptions())
    before = len(scene.set_aside)
    broken = next(folder.glob("*_unw.tif"))
    broken.unlink()
    scene.stack["unw"].compute(scheduler="synchronous")
    assert [row.name for row in scene.set_aside[before:]] == [str(broken)]


def test_mintpy_is_told_the_baselines(tmp_path):
    import h5py

    orbit = np.random.default_rng(4).normal(0, 60, len(DAYS))
    stack = sinking().isel(y=slice(0, 30), x=slice(0, 30))
    stack = stack.assign_coords(bperp=("pair", orbit[PAIRS[:, 1]] - orbit[PAIRS[:, 0]]))
    carried_out(stack, tmp_path, options=AT_CORNER.model_copy(update={"mintpy": True}))
    with h5py.File(tmp_path / "out" / "timeseries.h5") as file:
        np.testing.assert_allclose(file["bperp"][()], orbit - orbit[0], atol=1e-4)


def test_a_date_that_the_user_leaves_out_stays_out(tmp_path):
    options = NetworkOptions(exclude_dates=(dt.date(2020, 1, 16),))
    write_stack(sinking(), tmp_path / "stack.zarr")
    scene = open_radar(Given(tmp_path / "stack.zarr"), options)
    assert np.datetime64("2020-01-16") not in scene.stack["first"].values
    assert all(reason == "left out by the user" for _, reason in scene.selection.set_aside())


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ({"corrections": CorrectionOptions(gacos=True)}, "--gacos"),
        ({"corrections": CorrectionOptions(tide=True)}, "deform.corrections.pass_time_utc"),
        ({"corrections": CorrectionOptions(stratified=True)}, "--dem"),
        ({"corrections": CorrectionOptions(dem_error=True)}, "'bperp'"),
        ({"velocity": VelocityOptions(season="annual")}, "set season to 'none'"),
    ],
)
def test_what_cannot_be_done_is_refused_before_the_phases_are_read(tmp_path, section, message):
    options, told = AT_CORNER.model_copy(update=section), []
    stack = sinking().drop_vars("bperp", errors="ignore")
    with pytest.raises(InputError, match=message):
        carried_out(stack, tmp_path, options=options, advance=lambda what, done, total: told.append(what))
    assert not told
    with crew() as hands, pytest.raises(InputError, match=message):
        plan(Given(tmp_path / "stack.zarr"), hands, options=options)


def test_a_pair_without_a_phase_at_the_reference_is_said_to_be_set_aside(tmp_path):
    stack = sinking()
    stack["unw"][7, 5, 5] = np.nan
    carried_out(stack, tmp_path)
    given = Given(tmp_path / "stack.zarr")
    record = Run(tmp_path / "out", site_of_radar(given)).record("deform")
    (said,) = record["highwall:set_aside"]
    assert said["name"] == "/".join(str(stack[end].values[7])[:10] for end in ("first", "second"))
    assert "no phase at the reference" in said["reason"]


def test_polygons_to_avoid_that_lie_elsewhere_are_named(tmp_path):
    import geopandas as gpd
    import shapely

    write_stack(sinking(), tmp_path / "stack.zarr")
    left, bottom, right, top = grid_of(sinking()["unw"]).boundingbox
    for shift, is_elsewhere in ((right - left, True), (0.0, False)):
        outline = shapely.box(left + shift, bottom, right + shift, top)
        gpd.GeoDataFrame(geometry=[outline], crs="EPSG:32650").to_file(tmp_path / "mine.gpkg")
        scene = open_radar(Given(tmp_path / "stack.zarr", avoid=tmp_path / "mine.gpkg"), NetworkOptions())
        named = [(name, "nothing is avoided" in reason) for name, reason in scene.set_aside]
        assert named == ([(str(tmp_path / "mine.gpkg"), True)] if is_elsewhere else [])


def test_a_file_that_broke_in_a_stopped_run_is_named_by_the_run_that_ends(tmp_path, monkeypatch):
    """Only the first pass meets the fault; the pass that is stopped has noted it beside its block."""
    write_stack(sinking(), tmp_path / "stack.zarr")
    scene = open_radar(Given(tmp_path / "stack.zarr"), NetworkOptions())
    inverting = Inverting.__call__

    def breaking(work, window):
        Faults([]).report(Path("torn.tif"), OSError("torn"), consequence="missing")
        return inverting(work, window)

    def stopped(work, window):
        raise KeyboardInterrupt

    with crew() as hands:
        with monkeypatch.context() as patched:
            patched.setattr(Inverting, "__call__", breaking)
            patched.setattr(Concluding, "__call__", stopped)
            with pytest.raises(KeyboardInterrupt):
                Measurement(scene, AT_CORNER, hands, tmp_path).carried_out()
        again = open_radar(Given(tmp_path / "stack.zarr"), NetworkOptions())
        Measurement(again, AT_CORNER, hands, tmp_path).carried_out()
    assert again.set_aside == [("torn.tif", "torn; missing; download or convert it again")]


def small(size=30, **layers):
    """Corner of the scene, which is nearly still, with layers added or replaced."""
    return sinking().isel(y=slice(0, size), x=slice(0, size)).assign(**layers)


def set_aside_of(folder):
    record = Run(folder / "out", site_of_radar(Given(folder / "stack.zarr"))).record("deform")
    return {row["name"]: row["reason"] for row in record["highwall:set_aside"]}


def test_a_line_of_sight_that_is_missing_outside_the_swath_stops_nothing(tmp_path):
    stack = small()
    look = los_layer(xr.full_like(stack["unw"][0], 39.0, np.float32), heading_deg=-12.0)
    seen = np.ones(look.shape[1:], bool)
    seen[:2, :4] = False
    stack = stack.assign(unw=stack["unw"].where(seen), los_enu=look.where(xr.DataArray(seen, dims=("y", "x"))))
    result, _ = carried_out(stack, tmp_path)
    upright = result["velocity"] / np.cos(np.deg2rad(39.0))
    np.testing.assert_allclose(result["velocity_vertical"], upright, rtol=1e-5)
    assert np.isnan(result["velocity_vertical"].values[0, 0])


def test_how_errors_hang_together_stays_beside_the_motion(done):
    _, result, _ = done
    share = result["network_share"].values[result["velocity_std"].values > 0]
    assert np.isfinite(share).all()
    assert share.min() >= 0.0
    assert 0.5 < share.mean() <= 1.0  # the stack's only noise is that of its pairs
    years = DAYS / 365.25 - np.mean(DAYS / 365.25)
    for name in ("network_errors", "date_errors"):
        assert result[name].dims == ("epoch", "other_epoch")
        assert years @ result[name].values @ years / (years @ years) ** 2 == pytest.approx(1.0)


def test_look_vectors_stay_beside_the_motion(tmp_path):
    stack = small()
    look = los_layer(xr.full_like(stack["unw"][0], 34.0, np.float32), heading_deg=-12.0).astype(np.float32)
    result, _ = carried_out(stack.assign(los_enu=look), tmp_path)
    np.testing.assert_allclose(result["los_enu"], look, rtol=1e-6)
    assert result["component"].values.tolist() == ["east", "north", "up"]


def test_an_incidence_angle_that_is_given_tilts_the_look_vectors_and_is_told(tmp_path):
    stack = small()
    look = los_layer(xr.full_like(stack["unw"][0], 39.0, np.float32), heading_deg=-12.0)
    result, _ = carried_out(stack.assign(los_enu=look), tmp_path, incidence_deg=30.0)
    np.testing.assert_allclose(result["los_enu"].sel(component="up"), np.cos(np.deg2rad(30.0)), rtol=1e-6)
    upright = result["velocity"] / np.cos(np.deg2rad(30.0))
    np.testing.assert_allclose(result["velocity_vertical"], upright, rtol=1e-5)
    assert set_aside_of(tmp_path)["incidence angles of the look vectors"] == "30 degrees overrules them"


def test_a_pair_without_coherence_stays_in_the_network(tmp_path):
    stack = small()
    stack["coh"][[4, 9]] = np.nan
    typical = stack["coh"].mean("pair").values
    write_stack(stack, tmp_path / "stack.zarr")
    scene = open_radar(Given(tmp_path / "stack.zarr"), NetworkOptions())
    np.testing.assert_allclose(scene.stack["coh"].values[[4, 9]], [typical, typical], rtol=1e-6)
    result, _ = carried_out(stack, tmp_path)
    np.testing.assert_array_equal(result["n_valid_pairs"], stack["unw"].notnull().sum("pair"))
    assert set_aside_of(tmp_path)["coherence"].startswith(f"unknown for 2 of {len(PAIRS)} pairs: 2020-01-")


def test_where_no_pair_has_a_coherence_all_weigh_alike(tmp_path):
    stack = small()
    result, facts = carried_out(stack.assign(coh=stack["coh"] * np.nan), tmp_path)
    assert facts["weighting"] == "none: the stack carries no coherence"
    assert result["velocity"].notnull().all()
    assert set_aside_of(tmp_path)["coherence"].endswith("all pairs weigh alike")


def test_pairs_without_a_reference_do_not_make_the_scene_decorrelated(tmp_path):
    stack = small()
    stack["unw"][np.flatnonzero(PAIRS[:, 1] - PAIRS[:, 0] > 1), 5, 5] = np.nan  # 15 of 24
    stack["unw"][[0, 3, 6, 9, 12], 20, 20] = np.nan
    result, _ = carried_out(stack, tmp_path)
    assert int(result["n_valid_pairs"].max()) == 9
    assert float(result["decorrelated"].mean()) < 0.5


def test_corrections_that_need_no_still_ground_are_made_without_any(tmp_path):
    orbit = np.random.default_rng(4).normal(0, 60, len(DAYS))
    stack = small().assign_coords(bperp=("pair", orbit[PAIRS[:, 1]] - orbit[PAIRS[:, 0]]))
    stack = stack.assign_attrs(slant_range_m=850e3)
    corrections = CorrectionOptions(dem_error=True, min_temporal_coherence=1.0)
    result, facts = carried_out(stack, tmp_path, options=AT_CORNER.model_copy(update={"corrections": corrections}))
    assert facts["corrections"] == ["correction_dem"]
    assert facts["effects"] == []
    assert result["velocity"].notnull().any()
    assert "stable pixels have all epochs" in set_aside_of(tmp_path)["effects of the corrections on still ground"]


def test_wrapped_phases_are_refused_unless_trusted(tmp_path):
    stack = sinking()
    wrapped = stack.assign(unw=((stack["unw"] * 9 + np.pi) % (2 * np.pi) - np.pi).astype(np.float32))
    write_stack(wrapped, tmp_path / "stack.zarr")
    with pytest.raises(StackError, match="look wrapped"):
        open_radar(Given(tmp_path / "stack.zarr"), NetworkOptions())
    trusting = Given(tmp_path / "stack.zarr", trusts_phase=True)
    assert open_radar(trusting, NetworkOptions()).stack.sizes["pair"] == len(PAIRS)


def test_a_pair_without_any_phase_is_left_out_and_named(tmp_path):
    stack = sinking()
    stack["unw"][3] = np.nan
    write_stack(stack, tmp_path / "stack.zarr")
    scene = open_radar(Given(tmp_path / "stack.zarr"), NetworkOptions())
    assert scene.stack.sizes["pair"] == len(PAIRS) - 1
    first, second = (str(stack[name].values[3])[:10] for name in ("first", "second"))
    assert [name for name, _ in scene.set_aside] == [f"{first}/{second}"]
