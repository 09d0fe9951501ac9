"""Scene → probability of each class of the chip network: ``probability.tif``."""

import datetime as dt
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from highwall.classification.extract import SHIPPED_MODEL, ChipModel, stream_probability
from highwall.classification.metadata import check_scene
from highwall.classification.options import ExtractOptions
from highwall.core.grid import grid_of
from highwall.imagery.scaling import require_bands
from highwall.io.rasters import cog_writer, read_raster
from highwall.workflows.run import Outcome, Run, Stage


def detect(
    run: Run, scene_facts: Mapping[str, Any], *, weights: Path | None, force: bool, options: ExtractOptions
) -> dict[str, Any]:
    """Class every pixel of the run's scene from overlapping chips.

    Parameters
    ----------
    scene_facts
        Facts of the stage *prepare*: level, date.
    weights
        ONNX file; the shipped one by default.
    force
        Run the model on a processing level that it was not made for.

    Raises
    ------
    ModelError
        The model was made for other bands or another radiometry, or for another level and ``force`` is off.
    """
    path = weights or SHIPPED_MODEL
    scene = {name: scene_facts[name] for name in ("level", "acquired")}
    inputs = {"scene.tif": run.path("scene.tif"), "weights": path}
    stage = Stage("detect", inputs, {"detect": options, "force": force, "scene": scene}, ("probability.tif",))
    return run.stage(stage, lambda: _detect(run, scene_facts, path, force=force, options=options))


def _detect(
    run: Run, scene_facts: Mapping[str, Any], weights: Path, *, force: bool, options: ExtractOptions
) -> Outcome:
    model = ChipModel.open(weights)
    bands = model.metadata.bands
    scene = require_bands(read_raster(run.path("scene.tif")), bands, purpose="the chip network")
    check_scene(model.metadata, bands=bands, level=scene_facts["level"], allow_other=force)
    grid = grid_of(scene)

    def read(y0: int, y1: int, x0: int, x1: int) -> NDArray[np.float32]:
        return np.asarray(scene[:, y0:y1, x0:x1].values, dtype=np.float32)

    n_blocks = math.prod(-(-side // options.block_px) for side in (grid.shape.y, grid.shape.x))
    path, classes = run.path("probability.tif"), model.metadata.classes
    with cog_writer(path, layer="class_probability", grid=grid, bands=classes) as writer:
        blocks = stream_probability(read, (grid.shape.y, grid.shape.x), model=model, options=options)
        for done, block in enumerate(blocks, start=1):
            writer.write(block.probability, row=block.window.y0, col=block.window.x0)
            if n_blocks > 1:
                run.say(f"detect: {done} of {n_blocks} blocks")
    acquired = scene_facts["acquired"]
    when = [] if acquired == "unknown" else [dt.date.fromisoformat(acquired)]
    facts = {"model": {"name": model.metadata.name, "version": model.metadata.version}, "classes": classes}
    return Outcome(facts, when)
