"""What came up between two dates, on real pairs of mining-pairs: our score, simpler ones and a model of its own.

Positives are pairs of artisanal mining; natural change and human change that is no mining are the hard negatives. Many
positives show some mining at the first date already. Pairs within 5 km of each other are one group: folds and intervals
take whole groups. The pairs look like L2A; unless a row says otherwise they are put back to L1C by the clear-sky model.
The pairs carry no licence: nothing that was trained on them is shipped.
"""

import csv
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import numpy as np

from emergence_own import out_of_fold
from harness import SHARED, Row, report
from highwall.classification.emergence import emergence, pooled
from highwall.classification.extract import SHIPPED_FOOTPRINTS, ChipModel, fill_missing
from highwall.classification.radiometry import to_model_input
from highwall.core.taxonomy import ARTISANAL_MINE, CHIP_CLASSES
from highwall.imagery.atmosphere import to_top_of_atmosphere
from highwall.learning.bootstrap import group_bootstrap
from highwall.learning.groups import connected
from highwall.learning.metrics import average_precision, recall_at_false_alarms, roc_auc

BANDS = ("B02", "B03", "B04", "B08", "B11", "B12")
GROUP_KM = 5.0
_EARTH_KM = 6371.0
_ARTISANAL = CHIP_CLASSES.index(ARTISANAL_MINE)
_TINY = 1e-6


class Pairs(NamedTuple):
    """Patches at two dates."""

    before: np.ndarray
    """(N, band, y, x) surface reflectance, NaN missing."""
    after: np.ndarray
    kind: np.ndarray
    group: np.ndarray

    @property
    def is_mining(self) -> np.ndarray:
        """(N,) True for the positives."""
        return self.kind == "mining"


class Answers(NamedTuple):
    """What the network said of one date."""

    cells: np.ndarray
    """(class, N, y, x)."""
    chip: np.ndarray
    """(class, N)."""


def main() -> None:
    pairs, rows = read_pairs(), []
    ours, *rest = scores(pairs).items()
    for name, score in rest:
        rows += compare(pairs, ours, (name, score))
    own = out_of_fold(pairs.before, pairs.after, pairs.is_mining, group=pairs.group)
    rows += compare(pairs, ours, ("a forest of its own, 6 bands at both dates, by place", own))
    report("emergence", rows, title="Emergence between two dates")


def read_pairs() -> Pairs:
    folder = SHARED / "data" / "mining-pairs"
    table = list(csv.DictReader((folder / "pairs.csv").open(encoding="utf-8")))
    dates = []
    with np.load(folder / "pairs.npz") as content:
        for name in ("t0", "t1"):
            stored = np.moveaxis(content[name], 3, 1).astype(np.float32)
            dates.append(np.where((stored == 0).all(axis=1, keepdims=True), np.nan, stored / 1e4))
    places = np.array([[float(row["longitude"]), float(row["latitude"])] for row in table])
    return Pairs(*dates, np.array([row["change_type"] for row in table]), groups_of(places))


def groups_of(places: np.ndarray) -> np.ndarray:
    """Number of the group of each (longitude, latitude) [°]: places within 5 km, directly or through others."""
    lon, lat = np.radians(places).T
    half = (
        np.sin((lat[:, None] - lat) / 2) ** 2
        + np.cos(lat[:, None]) * np.cos(lat) * np.sin((lon[:, None] - lon) / 2) ** 2
    )
    near = 2 * _EARTH_KM * np.arcsin(np.sqrt(half)) < GROUP_KM
    return np.array(list(connected(range(len(places)), zip(*np.nonzero(near), strict=True)).values()))


def scores(pairs: Pairs) -> dict[str, np.ndarray]:
    """Every score, ours first."""
    model = ChipModel.open(SHIPPED_FOOTPRINTS, threads=1)
    was, now = (answers(date, model, convert=True) for date in (pairs.before, pairs.after))
    raw_was, raw_now = (answers(date, model, convert=False) for date in (pairs.before, pairs.after))
    mine_was, mine_now = 1 - was.chip[0], 1 - now.chip[0]
    return {
        "cells pooled, any mine": pool(was, now),
        "cells pooled, artisanal": pooled(emergence(was.cells, now.cells)[_ARTISANAL]),
        "cells pooled, L2A as it is": pool(raw_was, raw_now),
        "chips, p₁(1 − p₀)": mine_now * (1 - mine_was),
        "chips, artisanal, p₁(1 − p₀)": now.chip[_ARTISANAL] * (1 - was.chip[_ARTISANAL]),
        "cells and chips, geometric mean": np.sqrt(pool(was, now) * mine_now * (1 - mine_was)),
        "chips, log odds₁ − log odds₀": log_odds(mine_now) - log_odds(mine_was),
        "chips, p₁ alone": mine_now,
        "loss of NDVI": ndvi(pairs.before) - ndvi(pairs.after),
    }


def answers(date: np.ndarray, model: ChipModel, *, convert: bool) -> Answers:
    """Run the network over the visible bands of one date."""
    red_first = date[:, [BANDS.index(band) for band in model.metadata.bands]]
    chips = []
    for chip in red_first:
        seen = to_top_of_atmosphere(chip, bands=model.metadata.bands) if convert else chip
        chips.append(fill_missing(to_model_input(seen, radiometry=model.radiometry)))
    found = [model.onnx.run(np.stack(chips[i : i + 64])) for i in range(0, len(chips), 64)]
    cells, chip = (np.concatenate(part) for part in zip(*found, strict=True))
    return Answers(np.moveaxis(cells, 1, 0), chip.T)


def pool(was: Answers, now: Answers) -> np.ndarray:
    return pooled(1 - emergence(was.cells, now.cells)[0])


def log_odds(p: np.ndarray) -> np.ndarray:
    inside = np.clip(p, _TINY, 1 - _TINY)
    return np.log(inside / (1 - inside))


def ndvi(date: np.ndarray) -> np.ndarray:
    """Mean over the patch, for a rival that knows no mines."""
    red, infrared = date[:, BANDS.index("B04")], date[:, BANDS.index("B08")]
    return np.nanmean((infrared - red) / (infrared + red + _TINY), axis=(1, 2))


def compare(pairs: Pairs, ours: tuple[str, np.ndarray], rival: tuple[str, np.ndarray]) -> list[Row]:
    """Rows of one rival beside ours: all negatives, then each kind alone."""
    rows = []
    for against in ("both", "natural", "human_non_mining"):
        chosen = pairs.is_mining | (np.ones(len(pairs.kind), bool) if against == "both" else pairs.kind == against)
        of = pairs._replace(kind=pairs.kind[chosen], group=pairs.group[chosen])
        case = f"{int(of.is_mining.sum())} mining against {int((~of.is_mining).sum())} {against}"
        for name, metric in METRICS.items() if against == "both" else [("AUC", roc_auc)]:
            mine, other = (interval(of, score[chosen], metric) for score in (ours[1], rival[1]))
            note = f"{ours[0]} {mine[1]}, rival {other[1]}"
            rows.append(Row(f"{case}: {name}", "1", mine[0], rival[0], other[0], note))
    return rows


METRICS: dict[str, Callable[[np.ndarray, np.ndarray], float]] = {
    "AUC": roc_auc,
    "AP": average_precision,
    "recall at 5 % false alarms": partial(recall_at_false_alarms, rate=0.05),
}


def interval(pairs: Pairs, score: np.ndarray, metric: Callable[[np.ndarray, np.ndarray], float]) -> tuple[float, str]:
    """Value and 95 % interval over groups."""

    def of(numbers: np.ndarray) -> float:
        return metric(pairs.is_mining[numbers], score[numbers])

    value, low, high = group_bootstrap(of, pairs.group, n_resamples=500)
    return value, f"[{low:.3f}, {high:.3f}]"


if __name__ == "__main__":
    main()
