"""Scenes with their split → chips on disk, a row of the index each, and what makes the folder a dataset."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeVar

import numpy as np
from affine import Affine
from numpy.typing import NDArray

from highwall import __version__
from highwall.core.grid import GeoBox, Window, crs_name, pixel_sides_m
from highwall.io.aside import write_text
from highwall.io.catalog import write_json
from highwall.io.chips import ChipStore, GeoTiffChips, ZarrChips
from highwall.io.dataset_catalog import write_chip_item, write_dataset_catalog
from highwall.learning.windows import iter_windows
from highwall.segmentation.dataset import ONLY_ANNOTATOR, ReadMask
from highwall.segmentation.label_options import DatasetOptions
from highwall.segmentation.labels import OUTSIDE, Mask
from highwall.segmentation.statistics import ChipFacts, count_inside, count_pixels, statistics_text
from highwall.workflows.blocks import Advance
from highwall.workflows.datasets.reading import INDEX
from highwall.workflows.datasets.scenes import OpenScene, SceneFiles
from highwall.workflows.datasets.site_table import SiteRow

Value = TypeVar("Value", bound=np.generic)

STATISTICS: Final = "statistics.json"
TABLES: Final = "statistics.md"
_FINISHED: Final = "finished.jsonl"
"""Scenes whose chips are all written, a line each; gone when the dataset is whole."""


class LabelledScene(NamedTuple):
    """A scene that can be read, with what each annotator drew on it."""

    files: SceneFiles
    image: OpenScene
    masks: dict[str, ReadMask]
    facts: SiteRow


class PlacedScene(NamedTuple):
    """A scene with the group and split of its site."""

    scene: LabelledScene
    group: str
    split: str


@dataclass
class WrittenChips:
    """What has been written: rows of the index, and what the statistics need."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    facts: list[ChipFacts] = field(default_factory=list)

    def add(self, other: "WrittenChips") -> None:
        """Append the chips of another scene."""
        self.rows += other.rows
        self.facts += other.facts


def identity_of(placed: Sequence[PlacedScene], bands: Sequence[str], options: DatasetOptions) -> str:
    """Digest of what decides the chips: options, splits, and the files by size and time."""
    files = [
        (each.scene.files.name, each.split, each.group, [_stamp(path) for path in _files(each.scene.files)])
        for each in placed
    ]
    told = json.dumps([__version__, list(bands), options.model_dump(mode="json"), files])
    return hashlib.sha256(told.encode()).hexdigest()


def write_chips(
    placed: Sequence[PlacedScene], folder: Path, bands: tuple[str, ...], *, options: DatasetOptions, advance: Advance
) -> WrittenChips:
    """Cut every scene into chips and store them in ``folder``; scenes that are there already are left as they are."""
    finished = _finished(folder)
    written = WrittenChips()
    for scene in finished.values():
        written.add(scene)
    store = _store(folder, bands, options, written if finished else None)
    for done, each in enumerate(placed, start=1):
        if each.scene.files.name not in finished:
            chips = WrittenChips()
            for window in _windows(each.scene.image.grid, options):
                _write_chip(each, window, store, folder, chips, options=options)
            _note(each.scene.files.name, chips, folder)
            written.add(chips)
        advance("scenes", done, len(placed))
    (folder / _FINISHED).unlink(missing_ok=True)
    return written


def _finished(folder: Path) -> dict[str, WrittenChips]:
    """Scenes that an earlier run has finished, in their order; a line broken off by a kill does not count."""
    path = folder / _FINISHED
    found = {}
    for line in path.read_text(encoding="utf-8").splitlines(keepends=True) if path.exists() else []:
        if line.endswith("\n"):
            scene = json.loads(line)
            found[scene["name"]] = WrittenChips(scene["rows"], [ChipFacts(**facts) for facts in scene["facts"]])
    return found


def _note(name: str, chips: WrittenChips, folder: Path) -> None:
    facts = [each._asdict() for each in chips.facts]
    with (folder / _FINISHED).open("a", encoding="utf-8") as notes:
        notes.write(json.dumps({"name": name, "rows": chips.rows, "facts": facts}) + "\n")


def _files(scene: SceneFiles) -> list[Path]:
    return [scene.image, *([scene.radar] if scene.radar else []), *(label.path for label in scene.labels)]


def _stamp(path: Path) -> tuple[str, int, int]:
    found = path.stat()
    return str(path), found.st_size, found.st_mtime_ns


def _store(folder: Path, bands: tuple[str, ...], options: DatasetOptions, known: WrittenChips | None) -> ChipStore:
    """Open the store of chips; chips of a scene that was broken off are dropped, for they will be cut again."""
    if options.format == "geotiff":
        return GeoTiffChips(folder, bands)
    store = ZarrChips(folder, bands, options.chip_px)
    if known is None:
        return store.create()
    return store.cut_back(n_images=len(known.rows), n_labels=sum(len(row["labels"]) for row in known.rows))


def _windows(grid: GeoBox, options: DatasetOptions) -> Iterator[Window]:
    """Windows of a scene that become chips; all of it where it is smaller than a chip."""
    overlap = options.chip_px - (options.step_px or options.chip_px)
    for found in iter_windows((grid.shape.y, grid.shape.x), size=options.chip_px, overlap=overlap):
        yield Window(*found.slices)


def _write_chip(
    placed: PlacedScene,
    window: Window,
    store: ChipStore,
    folder: Path,
    written: WrittenChips,
    *,
    options: DatasetOptions,
) -> None:
    """Write one chip, unless it holds too little data, or nothing was drawn on it and such chips are not wanted."""
    scene, px = placed.scene, options.chip_px
    image = scene.image.read(window)
    has_data = np.isfinite(image)
    if has_data.all(axis=0).mean() < options.least_valid:
        return
    is_seen: NDArray[np.bool_] = np.any(has_data, axis=0)
    masks = {who: _cut(read(window), is_seen, px) for who, read in scene.masks.items()}
    if not options.keep_unlabelled and not any(((mask != 0) & (mask != OUTSIDE)).any() for mask in masks.values()):
        return
    name, grid = _chip_name(scene, window), _chip_grid(scene.image.grid, window, px)
    places = {who: store.put_labels(_label_name(name, who, masks), mask, grid=grid) for who, mask in masks.items()}
    place = store.put_image(name, _padded(image, px, np.float32(np.nan)), grid=grid, tags=_tags(scene))
    row = _row(placed, name, grid) | {"image": place, "labels": places}
    written.rows.append(row)
    written.facts.append(_facts(placed, masks[min(masks)], grid))


def _cut(mask: Mask, is_seen: NDArray[np.bool_], px: int) -> Mask:
    """Mask of a chip: what lies outside the data does not count."""
    return _padded(np.where(is_seen, mask, np.uint16(OUTSIDE)), px, np.uint16(OUTSIDE))


def _padded(array: NDArray[Value], px: int, fill: Value) -> NDArray[Value]:
    """Fill (…, y, x) up to ``px`` a side, below and to the right."""
    missing = [(0, 0)] * (array.ndim - 2) + [(0, px - length) for length in array.shape[-2:]]
    return np.pad(array, missing, constant_values=fill)


def _chip_name(scene: LabelledScene, window: Window) -> str:
    """Name of the scene; with the window's first row and column where it is not the whole scene."""
    rows, cols = scene.image.grid.shape
    is_whole = (window.rows.start, window.cols.start) == (0, 0) and (window.rows.stop, window.cols.stop) == (rows, cols)
    return scene.files.name if is_whole else f"{scene.files.name}_{window.name}"


def _label_name(name: str, annotator: str, masks: Mapping[str, Mask]) -> str:
    return name if set(masks) == {ONLY_ANNOTATOR} else f"{name}-{annotator}"


def _chip_grid(grid: GeoBox, window: Window, px: int) -> GeoBox:
    return GeoBox((px, px), grid[window.rows, window.cols].transform, grid.crs)


def _tags(scene: LabelledScene) -> dict[str, str]:
    date, level = scene.files.date, scene.image.level
    tags = {"LEVEL": level.removeprefix("L") if level != "unknown" else "", "SITE": scene.files.site}
    tags |= {
        "ACQUISITION_DATE": date.isoformat() if date else "",
        "SIMULATED": "yes" if scene.image.is_simulated else "",
    }
    return {key: value for key, value in tags.items() if value}


def _row(placed: PlacedScene, name: str, grid: GeoBox) -> dict[str, Any]:
    """Row of the index, but for the places of image and labels."""
    scene = placed.scene
    return {
        "name": name, "scene": scene.files.name, "site": scene.files.site, "group": placed.group,
        "date": scene.files.date.isoformat() if scene.files.date else None, "split": placed.split,
        "material": scene.facts.material, "mine_type": scene.facts.mine_type, "level": scene.image.level,
        "is_simulated": scene.image.is_simulated, "crs": crs_name(grid), "shape": list(grid.shape),
        "transform": list(grid.transform)[:6],
    }  # fmt: skip


def _facts(placed: PlacedScene, mask: Mask, grid: GeoBox) -> ChipFacts:
    scene = placed.scene
    width_m, height_m = pixel_sides_m(grid)
    return ChipFacts(
        scene.files.name, scene.files.site, placed.split, scene.facts.material, scene.facts.mine_type,
        scene.image.is_simulated, count_pixels(mask), count_inside(mask), width_m * height_m,
    )  # fmt: skip


def write_index(
    folder: Path,
    written: WrittenChips,
    statistics: Mapping[str, Any],
    *,
    bands: Sequence[str],
    options: DatasetOptions,
    name: str,
) -> None:
    """Write what makes a folder of chips a dataset: index, catalogue and statistics."""
    for row in written.rows:
        grid = GeoBox(tuple(row["shape"]), Affine(*row["transform"]), row["crs"])
        write_chip_item(folder, row, grid=grid, bands=bands)
    names = [row["name"] for row in written.rows]
    write_dataset_catalog(
        folder, names, title=name, description=f"{len(names)} chips of mining land cover, {', '.join(bands)}"
    )
    write_json(statistics, folder / STATISTICS)
    write_text(statistics_text(statistics), folder / TABLES)
    index = {
        "software": f"highwall {__version__}", "bands": list(bands), "options": options.model_dump(mode="json"),
        "chips": written.rows,
    }  # fmt: skip
    write_json(index, folder / INDEX)
