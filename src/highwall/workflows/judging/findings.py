"""Judged scenes gathered, and what ``scores.json`` says of them."""

from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

from highwall import __version__
from highwall.core.errors import SetAside
from highwall.segmentation.averages import SCORES
from highwall.segmentation.ceilings import Ceilings, shipped_ceilings
from highwall.segmentation.dataset import Sample
from highwall.segmentation.evaluation import Evaluation, Judged, rounded_row
from highwall.segmentation.evaluation_report import (
    averages_report,
    columns_report,
    confusion_report,
    false_alarm_report,
    groups_report,
    invented_report,
    scenes_report,
)
from highwall.segmentation.tally import FOOTPRINT
from highwall.workflows.judging.judge import ALL_RULES, AS_SAID, Judge
from highwall.workflows.judging.scenes import JudgedScene, label_kind

NOTES: Final = {
    "footprint": "all mine ground of any class: subset 4 where the network knows it, else the union of subsets 1 to 3",
    "scores": "[value, low, high] over all scenes; the interval resamples sites (scenes that overlap are one site)",
    "background": "pixels that nobody drew are background",
    "annotators": "a scene that several people drew is held against each, and each weighs its part",
    "micro": "counts of all classes added up; the mean that large classes decide",
    "macro": "plain mean of the classes that somebody drew; background is no class",
    "macro_with_background": "the same with the background of the subset as one more class",
    "per_scene": "mean over the classes drawn in a scene, then over scenes",
    "absent_is_one": "background counts, and so does a class absent from a scene: IoU 1, recall and precision 0; "
    "only to compare with tables made so",
    "accuracy": "share of pixels right about a class, its absence included: rare classes flatter it",
    "ceiling": "the same scores between two people who drew the same scenes: what no score can honestly exceed",
}  # fmt: skip
"""What each number means, for the file."""
_BLANK_NOTES: Final = {
    "background": "ground drawn as blank is background for certain, and counts",
    "ignored": "ground drawn as blank is not counted",
}


_OF_MODEL: Final = {"name", "version", "subsets", "bands", "level", "thresholds"}
_OF_RULES: Final = ("iou", "recall", "precision")
_LEAST_SCENES: Final = 3
"""Scenes drawn by several people from which labels give their own ceiling (our choice)."""


class Findings:
    """Judged scenes as they come in."""

    def __init__(self, judge: Judge) -> None:
        self.judge = judge
        self.variants: dict[str, list[Judged]] = {}
        self.between_annotators: list[Judged] = []
        self.earthworks: list[Judged] = []
        self.removed: Counter[str] = Counter()
        self.unused: dict[str, dict[str, int]] = {}
        self.label_kinds: Counter[str] = Counter()
        self.unstated_level = 0
        self.n_unsuited = 0
        self.set_aside: list[SetAside] = []
        self.maps: list[str] = []

    def add(self, sample: Sample, scene: JudgedScene) -> None:
        """Keep the counts of a scene."""
        for name, judged in scene.variants.items():
            self.variants.setdefault(name, []).append(judged)
        self.removed.update(scene.removed)
        for name, why in scene.unused.items():
            reasons = self.unused.setdefault(name, {})
            reasons[why] = reasons.get(why, 0) + 1
        self.label_kinds.update(label_kind(sample, who) for who in sample.annotators)
        self.unstated_level += sample.level == "unknown"

    @property
    def main(self) -> Evaluation:
        """Scenes with all rules that were asked for, or without any."""
        return self.of(list(self.variants.values())[-1])

    def of(self, scenes: Sequence[Judged]) -> Evaluation:
        """Evaluate some scenes."""
        return Evaluation(tuple(scenes), tuple(self.judge.segmenter.metadata.classes), self.judge.options)


def scores_of(found: Findings, *, files: Sequence[str], images: str, labels: str) -> dict[str, Any]:
    """Everything that the file holds, but for the names of pictures.

    Parameters
    ----------
    files
        Names of the networks' files.
    images, labels
        Folders that were judged.
    """
    main, metadata = found.main, found.judge.segmenter.metadata
    between = found.of(found.between_annotators) if found.between_annotators else None
    columns = _with_ceilings(columns_report(main), between)
    footprint = columns.pop(FOOTPRINT, None)
    earthworks = invented_report(found.of(found.earthworks))
    return {
        "software": f"highwall {__version__}",
        "model": {"files": list(files), **metadata.model_dump(mode="json", include=_OF_MODEL)},
        "images": images,
        "labels": {"folder": labels, "kinds": dict(found.label_kinds)},
        "n_scenes": len(main.scenes),
        "n_sites": len({scene.site for scene in main.scenes}),
        "n_scenes_without_mine": sum(not scene.has_mine for scene in main.scenes),
        "n_scenes_drawn_twice": len(found.between_annotators),
        "seen_m2": round(main.seen_m2, 1),
        "notes": NOTES | {"blank": _BLANK_NOTES[found.judge.options.blank]},
        "footprint": footprint,
        "pooled": averages_report(main),
        "per_class": columns,
        "per_scene": scenes_report(main),
        "per_group": groups_report(main),
        "confusion": confusion_report(main),
        "false_alarms": false_alarm_report(main) | {"earthworks": earthworks},
        "annotators": between and {"per_class": columns_report(between), "confusion": confusion_report(between)},
        "rules": _rules(found),
        "set_aside": [each._asdict() for each in found.set_aside],
        "maps": found.maps,
    }


def remarks(found: Findings) -> list[str]:
    """What a reader of the scores must know."""
    metadata = found.judge.segmenter.metadata
    lines = [f"labels, files of each kind: {', '.join(f'{kind} {n}' for kind, n in found.label_kinds.items())}"]
    if found.unstated_level and metadata.level != "any":
        lines.append(f"scenes that do not say their level: {found.unstated_level}; taken to be {metadata.level}")
    if found.label_kinds["codes"]:
        lines.append("codes hold one class a pixel: slopes count as excavation too, tailings as dumping ground")
    for name, reasons in found.unused.items():
        lines += [f"rule {name} not applied, scenes {n}: {why}" for why, n in reasons.items()]
    return lines


def _with_ceilings(rows: dict[str, dict[str, Any]], between: Evaluation | None) -> dict[str, dict[str, Any]]:
    """Put beside each class what two people reach on it: those of these labels, else those of mine-classes."""
    has_own = between is not None and len(between.scenes) >= _LEAST_SCENES
    ceilings = Ceilings.of(between) if between and has_own else shipped_ceilings()
    return {name: {**row, "ceiling": ceilings.of_column(name)} for name, row in rows.items()}


def _rules(found: Findings) -> dict[str, Any] | None:
    """Scores with each rule alone and with all, beside those without; None where no rule was asked for."""
    if not found.judge.rules.names:
        return None
    applied = [name for name in found.variants if name in {AS_SAID, ALL_RULES, *found.removed}]
    return {
        "options": found.judge.rules.model_dump(mode="json"),
        "removed_pixels": dict(found.removed),
        "not_applied": found.unused,
        "scores": {name: _brief(found.of(found.variants[name])) for name in applied},
    }


def _brief(found: Evaluation) -> dict[str, Any]:
    """Scores by which rules are compared."""
    return {
        "per_class": {
            name: rounded_row({key: SCORES[key](found.of(name)) for key in _OF_RULES}) for name in found.scored
        },
        "pooled": averages_report(found)["all_classes"],
        "false_alarms": false_alarm_report(found)["scenes_without_mine"],
    }
