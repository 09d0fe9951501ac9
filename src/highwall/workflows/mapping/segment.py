"""Scene → ``mining_probability.tif``: the probability of each mining class at every pixel, strip by strip.

Finished strips wait on disk: a run that was stopped goes on behind them. Memory is bounded by a row of windows.
"""

import datetime as dt
from collections.abc import Container, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from highwall.core.errors import MissingInputError
from highwall.core.products import LAYERS
from highwall.io.block_files import BlockFiles
from highwall.io.rasters import cog_writer, decode, encode
from highwall.learning.windows import Window
from highwall.segmentation.fitness import check_suits
from highwall.segmentation.map_options import SegmentOptions
from highwall.segmentation.metadata import SegmentationMetadata
from highwall.segmentation.predict import stream_strips, strips_of
from highwall.segmentation.segmenter import Bundle, OnnxSegmenter, Segmenter
from highwall.workflows.blocks import Advance, unmoved
from highwall.workflows.mapping.cube import UNKNOWN, Cube
from highwall.workflows.run import Outcome, Run, Stage

PROBABILITY: Final = "mining_probability.tif"
_LAYER = LAYERS["mining_probability"]
_ASKED: Final = ("window_px", "overlap_px", "blending", "batch", "strip_px", "panel_px")
"""Options that decide the probabilities; the others come after them."""
_PIECE_PX: Final = 1024
"""Columns that are written at once."""


@dataclass(frozen=True)
class Models:
    """Networks of some files, as one segmenter."""

    segmenter: Segmenter
    files: Mapping[str, Path]
    """ONNX file of each."""

    @classmethod
    def open(cls, paths: tuple[Path, ...], *, threads: int = 2) -> "Models":
        """Load one network, or a bundle: files, or folders of them.

        Raises
        ------
        MissingInputError
            A path does not exist, or a folder holds no ONNX file.
        ModelError
            A file is no segmentation network, or they do not go together.
        """
        files = [file for path in paths for file in _onnx_files(path)]
        members = [OnnxSegmenter.open(file, threads=threads) for file in files]
        names = {f"model {number}": file for number, file in enumerate(files, start=1)}
        return cls(members[0] if len(members) == 1 else Bundle.of(members), names)


def segment(
    run: Run,
    cube: Cube,
    models: Models,
    *,
    inputs: Mapping[str, Path],
    force: bool = False,
    options: SegmentOptions | None = None,
    advance: Advance = unmoved,
) -> dict[str, Any]:
    """Map the probability of every mining class over a scene.

    Parameters
    ----------
    inputs
        Files behind the scene, whose contents decide whether the work is done already.
    force
        Run the networks on a level or pixels that they were not made for, and simulated ones on real scenes.

    Raises
    ------
    ModelError
        The networks do not suit the scene.
    """
    options = options or SegmentOptions()
    metadata = models.segmenter.metadata
    check_suits(metadata, cube.facts, force=force)
    scene = {"level": cube.level, "acquired": cube.acquired, "simulated": cube.is_simulated, "bands": cube.bands}
    place = {"origin": cube.origin, "shape": cube.shape}
    asked = options.model_dump(include=set(_ASKED))
    stage = Stage(
        "segment", {**inputs, **models.files}, {"segment": asked, "force": force, "scene": scene, "place": place},
        (PROBABILITY,),
    )  # fmt: skip

    def work() -> Outcome:
        files = BlockFiles(run.bench(stage))
        _fill(files, cube, models.segmenter, options=options, advance=advance)
        _write(run.path(PROBABILITY), files, cube, metadata, options=options, advance=advance)
        return Outcome(_facts(cube, metadata), dates_of(cube.acquired))

    return run.stage(stage, work)


def metadata_of(record: Mapping[str, Any]) -> SegmentationMetadata:
    """What the networks behind a stage's record say about themselves."""
    return SegmentationMetadata.model_validate(record["highwall:facts"]["metadata"])


def dates_of(acquired: str) -> list[dt.date]:
    """Date of a scene as the dates of a stage's data."""
    return [] if acquired == UNKNOWN else [dt.date.fromisoformat(acquired)]


def _onnx_files(path: Path) -> list[Path]:
    """The file itself, or those of a folder by name."""
    if not path.is_dir():
        return [path]
    files = sorted(path.glob("*.onnx"))
    if not files:
        raise MissingInputError(f"no .onnx file in {path}; give the folder or the files of a bundle.")
    return files


@dataclass(frozen=True)
class _Finished(Container[Window]):
    """Strips that a stopped run left."""

    files: BlockFiles

    def __contains__(self, strip: object) -> bool:
        return isinstance(strip, Window) and self.files.has(_name(strip))


def _fill(files: BlockFiles, cube: Cube, segmenter: Segmenter, *, options: SegmentOptions, advance: Advance) -> None:
    """Ask of every strip that is not kept yet."""
    finished, strips = _Finished(files), strips_of(cube.shape, options=options)
    done = sum(strip in finished for strip in strips)
    advance("segment", done, len(strips))
    read = cube.reader(segmenter.metadata.bands)
    for strip in stream_strips(read, cube.shape, segmenter, options=options, finished=finished):
        stored = [encode(layer, _LAYER) for layer in strip.probability]
        files.put(_name(strip.window), {"probability": np.stack(stored)})
        done += 1
        advance("segment", done, len(strips))


def _write(
    path: Path,
    files: BlockFiles,
    cube: Cube,
    metadata: SegmentationMetadata,
    *,
    options: SegmentOptions,
    advance: Advance,
) -> None:
    """Put the strips together as a COG."""
    strips = strips_of(cube.shape, options=options)
    with cog_writer(path, layer=_LAYER.name, grid=cube.grid, bands=metadata.classes) as of_probability:
        for done, strip in enumerate(strips, start=1):
            stored = files.read(_name(strip))["probability"]
            for x in range(0, stored.shape[2], _PIECE_PX):
                piece = decode(stored[:, :, x : x + _PIECE_PX], _LAYER)
                of_probability.write(piece, row=strip.y0, col=strip.x0 + x)
            advance("segment, writing", done, len(strips))


def _name(strip: Window) -> str:
    return f"row{strip.y0}-col{strip.x0}"


def _facts(cube: Cube, metadata: SegmentationMetadata) -> dict[str, Any]:
    return {
        "model": {"name": metadata.name, "version": metadata.version},
        "metadata": metadata.model_dump(mode="json"),
        "scene_id": cube.name, "acquired": cube.acquired, "level": cube.level, "simulated": cube.is_simulated,
        "source": str(cube.source), "size_px": cube.shape,
    }  # fmt: skip
