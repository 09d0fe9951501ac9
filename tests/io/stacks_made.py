"""One simulated little stack, written as each processor and archive would write it."""

from pathlib import Path

import h5py
import numpy as np
import rasterio
import xarray as xr
from affine import Affine
from odc.geo.geobox import GeoBox
from odc.geo.xr import xr_coords

from highwall.core.constants import SENTINEL1_WAVELENGTH, SPEED_OF_LIGHT
from highwall.io.radar.stacks import write_stack

DATES = ("2020-01-01", "2020-01-13", "2020-01-25", "2020-02-06")
PAIRS = ((0, 1), (0, 2), (1, 2), (2, 3))
SHAPE = (6, 9)
INCIDENCE_DEG, HEADING_DEG = 39.0, -12.0
UTM = GeoBox(SHAPE, Affine(80.0, 0.0, 500_000.0, 0.0, -80.0, 4_990_000.0), "EPSG:32633")
DEGREES = GeoBox(SHAPE, Affine(1e-3, 0.0, 15.0, 0.0, -1e-3, 45.0), "EPSG:4326")


def little_stack(grid: GeoBox = UTM) -> xr.Dataset:
    """Ground that sinks: phase grows with time. Some pixels are missing in the first pair."""
    rng = np.random.default_rng(7)
    sinking = rng.uniform(0.0, 30.0, (len(DATES) - 1, *SHAPE)).cumsum(axis=0)
    phase = np.concatenate([np.zeros((1, *SHAPE)), sinking])
    first, second = np.array(PAIRS).T
    unw = (phase[second] - phase[first]).astype(np.float32)
    unw[0, 1, 2:4] = np.nan
    coh = np.round(rng.uniform(0.2, 0.9, unw.shape) * 255).astype(np.float32) / 255
    conncomp = rng.integers(1, 4, unw.shape).astype(np.uint16)
    conncomp[0, 1, 2:4] = 0
    height = rng.uniform(100.0, 900.0, SHAPE).astype(np.float32)
    tilt = np.deg2rad(INCIDENCE_DEG + np.linspace(-0.5, 0.5, SHAPE[1])) * np.ones((SHAPE[0], 1))
    heading = np.deg2rad(HEADING_DEG)
    los = np.stack([-np.sin(tilt) * np.cos(heading), np.sin(tilt) * np.sin(heading), np.cos(tilt)]).astype(np.float32)
    dates = np.array(DATES, dtype="datetime64[ns]")
    bperp_of_date = np.array([0.0, 45.5, -20.25, 80.0])
    return xr.Dataset(
        {
            "unw": (("pair", "y", "x"), unw), "coh": (("pair", "y", "x"), coh),
            "conncomp": (("pair", "y", "x"), conncomp), "height": (("y", "x"), height),
            "los_enu": (("component", "y", "x"), los),
        },
        coords={
            "first": ("pair", dates[first]), "second": ("pair", dates[second]),
            "bperp": ("pair", bperp_of_date[second] - bperp_of_date[first]),
            "component": ["east", "north", "up"], **xr_coords(grid, dims=("y", "x")),
        },
        attrs={"wavelength_m": SENTINEL1_WAVELENGTH, "heading_deg": HEADING_DEG},
    )  # fmt: skip


def names(stack: xr.Dataset, separator: str = "_") -> list[str]:
    """``20200101_20200113`` for each pair."""
    first, second = (np.datetime_as_string(stack[name].values, unit="D") for name in ("first", "second"))
    return [
        f"{a}{separator}{b}"
        for a, b in zip(np.char.replace(first, "-", ""), np.char.replace(second, "-", ""), strict=True)
    ]


def tif(
    path: Path,
    values: np.ndarray,
    grid: GeoBox,
    *,
    nodata: float | None = None,
    scale: float = 1.0,
    offset: float = 0.0,
    **tags: str,
) -> Path:
    """Write (y, x) or (band, y, x)."""
    bands = values if values.ndim == 3 else values[None]
    path.parent.mkdir(parents=True, exist_ok=True)
    with rasterio.open(
        path, "w", driver="GTiff", count=len(bands), height=bands.shape[1], width=bands.shape[2], dtype=bands.dtype,
        crs=str(grid.crs), transform=grid.transform, nodata=nodata,
    ) as dataset:  # fmt: skip
        dataset.write(bands)
        dataset.update_tags(**tags)
        dataset.scales, dataset.offsets = (scale,) * len(bands), (offset,) * len(bands)
    return path


def zeros(values: np.ndarray) -> np.ndarray:
    """0 for NaN, as most processors mark what is missing."""
    return np.nan_to_num(values).astype(np.float32)


def angles(stack: xr.Dataset) -> tuple[np.ndarray, np.ndarray]:
    """GAMMA's elevation and orientation of the vector to the satellite [rad]."""
    east, north, up = stack["los_enu"].values.astype(np.float64)
    return np.arcsin(up).astype(np.float32), np.arctan2(north, east).astype(np.float32)


def as_geotiffs(stack: xr.Dataset, folder: Path) -> Path:
    grid = stack.odc.geobox
    theta, phi = angles(stack)
    for n, name in enumerate(names(stack, "-")):
        tags = {"WAVELENGTH_METRES": str(SENTINEL1_WAVELENGTH), "BPERP_METRES": str(float(stack["bperp"][n]))}
        tif(folder / f"{name}_unw.tif", stack["unw"].values[n], grid, nodata=np.nan, **tags)
        tif(folder / f"{name}_coh.tif", stack["coh"].values[n], grid, nodata=np.nan)
    for name, values in (("dem", stack["height"].values), ("lv_theta", theta), ("lv_phi", phi)):
        tif(folder / f"{name}.tif", values, grid)
    return folder


def as_hyp3(stack: xr.Dataset, folder: Path) -> Path:
    grid = stack.odc.geobox
    theta, phi = angles(stack)
    for n, name in enumerate(names(stack)):
        first, second = name.split("_")
        product = f"S1AA_{first}T135156_{second}T135157_VVP012_INT80_G_ueF_AB{n:02X}"
        layers = {"unw_phase": zeros(stack["unw"].values[n]), "corr": stack["coh"].values[n],
                  "conncomp": stack["conncomp"].values[n].astype("u1"), "dem": stack["height"].values,
                  "lv_theta": theta, "lv_phi": phi}  # fmt: skip
        for layer, values in layers.items():
            tif(folder / product / f"{product}_{layer}.tif", values, grid)
        bperp = float(stack["bperp"][n])
        text = f"Reference Granule: S1A_IW\nBaseline: {bperp}\nUTC time: 49916.1\nHeading: {HEADING_DEG}\n"
        (folder / product / f"{product}.txt").write_text(text)
        (folder / product / f"{product}.README.md.txt").write_text("words\n")
    return folder


def as_licsar(stack: xr.Dataset, folder: Path) -> Path:
    grid = stack.odc.geobox
    geoc = folder / "GEOC"
    for n, name in enumerate(names(stack)):
        tif(geoc / name / f"{name}.geo.unw.tif", zeros(stack["unw"].values[n]), grid)
        tif(geoc / name / f"{name}.geo.cc.tif", np.round(stack["coh"].values[n] * 255).astype("u1"), grid)
    metadata = folder / "metadata"
    for n, axis in enumerate("ENU"):
        tif(metadata / f"022A_04826_121209.geo.{axis}.tif", stack["los_enu"].values[n], grid)
    tif(metadata / "022A_04826_121209.geo.hgt.tif", stack["height"].values, grid)
    text = f"primary=20200101\ncenter_time=10:31:56.1\nheading={HEADING_DEG}\navg_incidence_angle={INCIDENCE_DEG}\n"
    (metadata / "metadata.txt").write_text(text)
    rows = ["20200101 20200113 45.5 12", "20200101 20200125 -20.25 24", "20200101 20200206 80.0 36"]
    (metadata / "baselines").write_text("\n".join(rows))
    return geoc


def as_gamma(stack: xr.Dataset, folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    corner = stack.odc.geobox.transform
    theta, phi = angles(stack)
    for n, name in enumerate(names(stack)):
        zeros(stack["unw"].values[n]).astype(">f4").tofile(folder / f"{name}.eqa.unw")
        stack["coh"].values[n].astype(">f4").tofile(folder / f"{name}.eqa.cc")
    for name, values in (("hgt", stack["height"].values), ("lv_theta", theta), ("lv_phi", phi)):
        values.astype(">f4").tofile(folder / f"20200101.{name}")
    (folder / "EQA.dem_par").write_text(
        f"DEM_projection:     EQA\nwidth: {SHAPE[1]}\nnlines: {SHAPE[0]}\n"
        f"corner_lat: {corner.f + corner.e / 2:.12f} decimal degrees\ncorner_lon: {corner.c + corner.a / 2:.12f}\n"
        f"post_lat: {corner.e:.12f} decimal degrees\npost_lon: {corner.a:.12f} decimal degrees\n"
    )
    (folder / "20200101.rmli.par").write_text(
        f"range_samples: 700\nazimuth_lines: 400\nheading: {HEADING_DEG} degrees\n"
        f"radar_frequency: {SPEED_OF_LIGHT / SENTINEL1_WAVELENGTH:.9e} Hz\n"
    )
    rows = [f"{n + 1} {name.replace('_', ' ')} {float(stack['bperp'][n])} 12.0" for n, name in enumerate(names(stack))]
    (folder / "bperp_file").write_text("\n".join(rows))
    return folder


def as_roipac(stack: xr.Dataset, folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    corner = stack.odc.geobox.transform
    height, width = SHAPE
    place = {"WIDTH": width, "FILE_LENGTH": height, "X_FIRST": corner.c, "Y_FIRST": corner.f, "X_STEP": corner.a,
             "Y_STEP": corner.e, "X_UNIT": "degrees", "WAVELENGTH": SENTINEL1_WAVELENGTH,
             "HEADING": HEADING_DEG}  # fmt: skip
    layers = {"unw": zeros(stack["unw"].values), "cor": stack["coh"].values}
    for n, name in enumerate(names(stack)):
        bperp = float(stack["bperp"][n])
        dates = {"DATE12": name.replace("_", "-").replace("2020", "20"),
                 "P_BASELINE_TOP_HDR": bperp - 1.0, "P_BASELINE_BOTTOM_HDR": bperp + 1.0}  # fmt: skip
        for suffix, values in layers.items():
            _rmg(folder / f"geo_{name}.{suffix}", values[n], place | dates)
    _rmg(folder / "elevation.hgt", stack["height"].values, place)
    return folder


def _rmg(path: Path, values: np.ndarray, record: dict) -> None:
    """Amplitude and the quantity, line by line."""
    np.stack([np.full_like(values, 3.0), values], axis=1).astype("<f4").tofile(path)
    path.with_name(f"{path.name}.rsc").write_text("".join(f"{key:40} {value}\n" for key, value in record.items()))


def as_mintpy(stack: xr.Dataset, folder: Path) -> Path:
    inputs = folder / "inputs"
    inputs.mkdir(parents=True, exist_ok=True)
    corner = stack.odc.geobox.transform
    record = {"WIDTH": SHAPE[1], "LENGTH": SHAPE[0], "X_FIRST": corner.c, "Y_FIRST": corner.f, "X_STEP": corner.a,
              "Y_STEP": corner.e, "X_UNIT": "meters", "UTM_ZONE": "33N", "WAVELENGTH": SENTINEL1_WAVELENGTH,
              "HEADING": HEADING_DEG, "FILE_TYPE": "ifgramStack"}  # fmt: skip
    with h5py.File(inputs / "ifgramStack.h5", "w") as file:
        file["unwrapPhase"] = zeros(stack["unw"].values)
        file["coherence"] = stack["coh"].values
        file["connectComponent"] = stack["conncomp"].values.astype(np.int16)
        file["date"] = np.array([name.split("_") for name in names(stack)], dtype="S8")
        file["bperp"] = stack["bperp"].values.astype(np.float32)
        file["dropIfgram"] = np.ones(stack.sizes["pair"], bool)
        file.attrs.update({key: str(value) for key, value in record.items()})
    east, north, up = stack["los_enu"].values.astype(np.float64)
    with h5py.File(inputs / "geometryGeo.h5", "w") as file:
        file["height"] = stack["height"].values
        file["incidenceAngle"] = np.rad2deg(np.arccos(up)).astype(np.float32)
        file["azimuthAngle"] = np.rad2deg(np.arctan2(-east, north)).astype(np.float32)
        file.attrs.update({key: str(value) for key, value in (record | {"FILE_TYPE": "geometry"}).items()})
    return folder


def as_opera(stack: xr.Dataset, folder: Path) -> Path:
    grid = stack.odc.geobox
    for n, name in enumerate(names(stack)):
        first, second = name.split("_")
        product = f"OPERA_L3_DISP-S1_IW_F11115_VV_{first}T140756Z_{second}T140757Z_v1.0_20250403T123456Z.nc"
        opera_file(folder / product, stack.isel(pair=n))
    static = "OPERA_L3_DISP-S1-STATIC_F11115_20140403_S1A_v1.0"
    tif(folder / f"{static}_line_of_sight_enu.tif", stack["los_enu"].values, grid)
    tif(folder / f"{static}_dem.tif", stack["height"].values, grid)
    return folder


def opera_file(path: Path, pair: xr.Dataset) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    grid = pair.odc.geobox
    with h5py.File(path, "w") as file:
        file["displacement"] = -SENTINEL1_WAVELENGTH / (4 * np.pi) * pair["unw"].values
        file["temporal_coherence"] = pair["coh"].values
        labels = pair["conncomp"].values
        file["connected_component_labels"] = np.where(labels == 0, 2, labels).astype(np.uint16)
        file["recommended_mask"] = (labels > 0).astype(np.uint8)
        file["corrections/perpendicular_baseline"] = np.full(SHAPE, float(pair["bperp"]), np.float32)
        file["identification/radar_wavelength"] = SENTINEL1_WAVELENGTH
        file["x"], file["y"] = pair["x"].values, pair["y"].values
        file["spatial_ref"] = 0
        file["spatial_ref"].attrs["crs_wkt"] = grid.crs.to_wkt()


def as_zarr(stack: xr.Dataset, folder: Path) -> Path:
    return write_stack(stack, folder / "stack.zarr")


def as_hdf(stack: xr.Dataset, folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "stack.h5"
    with h5py.File(path, "w") as file:
        for name in ("unw", "coh", "conncomp", "bperp", "x", "y"):
            file[name] = stack[name].values
        for name in ("first", "second"):
            file[name] = stack[name].values.astype("datetime64[D]").astype(np.int64)
            file[name].attrs.update({"units": "days since 1970-01-01", "calendar": "proleptic_gregorian"})
        file["spatial_ref"] = 0
        file["spatial_ref"].attrs["crs_wkt"] = stack.odc.geobox.crs.to_wkt()
        file.attrs["wavelength_m"] = SENTINEL1_WAVELENGTH
    return path
