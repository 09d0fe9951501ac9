"""The model card: what a trained network is, what it learned from, how good it is and where it fails."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from highwall.classification.dataset import ChipSet, LabelledScene

CHIP_SOURCE = "mine-chips: earthrise-media/mining-detector (Earth Genome), MIT"
SCENE_SOURCE = "mine-classes: polygons drawn for this project, on Sentinel-2 L1C composites of Brazilian mines, 2021"
ATTRIBUTION = "contains modified Copernicus Sentinel data"


def training_summary(chips: ChipSet, scenes: Sequence[LabelledScene]) -> dict[str, Any]:
    """Counts and sources of what one training run sees."""
    return {
        "n_artisanal_chips": int(chips.is_artisanal.sum()),
        "n_negative_chips": int((~chips.is_artisanal).sum()),
        "n_families": len(np.unique(chips.family)),
        "scenes": [scene.name for scene in scenes],
        "n_places": len({scene.place for scene in scenes}),
        "sources": [CHIP_SOURCE, SCENE_SOURCE],
        "attribution": ATTRIBUTION,
    }


def card_text(card: Mapping[str, Any]) -> str:
    """Markdown of the card; every number comes from ``card``."""
    return "\n".join(
        [
            _identity(card["model"]),
            _data(card["training_data"]),
            _scores(card),
            _FAILURES,
        ]
    )


def _identity(model: Mapping[str, Any]) -> str:
    return f"""# {model["name"]} {model["version"]}

A light, fully convolutional network that gives every cell of {model["cell_px"]} px ({model["cell_px"]}0 m) and every
chip of {model["chip_px"]} px a probability of each class: {model["classes"].replace(",", ", ")}.

* **Input**: bands {model["bands"].replace(",", ", ")} of Sentinel-2 {model["level"]} at {float(model["pixel_m"]):g} m,
  radiometry `{model["radiometry"]}`: round(255 · clip(reflectance / 0.3, 0, 1)).
* **Output**: `cells` (batch, class, rows, columns) and `chip` (batch, class), probabilities.
* **Size**: {model["n_bytes"] / 1e6:.2f} MB, ONNX.
* **Use**: to point at places a person should look at, and to outline the mine footprint around them. A low score means
  *none detected*, never *no mine here*. It is not evidence for a penalty.
"""


def _data(data: Mapping[str, Any]) -> str:
    return f"""## What it learned from

* {data["sources"][0]}: {data["n_artisanal_chips"]} artisanal and {data["n_negative_chips"]} other chips of
  {data["n_families"]} mosaic families, mostly Amazon basin, 2019-2026. Only the chip as a whole is labelled. The family
  `industrial_negatives` is left out: many of its chips are industrial mines.
* {data["sources"][1]}: {len(data["scenes"])} scenes of {data["n_places"]} places, every pixel labelled; the footprint
  is the union of all classes but *blank*; two annotators are averaged.
* All pixels: {data["attribution"]}.
"""


def _scores(card: Mapping[str, Any]) -> str:
    sections = [
        "## Scores\n\nBrackets are 95 % bootstrap intervals over families or places. Two annotators agree with an\n"
        "IoU of 0.88 on the footprint: no score on these labels can honestly pass that.\n"
    ]
    if "cross_validation" in card:
        found = card["cross_validation"]
        sections.append(
            f"### Out of fold ({found['n_folds']} folds that share no place or family; settings were chosen here)\n\n"
            + _chip_table(found["chips"])
            + "\n"
            + _footprint_table(found["footprint"])
        )
    sections.append(
        "### Test places, which no training saw and on which nothing was chosen\n\n" + _footprint_table(card["test"])
    )
    return "\n".join(sections)


def _chip_table(chips: Mapping[str, Any]) -> str:
    head = (
        f"Artisanal mine against none, {chips['n_chips']} chips ({chips['n_artisanal']} artisanal) of "
        f"{chips['n_families']} families:\n\n| score | value |\n|---|---|\n"
    )
    names = {
        "roc_auc": "ROC-AUC",
        "average_precision": "average precision",
        "recall_at_1_percent_false_alarms": "recall at 1 % false alarms",
        "recall_at_5_percent_false_alarms": "recall at 5 % false alarms",
    }
    return head + _rows(chips, names)


def _footprint_table(report: Mapping[str, Any]) -> str:
    head = (
        f"Mine footprint, pixels of {report['n_scenes']} scenes at {report['n_places']} places, fixed threshold "
        f"{report['threshold']:g}:\n\n| score | value |\n|---|---|\n"
    )
    names = {"iou": "IoU", "precision": "precision", "recall": "recall", "f1": "F1", "kappa": "kappa"}
    by_scene = ", ".join(f"{name}: {_scene_iou(row)}" for name, row in report["scenes"].items())
    return head + _rows(report, names) + f"\nIoU by scene: {by_scene}.\n"


def _scene_iou(row: Mapping[str, Any]) -> str:
    return f"{row['iou']:.2f}" if row["mine_share"] else "no mine"


def _rows(report: Mapping[str, Any], names: Mapping[str, str]) -> str:
    rows = [f"| {label} | {_with_interval(report[key])} |" for key, label in names.items()]
    rows.append(f"| calibration error | {report['calibration_error']:.3f} |")
    return "\n".join(rows) + "\n"


def _with_interval(values: Sequence[float | None]) -> str:
    value, low, high = ("undefined" if value is None else f"{value:.3f}" for value in values)
    return f"{value} [{low}, {high}]"


_FAILURES = """## Known failures

* Three visible bands: dark or clear water of a tailings lake looks like any lake, and a dry pit like bare soil.
* Industrial mines come only from Brazilian composites of 2021 and artisanal ones only from chips of the Amazon basin;
  elsewhere, and in other seasons, nothing has been measured. The two kinds are told apart partly by their surroundings.
* Small, dark or purple ponds and old workings among bare hills are mostly missed: see the weakest scenes above.
* Artisanal mines are told from look-alikes that earlier detectors fell for (river bars, clearings, ponds) only roughly:
  a chip's score ranks places for a look, and no threshold keeps false alarms rare without losing most mines.
* Old, revegetated or flooded mine land counts as none.
* Learned on Level-1C. On Level-2A, the levels differ and the scores above do not hold.
"""
