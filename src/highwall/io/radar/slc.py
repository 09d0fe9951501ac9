"""Coregistered single-look complex images as one lazy stack: (epoch, y, x) with what is known of their geometry."""

from pathlib import Path

from highwall.core.errors import MissingInputError, SetAside, StackError
from highwall.io.radar.slc_images import SlcImage, SlcReading, assembled
from highwall.io.radar.slc_tiffs import holds_images, read_tiffs
from highwall.io.radar.snap import read_snap, snap_folders

__all__ = ["SlcReading", "is_slcs", "open_slcs"]


def is_slcs(source: Path) -> bool:
    """Tell whether a folder holds single-look images, not interferograms."""
    return source.is_dir() and (any(snap_folders(source)) or holds_images(source))


def open_slcs(
    source: Path, *, polarisation: str = "VV", wavelength_m: float | None = None, chunk_px: int = 2048
) -> SlcReading:
    """Read a folder of coregistered single-look images.

    Parameters
    ----------
    source
        Folder of SNAP Zarr products (``*.znap``) or of complex GeoTIFFs, one a date; searched with its subfolders.
    polarisation
        ``VV``, ``VH``, ``HH`` or ``HV``, where the files hold several.
    wavelength_m
        Overrides what the files say, or stands in for it [m].
    chunk_px
        About the side of the Dask chunks [px].

    Returns
    -------
    SlcReading
        ``slcs``: ``slc`` (epoch, y, x) complex64; if known ``height_to_phase`` (epoch, y, x) [rad m⁻¹], ``height``
        (y, x) [m] and the coordinates ``latitude``, ``longitude`` (y, x) [degree] and ``bperp`` (epoch) [m]; attributes
        ``wavelength_m``, ``incidence_deg``, ``heading_deg``, and ``topography_removed`` where the files say so.

    Raises
    ------
    MissingInputError
        The folder does not exist.
    StackError
        Fewer than two images can be used, or no wavelength is known.
    """
    if not source.is_dir():
        raise MissingInputError(f"no folder of images at {source}; check the path.")
    set_aside: list[SetAside] = []
    images = _snap_images(source, polarisation, chunk_px, set_aside)
    images += read_tiffs(source, chunk_px=chunk_px, set_aside=set_aside)
    if not images:
        raise StackError(_nothing_usable(source, set_aside))
    return assembled(images, set_aside=set_aside, wavelength_m=wavelength_m, source=str(source))


def _snap_images(source: Path, polarisation: str, chunk_px: int, set_aside: list[SetAside]) -> list[SlcImage]:
    images: list[SlcImage] = []
    for folder in snap_folders(source):
        try:
            images += read_snap(folder, polarisation=polarisation, chunk_px=chunk_px)
        except StackError as error:
            set_aside.append(SetAside(str(folder), f"{error}"))
    return images


def _nothing_usable(source: Path, set_aside: list[SetAside]) -> str:
    if not set_aside:
        return f"{source} holds neither SNAP Zarr folders (*.znap) nor complex GeoTIFFs (*.tif); give their folder."
    first = set_aside[0]
    return f"none of the images in {source} can be used; the first: {Path(first.name).name}: {first.reason}."
