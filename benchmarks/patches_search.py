"""The paper's search of shape, compactness and scale on every drawn scene: what is chosen, and how far it varies.

python benchmarks/patches_search.py

Shape × compactness ∈ {0.1 … 0.9}² at scale 50, then the scale: of ESP2's candidates the one with the fewest objects
inside the references. The references are the excavations, dumps and tailings surfaces of the first annotator.
"""

import sys
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

import refinement_scenes as scenes
from harness import RESULTS, Row, report
from highwall.patches.grid_search import GridSearch, burn, grid_search
from highwall.patches.radiometry import normalise
from highwall.patches.scale import estimate_scale

PAPER = {"scale": 79.0, "shape": 0.2, "compactness": 0.5}
"""What the paper arrives at, on 1 m images of Xuzhou."""
FLAT = 0.01
"""Area difference within which a cell of the search is as good as the best."""
PARTIAL = RESULTS / "patches_search.csv"


def main() -> None:
    found = pd.read_csv(PARTIAL) if PARTIAL.exists() else pd.DataFrame()
    done = set() if found.empty else set(found["scene"])
    for number in scenes.numbers():
        row = None if number in done else searched(number)
        if row:
            found = pd.concat([found, pd.DataFrame([row])], ignore_index=True)
            found.to_csv(PARTIAL, index=False)
            print(row, flush=True)
    report("patches_search", [*spread(found), *each(found)], title="Shape, compactness and scale, real scenes")
    PARTIAL.unlink()


def searched(number: int) -> dict[str, Any] | None:
    """What the search chooses on one scene; nothing where nothing was drawn."""
    scene = scenes.read_scene(number)
    cases = list(scenes.cases_of(scene))
    if not cases:
        return None
    image = normalise(scene.image)
    ladders = []

    def candidates(shape: float, compactness: float) -> list[float]:
        ladders.append(estimate_scale(image, shape=shape, compactness=compactness))
        return [float(scale) for scale in ladders[0].candidates.index]

    references = burn(pd.concat([case.references for case in cases], ignore_index=True), image)
    search = grid_search(image, references, scales=candidates)
    return {"scene": number, "place": scenes.places()[number], **chosen(search), **first(ladders[0].candidates)}


def chosen(search: GridSearch) -> dict[str, float]:
    """The parameters, and how flat the search is about them."""
    table = search.table.set_index(["shape", "compactness"])
    best = float(table["area_difference"].min())
    papers = float(table.loc[(PAPER["shape"], PAPER["compactness"]), "area_difference"])
    return {
        "scale": search.scale if search.scale is not None else np.nan,
        "shape": search.shape, "compactness": search.compactness, "best": best, "papers": papers,
        "n_flat": int((table["area_difference"] <= best + FLAT).sum()), "n_candidates": len(search.by_scale),
    }  # fmt: skip


def first(candidates: pd.DataFrame) -> dict[str, float]:
    """The scale before local variance first falls (Drăguţ et al. 2014)."""
    falls = candidates.index[candidates["kind"] == "decrease"]
    return {"first_fall": float(falls[0]) if len(falls) else np.nan}


def spread(found: pd.DataFrame) -> list[Row]:
    """Median over scenes beside the paper's value, with the quartiles and the extremes."""
    rows = [Row(f"{name}: median of {len(found)} scenes", "1", float(found[name].median()), "the paper", value,
                quartiles(found[name].dropna())) for name, value in PAPER.items()]  # fmt: skip
    return [
        *rows,
        Row("scale of ESP2's first fall: median", "1", float(found["first_fall"].median()), "the paper", PAPER["scale"],
            quartiles(found["first_fall"].dropna())),
        Row("area difference: mean of the best cells", "1", float(found["best"].mean()), "the paper's 0.2 and 0.5",
            float(found["papers"].mean()), "the same scenes and references"),
        Row(f"cells of 81 within {FLAT:g} of the best: median", "1", float(found["n_flat"].median()),
            note=quartiles(found["n_flat"])),
    ]  # fmt: skip


def quartiles(values: "pd.Series[float]") -> str:
    low, lower, upper, high = (float(v) for v in np.percentile(values, [0, 25, 75, 100]))
    return f"quartiles {lower:g} and {upper:g}, extremes {low:g} and {high:g}, {len(values)} scenes"


def each(found: pd.DataFrame) -> Sequence[Row]:
    """One row a scene."""
    return [
        Row(f"scene {row.scene}: scale", "1", None if np.isnan(row.scale) else row.scale, "the paper", PAPER["scale"],
            f"shape {row.shape:g}, compactness {row.compactness:g}; area difference {row.best:.3f}, with the paper's "
            f"{row.papers:.3f}; {row.n_candidates} candidates")
        for row in found.itertuples()
    ]  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
