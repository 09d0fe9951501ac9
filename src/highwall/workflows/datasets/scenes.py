"""Scenes of a dataset and their labels, found by name; and a scene opened as the bands that are wanted.

A scene is ``SITE/DATE_s2.tif`` with ``DATE_s1.tif`` beside it, as `highwall fetch` leaves them, or one file that holds
all bands: ``SITE/DATE.tif``, ``SITE_DATE.tif`` or ``SITE.tif``. Its labels bear the same name, with the annotator's
behind a dash where there are several; labels named by the site alone are for all its dates.
"""

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from highwall.core.bands import OPTICAL, needs_radar
from highwall.core.epochs import dates_in
from highwall.core.errors import MissingInputError, SceneError
from highwall.core.grid import GeoBox, Window, grid_of
from highwall.imagery.fusion import fuse
from highwall.imagery.scaling import to_reflectance
from highwall.io.backscatter import read_backscatter
from highwall.io.rasters import loaded
from highwall.io.scenes import FolderSource
from highwall.workflows.datasets.reading import site_of_scene
from highwall.workflows.datasets.sample_images import open_image
from highwall.workflows.labels.files import RASTERS, LabelFile, files_below, key_of, label_files

_OPTICAL: Final = "_s2"
_RADAR: Final = "_s1"
_BESIDE: Final = ("_scl", "_cld", "worldcover", "dem")
"""How files end that lie beside scenes and are none."""


class SceneFiles(NamedTuple):
    """One scene of a site, and its label files by annotator."""

    name: str
    site: str
    date: dt.date | None
    image: Path
    radar: Path | None
    labels: tuple[LabelFile, ...]
    is_label_of_site: bool
    """The labels are those of the site, not of the date."""


class OpenScene(NamedTuple):
    """The wanted bands of a scene, read window by window."""

    read: Callable[[Window | None], NDArray[np.float32]]
    grid: GeoBox
    level: str
    is_simulated: bool


@dataclass(frozen=True)
class CubeWindows:
    """Reads windows of a lazy cube (band, y, x)."""

    cube: xr.DataArray

    def __call__(self, window: Window | None = None) -> NDArray[np.float32]:
        """Compute a window, or all."""
        part = self.cube if window is None else self.cube.isel(y=window.rows, x=window.cols)
        values: NDArray[np.float32] = loaded(part).values.astype(np.float32)
        return values


@dataclass(frozen=True)
class ChosenBands:
    """Picks bands of what another reader gives."""

    read: Callable[[Window | None], NDArray[np.float32]]
    numbers: tuple[int, ...]

    def __call__(self, window: Window | None = None) -> NDArray[np.float32]:
        """Read a window, or all."""
        return self.read(window)[list(self.numbers)]


class Found(NamedTuple):
    """Scenes that have labels, and what has none."""

    scenes: list[SceneFiles]
    unlabelled: list[str]
    strange: list[Path]
    """Label files that belong to no scene."""


def find_scenes(scenes: Path, labels: Path) -> Found:
    """Pair the scenes of a folder with the labels of another.

    Raises
    ------
    MissingInputError
        One of the folders holds nothing.
    """
    images = _images(scenes)
    if not images:
        raise MissingInputError(f"no scenes in {scenes}; expected SITE/DATE_s2.tif, SITE_DATE.tif or SITE.tif.")
    names = {key: _names_of_labels(key) for key in images}
    paired, strange = label_files(labels, {name for each in names.values() for name in each})
    by_name: dict[str, list[LabelFile]] = {}
    for file in paired:
        by_name.setdefault(file.scene, []).append(file)
    named = {key: next((name for name in names[key] if name in by_name), None) for key in images}
    found = [_scene_files(key, images[key], tuple(by_name[name]), name=name) for key, name in named.items() if name]
    return Found(found, [key for key, name in named.items() if name is None], strange)


def open_scene(files: SceneFiles, bands: Sequence[str], *, level: str | None = None) -> OpenScene:
    """Open the wanted bands of a scene, radar beside it fused in.

    Raises
    ------
    SceneError
        A band is missing, or a file cannot be read.
    """
    if files.radar is not None and needs_radar(bands):
        return _fused(files, bands, level=level)
    image = open_image(files.image, level=level)
    missing = [band for band in bands if band not in image.bands]
    if missing:
        cure = "put its radar beside it as DATE_s1.tif" if set(missing).isdisjoint(OPTICAL) else "choose other bands"
        raise SceneError(f"{files.image.name} has no {', '.join(missing)} (it has {', '.join(image.bands)}); {cure}.")
    chosen = ChosenBands(image.read, tuple(image.bands.index(band) for band in bands))
    return OpenScene(chosen, image.grid, image.level, image.is_simulated)


def _fused(files: SceneFiles, bands: Sequence[str], *, level: str | None) -> OpenScene:
    """Optical and radar files as one cube, lazily."""
    optical = open_image(files.image, level=level)
    reading = FolderSource((files.image,), level=level).read(optical.grid.extent)
    if reading.set_aside:
        raise SceneError(f"{files.image.name}: {reading.set_aside[0].reason}")
    if files.radar is None or not files.radar.exists():
        raise SceneError(
            f"{files.image.name} has no radar beside it; fetch {files.image.stem.replace(_OPTICAL, _RADAR)}."
        )
    cube = fuse(to_reflectance(reading.scenes[0]), read_backscatter(files.radar), bands=bands)["cube"]
    return OpenScene(CubeWindows(cube), grid_of(cube), optical.level, optical.is_simulated)


def _images(folder: Path) -> dict[str, Path]:
    """Rasters that are scenes, by their name below the folder; radar and layers beside them left out."""
    files = files_below(folder, RASTERS)
    return {
        key_of(path, folder): path
        for path in files
        if not path.stem.lower().endswith((_RADAR, *_BESIDE))
    }  # fmt: skip


def _names_of_labels(key: str) -> list[str]:
    """Names under which labels of a scene are sought, the most precise first, the site's last."""
    site, plain = site_of_scene(key), key.removesuffix(_OPTICAL)
    flat = plain.replace("/", "_")
    return list(dict.fromkeys([key, plain, flat, f"{site}/labels", site]))


def _scene_files(key: str, path: Path, labels: tuple[LabelFile, ...], *, name: str) -> SceneFiles:
    """Describe a scene whose labels were found under a name."""
    site, date = site_of_scene(key), next(iter(dates_in(path.name)), None)
    is_pair = path.stem.endswith(_OPTICAL)
    radar = path.with_name(path.stem.removesuffix(_OPTICAL) + _RADAR + path.suffix) if is_pair else None
    is_of_site = name != key and name in {site, f"{site}/labels"}
    return SceneFiles(_scene_name(key, date), site, date, path, radar, labels, is_of_site)


def _scene_name(key: str, date: dt.date | None) -> str:
    """Name of a scene in the dataset: its site and date, or its path with dashes for folders."""
    site = site_of_scene(key).replace("/", "_")
    return key.replace("/", "_") if date is None else f"{site}_{date.isoformat()}"
