"""Coregistered images in SNAP's Zarr product folders (``*.znap``).

Bands ``i_…`` and ``q_…`` bear polarisation and date in their names; all else that the metadata say is about the
reference image of the stack. Latitude, longitude and incidence angle come as tie points, or as bands.
"""

import json
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dask.array as da
import numpy as np
import zarr
from numpy.typing import NDArray

from highwall.core.constants import SPEED_OF_LIGHT
from highwall.core.errors import StackError
from highwall.io.radar.slc_images import SlcImage

_BAND = re.compile(r"i_(?:\w+_)?(?P<polarisation>[VH]{2})_(?:\w+_)?(?P<date>\d{2}[A-Z][a-z]{2}\d{4})")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_EPOCH = np.datetime64("2000-01-01")
"""Day from which SNAP counts."""
_AGREEMENT = 0.2
"""Share by which height-to-phase in the middle of a scene may differ from 2π over the height of ambiguity."""


def read_snap(folder: Path, *, polarisation: str, chunk_px: int) -> list[SlcImage]:
    """Images of one polarisation in a SNAP Zarr folder.

    Raises
    ------
    StackError
        There is none, or a chunk is missing or cut off.
    """
    product = _Product.open(folder)
    bands = [(found, folder / found.string) for found in map(_BAND.fullmatch, sorted(product.arrays)) if found]
    wanted = [(found["date"], path) for found, path in bands if found["polarisation"] == polarisation]
    if not wanted:
        known = sorted({found["polarisation"] for found, _ in bands})
        raise StackError(f"it has no i and q bands of {polarisation}, only of {known}; choose another polarisation")
    return [_image(product, path, date, chunk_px=chunk_px) for date, path in wanted]


@dataclass(frozen=True)
class _Product:
    """A product folder and what its metadata say."""

    folder: Path
    arrays: frozenset[str]
    metadata: dict[str, Any]
    graph: str
    """Text of the processing graph."""

    @classmethod
    def open(cls, folder: Path) -> "_Product":
        path = folder / "SNAP" / "product_metadata.json"
        try:
            elements = {element["name"]: element for element in json.loads(path.read_text(encoding="utf-8"))}
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise StackError(f"its SNAP/product_metadata.json cannot be read ({error}); copy it again") from error
        arrays = frozenset(path.parent.name for path in folder.glob("*/.zarray"))
        graph = json.dumps(elements.get("Processing_Graph", {}))
        return cls(folder, arrays, elements.get("Abstracted_Metadata", {}), graph)

    def value(self, name: str) -> Any | None:
        """First value of an attribute of the reference image."""
        return _values(self.metadata).get(name)

    def baseline(self, date: str) -> dict[str, Any]:
        """What the metadata say of the pair of the reference image with that of ``date``."""
        reference = _snap_date(self.value("first_line_time"))
        of_reference = _element(_element(self.metadata, "Baselines"), f"Ref_{reference}")
        return _values(_element(of_reference, f"Secondary_{date}"))

    def band(self, name: str, *, chunk_px: int) -> Any:
        """Lazy band (y, x), whose chunks are all there."""
        array = zarr.open_array(self.folder / name, mode="r")
        _check_chunks(self.folder / name, array)
        chunks = tuple(max(chunk_px // size, 1) * size for size in array.chunks)
        return da.from_array(array, chunks=chunks)  # type: ignore[no-untyped-call]

    def layer(self, name: str, shape: tuple[int, ...], *, chunk_px: int) -> Any | None:
        """A layer of the ground: the band that begins with its name, else its tie points interpolated."""
        for band in sorted(self.arrays):
            if band.startswith(f"{name}_") and zarr.open_array(self.folder / band, mode="r").shape == shape:
                return self.band(band, chunk_px=chunk_px)
        return _interpolated(self.folder / name, shape, chunk_px=chunk_px) if name in self.arrays else None


def _image(product: _Product, path: Path, date: str, *, chunk_px: int) -> SlcImage:
    quadrature = f"q{path.name[1:]}"
    if quadrature not in product.arrays:
        raise StackError(f"it has {path.name} but no {quadrature}; export both bands")
    real, imaginary = (product.band(name, chunk_px=chunk_px) for name in (path.name, quadrature))
    slc = (real + 1j * imaginary).astype(np.complex64)
    facts = _facts(product, date, slc.shape)
    ground = {
        name: layer.astype(np.float32 if name == "height" else np.float64)
        for name, band in (("latitude", "latitude"), ("longitude", "longitude"), ("height", "elevation"))
        if (layer := product.layer(band, slc.shape, chunk_px=chunk_px)) is not None
    }
    return SlcImage(
        f"{product.folder.name}/{path.name}", _date(date), slc, ground=ground, facts=facts,
        height_to_phase=_height_to_phase(product, date, facts, chunk_px=chunk_px),
        topography_removed=_removes_topography(product.graph),
    )  # fmt: skip


def _facts(product: _Product, date: str, shape: tuple[int, ...]) -> dict[str, float]:
    """Numbers of the metadata by our names."""
    frequency_mhz, heading = product.value("radar_frequency"), product.value("centre_heading")
    baseline = product.baseline(date).get("Perp Baseline")
    facts = {
        "wavelength_m": SPEED_OF_LIGHT / (1e6 * frequency_mhz) if frequency_mhz else None,
        "heading_deg": heading, "bperp_m": baseline,
    }  # fmt: skip
    if "incident_angle" in product.arrays:
        angles = _interpolated(product.folder / "incident_angle", shape, chunk_px=max(shape))
        facts["incidence_deg"] = float(angles.mean().compute(scheduler="synchronous"))
    return {name: float(value) for name, value in facts.items() if value is not None}


def _height_to_phase(product: _Product, date: str, facts: dict[str, float], *, chunk_px: int) -> Any | None:
    """Phase of a metre of height [rad m⁻¹], if there is such a band and the height of ambiguity confirms it.

    Some graphs divide the band by 4π/λ, which makes it a path in metres a metre; which of the two it is, and whether
    its sign is right, is seen from 2π over the height of ambiguity.

    Raises
    ------
    StackError
        It is neither.
    """
    name = next((band for band in sorted(product.arrays) if band.startswith("h2ph") and date in band), None)
    ambiguity = float(product.baseline(date).get("Height of Ambiguity", math.inf))
    if name is None or not math.isfinite(ambiguity) or "wavelength_m" not in facts:
        return None
    band = product.band(name, chunk_px=chunk_px).astype(np.float32)
    middle = float(band[band.shape[0] // 2, band.shape[1] // 2].compute(scheduler="synchronous"))
    for scale in (1.0, 4.0 * math.pi / facts["wavelength_m"]):
        if abs(scale * middle * ambiguity / (2.0 * math.pi) - 1.0) < _AGREEMENT:
            return band * np.float32(scale)
    raise StackError(
        f"{name} is {middle:g} in its middle, where the height of ambiguity, {ambiguity:g} m, asks for "
        f"{2.0 * math.pi / ambiguity:g} rad/m; export it anew or remove it"
    )


def _removes_topography(graph: str) -> bool:
    """Tell whether the graph multiplied the image by the phase of flat earth and topography."""
    return any("topo" in text and "cos(" in text for text in re.findall(r'"elems": "([^"]*)"', graph))


def _check_chunks(path: Path, array: Any) -> None:
    """Refuse an array of which a chunk is missing or has not all its bytes; Zarr itself would read zeros."""
    whole = math.prod(array.chunks) * array.dtype.itemsize
    for index in np.ndindex(array.cdata_shape):
        chunk = path / array.metadata.encode_chunk_key(index)
        if not chunk.exists():
            raise StackError(f"chunk {chunk.name} of {path.name} is missing; copy or export it again")
        size = chunk.stat().st_size
        if size == 0 or (not array.compressors and size != whole):
            raise StackError(f"chunk {chunk.name} of {path.name} is cut off at {size} bytes; copy or export it again")


def _interpolated(path: Path, shape: tuple[int, ...], *, chunk_px: int) -> Any:
    """Tie points, bilinearly interpolated to the centres of pixels: Dask (y, x) float64."""
    points = zarr.open_array(path, mode="r")
    about: dict[str, Any] = dict(points.attrs)
    down, across = (
        _bilinear(length, count, about[f"offset_{axis}"], about[f"subsampling_{axis}"])
        for axis, length, count in zip("yx", shape, points.shape, strict=True)
    )
    pieces = [da.from_array(weights, chunks=(chunk_px, -1)) for weights in (down, across)]  # type: ignore[no-untyped-call]
    return pieces[0] @ np.asarray(points[:], np.float64) @ pieces[1].T


def _bilinear(length: int, count: int, offset: float, step: float) -> NDArray[np.float64]:
    """Weights (pixel, tie point) of linear interpolation; beyond the last point its value holds."""
    position = np.clip((np.arange(length) + 0.5 - offset) / step, 0.0, count - 1.0)
    return np.asarray(np.maximum(1.0 - np.abs(position[:, None] - np.arange(count)), 0.0))


def _values(element: dict[str, Any]) -> dict[str, Any]:
    """First values of an element's attributes."""
    found = {}
    for attribute in element.get("attributes", []):
        elements = attribute.get("data", {}).get("elems")
        listed = isinstance(elements, list) and elements and attribute["data"].get("type") != "utc"
        found[attribute["name"]] = elements[0] if listed else elements
    return found


def _element(element: dict[str, Any], name: str) -> dict[str, Any]:
    return next((inner for inner in element.get("elements", []) if inner["name"] == name), {})


def _date(text: str) -> np.datetime64:
    """Date that SNAP writes as ``19Mar2023``."""
    return np.datetime64(f"{text[5:]}-{_MONTHS.index(text[2:5]) + 1:02d}-{text[:2]}")


def _snap_date(time: list[int] | None) -> str:
    """Write a time, [day, second, microsecond] since 2000, as SNAP writes dates in names."""
    if not time:
        return ""
    year, month, day = str(_EPOCH + np.timedelta64(time[0], "D")).split("-")
    return f"{day}{_MONTHS[int(month) - 1]}{year}"


def snap_folders(source: Path) -> Iterator[Path]:
    """SNAP Zarr folders at or below a path."""
    for path in sorted({source, *source.rglob("*.znap")}):
        if (path / "SNAP" / "product_metadata.json").exists() or path.suffix == ".znap":
            yield path
