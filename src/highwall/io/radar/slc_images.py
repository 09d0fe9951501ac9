"""One coregistered single-look image as a reader hands it over, and many of them as one Dataset."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import dask.array as da
import numpy as np
import xarray as xr
from odc.geo.geobox import GeoBox
from odc.geo.xr import xr_coords

from highwall.core.errors import SetAside, StackError
from highwall.core.grid import same_grid
from highwall.core.products import LAYERS

GROUND = {
    "height": ("m", "height of the ground"),
    "latitude": ("degree", "latitude"),
    "longitude": ("degree", "longitude"),
}
"""Layers (y, x) that describe the ground under the images: unit and long name."""
_WAVELENGTH_TOLERANCE = 1e-4


class SlcReading(NamedTuple):
    """What a folder gave: the images, and what was set aside."""

    slcs: xr.Dataset
    """``slc`` (epoch, y, x) complex64, lazy; what is known of geometry; attribute ``wavelength_m``."""
    set_aside: list[SetAside]


@dataclass(frozen=True)
class SlcImage:
    """One date."""

    name: str
    """File or folder, for messages."""
    date: np.datetime64
    slc: Any
    """Dask (y, x) complex64, 0 or NaN missing."""
    grid: GeoBox | None = None
    """None in radar coordinates."""
    height_to_phase: Any | None = None
    """Dask (y, x) [rad m⁻¹]: phase that a metre adds to the interferogram of the reference image with this one."""
    ground: dict[str, Any] = field(default_factory=dict)
    """Dask (y, x) of ``GROUND``."""
    facts: dict[str, float] = field(default_factory=dict)
    """``wavelength_m``, ``heading_deg``, ``incidence_deg``, ``bperp_m`` against the reference image, if known."""
    topography_removed: bool = False
    """Its phase carries neither flat earth nor topography against the reference image any more."""


def assembled(
    images: Sequence[SlcImage], *, set_aside: list[SetAside], wavelength_m: float | None, source: str
) -> SlcReading:
    """Lay images over one another in order of their dates; those of another size or a date twice join ``set_aside``.

    Raises
    ------
    StackError
        Fewer than two images are left, or the wavelength is unknown or differs.
    """
    kept = _on_one_grid(_once_each(images, set_aside), set_aside)
    if len(kept) < 2:
        raise StackError(
            f"{len(kept)} image of {source} can be used, two are needed{_first_reason(set_aside)}; give more dates."
        )
    layers: dict[str, Any] = {"slc": _layer("slc", [image.slc for image in kept])}
    if (geometry := _height_to_phase(kept, set_aside)) is not None:
        about = {
            "units": "rad m-1",
            "long_name": "phase that a metre of height adds to the pair of reference and epoch",
        }
        layers["height_to_phase"] = (LAYERS["slc"].dims, geometry, about)
    ground = _ground(kept)
    slcs = xr.Dataset(layers | ground, coords=_coords(kept)).set_coords(ground.keys() & {"latitude", "longitude"})
    return SlcReading(slcs.assign_attrs(_attributes(kept, wavelength_m=wavelength_m, source=source)), set_aside)


def _first_reason(set_aside: Sequence[SetAside]) -> str:
    return f" (the first set aside: {set_aside[0].name}: {set_aside[0].reason})" if set_aside else ""


def _once_each(images: Sequence[SlcImage], set_aside: list[SetAside]) -> list[SlcImage]:
    """Images in order of their dates, each date once."""
    found: dict[np.datetime64, SlcImage] = {}
    for image in images:
        if image.date in found:
            set_aside.append(SetAside(image.name, f"{found[image.date].name} has the same date; keep one of the two"))
        else:
            found[image.date] = image
    return [found[date] for date in sorted(found)]


def _on_one_grid(images: list[SlcImage], set_aside: list[SetAside]) -> list[SlcImage]:
    """Images of the grid that most share."""
    if not images:
        return []
    votes = Counter(next(n for n, other in enumerate(images) if _coincide(other, image)) for image in images)
    model = images[votes.most_common(1)[0][0]]
    for image in images:
        if not _coincide(image, model):
            reason = (
                f"it has {_extent(image)}, the stack {_extent(model)}; coregister it to the others, or cut all alike"
            )
            set_aside.append(SetAside(image.name, reason))
    return [image for image in images if _coincide(image, model)]


def _coincide(one: SlcImage, other: SlcImage) -> bool:
    if one.grid is None or other.grid is None:
        return one.grid is other.grid and one.slc.shape == other.slc.shape
    return same_grid(one.grid, other.grid)


def _extent(image: SlcImage) -> str:
    height, width = image.slc.shape
    return f"{height}×{width} samples" + (f" in {image.grid.crs}" if image.grid else " in radar coordinates")


def _layer(name: str, arrays: Sequence[Any]) -> tuple[Any, ...]:
    return LAYERS[name].dims, da.stack(arrays), LAYERS[name].attrs()  # type: ignore[no-untyped-call]


def _height_to_phase(images: Sequence[SlcImage], set_aside: list[SetAside]) -> Any | None:
    """Stack it if all images have it but one, the reference, whose own is 0."""
    without = [image for image in images if image.height_to_phase is None]
    if len(without) == len(images):
        return None
    if len(without) > 1:
        for image in without[1:]:
            set_aside.append(SetAside(image.name, "it has no usable height-to-phase; that of the others is not used"))
        return None
    zero = da.zeros(images[0].slc.shape, dtype=np.float32, chunks=images[0].slc.chunks)
    return da.stack([zero if image.height_to_phase is None else image.height_to_phase for image in images])  # type: ignore[no-untyped-call]


def _ground(images: Sequence[SlcImage]) -> dict[str, Any]:
    """Layers of the ground: each from the first image that has it, and those with heights were located with them."""
    found: dict[str, Any] = {}
    for image in sorted(images, key=lambda image: "height" not in image.ground):
        for name, array in image.ground.items():
            unit, long_name = GROUND[name]
            found.setdefault(name, (("y", "x"), array, {"units": unit, "long_name": long_name}))
    return found


def _coords(images: Sequence[SlcImage]) -> dict[str, Any]:
    coords: dict[str, Any] = {"epoch": np.array([image.date for image in images], dtype="datetime64[ns]")}
    baselines = [image.facts.get("bperp_m", np.nan) for image in images]
    if np.isfinite(baselines).all():
        about = {"units": "m", "long_name": "perpendicular baseline against the reference image"}
        coords["bperp"] = ("epoch", np.array(baselines), about)
    grid = images[0].grid
    axes: dict[Any, Any] = {} if grid is None else dict(xr_coords(grid, dims=("y", "x")))
    return coords | axes


def _attributes(images: Sequence[SlcImage], *, wavelength_m: float | None, source: str) -> dict[str, Any]:
    attributes: dict[str, Any] = {"wavelength_m": wavelength_m or _wavelength(images, source)}
    for name in ("incidence_deg", "heading_deg"):
        known = [image.facts[name] for image in images if name in image.facts]
        if known:
            attributes[name] = float(np.mean(known))
    if any(image.topography_removed for image in images):
        attributes["topography_removed"] = "yes"
    return attributes


def _wavelength(images: Sequence[SlcImage], source: str) -> float:
    """Wavelength [m] that the images agree on."""
    known = [image.facts["wavelength_m"] for image in images if "wavelength_m" in image.facts]
    if not known:
        raise StackError(
            f"the images of {source} do not tell the radar's wavelength; give it [m] with --wavelength, "
            "or as insar.wavelength_m of SITE.yaml (Sentinel-1: 0.0554658)."
        )
    if max(known) - min(known) > _WAVELENGTH_TOLERANCE * max(known):
        raise StackError(
            f"the images of {source} mix wavelengths from {min(known):g} to {max(known):g} m; keep those of one sensor."
        )
    return known[0]
