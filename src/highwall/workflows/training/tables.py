"""`highwall tables`: Tables 3 to 8 of MineCam (Jabłońska et al. 2024) made anew, each from one configuration.

Every training keeps its scores in its own folder below ``runs``, so that a table that was stopped goes on, and tables
that share a training make it once.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from highwall.core.errors import InputError
from highwall.io.aside import write_text
from highwall.segmentation.dataset import SPLITS, TEST, TRAINING, SampleSet
from highwall.segmentation.tune_options import TuneOptions, TuneSpace
from highwall.workflows.blocks import Advance, unmoved
from highwall.workflows.config_files import checked
from highwall.workflows.run import Say, silent
from highwall.workflows.training.experiments import read_config, samples_of, train_and_judge
from highwall.workflows.training.tables_config import MODEL_OF_TABLE, Configuration, Model, TableConfig
from highwall.workflows.training.tables_rows import (
    SCORES,
    Cell,
    PaperTable,
    as_json,
    as_markdown,
    four_scores,
    means_of_both,
)
from highwall.workflows.training.tune import tune_samples

_CONVENTIONS: Final = {
    "macro": "Means over the classes that were drawn; background is no class. Accuracy counts background, as any does.",
    "micro": "Pixels of all classes together; background is no class.",
    "per_scene": "Means over the classes drawn in a scene, then over scenes.",
    "macro_with_background": "Means over the classes that were drawn, with background as one more.",
    "absent_is_one": "A class absent from a scene counts as IoU 1: only to compare with tables made so.",
}


@dataclass(frozen=True)
class _Work:
    """What every table needs."""

    config: TableConfig
    samples: SampleSet
    runs: Path
    say: Say

    def trained(self, model: Model, configuration: Configuration, samples: SampleSet, *, of: str) -> dict[str, Any]:
        """Scores of a network trained and judged on some of the samples."""
        folder = self.runs / f"model-{model}-{configuration}-{of}"
        options = self.config.training(model, configuration)
        return train_and_judge(samples, folder, options=options, say=self.say)

    def means(self, result: dict[str, Any], model: Model) -> dict[str, Any]:
        """Means over the classes of a model, as the configuration wants them."""
        found: dict[str, Any] = result["test"]["means"][f"subset_{model}"][self.config.mean]
        return found

    def heading(self, first: str) -> tuple[str, ...]:
        """Column names: the paper's four scores of each model."""
        return (first, *(f"M{model} {score}" for model in self.config.models for score in SCORES.values()))


def make_table(config_file: Path, out: Path, *, say: Say = silent, advance: Advance = unmoved) -> PaperTable:
    """Make the table of a configuration, and write it as ``tableN.md`` and ``tableN.json``.

    Parameters
    ----------
    config_file
        See examples/minecam/.
    out
        Folder of the tables; trainings are kept below ``runs`` in it.

    Raises
    ------
    ConfigError
        The configuration is wrong, or ``out`` holds trainings of another.
    InputError
        There is no test sample, or a site that is asked for is not among them.
    """
    config = read_config(config_file, TableConfig)
    samples = samples_of(config.data, beside=config_file.parent, say=say, advance=advance)
    work = _Work(config, samples, out / "runs", say)
    table = _TABLES[config.table](work)
    table.notes.append(_origin(samples))
    write_text(as_markdown(table), out / f"table{config.table}.md")
    write_text(as_json(table), out / f"table{config.table}.json")
    return table


def _bands(work: _Work) -> PaperTable:
    """Table 3: a row a set of bands."""
    rows: list[tuple[Cell, ...]] = []
    for configuration in work.config.configurations:
        scores: list[Cell] = []
        for model in work.config.models:
            result = work.trained(model, configuration, work.samples, of="all")
            scores += four_scores(work.means(result, model))
        rows.append((configuration, *scores))
    notes = [_CONVENTIONS[work.config.mean]]
    return PaperTable(3, "Metrics of each model by band configuration", work.heading("Bands"), rows, notes)


def _splits(work: _Work) -> PaperTable:
    """Table 4: models of one kind of mine beside general ones, both judged on that kind."""
    rows: list[tuple[Cell, ...]] = []
    for grouping, values in (("material", work.config.materials), ("mine_type", work.config.mine_types)):
        if not values:
            continue
        own = {value: _of_kind(work, grouping, value) for value in values}
        general = _general(work, grouping, values)
        for value in values:
            rows += [(value, *own[value]), (f"G{value}", *general[value])]
        of_own, of_general = means_of_both([(own[value], general[value]) for value in values])
        rows.append((f"mean {'+'.join(values)}", *of_own))
        rows.append((f"mean G{'M' if grouping == 'material' else 'S'}", *of_general))
    notes = [
        "G…: one general model of all kinds, judged on the test scenes of that kind.",
        "–: the data have no training, validation or test scene of that kind, or none that shows the model's classes.",
        "mean …: over the kinds for which both models have a score.",
        _CONVENTIONS[work.config.mean],
    ]
    return PaperTable(4, "Metrics by raw material and mine type", work.heading("Trained on"), rows, notes)


def _of_kind(work: _Work, grouping: str, value: str) -> list[Cell]:
    """Scores of models that saw one kind of mine only."""
    samples = SampleSet(sample for sample in work.samples if getattr(sample, grouping) == value)
    scores: list[Cell] = []
    for model in work.config.models:
        if not all(len(samples.where(split=split)) for split in SPLITS):
            work.say(f"{value}: not all splits have a scene; left out")
            scores += four_scores(None)
            continue
        result = work.trained(model, work.config.bands[model], samples, of=value)
        scores += four_scores(result["test"]["means"]["all_classes"][work.config.mean])
    return scores


def _general(work: _Work, grouping: str, values: tuple[str, ...]) -> dict[str, list[Cell]]:
    """Scores of models that saw every kind of a grouping, on the test scenes of each kind."""
    samples = SampleSet(sample for sample in work.samples if getattr(sample, grouping) in values)
    scores: dict[str, list[Cell]] = {value: [] for value in values}
    for model in work.config.models:
        result = work.trained(model, work.config.bands[model], samples, of=f"{grouping}-{'+'.join(values)}")
        groups = result["test"]["per_group"].get(grouping, {})
        for value in values:
            scores[value] += four_scores(groups[value]["pooled"][work.config.mean] if value in groups else None)
    return scores


def _hyperparameters(work: _Work) -> PaperTable:
    """Table 5: what a search chose for each model."""
    chosen: dict[Model, dict[str, Any]] = {}
    for model in work.config.models:
        base = work.config.training(model, work.config.bands[model])
        options = checked(TuneOptions, {**work.config.search, "base": base}, source="search")
        folder = work.runs / f"model-{model}-{work.config.bands[model]}-search"
        chosen[model] = tune_samples(work.samples, folder, options=options, name=f"model-{model}", say=work.say)
    heading = ("Hyperparameter", *(f"Model {model}" for model in chosen))
    rows: list[tuple[Cell, ...]] = [
        (name.replace("_", " "), *(f"{found['best']['choices'][name]}" for found in chosen.values()))
        for name in TuneSpace.model_fields
    ]
    rows.append(("validation IoU", *(found["best"]["validation_iou"] for found in chosen.values())))
    rows.append(("test IoU", *(_tested_iou(found, model) for model, found in chosen.items())))
    counts = "; ".join(f"model {model}: {found['counts']}" for model, found in chosen.items())
    notes = ["Chosen by the validation split; the test split was judged once, after the choice.", f"Trials: {counts}."]
    return PaperTable(5, "Options that a search chose", heading, rows, notes)


def _tested_iou(found: dict[str, Any], model: Model) -> Cell:
    tested = found["tested"]
    return None if tested is None else tested["means"][f"subset_{model}"]["macro"]["iou"]


def _locations(work: _Work) -> PaperTable:
    """Tables 6 to 8: one model, class by class, at single places of the test split."""
    model = MODEL_OF_TABLE[work.config.table]
    configuration = work.config.bands[model]
    scenes = work.trained(model, configuration, work.samples, of="all")["test"]["per_scene"]
    rows = list(_rows_of_scenes(scenes, _wanted(work)))
    notes = [f"Model {model} on {configuration}, trained on all sites of the training split."]
    return PaperTable(
        work.config.table, f"Metrics of Model {model} at single test sites", ("Location", "Label", *SCORES.values()),
        rows, notes,
    )  # fmt: skip


def _wanted(work: _Work) -> list[str]:
    """Names of the test scenes that are asked for.

    Raises
    ------
    InputError
        One is not in the test split.
    """
    test = work.samples.where(split=TEST)
    if not work.config.sites:
        return [sample.name for sample in test]
    names = [sample.name for sample in test if {sample.name, sample.site} & set(work.config.sites)]
    missing = set(work.config.sites) - {name for sample in test for name in (sample.name, sample.site)}
    if missing:
        raise InputError(f"{', '.join(sorted(missing))} is not in the test split, which holds {', '.join(test.sites)}.")
    return names


def _rows_of_scenes(scenes: dict[str, Any], wanted: list[str]) -> Iterator[tuple[Cell, ...]]:
    for name in wanted:
        for label, row in scenes.get(name, {"per_class": {}})["per_class"].items():
            if row["drawn_m2"]:
                yield (name, label.replace("_", " "), *four_scores(row))


def _origin(samples: SampleSet) -> str:
    """What the numbers come from."""
    n_simulated, n_test = len(samples.where(is_simulated=True)), len(samples.where(split=TEST))
    origin = "all simulated" if n_simulated == len(samples) else f"{n_simulated} of them simulated"
    return (
        f"{len(samples)} scenes of {len(samples.sites)} sites, {len(samples.where(split=TRAINING))} for training, "
        f"{n_test} for test; {origin}."
    )


_TABLES: Final[dict[int, Callable[[_Work], PaperTable]]] = {
    3: _bands, 4: _splits, 5: _hyperparameters, 6: _locations, 7: _locations, 8: _locations,
}  # fmt: skip
