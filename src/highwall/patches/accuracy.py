"""How good extracted patches are, object by object: what was identified, missed and invented, and how alike it is.

Words: a *reference* is a patch that a person drew; *found* ones were extracted. A reference is *identified* when at
least a stated share of it is covered by what was found; a found patch is a *commission* when less than that share of
it lies on references. A reference and the found patches linked to it (sharing at least that part of the smaller of the
two) are compared by

* *area similarity*, the paper's measure: the smaller of the two areas over the larger. Two patches side by side can
  score 1: it says nothing of place, so it stands beside
* *IoU*, intersection over union, which does.
"""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from highwall.core.errors import InputError
from highwall.patches.overlaps import overlaps

MIN_OVERLAP: Final = 0.5
"""Share of a patch that must be covered [1]; the paper states none, half is the usual choice."""

SIZE_EDGES_M2: Final = (0.0, 5_000.0, 20_000.0, 100_000.0, 500_000.0, float("inf"))
"""Edges of the size classes [m²]; the paper's ten omitted patches average 4,136 m²."""

UNEXPLAINED: Final = "unexplained"


class ObjectAccuracy(NamedTuple):
    """Two tables, from which :func:`summarize`, :func:`by_size` and :func:`by_cause` count."""

    references: pd.DataFrame
    """A row a reference, in its order: ``area_m2``, ``covered_share``, ``is_identified``, ``n_found`` (linked),
    ``found_m2``, ``area_similarity``, ``iou`` (NaN where nothing is linked), ``is_held_out``, ``cause``."""
    found: pd.DataFrame
    """A row a found patch: ``area_m2``, ``covered_share``, ``is_commission``, ``cause``."""


def compare_objects(
    references: gpd.GeoDataFrame,
    found: gpd.GeoDataFrame,
    *,
    min_overlap: float = MIN_OVERLAP,
    causes: gpd.GeoDataFrame | None = None,
) -> ObjectAccuracy:
    """Compare extracted patches with drawn ones.

    Parameters
    ----------
    references, found
        Valid polygons in one CRS in metres. ``references`` may carry ``is_held_out`` (True where the patch was not used
        for training; all are, by default); both may carry ``cause``, why a patch is hard or wrong: "wind_farm",
        "shadow", "road", "weathered_face", …
    min_overlap
        Share that counts as covered [1].
    causes : optional
        Polygons with ``cause``, for rows that state none: the cause that covers most of a patch, and at least
        ``min_overlap`` of it.

    Raises
    ------
    GridError
        CRSs differ or do not measure in metres.
    InputError
        ``min_overlap`` is not above 0 and up to 1, ``is_held_out`` is neither true nor false, ``causes`` lacks
        ``cause``, or a geometry is no valid polygon.
    """
    if not 0 < min_overlap <= 1:
        raise InputError(f"min_overlap is {min_overlap:g}; give a share above 0 and up to 1.")
    pairs = overlaps(references, found)
    seen = _linked(references, found, pairs, min_overlap=min_overlap)
    seen["is_held_out"] = _is_held_out(references)
    seen["cause"] = _causes(references, causes, min_overlap=min_overlap)
    made = pd.DataFrame({"area_m2": found.area.to_numpy(), "covered_share": _covered_share(found, references)})
    made["is_commission"] = made["covered_share"] < min_overlap
    made["cause"] = _causes(found, causes, min_overlap=min_overlap)
    return ObjectAccuracy(seen, made)


def summarize(accuracy: ObjectAccuracy) -> pd.DataFrame:
    """Score all references, those held out, and those used for training.

    Returns
    -------
    scores
        Indexed by ``all``, ``held_out``, ``training``: ``n``, ``n_identified``, ``identification_accuracy`` (228 of
        238 = 95.80 % in the paper, training patches included), and, over identified patches, ``area_similarity``
        (mean), ``share_similar`` (area similarity above 0.80, as the paper's Figure 6 counts) and ``iou`` (mean). These
        leave out a patch that many cover together, but to which none is linked: it has no similarity.
    """
    table = accuracy.references
    held_out = table["is_held_out"].to_numpy(dtype=bool)
    groups = {"all": np.ones(held_out.size, bool), "held_out": held_out, "training": ~held_out}
    return pd.DataFrame({name: _scores(table[chosen]) for name, chosen in groups.items()}).T


def by_size(accuracy: ObjectAccuracy, *, edges_m2: Sequence[float] = SIZE_EDGES_M2) -> pd.DataFrame:
    """Count omissions and commissions in classes of area: lower edge included, upper edge not.

    Returns
    -------
    counts
        Indexed by interval: ``n_references``, ``n_omitted``, ``omission``, ``n_found``, ``n_commissions``,
        ``commission`` (shares NaN where a class is empty).
    """
    bins = pd.IntervalIndex.from_breaks(list(edges_m2), closed="left")
    seen, made = accuracy.references, accuracy.found
    return _counts(pd.cut(seen["area_m2"], bins), pd.cut(made["area_m2"], bins), accuracy).reindex(bins)


def by_cause(accuracy: ObjectAccuracy) -> pd.DataFrame:
    """Count omissions and commissions by cause, in alphabetical order; the columns of :func:`by_size`."""
    return _counts(accuracy.references["cause"], accuracy.found["cause"], accuracy).sort_index()


def by_type(accuracy: ObjectAccuracy, types: Sequence[str]) -> pd.DataFrame:
    """Score the references of each type, in alphabetical order; the columns of :func:`summarize`.

    Parameters
    ----------
    types
        Type of each reference, in their order.

    Source: Figure 6 of the metre-scale paper of 2024 (area similarity by type).
    """
    groups = accuracy.references.groupby(np.asarray(types, dtype=object))
    return pd.DataFrame.from_dict({str(name): _scores(rows) for name, rows in groups}, orient="index")


def area_similarity(first_m2: NDArray[Any], second_m2: NDArray[Any]) -> NDArray[np.float64]:
    """Smaller over larger area [1]; NaN where one of them is 0.

    The paper's mean over 228 patches is 0.78, while its means by type (0.81, 0.80, 0.78, 0.76 of 112, 74, 28 and 14
    patches) weigh to 0.80: one of its figures is misprinted.
    """
    smaller, larger = np.minimum(first_m2, second_m2), np.maximum(first_m2, second_m2)
    return np.where(smaller > 0, smaller / np.where(larger > 0, larger, 1.0), np.nan)


def _linked(
    references: gpd.GeoDataFrame, found: gpd.GeoDataFrame, pairs: pd.DataFrame, *, min_overlap: float
) -> pd.DataFrame:
    """Compare each reference with the union of the found patches that are linked to it."""
    area, area_found = references.area.to_numpy(), found.area.to_numpy()
    smaller = np.minimum(area[pairs["left"]], area_found[pairs["right"]])
    links = pairs[pairs["overlap_m2"].to_numpy() >= min_overlap * smaller].groupby("left")["right"].apply(list)
    rows = [
        _pair(references.geometry.iloc[i], found.geometry.to_numpy()[links.get(i, default=[])])
        for i in range(len(references))
    ]
    table = pd.DataFrame(rows, columns=["n_found", "found_m2", "iou"])
    covered = _covered_share(references, found)
    table.insert(0, "area_m2", area)
    table.insert(1, "covered_share", covered)
    table.insert(2, "is_identified", covered >= min_overlap)
    table.insert(5, "area_similarity", area_similarity(area, table["found_m2"].to_numpy()))
    return table


def _pair(reference: Any, linked: NDArray[Any]) -> tuple[int, float, float]:
    if not linked.size:
        return 0, 0.0, float("nan")
    whole = shapely.union_all(linked)
    common = shapely.intersection(reference, whole).area
    return linked.size, whole.area, common / (reference.area + whole.area - common)


def _covered_share(patches: gpd.GeoDataFrame, cover: gpd.GeoDataFrame) -> NDArray[np.float64]:
    """Share of each patch that lies under the union of ``cover``."""
    everything = shapely.union_all(cover.geometry.to_numpy())
    shared = shapely.intersection(patches.geometry.to_numpy(), everything)
    return np.asarray(shapely.area(shared) / patches.area.to_numpy(), dtype=np.float64)


def _is_held_out(references: gpd.GeoDataFrame) -> NDArray[np.bool_]:
    if "is_held_out" not in references:
        return np.ones(len(references), bool)
    said = references["is_held_out"]
    if not said.isin([True, False]).all():  # a text would count as true
        raise InputError(f"is_held_out holds {', '.join(map(str, said.unique()))}; give true or false (or 1 or 0).")
    return np.asarray(said, dtype=bool)


def _causes(patches: gpd.GeoDataFrame, causes: gpd.GeoDataFrame | None, *, min_overlap: float) -> NDArray[np.object_]:
    """Cause of each patch: its own, else that of the layer, else :data:`UNEXPLAINED`."""
    said = patches["cause"].to_numpy(dtype=object) if "cause" in patches else np.full(len(patches), None, dtype=object)
    known = np.where(pd.isna(said), UNEXPLAINED, said)
    if causes is None:
        return known
    if "cause" not in causes:
        raise InputError(f"causes has the columns {list(causes.columns)}; it needs one named cause.")
    merged = causes[["cause", "geometry"]].dissolve("cause").reset_index()
    pairs = overlaps(patches, merged).sort_values(["overlap_m2", "right"], ascending=[True, False])
    pairs = pairs[pairs["overlap_m2"].to_numpy() >= min_overlap * patches.area.to_numpy()[pairs["left"]]]
    layer = np.full(len(patches), UNEXPLAINED, dtype=object)
    layer[pairs["left"]] = merged["cause"].to_numpy()[pairs["right"]]  # the largest is written last
    return np.where(known == UNEXPLAINED, layer, known)


def _scores(table: pd.DataFrame) -> dict[str, float]:
    identified = table[table["is_identified"]]
    return {
        "n": len(table),
        "n_identified": len(identified),
        "identification_accuracy": len(identified) / len(table) if len(table) else float("nan"),
        "area_similarity": identified["area_similarity"].mean(),
        "share_similar": (identified["area_similarity"].dropna() > 0.8).mean(),
        "iou": identified["iou"].mean(),
    }


def _counts(seen_class: pd.Series, made_class: pd.Series, accuracy: ObjectAccuracy) -> pd.DataFrame:
    omitted = (~accuracy.references["is_identified"]).groupby(seen_class, observed=False)
    invented = accuracy.found["is_commission"].groupby(made_class, observed=False)
    parts = {
        "n_references": omitted.size(),
        "n_omitted": omitted.sum(),
        "n_found": invented.size(),
        "n_commissions": invented.sum(),
    }
    counts: pd.DataFrame = pd.DataFrame(parts).fillna(0).astype(int)
    counts.insert(2, "omission", counts["n_omitted"] / counts["n_references"].where(counts["n_references"] > 0))
    counts["commission"] = counts["n_commissions"] / counts["n_found"].where(counts["n_found"] > 0)
    return counts
