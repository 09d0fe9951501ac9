import numpy as np
import pytest
import rasterio
from numpy.testing import assert_allclose, assert_array_equal
from rasterio.transform import from_origin

from highwall.core.errors import MissingInputError, StackError
from highwall.io.radar import gamma, interferograms
from highwall.io.radar.interferograms import open_stack

TAGS = {"WAVELENGTH_METRES": "0.0554658", "INCIDENCE_DEGREES": "39.0"}
PAIRS = ("20200104-20200116", "20200116-20200128", "20200104-20200128")


def write(path, values, *, nodata=np.nan, tags=TAGS, left=500_000.0, crs="EPSG:32650", scale=1.0):
    height, width = values.shape
    profile = {"driver": "GTiff", "height": height, "width": width, "count": 1, "dtype": values.dtype, "crs": crs,
               "transform": from_origin(left, 4_000_000.0, 10.0, 10.0), "nodata": nodata}  # fmt: skip
    path.parent.mkdir(parents=True, exist_ok=True)
    with rasterio.open(path, "w", **profile) as dataset:
        dataset.write(values, 1)
        dataset.update_tags(**tags)
        dataset.scales = (scale,)


def phase(number, shape=(5, 7)):
    return np.random.default_rng(number).normal(0, 5, shape).astype(np.float32)


@pytest.fixture
def folder(tmp_path):
    for number, pair in enumerate(PAIRS):
        write(tmp_path / f"{pair}_unw.tif", phase(number))
        write(tmp_path / f"{pair}_coh.tif", np.full((5, 7), 0.1 * (number + 1), np.float32))
    return tmp_path


def test_pairs_in_order_of_their_dates(folder):
    stack, set_aside = open_stack(folder)
    assert set_aside == []
    assert stack["unw"].dims == ("pair", "y", "x")
    assert stack["unw"].dtype == stack["coh"].dtype == np.float32
    first, second = (stack[name].values.astype("datetime64[D]").astype(str).tolist() for name in ("first", "second"))
    assert list(zip(first, second, strict=True)) == [
        ("2020-01-04", "2020-01-16"), ("2020-01-04", "2020-01-28"), ("2020-01-16", "2020-01-28"),
    ]  # fmt: skip
    for row, number in enumerate((0, 2, 1)):
        assert_array_equal(stack["unw"][row], phase(number))
        assert_allclose(stack["coh"][row], 0.1 * (number + 1), rtol=1e-6)
    assert stack.attrs["wavelength_m"] == 0.0554658
    assert stack.attrs["incidence_deg"] == 39.0
    assert stack.odc.geobox.crs == "EPSG:32650"
    assert stack.odc.geobox.transform.c == 500_000.0
    assert "bperp" not in stack.coords


def test_zeros_outside_the_swath_are_missing_though_no_file_says_so(tmp_path):
    for number, pair in enumerate(PAIRS):
        values = phase(number)
        values[:, :2] = 0.0
        write(tmp_path / f"{pair}_unw.tif", values, nodata=None)
    stack, set_aside = open_stack(tmp_path)
    assert np.isnan(stack["unw"].values[:, :, :2]).all()
    assert np.isfinite(stack["unw"].values[:, :, 2:]).all()
    assert [(row.name, "29% of a sample is exactly 0" in row.reason) for row in set_aside] == [("phases of 0", True)]


def test_a_zero_stays_where_the_files_declare_what_is_missing(tmp_path):
    for number, pair in enumerate(PAIRS):
        values = phase(number)
        values[2, 3] = 0.0  # the processor's reference
        write(tmp_path / f"{pair}_unw.tif", values)
    stack, set_aside = open_stack(tmp_path)
    assert (stack["unw"].values[:, 2, 3] == 0.0).all()
    assert set_aside == []


@pytest.mark.parametrize("unseen", [0.0, np.nan])
def test_coherences_of_zero_are_missing_where_no_phase_is(tmp_path, unseen):
    """Outside the swath nothing decorrelated; whatever stands there for a missing phase."""
    for number, pair in enumerate(PAIRS):
        values, coherence = phase(number), np.full((5, 7), 51, np.uint8)
        values[:, :2], coherence[:, :2] = unseen, 0
        write(tmp_path / f"{pair}_unw.tif", values, nodata=None)
        write(tmp_path / f"{pair}_coh.tif", coherence, nodata=None)
    stack, set_aside = open_stack(tmp_path)
    assert np.isnan(stack["coh"].values[:, :, :2]).all()
    assert_allclose(stack["coh"].values[:, :, 2:], 0.2, rtol=1e-6)
    assert "29% of a sample is exactly 0 where there is no phase" in reason(set_aside, "coherences of 0")


@pytest.mark.parametrize(("nodata", "has_phase"), [(None, True), (255, False)], ids=["phase", "declared"])
def test_coherences_of_zero_stay_where_a_phase_is_or_the_files_declare_what_is_missing(tmp_path, nodata, has_phase):
    for number, pair in enumerate(PAIRS):
        values, coherence = phase(number), np.full((5, 7), 51, np.uint8)
        values[:, :2], coherence[:, :2] = values[:, :2] if has_phase else np.nan, 0
        write(tmp_path / f"{pair}_unw.tif", values)
        write(tmp_path / f"{pair}_coh.tif", coherence, nodata=nodata)
    stack, set_aside = open_stack(tmp_path)
    assert (stack["coh"].values[:, :, :2] == 0.0).all()
    assert set_aside == []


def test_lazy_equals_in_memory(folder, monkeypatch):
    whole = open_stack(folder).stack
    monkeypatch.setattr(interferograms, "IN_MEMORY_MIB", 0)
    lazy = open_stack(folder, chunk_px=3).stack
    assert lazy["unw"].chunks == ((1, 1, 1), (3, 2), (3, 3, 1))
    assert lazy.compute(scheduler="synchronous").equals(whole)


def test_tags_go_before_names(tmp_path):
    tags = TAGS | {"FIRST_DATE": "2021-05-01", "SECOND_DATE": "2021-05-13", "BPERP_METRES": "-41.5"}
    write(tmp_path / "20200104-20200116_unw.tif", phase(0), tags=tags)
    stack = open_stack(tmp_path).stack
    assert str(stack["first"].values[0])[:10] == "2021-05-01"
    assert stack["bperp"].values == [-41.5]
    assert "coh" not in stack


def test_declared_nodata_is_nan(tmp_path):
    values = phase(0)
    values[1, 2] = 0.0
    write(tmp_path / "20200104-20200116_unw.tif", values, nodata=0.0)
    unw = open_stack(tmp_path).stack["unw"].values[0]
    assert np.isnan(unw[1, 2])
    assert np.isnan(unw).sum() == 1


def test_coherence_in_bytes(tmp_path):
    write(tmp_path / "20200104-20200116_unw.tif", phase(0))
    write(tmp_path / "20200104-20200116_cc.tif", np.full((5, 7), 51, np.uint8), nodata=0)
    assert_allclose(open_stack(tmp_path).stack["coh"], 0.2, rtol=1e-6)


def test_scaled_whole_numbers(tmp_path):
    for pair in PAIRS:
        for name, stored, scale in (("unw", 2500, 1e-3), ("coh", 2000, 1e-4)):
            write(tmp_path / f"{pair}_{name}.tif", np.full((5, 7), stored, np.int16), nodata=None, scale=scale)
    stack = open_stack(tmp_path).stack
    assert_allclose(stack["unw"], 2.5, rtol=1e-6)
    assert_allclose(stack["coh"], 0.2, rtol=1e-6)


def test_coherence_of_another_unit_is_refused_but_not_a_few_pixels_beyond_1(tmp_path):
    values = np.full((20, 20), 0.9, np.float32)
    values[3, 4] = 1.2  # resampling by splines overshoots
    for number, pair in enumerate(PAIRS):
        write(tmp_path / f"{pair}_unw.tif", phase(number, (20, 20)))
        write(tmp_path / f"{pair}_coh.tif", values)
    assert open_stack(tmp_path).stack["coh"].values.max() == np.float32(1.2)
    for pair in PAIRS:
        write(tmp_path / f"{pair}_coh.tif", 100 * values)
    with pytest.raises(StackError, match=r"reach 90, but coherence lies between 0 and 1; .* -scale"):
        open_stack(tmp_path)


def test_other_names(tmp_path):
    write(tmp_path / "20200104_20200116.phase.tif", phase(0))
    stack = open_stack(tmp_path, unw_patterns=("*.phase.tif",)).stack
    assert stack.sizes["pair"] == 1


def test_a_phase_is_never_taken_for_a_coherence(tmp_path):
    write(tmp_path / "20200104-20200116_unw_corrected.tif", phase(0))
    assert "coh" not in open_stack(tmp_path).stack


def reason(set_aside, name):
    (found,) = [item.reason for item in set_aside if item.name.endswith(name)]
    return found


def test_a_truncated_file_is_set_aside(tmp_path):
    for pair in PAIRS:
        write(tmp_path / f"{pair}_unw.tif", phase(0, (200, 300)))
    path = tmp_path / f"{PAIRS[1]}_unw.tif"
    path.write_bytes(path.read_bytes()[:200_000])  # of 240,000 bytes of phase
    (tmp_path / "20200104-20200209_unw.tif").write_bytes(b"no TIFF at all")
    stack, set_aside = open_stack(tmp_path)
    assert stack.sizes["pair"] == 2
    assert {item.name.rsplit("/", 1)[-1] for item in set_aside} == {path.name, "20200104-20200209_unw.tif"}
    assert all(item.reason for item in set_aside)


def test_a_foreign_grid_is_set_aside(folder):
    write(folder / "20200128-20200209_unw.tif", phase(7), left=500_010.0)
    write(folder / "20200104-20200209_unw.tif", phase(8, (6, 7)))
    stack, set_aside = open_stack(folder)
    assert stack.sizes["pair"] == 3
    assert "another grid" in reason(set_aside, "20200128-20200209_unw.tif")
    assert "6×7" in reason(set_aside, "20200104-20200209_unw.tif")


def test_a_pair_without_coherence_keeps_its_phase(folder):
    (folder / f"{PAIRS[0]}_coh.tif").write_bytes(b"broken")
    stack, set_aside = open_stack(folder)
    assert stack["coh"].isnull().all(("y", "x")).values.tolist() == [True, False, False]
    assert stack["unw"].notnull().all()
    assert reason(set_aside, "coherence").startswith("unknown for 1 of 3 pairs: 2020-01-04/2020-01-16")


@pytest.mark.parametrize(
    ("name", "keywords", "words"),
    [
        ("unw.tif", {}, "two dates"),
        ("20200104_unw.tif", {}, "two dates"),
        ("20200104-20200104_unw.tif", {}, "begins and ends"),
        ("20200104-20200209_unw.tif", {"crs": None}, "no CRS"),
        ("again/20200104-20200116_unw.tif", {}, "same dates"),
    ],
)
def test_what_cannot_be_placed_is_set_aside(folder, name, keywords, words):
    write(folder / name, phase(9), **keywords)
    stack, set_aside = open_stack(folder)
    assert stack.sizes["pair"] == 3
    assert words in reason(set_aside, name)


def test_a_mean_coherence_is_no_pair_and_no_fault(folder):
    write(folder / "stats" / "coh_mean.tif", phase(0), tags={})
    write(folder / "dem.tif", phase(0), tags={})
    stack, set_aside = open_stack(folder)
    assert set_aside == []
    assert_array_equal(stack["height"], phase(0))


def test_a_phase_is_never_taken_for_a_height(folder):
    write(folder / "20200128-20200209_unw_dem.tif", phase(3))
    assert "height" not in open_stack(folder).stack


def test_a_coherence_with_one_date_is_reported(folder):
    write(folder / "20200104_coh.tif", phase(0), tags={})
    assert "two dates" in reason(open_stack(folder).set_aside, "20200104_coh.tif")


def test_a_pair_without_baseline_is_nan_and_reported(folder):
    write(folder / "20200128-20200209_unw.tif", phase(3), tags=TAGS | {"BPERP_METRES": "12.5"})
    stack, set_aside = open_stack(folder)
    assert_array_equal(stack["bperp"], [np.nan, np.nan, np.nan, 12.5])
    assert reason(set_aside, "perpendicular baseline").startswith("unknown for 3 of 4 pairs: 2020-01-04/2020-01-16, ")
    assert len([item for item in set_aside if "baseline" in item.name]) == 1


def test_a_unit_other_than_radians_is_set_aside(folder):
    write(folder / "20200128-20200209_unw.tif", phase(3), tags=TAGS | {"DATA_UNITS": "MILLIMETRES"})
    assert "MILLIMETRES" in reason(open_stack(folder).set_aside, "20200128-20200209_unw.tif")


def test_wrapped_phases_are_named_but_kept(tmp_path):
    for number, pair in enumerate(PAIRS):
        wrapped = np.angle(np.exp(1j * 10 * phase(number, (20, 20)))).astype(np.float32)
        write(tmp_path / f"{pair}_unw.tif", wrapped)
    stack, set_aside = open_stack(tmp_path)
    assert stack.sizes["pair"] == 3
    assert "look wrapped" in reason(set_aside, tmp_path.name)


def test_a_file_of_no_known_format(tmp_path):
    path = tmp_path / "stack.txt"
    path.write_text("words")
    with pytest.raises(StackError, match=r"MintPy's ifgramStack\.h5; OPERA"):
        open_stack(path)


def test_no_wavelength(tmp_path):
    write(tmp_path / "20200104-20200116_unw.tif", phase(0), tags={})
    with pytest.raises(StackError, match="wavelength_m"):
        open_stack(tmp_path)
    stack = open_stack(tmp_path, wavelength_m=0.23).stack
    assert stack.attrs["wavelength_m"] == 0.23
    assert "incidence_deg" not in stack.attrs


def test_two_sensors(folder):
    write(folder / "20200104-20200209_unw.tif", phase(1), tags={"WAVELENGTH_METRES": "0.236"})
    with pytest.raises(StackError, match="mix wavelengths"):
        open_stack(folder)


def test_nothing_there(tmp_path):
    with pytest.raises(MissingInputError, match="no folder"):
        open_stack(tmp_path / "nowhere")
    with pytest.raises(StackError, match=r"matches \*unw\*\.tif, nor is it .* \(MintPy's ifgramStack\.h5; .*LiCSAR"):
        open_stack(tmp_path)
    (tmp_path / "20200104-20200116_coh.tif").write_bytes(b"broken")
    with pytest.raises(StackError, match=r"no file in .* matches"):
        open_stack(tmp_path)
    (tmp_path / "20200104-20200116_unw.tif").write_bytes(b"broken")
    with pytest.raises(StackError, match=r"none of the 1 files.*_unw\.tif: "):
        open_stack(tmp_path)


def test_gamma_files_stand_in_for_tags(tmp_path):
    write(tmp_path / "20200104-20200116_unw.tif", phase(0), tags={})
    header = "incidence_angle: 39.7036 degrees\nradar_frequency: 5.4050005e+09 Hz\n"
    orbit = "sar_to_earth_center: 7073899.1954 m\nearth_radius_below_sensor: 6375868.9414 m\n"
    (tmp_path / "r20200104_mli.par").write_text(header + orbit)
    zero = "precision_baseline(TCN): 0.0 0.0 0.0 m m m\n"
    (tmp_path / "20200104-20200116_base.par").write_text(f"initial_baseline(TCN): -0.15 40.0 4.5 m m m\n{zero}")
    stack = open_stack(tmp_path).stack
    assert_allclose(stack.attrs["wavelength_m"], 0.055465760, rtol=1e-6)
    assert stack.attrs["incidence_deg"] == 39.7036
    look = np.arcsin(np.sin(np.deg2rad(39.7036)) * 6375868.9414 / 7073899.1954)
    assert_allclose(stack["bperp"], [40.0 * np.cos(look) - 4.5 * np.sin(look)])


@pytest.mark.real
def test_mexico_city(real_data):
    stack, set_aside = open_stack(real_data / "insar" / "mexico-city-s1")
    assert stack["unw"].shape == stack["coh"].shape == (30, 60, 100)
    assert len(np.unique(np.concatenate([stack["first"], stack["second"]]))) == 13
    assert_allclose(stack.attrs["wavelength_m"], 0.0555042, atol=1e-7)
    assert_allclose(stack.attrs["incidence_deg"], 39.7, atol=0.01)
    assert set_aside == []  # the scene's mean coherence and its DEM are no pairs, and no fault
    assert 2200.0 < float(stack["height"].min()) < float(stack["height"].max()) < 4000.0
    # row 0 of the scene's table gives 32.9 to 27.0 m from near to far range
    assert 27.0 < stack["bperp"].values[0] < 32.9
    assert (stack["unw"] != 0.0).all()  # 0 is declared as nodata
    assert float(stack["coh"].max()) <= 1.0


@pytest.mark.real
def test_projected_baselines_agree_with_gammas_table(real_data, tmp_path):
    """B_c cos l − B_n sin l at the centre stays within 1 m of the median of GAMMA's own table."""
    source = real_data / "insar" / "mexico-city-s1"
    for pattern in ("geometry/*_base.par", "headers/*_mli.par"):
        for path in source.glob(pattern):
            (tmp_path / path.name).symlink_to(path)
    by_table = gamma.perpendicular_baselines(source)
    by_vector = gamma.perpendicular_baselines(tmp_path)
    assert by_table.keys() == by_vector.keys()
    assert_allclose([by_vector[pair] for pair in by_table], list(by_table.values()), atol=1.0)
