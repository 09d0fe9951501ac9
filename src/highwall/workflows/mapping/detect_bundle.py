"""Land-cover networks in the place of the chip network: what they say of the run's scene, and how probable mines are.

Leaves what `highwall segment` leaves, and ``probability.tif`` for the stages behind: there the classes of all subsets
share the probability of mine ground, so that they exclude each other and add up to 1 with *none*.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from highwall.core.grid import windows_over
from highwall.core.products import LAYERS
from highwall.core.taxonomy import MINING_AREA, NONE
from highwall.io.rasters import cog_writer, decode
from highwall.io.windows import read_window
from highwall.segmentation.decision import footprint_probability
from highwall.segmentation.map_options import SegmentOptions
from highwall.segmentation.metadata import SegmentationMetadata
from highwall.workflows.blocks import Advance, unmoved
from highwall.workflows.mapping.cube import UNKNOWN, Cube, CubeSource
from highwall.workflows.mapping.mining import mining
from highwall.workflows.mapping.segment import PROBABILITY, Models, dates_of, metadata_of, segment
from highwall.workflows.run import Outcome, Run, Stage, facts_of

_SHARED: Final = "probability.tif"
_BLOCK_PX: Final = 1024
_LEAST: Final = 1e-6
"""Added to each class before they share the probability of mine ground, lest none has any."""


class ToAsk(NamedTuple):
    """What a user gives."""

    models: tuple[Path, ...]
    """ONNX files, or folders of them."""
    force: bool = False
    """Run them on a level or pixels that they were not made for, and simulated ones on real scenes."""
    radar: Path | None = None
    """Radar image of the place, for networks that read it."""


def detect_by_bundle(
    run: Run,
    scene_facts: Mapping[str, Any],
    given: ToAsk,
    *,
    options: SegmentOptions | None = None,
    advance: Advance = unmoved,
) -> dict[str, Any]:
    """Map the land cover of the run's scene, and the probability of mine ground.

    Parameters
    ----------
    scene_facts
        Facts of the stage *prepare*: level, date, whether it is simulated.

    Raises
    ------
    ModelError
        The networks do not go together, or do not suit the scene.
    """
    options = options or SegmentOptions()
    models = Models.open(given.models, threads=options.threads)
    cube = _cube(run, scene_facts, given)
    inputs = {"scene.tif": run.path("scene.tif")} | ({"radar": given.radar} if given.radar else {})
    record = segment(run, cube, models, inputs=inputs, force=given.force, options=options, advance=advance)
    mining(run, cube, record, options=options, advance=advance)
    stage = Stage("detect", {PROBABILITY: run.path(PROBABILITY)}, {"force": given.force}, (_SHARED,))

    def work() -> Outcome:
        metadata = metadata_of(record)
        _write(run, cube, metadata, advance=advance)
        facts = {"model": facts_of(record)["model"], "classes": _classes(metadata), "subsets": metadata.subsets}
        return Outcome(facts, dates_of(cube.acquired))

    return run.stage(stage, work)


def shared_probability(probability: NDArray[np.float32], metadata: SegmentationMetadata) -> NDArray[np.float32]:
    """Probability of *none*, then of each class, adding up to 1: (class, …) → (1 + class, …).

    Mine ground is as probable as :func:`segmentation.decision.footprint_probability` says, and its classes have parts
    of it in proportion to their own probabilities.
    """
    mine = footprint_probability(probability, metadata)
    own = np.stack([probability[metadata.classes.index(name)] for name in _classes(metadata)[1:]]) + _LEAST
    return np.asarray(np.concatenate([1.0 - mine[None], mine * own / own.sum(axis=0)]), dtype=np.float32)


def _classes(metadata: SegmentationMetadata) -> tuple[str, ...]:
    """*none*, and the classes that patches may have: that of any mine ground only where no other is known."""
    parts = tuple(name for name in metadata.classes if name != MINING_AREA)
    return (NONE, *(parts or (MINING_AREA,)))


def _cube(run: Run, scene: Mapping[str, Any], given: ToAsk) -> Cube:
    level = None if scene["level"] == UNKNOWN else scene["level"]
    source = CubeSource(level=level, radar=given.radar, is_simulated=bool(scene["simulated"]))
    return replace(source.open(run.path("scene.tif")), name=scene["scene_id"], acquired=scene["acquired"])


def _write(run: Run, cube: Cube, metadata: SegmentationMetadata, *, advance: Advance) -> None:
    layer, numbers = LAYERS["mining_probability"], tuple(range(1, len(metadata.classes) + 1))
    windows = list(windows_over(*cube.shape, rows=_BLOCK_PX, cols=_BLOCK_PX))
    path = run.path(_SHARED)
    with cog_writer(path, layer="class_probability", grid=cube.grid, bands=_classes(metadata)) as of_probability:
        for done, window in enumerate(windows, start=1):
            stored = read_window(run.path(PROBABILITY), numbers, window)
            shared = shared_probability(decode(stored, layer), metadata)
            of_probability.write(shared, row=window.rows.start, col=window.cols.start)
            advance("detect", done, len(windows))
