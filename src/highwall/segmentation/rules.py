"""Rules that may follow a prediction: what the definitions of the classes, a map of land cover, or clouds forbid.

MineCam asks for such rules and does not test them (Jabłońska et al. 2024, section 5.5). Each can be switched on alone;
none is by default, because a rule that is right about the world can still cost more than it mends when the class that
it leans on was itself missed: ``highwall evaluate segmentation --rules`` says what each does to the scores.

Rules only take back what was said. A patch is a connected region of one class (8 neighbours). A patch that touches the
edge of the scene, or ground without data, is spared by the rules of neighbourhood: its neighbour may lie beyond.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from highwall.core.checks import nearest_name
from highwall.core.errors import InputError
from highwall.core.taxonomy import WORLD_COVER
from highwall.segmentation.evaluation_options import RuleOptions
from highwall.segmentation.tally import Said

BoolArray = NDArray[np.bool_]

_EIGHT = np.ones((3, 3), dtype=bool)


class Ground(NamedTuple):
    """What is known of a scene beside the prediction."""

    pixel_m: tuple[float, float]
    """Ground length of a pixel along its column and its row [m]: y, x."""
    missing: BoolArray
    """(y, x) True where the scene has no data."""
    land_cover: NDArray[np.uint8] | None = None
    """(y, x) codes of ESA WorldCover, 0 is unknown; None when there is no map."""
    unclear: BoolArray | None = None
    """(y, x) True under cloud or snow; None when the scene's bands cannot tell."""


class RuleResult(NamedTuple):
    """What is left of a prediction, and what each rule did."""

    said: Said
    removed: dict[str, int]
    """Pixels that each applied rule took back, summed over classes."""
    unused: dict[str, str]
    """Rules that were asked for and could not be applied, and why."""


class Rule(NamedTuple):
    """One rule."""

    statement: str
    needs: Callable[[Said, Ground], str]
    """Says what is missing for it; empty when nothing is."""
    apply: Callable[[Said, Ground, RuleOptions], BoolArray]
    """Gives the label (class, y, x) that is left."""


def apply_rules(said: Said, ground: Ground, *, options: RuleOptions) -> RuleResult:
    """Apply the named rules one after the other, in the order of :data:`RULES`.

    Raises
    ------
    InputError
        A vetoed land cover is none of WorldCover's.
    """
    for name in options.vetoed_land_cover:
        if name not in WORLD_COVER.values():
            known = WORLD_COVER.values()
            raise InputError(f"no land cover is called {name!r}{nearest_name(name, known)}; known: {', '.join(known)}.")
    removed: dict[str, int] = {}
    unused: dict[str, str] = {}
    for name, rule in RULES.items():
        if name in options.names:
            if why := rule.needs(said, ground):
                unused[name] = why
                continue
            left = rule.apply(said, ground, options)
            removed[name] = int(np.count_nonzero(said.label & ~left))
            said = said._replace(label=left)
    return RuleResult(said, removed, unused)


def near(is_class: BoolArray, *, pixel_m: tuple[float, float], gap_m: float) -> BoolArray:
    """Pixels of a class, those that touch it, and those within ``gap_m`` [m] of the edge of one."""
    touching = np.asarray(ndimage.binary_dilation(is_class, structure=_EIGHT))
    if gap_m <= 0.0 or not is_class.any():
        return touching
    between_centres = np.asarray(ndimage.distance_transform_edt(~is_class, sampling=pixel_m))
    return touching | (between_centres <= gap_m + min(pixel_m))  # a pixel more than between edges


def patches_where(is_class: BoolArray, keep: Callable[[NDArray[np.int32], int], BoolArray]) -> BoolArray:
    """Keep whole patches of a class.

    Parameters
    ----------
    keep
        Takes the numbers of patches (y, x), 0 outside, and how many there are; tells (patch,) which stay.
    """
    numbers, n = ndimage.label(is_class, structure=_EIGHT)
    stays = np.concatenate([[False], keep(numbers, n)])
    left: BoolArray = stays[numbers]
    return left


def _adjoining(wanted: Sequence[str], neighbours: Sequence[str]) -> Rule:
    """Patches of a class stay only beside a neighbour that was said too."""

    def needs(said: Said, ground: Ground) -> str:
        if not set(wanted) & set(said.classes):
            return f"the network does not know {' or '.join(wanted)}"
        return "" if set(neighbours) & set(said.classes) else f"the network does not know {' or '.join(neighbours)}"

    def apply(said: Said, ground: Ground, options: RuleOptions) -> BoolArray:
        label = said.label.copy()
        beside = np.asarray(label[[name in neighbours for name in said.classes]].any(axis=0))
        reached = near(beside, pixel_m=ground.pixel_m, gap_m=options.max_gap_m) | _beyond(ground.missing)
        for number, name in enumerate(said.classes):
            if name in wanted:
                label[number] = patches_where(label[number], lambda patches, n: _touched(patches, reached, n))
        return label

    statement = f"{_words(wanted)} only beside {_words(neighbours)}"
    return Rule(statement, needs, apply)


def _touched(patches: NDArray[np.int32], reached: BoolArray, n: int) -> BoolArray:
    return np.asarray(np.bincount(patches[reached], minlength=n + 1)[1:] > 0)


def _beyond(missing: BoolArray) -> BoolArray:
    """Pixels at the edge of the scene, or beside ground without data."""
    unknown = np.pad(missing, 1, constant_values=True)
    return np.asarray(ndimage.binary_dilation(unknown, structure=_EIGHT)[1:-1, 1:-1])


def _needs_land_cover(said: Said, ground: Ground) -> str:
    return "no map of land cover was given (--land-cover)" if ground.land_cover is None else ""


def _veto(said: Said, ground: Ground, options: RuleOptions) -> BoolArray:
    """Patches that lie almost wholly under a land cover that a mine cannot be."""
    codes = [code for code, name in WORLD_COVER.items() if name in options.vetoed_land_cover]
    land_cover = ground.land_cover if ground.land_cover is not None else np.zeros(ground.missing.shape, np.uint8)
    forbidden = np.isin(land_cover, codes)

    def keep(patches: NDArray[np.int32], n: int) -> BoolArray:
        of_patch = np.bincount(patches.ravel(), minlength=n + 1)[1:]
        under = np.bincount(patches[forbidden], minlength=n + 1)[1:]
        return np.asarray(under < options.land_cover_share * of_patch)

    return np.stack([patches_where(layer, keep) for layer in said.label])


def _needs_quality(said: Said, ground: Ground) -> str:
    return "the scene's bands cannot tell cloud or snow" if ground.unclear is None else ""


def _gate(said: Said, ground: Ground, options: RuleOptions) -> BoolArray:
    """Nothing under cloud or snow; nothing at all where they cover too much of what can be seen."""
    unclear = np.zeros(ground.missing.shape, bool) if ground.unclear is None else ground.unclear
    n_seen = int(np.count_nonzero(~ground.missing))
    share = int(np.count_nonzero(unclear & ~ground.missing)) / max(n_seen, 1)
    return np.zeros_like(said.label) if share > options.max_unclear else said.label & ~unclear


def _words(names: Sequence[str]) -> str:
    return " or ".join(name.replace("_", " ") for name in names)


RULES: Final[Mapping[str, Rule]] = {
    "unclear": Rule("nothing under cloud or snow, nor in a scene mostly under them", _needs_quality, _gate),
    "land_cover": Rule("no patch that a map of land cover calls forest, crops, snow …", _needs_land_cover, _veto),
    "preparatory_work": _adjoining(("preparatory_work_area",), ("excavation",)),
    "dam": _adjoining(("dam",), ("tailing_storage_facility", "settling_pond")),
    "slope": _adjoining(("exploitation_slope", "transportation_slope"), ("excavation",)),
}
"""Every rule, in the order of application: what others lean on is cleared first. Source: Jabłońska et al. 2024, 5.5."""
