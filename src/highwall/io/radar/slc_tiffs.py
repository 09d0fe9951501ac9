"""Coregistered images as complex GeoTIFFs, one a date, and beside them what is known of the ground.

The date stands in the tag ``DATE`` or in the name; ``WAVELENGTH_METRES``, ``INCIDENCE_DEGREES``, ``HEADING_DEGREES``
and ``BPERP_METRES`` (against the reference image) are tags. Real files named ``latitude``, ``longitude`` and ``height``
describe the ground; real files with ``h2ph`` and a date in their name hold height-to-phase [rad m⁻¹]. Of real files the
declared value for missing, scale and offset count.
"""

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dask.array as da
import numpy as np
import rasterio
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox
from rasterio.errors import NotGeoreferencedWarning, RasterioError
from rasterio.windows import Window

from highwall.core.epochs import dates_in
from highwall.core.errors import SetAside, StackError
from highwall.io.radar.pictures import physical
from highwall.io.radar.slc_images import GROUND, SlcImage
from highwall.io.rasters import check_whole

_TAGS = {
    "wavelength_m": "WAVELENGTH_METRES", "incidence_deg": "INCIDENCE_DEGREES", "heading_deg": "HEADING_DEGREES",
    "bperp_m": "BPERP_METRES",
}  # fmt: skip


@dataclass(frozen=True)
class _Tiff:
    """A whole file."""

    path: Path
    shape: tuple[int, int]
    grid: GeoBox | None
    is_complex: bool
    tags: Mapping[str, str]

    def lazy(self, dtype: type[np.generic], *, chunk_px: int) -> Any:
        """Dask array (y, x)."""
        chunks = da.core.normalize_chunks((chunk_px, chunk_px), shape=self.shape)  # type: ignore[no-untyped-call]
        meta = np.empty((0, 0), dtype)
        return da.map_blocks(_read_block, chunks=chunks, dtype=dtype, meta=meta, path=self.path, as_type=dtype)  # type: ignore[no-untyped-call]


def holds_images(source: Path) -> bool:
    """Tell whether a folder's first GeoTIFF that is complex, or a real one of a pair of dates, is complex.

    Real files of one date or none say nothing: they describe the ground under images, or under interferograms.
    """
    for path in sorted(source.rglob("*.tif*")):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", NotGeoreferencedWarning)
                with rasterio.open(path) as dataset:
                    is_complex = bool(dataset.dtypes[0].startswith("complex"))
        except RasterioError:
            continue
        if is_complex or len(dates_in(path.stem)) > 1:
            return is_complex
    return False


def read_tiffs(source: Path, *, chunk_px: int, set_aside: list[SetAside]) -> list[SlcImage]:
    """Images of a folder of GeoTIFFs; files that cannot be used are added to ``set_aside``."""
    images: list[SlcImage] = []
    files = _whole_files(source, set_aside)
    ground = {
        file.path.stem: file.lazy(np.float64 if file.path.stem != "height" else np.float32, chunk_px=chunk_px)
        for file in files
        if file.path.stem in GROUND and not file.is_complex
    }
    heights = {_date(file): file for file in files if "h2ph" in file.path.stem and not file.is_complex}
    for file in files:
        if not file.is_complex:
            continue
        try:
            images.append(_image(file, ground, heights, chunk_px=chunk_px))
        except StackError as error:
            set_aside.append(SetAside(str(file.path), f"{error}"))
    return images


def _whole_files(source: Path, set_aside: list[SetAside]) -> list[_Tiff]:
    files = []
    for path in sorted({*source.rglob("*.tif"), *source.rglob("*.tiff")}):
        try:
            files.append(_open(path))
        except RasterioError as error:
            set_aside.append(SetAside(str(path), f"{error}; copy or export it again"))
    return files


def _open(path: Path) -> _Tiff:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)  # radar coordinates have no CRS
        with rasterio.open(path) as dataset:
            check_whole(dataset)
            shape = (dataset.height, dataset.width)
            grid = GeoBox(shape, dataset.transform, str(dataset.crs)) if dataset.crs else None
            return _Tiff(path, shape, grid, dataset.dtypes[0].startswith("complex"), dataset.tags())


def _image(file: _Tiff, ground: dict[str, Any], heights: dict[Any, _Tiff], *, chunk_px: int) -> SlcImage:
    date = _date(file)
    if date is None:
        raise StackError("it tells no date, or several; write the tag DATE or put one date into its name")
    height = heights.get(date)
    return SlcImage(
        file.path.name, date, file.lazy(np.complex64, chunk_px=chunk_px), file.grid,
        height_to_phase=height.lazy(np.float32, chunk_px=chunk_px) if height and height.shape == file.shape else None,
        ground={name: layer for name, layer in ground.items() if layer.shape == file.shape},
        facts={name: value for name, tag in _TAGS.items() if (value := _number(file.tags.get(tag))) is not None},
        topography_removed=file.tags.get("TOPOGRAPHY_REMOVED", "").lower() in {"yes", "true", "1"},
    )  # fmt: skip


def _date(file: _Tiff) -> np.datetime64 | None:
    """Date from the tag, else from the name, if it is one."""
    dates = set(dates_in(file.tags.get("DATE", "") or file.path.stem))
    return np.datetime64(dates.pop()) if len(dates) == 1 else None


def _number(text: str | None) -> float | None:
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if np.isfinite(value) else None


def _read_block(*, path: Path, as_type: type[np.generic], block_info: Any = None) -> NDArray[Any]:
    (top, bottom), (left, right) = block_info[None]["array-location"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        with rasterio.open(path) as dataset:
            window = Window(left, top, right - left, bottom - top)
            if issubclass(as_type, np.floating):
                return physical(dataset, window, dtype=as_type)
            image: NDArray[Any] = dataset.read(1, window=window).astype(as_type)
            return image
