import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import rasterio
from numpy.testing import assert_allclose, assert_array_equal
from rasterio.errors import NotGeoreferencedWarning
from rasterio.transform import from_origin

from highwall.core.errors import MissingInputError, StackError
from highwall.io.radar.slc import is_slcs, open_slcs

TAGS = {"WAVELENGTH_METRES": "0.0554658", "HEADING_DEGREES": "190.0", "INCIDENCE_DEGREES": "39.0"}
DATES = ("20230319", "20230331", "20230412")
SHAPE = (20, 30)


def write(path, values, *, tags=TAGS, crs=None, left=500_000.0, nodata=None, scale=1.0):
    profile = {
        "nodata": nodata,
        "driver": "GTiff",
        "height": values.shape[0],
        "width": values.shape[1],
        "count": 1,
        "dtype": values.dtype,
    }
    if crs:
        profile |= {"crs": crs, "transform": from_origin(left, 4_000_000.0, 10.0, 10.0)}
    with rasterio.open(path, "w", **profile) as dataset:
        dataset.write(values, 1)
        dataset.update_tags(**tags)
        dataset.scales = (scale,)


def image(number, shape=SHAPE):
    real, imaginary = np.random.default_rng(number).standard_normal((2, *shape))
    return (real + 1j * imaginary).astype(np.complex64)


def tiffs(folder, **options):
    for number, date in enumerate(DATES):
        write(folder / f"slc_{date}.tif", image(number), **options)
    return folder


pytestmark = pytest.mark.filterwarnings(f"ignore::{NotGeoreferencedWarning.__module__}.NotGeoreferencedWarning")


def test_geotiffs_in_radar_coordinates(tmp_path):
    slcs, set_aside = open_slcs(tiffs(tmp_path), chunk_px=16)
    assert set_aside == []
    assert slcs["slc"].dims == ("epoch", "y", "x")
    assert slcs["slc"].chunks == ((1, 1, 1), (16, 4), (16, 14))
    assert slcs["slc"].dtype == np.complex64
    assert slcs.attrs == {"wavelength_m": 0.0554658, "incidence_deg": 39.0, "heading_deg": 190.0}
    assert np.datetime_as_string(slcs["epoch"].values, "D").tolist() == ["2023-03-19", "2023-03-31", "2023-04-12"]
    for number in range(3):
        assert_array_equal(slcs["slc"][number].values, image(number))
    assert "x" not in slcs.coords


def test_geotiffs_on_a_map(tmp_path):
    slcs = open_slcs(tiffs(tmp_path, crs="EPSG:32650")).slcs
    assert slcs.odc.geobox.crs == "EPSG:32650"
    assert slcs.odc.geobox.shape == SHAPE


def test_what_lies_beside_the_images(tmp_path):
    tiffs(tmp_path)
    latitude = np.linspace(52.0, 52.1, 600).reshape(SHAPE)
    write(tmp_path / "latitude.tif", latitude, tags={})
    write(tmp_path / "longitude.tif", latitude - 48.0, tags={})
    write(tmp_path / "height.tif", np.full(SHAPE, 52.0, np.float32), tags={})
    for date in DATES[1:]:  # the first is the reference: it has none
        write(tmp_path / f"h2ph_{date}.tif", np.full(SHAPE, 0.01, np.float32), tags={})
    slcs = open_slcs(tmp_path).slcs
    assert_array_equal(slcs["latitude"], latitude)
    assert slcs["longitude"].dtype == np.float64
    assert_array_equal(slcs["height"], 52.0)
    assert_allclose(slcs["height_to_phase"].values[:, 0, 0], [0.0, 0.01, 0.01])
    write(tmp_path / f"h2ph_{DATES[2]}.tif", np.full((4, 4), 0.01, np.float32), tags={})
    slcs, set_aside = open_slcs(tmp_path)
    assert "height_to_phase" not in slcs
    assert [left_out.name for left_out in set_aside] == [f"slc_{DATES[2]}.tif"]


def test_what_is_declared_missing_beside_the_images_is_missing(tmp_path):
    tiffs(tmp_path)
    height, place, slope = np.full(SHAPE, 15_000, np.int16), np.full(SHAPE, 52.5), np.full(SHAPE, 0.01, np.float32)
    height[0, :5], place[1, :5], slope[2, :5] = -32_768, -9999.0, -1.0
    write(tmp_path / "height.tif", height, tags={}, nodata=-32_768, scale=0.1)
    write(tmp_path / "latitude.tif", place, tags={}, nodata=-9999.0)
    for date in DATES[1:]:
        write(tmp_path / f"h2ph_{date}.tif", slope, tags={}, nodata=-1.0)
    slcs = open_slcs(tmp_path, chunk_px=16).slcs
    layers = {"height": (0, 1500.0), "latitude": (1, 52.5), "height_to_phase": (2, 0.01)}
    for name, (row, value) in layers.items():
        found = slcs[name].values.reshape(-1, *SHAPE)[-1]
        assert np.isnan(found[row, :5]).all()
        assert np.isnan(found).sum() == 5
        assert_allclose(found[row, 5:], value, rtol=1e-6)
    assert slcs["height"].dtype == np.float32
    assert slcs["latitude"].dtype == np.float64


@pytest.mark.parametrize("name", ["height", "dem", "h2ph_20230331", "amplitude_20230319"])
def test_real_files_beside_images_do_not_hide_them(tmp_path, name):
    """Each name sorts before those of the images."""
    write(tiffs(tmp_path) / f"{name}.tif", np.ones(SHAPE, np.float32), tags={})
    assert is_slcs(tmp_path)


def test_interferograms_are_no_images(tmp_path):
    write(tmp_path / "height.tif", np.ones(SHAPE, np.float32), tags={})
    assert not is_slcs(tmp_path)
    write(tmp_path / "20230319_20230331_unw.tif", np.ones(SHAPE, np.float32), tags={})
    assert not is_slcs(tiffs(tmp_path))  # images that lie behind unwrapped phases are not unwrapped again


def test_tags_go_before_names(tmp_path):
    tiffs(tmp_path)
    write(tmp_path / "slc_20230319.tif", image(7), tags=TAGS | {"DATE": "2022-12-01", "BPERP_METRES": "12.5"})
    slcs = open_slcs(tmp_path).slcs
    assert str(slcs["epoch"].values[0])[:10] == "2022-12-01"
    assert "bperp" not in slcs.coords  # the others do not tell theirs


def test_what_cannot_be_used_is_set_aside(tmp_path):
    tiffs(tmp_path)
    write(tmp_path / "slc_20230424.tif", image(4, (20, 31)))
    write(tmp_path / "again_20230412.tif", image(5))
    write(tmp_path / "undated.tif", image(6))
    whole = tmp_path / "slc_20230506.tif"
    write(whole, image(8))
    whole.write_bytes(whole.read_bytes()[:2000])
    slcs, set_aside = open_slcs(tmp_path)
    assert slcs.sizes["epoch"] == 3
    reasons = {Path(left_out.name).name: left_out.reason for left_out in set_aside}
    assert set(reasons) == {"slc_20230424.tif", "slc_20230412.tif", "undated.tif", "slc_20230506.tif"}
    assert "20×31" in reasons["slc_20230424.tif"]
    assert "again_20230412.tif has the same date" in reasons["slc_20230412.tif"]
    assert "tag DATE" in reasons["undated.tif"]


def test_what_is_missing_is_asked_for_by_name(tmp_path):
    with pytest.raises(MissingInputError, match="no folder of images"):
        open_slcs(tmp_path / "none")
    with pytest.raises(StackError, match=r"neither SNAP .* nor complex GeoTIFFs"):
        open_slcs(tmp_path)
    write(tmp_path / "slc_20230319.tif", image(0), tags={})
    with pytest.raises(StackError, match=r"1 image .* two are needed"):
        open_slcs(tmp_path)
    write(tmp_path / "slc_20230331.tif", image(1), tags={})
    with pytest.raises(StackError, match=r"give it .* with --wavelength"):
        open_slcs(tmp_path)
    assert open_slcs(tmp_path, wavelength_m=0.031).slcs.attrs["wavelength_m"] == 0.031
    for number, wavelength in enumerate(("0.031", "0.236")):
        write(tmp_path / f"slc_{DATES[number]}.tif", image(number), tags={"WAVELENGTH_METRES": wavelength})
    with pytest.raises(StackError, match=r"mix wavelengths from 0\.031 to 0\.236 m"):
        open_slcs(tmp_path)


@pytest.fixture
def amsterdam(real_data, tmp_path):
    """Copy of the pair that a test may spoil."""
    return shutil.copytree(real_data / "insar" / "amsterdam-slc-pair", tmp_path / "pair")


@pytest.mark.real
def test_snap_folders(real_data):
    slcs, set_aside = open_slcs(real_data / "insar" / "amsterdam-slc-pair")
    assert set_aside == []
    assert slcs["slc"].shape == (2, 84, 338)
    assert np.datetime_as_string(slcs["epoch"].values, "D").tolist() == ["2023-03-19", "2023-03-31"]
    assert_allclose(slcs.attrs["wavelength_m"], 0.05546576, rtol=1e-7)
    assert_allclose(slcs.attrs["heading_deg"], 190.15, atol=0.01)
    assert 42.95 < slcs.attrs["incidence_deg"] < 43.1  # tie points: 42.950 in column −225, 43.186 in column 1054
    assert slcs.attrs["topography_removed"] == "yes"
    assert_allclose(slcs["bperp"], [33.9, 0.0], atol=0.01)
    # 2π over the height of ambiguity of −526.36 m; the reference image has none
    middle = slcs["height_to_phase"][:, 42, 169].values
    assert_allclose(middle, [2 * np.pi / -526.36, 0.0], rtol=0.02)
    # the city lies at sea level, 43 m above the ellipsoid
    assert 40 < float(slcs["height"].min()) < float(slcs["height"].max()) < 65
    # corners in the metadata are those of the ellipsoid: 50 m of height move them by about 15 m, 1.5e-4 degree
    assert_allclose(slcs["latitude"][0, 0], 52.375697, atol=3e-4)
    assert_allclose(slcs["longitude"][0, -1], 4.890160, atol=2e-3)


@pytest.mark.real
def test_tie_points_are_interpolated(amsterdam):
    for band in ("latitude_VV", "longitude_VV"):
        shutil.rmtree(amsterdam / "20230331-coreg.znap" / band)
    slcs = open_slcs(amsterdam).slcs
    # first_near_lat, first_far_long and last_far_lat of the metadata; single precision of the tie points
    assert_allclose(slcs["latitude"][0, 0], 52.37569665454071, atol=4e-6)
    assert_allclose(slcs["longitude"][0, -1], 4.890160072010357, atol=1e-6)
    assert_allclose(slcs["latitude"][-1, -1], 52.367133315804224, atol=4e-6)


@pytest.mark.real
@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda band: (band / "0.0").write_bytes(b"1234"), "cut off at 4 bytes"),
        (lambda band: (band / "0.0").unlink(), "chunk 0.0 of q_VV_31Mar2023 is missing"),
        (shutil.rmtree, "no q_VV_31Mar2023"),
        (lambda band: (band.parent / "SNAP" / "product_metadata.json").write_text("{"), "cannot be read"),
    ],
)
def test_snap_folders_that_are_not_whole(amsterdam, spoil, words):
    spoil(amsterdam / "20230331-coreg.znap" / "q_VV_31Mar2023")
    with pytest.raises(StackError, match=words):
        open_slcs(amsterdam)


@pytest.mark.real
def test_height_to_phase_of_another_unit_is_refused(amsterdam):
    band = amsterdam / "20230319-coreg.znap" / "h2ph_VV_19Mar2023" / "0.0"
    band.write_bytes((-np.frombuffer(band.read_bytes(), ">f4")).astype(">f4").tobytes())  # its sign turned
    with pytest.raises(StackError, match=r"height of ambiguity, -526\.359 m, asks for -0\.0119"):
        open_slcs(amsterdam)


@pytest.mark.real
def test_another_polarisation_and_another_band(amsterdam):
    with pytest.raises(StackError, match=r"no i and q bands of VH, only of \['VV'\]"):
        open_slcs(amsterdam, polarisation="VH")
    path = amsterdam / "20230331-coreg.znap" / "SNAP" / "product_metadata.json"
    metadata = json.loads(path.read_text())
    frequency = next(a for a in metadata[0]["attributes"] if a["name"] == "radar_frequency")
    frequency["data"]["elems"] = [9650.0]
    path.write_text(json.dumps(metadata))
    with pytest.raises(StackError, match="mix wavelengths"):
        open_slcs(amsterdam)
