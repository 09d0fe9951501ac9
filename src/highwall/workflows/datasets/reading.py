"""Read training data: a folder of scenes and one of labels, or what `highwall dataset build` wrote."""

import datetime as dt
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from affine import Affine
from rasterio.errors import RasterioError

from highwall.core.epochs import dates_in
from highwall.core.errors import HighwallError, InputError, MissingInputError, SetAside
from highwall.core.grid import GeoBox
from highwall.io.chips import open_image_chip, open_label_chip
from highwall.learning.groups import Extent
from highwall.segmentation.dataset import ReadMask, Sample, SampleSet
from highwall.segmentation.splits import near_groups
from highwall.workflows.datasets.sample_images import OpenedImage, open_image
from highwall.workflows.labels.files import RASTERS, LabelFile, files_below, key_of, label_files, open_labels

INDEX: Final = "dataset.json"
"""File by which a dataset is read."""
_MOST_REASONS: Final = 10
"""Inputs whose reason an error gives; the others are counted."""
_DATE_AND_REST: Final = re.compile(r"[-_. ]*(?:19|20)\d{2}[-_]?[01]\d[-_]?[0-3]\d.*$")


class SampleReading(NamedTuple):
    """What was read, what could not be, and what nobody labelled."""

    samples: SampleSet
    set_aside: list[SetAside]
    unlabelled: list[str]
    """Scenes without labels."""


def read_folder(
    images: Path, labels: Path, *, bands: Sequence[str] = (), level: str | None = None, near_m: float = 0.0,
    label_kind: str | None = None,
) -> SampleReading:  # fmt: skip
    """Read a folder of GeoTIFFs and a folder of masks or polygon files named like them.

    Subfolders mirror each other, and a subfolder is a site; without, a site is the scene's name without its date. A
    scene that several people drew (``SCENE-ANNOTATOR``) is one sample.

    Parameters
    ----------
    images
        Rasters whose bands carry the names of Sentinel's.
    labels
        See `workflows.labels.files`.
    bands, level
        For files that do not name them.
    near_m
        Gap between scenes up to which they are of one group [m]; 0 groups those that overlap. All scenes count for
        this, those without labels too.
    label_kind
        ``bits`` or ``codes``: what rasters of one band hold that do not say; by default their values tell.

    Raises
    ------
    MissingInputError
        One of the folders holds nothing.
    InputError
        Not one scene could be read with its labels; the message gives the reasons.
    """
    paths = {key_of(path, images): path for path in files_below(images, RASTERS)}
    if not paths:
        raise MissingInputError(f"no scenes in {images}; expected {', '.join(RASTERS)}.")
    drawn, strange = label_files(labels, paths)
    opened, set_aside = _opened(paths, bands=bands, level=level)
    set_aside += [SetAside(path.name, "belongs to no scene; name it like one, as SCENE-ANNOTATOR") for path in strange]
    groups = _groups(opened, near_m=near_m)
    samples = []
    for key, image in opened.items():
        masks, failed = _masks([file for file in drawn if file.scene == key], image.grid, kind=label_kind)
        set_aside += failed
        if masks:
            samples.append(_sample(key, image, masks, group=groups[key]))
    if not samples:
        raise InputError(_nothing_read(images, labels, set_aside))
    labelled = {file.scene for file in drawn}
    return SampleReading(SampleSet(samples), set_aside, [key for key in paths if key not in labelled])


def read_dataset(path: Path) -> SampleSet:
    """Read what `highwall dataset build` wrote: samples with their site, split, material, mine type and date.

    Parameters
    ----------
    path
        Its folder, or the ``dataset.json`` in it.

    Raises
    ------
    MissingInputError
        There is no dataset.
    InputError
        The index cannot be read.
    """
    index = path / INDEX if path.is_dir() else path
    if not index.is_file():
        raise MissingInputError(f"no dataset at {path} (no {INDEX}); run `highwall dataset build` first.")
    try:
        content = json.loads(index.read_text(encoding="utf-8"))
        return SampleSet(_from_index(row, index.parent, tuple(content["bands"])) for row in content["chips"])
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"{index} is no index of a dataset ({error!r}); build it anew.") from error


def site_of_scene(key: str) -> str:
    """Site of a scene by its name: its folder, or its name without the date and what follows."""
    folder, _, name = key.rpartition("/")
    return folder or _DATE_AND_REST.sub("", name) or name


def extent_of(grid: GeoBox) -> Extent:
    """Extent of a grid in longitude and latitude [degree]."""
    box = grid.extent.to_crs("EPSG:4326").boundingbox
    return Extent(box.left, box.bottom, box.right, box.top)


def _opened(
    paths: Mapping[str, Path], *, bands: Sequence[str], level: str | None
) -> tuple[dict[str, OpenedImage], list[SetAside]]:
    """Images by scene, and those that cannot be read."""
    opened: dict[str, OpenedImage] = {}
    set_aside = []
    for key, path in paths.items():
        try:
            opened[key] = open_image(path, bands=bands, level=level)
        except (HighwallError, RasterioError) as error:
            set_aside.append(SetAside(key, str(error)))
    return opened, set_aside


def _masks(files: Sequence[LabelFile], grid: GeoBox, *, kind: str | None) -> tuple[dict[str, ReadMask], list[SetAside]]:
    """Masks of one scene by annotator, and the files that cannot be read."""
    masks: dict[str, ReadMask] = {}
    set_aside = []
    for file in files:
        try:
            masks[file.annotator] = open_labels(file.path, grid, kind=kind)
        except HighwallError as error:
            set_aside.append(SetAside(file.path.name, str(error)))
    return masks, set_aside


def _groups(opened: Mapping[str, OpenedImage], *, near_m: float) -> dict[str, str]:
    """Group of each scene: its site's, with the sites near it."""
    sites: dict[str, list[Extent]] = {}
    for key, image in opened.items():
        sites.setdefault(site_of_scene(key), []).append(extent_of(image.grid))
    group_of = near_groups({site: hull(extents) for site, extents in sites.items()}, distance_m=near_m)
    return {key: group_of[site_of_scene(key)] for key in opened}


def hull(extents: Sequence[Extent]) -> Extent:
    """Smallest extent that holds all."""
    west, south, east, north = zip(*extents, strict=True)
    return Extent(min(west), min(south), max(east), max(north))


def _sample(key: str, image: OpenedImage, masks: Mapping[str, ReadMask], *, group: str) -> Sample:
    dates = dates_in(key.rpartition("/")[2])
    return Sample(
        key, site_of_scene(key), group, image.bands, image.grid, image.read, masks, date=dates[0] if dates else None,
        level=image.level, is_simulated=image.is_simulated,
    )  # fmt: skip


def _from_index(row: Mapping[str, Any], folder: Path, bands: tuple[str, ...]) -> Sample:
    """Sample of one row of a dataset's index."""
    grid = GeoBox(tuple(row["shape"]), Affine(*row["transform"]), row["crs"])
    image = open_image_chip(folder, row["image"], bands)
    masks = {who: open_label_chip(folder, place) for who, place in row["labels"].items()}
    return Sample(
        row["name"], row["site"], row["group"], bands, grid, image, masks,
        date=dt.date.fromisoformat(row["date"]) if row["date"] else None, split=row["split"],
        material=row["material"], mine_type=row["mine_type"], level=row["level"], scene=row["scene"],
        is_simulated=row["is_simulated"],
    )  # fmt: skip


def _nothing_read(images: Path, labels: Path, set_aside: Sequence[SetAside]) -> str:
    reasons = reasons_of(set_aside) or "  no label file is named like a scene"
    return f"no scene of {images} has labels in {labels} that can be read:\n{reasons}"


def reasons_of(set_aside: Sequence[SetAside]) -> str:
    """Why inputs were set aside, a line each; of many the first."""
    lines = [f"  {name}: {reason}" for name, reason in set_aside[:_MOST_REASONS]]
    left = len(set_aside) - len(lines)
    return "\n".join([*lines, f"  and {left} more"] if left else lines)
