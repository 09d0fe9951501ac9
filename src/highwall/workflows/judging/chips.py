"""A folder of labelled chips → how good a network is on them: ``scores.json`` and two pictures beside it."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from highwall import __version__
from highwall.classification.dataset import cut_mosaic
from highwall.classification.extract import SHIPPED_MODEL, ChipModel
from highwall.classification.families import Label, LabelRule, MosaicName, read_name
from highwall.classification.family_scores import JudgedChips, family_reports, overall_report
from highwall.classification.judging import chip_scores
from highwall.classification.options import EvaluateOptions
from highwall.core.errors import InputError, ModelError, SetAside
from highwall.core.taxonomy import ARTISANAL_MINE, NONE
from highwall.io.aside import aside, write_text
from highwall.io.mosaics import mosaics_in, read_mosaic
from highwall.learning.calibration import reliability
from highwall.learning.metrics import precision_recall_curve
from highwall.report.reliability import precision_recall_plot, reliability_plot
from highwall.workflows.blocks import Advance, unmoved
from highwall.workflows.run import Say, silent

ANY_MINE = "mine"
"""Score: the sum of all classes but *none*."""


class _Mosaic(NamedTuple):
    path: Path
    name: MosaicName
    label: Label


def evaluate_chips(
    folder: Path,
    out: Path,
    *,
    weights: Path | None = None,
    score: str | None = None,
    rule: LabelRule | None = None,
    force: bool = False,
    options: EvaluateOptions | None = None,
    say: Say = silent,
    advance: Advance = unmoved,
) -> dict[str, Any]:
    """Score a network on every mosaic of a folder, by family and overall.

    Parameters
    ----------
    folder
        Mosaics ``FAMILY_S2L1C_….png`` of chips of 48×48 px without gaps, in the model's radiometry.
    out
        JSON file that takes the scores; ``-reliability.png`` and ``-precision-recall.png`` are put beside it.
    weights
        ONNX file; the shipped one by default.
    score
        Class whose probability is judged, or ``mine`` for any; by default artisanal mines, where the model knows them.
    rule
        Which families hold mines.
    force
        Score mosaics of a level that the model was not made for, too.

    Returns
    -------
    dict
        The content of ``out``.

    Raises
    ------
    MissingInputError
        The folder holds no mosaic.
    InputError
        None can be used; the message gives every reason.
    ModelError
        The weights are no chip network, or do not know the class.
    """
    options, model = options or EvaluateOptions(), ChipModel.open(weights or SHIPPED_MODEL)
    judged = score or (ARTISANAL_MINE if ARTISANAL_MINE in model.metadata.classes else ANY_MINE)
    _check_class(model, judged)
    kept, set_aside = _labelled(mosaics_in(folder), rule or LabelRule(), model=model, force=force)
    chips, unread = _scored(kept, model, judged=judged, n_views=options.n_views, advance=advance)
    set_aside += unread
    if chips is None:
        raise InputError(
            f"no mosaic of {folder} can be used:\n" + "\n".join(f"  {name}: {why}" for name, why in set_aside)
        )
    for name, why in set_aside:
        say(f"{name} set aside: {why}")
    thresholds = sorted({model.metadata.threshold, *options.thresholds})
    scores: dict[str, Any] = {
        "software": f"highwall {__version__}",
        "model": {key: model.onnx.properties[key] for key in ("name", "version", "bands", "level", "radiometry")},
        "folder": str(folder),
        "score": judged,
        "views": options.n_views,
        "threshold_of_model": model.metadata.threshold,
        "overall": overall_report(chips, thresholds=thresholds, n_resamples=options.n_resamples),
        "families": _with_labels(family_reports(chips, thresholds=thresholds), kept),
        "set_aside": [mosaic._asdict() for mosaic in set_aside],
    }
    scores["pictures"] = [
        path.name for path in _draw(chips, out, thresholds=thresholds, judged=judged, options=options)
    ]
    write_text(json.dumps(scores, indent=1, ensure_ascii=False) + "\n", out)
    for reason in sorted(set(scores["overall"]["undefined"].values())):
        say(f"AUC, AP and recall at false alarms are undefined: {reason}")
    return scores


def _check_class(model: ChipModel, judged: str) -> None:
    known = (*model.metadata.classes, ANY_MINE)
    if judged not in known:
        raise ModelError(f"the model knows no class {judged!r}; choose one of {', '.join(known)}.")


def _labelled(
    paths: Sequence[Path], rule: LabelRule, *, model: ChipModel, force: bool
) -> tuple[list[_Mosaic], list[SetAside]]:
    """Mosaics whose label is known and whose level is the model's, and the others."""
    kept, set_aside = [], []
    for path in paths:
        name = read_name(path.stem)
        if name.level not in {model.metadata.level, "unknown"} and not force:
            why = (
                f"it is {name.level} and the model learned from {model.metadata.level}; --force scores it all the same"
            )
            set_aside.append(SetAside(path.name, why))
            continue
        try:
            kept.append(_Mosaic(path, name, rule.label(name.family)))
        except InputError as error:
            set_aside.append(SetAside(path.name, str(error)))
    return kept, set_aside


def _scored(
    mosaics: Sequence[_Mosaic], model: ChipModel, *, judged: str, n_views: int, advance: Advance
) -> tuple[JudgedChips | None, list[SetAside]]:
    """Run the network over each mosaic in turn; damaged ones, and black ones, are set aside."""
    parts, set_aside = [], []
    for done, mosaic in enumerate(mosaics, start=1):
        try:
            chips = cut_mosaic(read_mosaic(mosaic.path))
            if not len(chips):
                raise InputError("it is black all over: damaged or empty; fetch it again or leave it out.")
        except InputError as error:
            set_aside.append(SetAside(mosaic.path.name, str(error)))
        else:
            found = _score_of(chip_scores(chips, model, n_views=n_views), model.metadata.classes, judged)
            truth = np.full(len(chips), mosaic.label.is_positive)
            parts.append(JudgedChips(truth, found, np.full(len(chips), mosaic.name.family)))
        advance("chips", done, len(mosaics))
    if not parts:
        return None, set_aside
    columns = (np.concatenate([getattr(part, name) for part in parts]) for name in ("is_positive", "score", "family"))
    return JudgedChips(*columns), set_aside


def _score_of(probability: NDArray[np.float32], classes: tuple[str, ...], judged: str) -> NDArray[np.float32]:
    if judged == ANY_MINE:
        return np.asarray(1.0 - probability[:, classes.index(NONE)], dtype=np.float32)
    return probability[:, classes.index(judged)]


def _with_labels(reports: dict[str, dict[str, Any]], mosaics: Sequence[_Mosaic]) -> dict[str, dict[str, Any]]:
    """Say of each family how its label is known."""
    labels = {mosaic.name.family: mosaic.label for mosaic in mosaics}
    for family, report in reports.items():
        report |= {"labelled_by": labels[family].why, "label_is_assumed": labels[family].is_assumed}
    return reports


def _draw(
    chips: JudgedChips, out: Path, *, thresholds: Sequence[float], judged: str, options: EvaluateOptions
) -> list[Path]:
    """Draw reliability and, where there are cases and others, precision over recall."""
    what = judged.replace("_", " ")
    title = f"{what}, {len(chips.score)} chips of {len(chips.families)} families"
    found = reliability(chips.is_positive, chips.score, n_bins=options.n_bins)
    pictures = {"reliability": reliability_plot(found, title=title)}
    if chips.is_positive.any() and not chips.is_positive.all():
        pictures["precision-recall"] = precision_recall_plot(
            precision_recall_curve(chips.is_positive, chips.score),
            prevalence=float(chips.is_positive.mean()), thresholds=thresholds, title=title,
        )  # fmt: skip
    paths = []
    for name, picture in pictures.items():
        paths.append(out.with_name(f"{out.stem}-{name}.png"))
        with aside(paths[-1]) as path:
            path.write_bytes(picture)
    return paths
