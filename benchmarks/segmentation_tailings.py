"""Hold a land-cover network against the pond masks of tailings-ponds: for measuring only, nothing is trained on them.

The masks were drawn by others, without a licence, and are unreliable: neighbouring ponds are often unlabelled, some
hold dams. A plain U-Net that learned from them reaches a pooled IoU of 0.27 on other places. What a network of ours
says to be tailings or a settling pond is held against them on places of which mine-classes has no scene.

    python benchmarks/segmentation_tailings.py MODEL.onnx [DATA]
"""

import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import rasterio

from harness import RESULTS
from highwall.io.aside import write_text
from highwall.learning.groups import overlap_groups
from highwall.learning.metrics import Confusion
from highwall.segmentation.decision import decide
from highwall.segmentation.evaluation import column_intervals
from highwall.segmentation.evaluation_options import EvaluationOptions
from highwall.segmentation.predict import probability_map
from highwall.segmentation.segmenter import OnnxSegmenter
from highwall.workflows.datasets.reading import extent_of
from highwall.workflows.datasets.sample_images import OpenedImage, open_image

PONDS = ("tailing_storage_facility", "settling_pond")


def main() -> None:
    data = Path(sys.argv[2] if sys.argv[2:] else os.environ.get("HIGHWALL_DATA", "../shared/data"))
    segmenter = OnnxSegmenter.open(Path(sys.argv[1]), threads=1)
    scenes = {path.stem: open_image(path) for path in sorted((data / "tailings-ponds" / "images").glob("*.tif"))}
    place_of = overlap_groups({name: extent_of(scene.grid) for name, scene in scenes.items()})
    drawn = {place_of[path.stem.split("-")[0]] for path in (data / "mine-classes").glob("*-*.geojson")}
    other = [name for name in scenes if place_of[name] not in drawn]
    counts = [_count(scenes[name], data / "tailings-ponds" / "masks" / f"{name}.tif", segmenter) for name in other]
    _tell(counts, [place_of[name] for name in other], name=segmenter.metadata.name)


def _count(scene: OpenedImage, mask: Path, segmenter: OnnxSegmenter) -> Confusion:
    """Count pixels of ponds, drawn and said."""
    metadata = segmenter.metadata
    image = scene.read()[[scene.bands.index(band) for band in metadata.bands]]
    probability = probability_map(image, segmenter)
    valid = ~np.isnan(probability[0])
    said = decide(np.nan_to_num(probability), metadata)[[metadata.classes.index(name) for name in PONDS]].any(axis=0)
    with rasterio.open(mask) as dataset:
        truth = dataset.read(1) == 1
    return Confusion.of(truth[valid], said[valid])


def _tell(counts: Sequence[Confusion], places: Sequence[str], *, name: str) -> None:
    """Print and write pooled scores, with intervals over places."""
    table = np.array(counts, dtype=np.float64)[:, None]
    scores = column_intervals(table, columns=["ponds"], sites=places, options=EvaluationOptions())["ponds"]
    row = {"model": name, "n_scenes": len(counts), "n_places": len(set(places)), "pooled": scores}
    print(json.dumps(row))
    write_text(json.dumps(row, indent=1) + "\n", RESULTS / "segmentation_tailings.json")


if __name__ == "__main__":
    main()
