"""What a dataset holds: images by kind of mine, model and split, as Table 2 of MineCam; pixels and ground by class.

An *image* is a scene of one site and date, however many chips it was cut into. It counts for a model (subset) when a
class of that subset was drawn on it.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

import numpy as np

from highwall.core.taxonomy import BLANK, CLASS_NAMES, MINING_AREA, SUBSETS
from highwall.segmentation.dataset import MINE_TYPES, SPLITS, TEST, TRAINING, VALIDATION
from highwall.segmentation.labels import Mask, has_class, is_inside

COUNTED: Final[tuple[str, ...]] = (*CLASS_NAMES, BLANK, MINING_AREA)
TABLE_SPLITS: Final = (TEST, VALIDATION, TRAINING)
"""In the order of Table 2."""
ALL: Final = "All"
_M2_PER_HA: Final = 1e4


class ChipFacts(NamedTuple):
    """What the statistics know of one chip."""

    scene: str
    site: str
    split: str
    material: str | None
    mine_type: str | None
    is_simulated: bool
    pixels: Mapping[str, int]
    """Pixels of each of `COUNTED` that the first annotator drew."""
    n_inside: int
    """Pixels that count at all."""
    pixel_m2: float


def count_pixels(mask: Mask) -> dict[str, int]:
    """Pixels of each of `COUNTED`."""
    return {name: int(np.count_nonzero(has_class(mask, name))) for name in COUNTED}


def count_inside(mask: Mask) -> int:
    """Pixels that count at all."""
    return int(np.count_nonzero(is_inside(mask)))


def dataset_statistics(chips: Sequence[ChipFacts]) -> dict[str, Any]:
    """Describe a dataset.

    Returns
    -------
    dict
        ``table``: images by kind of mine, subset and split; ``splits``: sites, images and chips; ``classes``: chips,
        pixels, ground [ha] and share of pixels by split; ``n_simulated_images``.
    """
    return {
        "table": images_by_kind(chips),
        "splits": {split: _sizes(_of(chips, split)) for split in SPLITS},
        "classes": {name: {split: _of_class(_of(chips, split), name) for split in SPLITS} for name in COUNTED},
        "n_simulated_images": len({chip.scene for chip in chips if chip.is_simulated}),
    }


def images_by_kind(chips: Sequence[ChipFacts]) -> dict[str, dict[str, dict[str, int]]]:
    """Count images by kind of mine (``All``, raw material, mine type), subset and split, as MineCam's Table 2."""
    kinds = {ALL: list(chips)}
    kinds |= {kind: [chip for chip in chips if chip.material == kind] for kind in ("RR", "MO", "CL")}
    kinds |= {kind: [chip for chip in chips if chip.mine_type == kind] for kind in MINE_TYPES}
    return {
        kind: {str(subset): _images(found, names) for subset, names in SUBSETS.items()} for kind, found in kinds.items()
    }


def statistics_text(statistics: Mapping[str, Any]) -> str:
    """Write statistics as two Markdown tables: images as in Table 2, and ground by class."""
    simulated = statistics["n_simulated_images"]
    return "\n".join(
        [
            "# What the dataset holds", "",
            "Images (scenes of one site and date) on which a class of the model's subset was drawn. Rows are raw",
            "materials (RR rock, MO metallic ores, CL coal and lignite) and mine types (MT mountain-top, OC opencast,",
            f"OP open-pit). Simulated images: {simulated or 'none'}.", "",
            *_table_of_images(statistics["table"]), "",
            *_table_of_splits(statistics["splits"]), "",
            "Ground by class [ha] in the chips, as the first annotator drew it:", "",
            *_table_of_classes(statistics["classes"]), "",
        ]
    )  # fmt: skip


def _of(chips: Iterable[ChipFacts], split: str) -> list[ChipFacts]:
    return [chip for chip in chips if chip.split == split]


def _images(chips: Sequence[ChipFacts], names: Sequence[str]) -> dict[str, int]:
    drawn = [chip for chip in chips if any(chip.pixels[name] for name in names)]
    return {split: len({chip.scene for chip in _of(drawn, split)}) for split in TABLE_SPLITS}


def _sizes(chips: Sequence[ChipFacts]) -> dict[str, int]:
    return {
        "n_sites": len({chip.site for chip in chips}),
        "n_images": len({chip.scene for chip in chips}),
        "n_chips": len(chips),
    }


def _of_class(chips: Sequence[ChipFacts], name: str) -> dict[str, float]:
    pixels, inside = sum(chip.pixels[name] for chip in chips), sum(chip.n_inside for chip in chips)
    return {
        "n_chips": sum(chip.pixels[name] > 0 for chip in chips),
        "n_pixels": pixels,
        "area_ha": round(sum(chip.pixels[name] * chip.pixel_m2 for chip in chips) / _M2_PER_HA, 2),
        "share": round(pixels / inside, 6) if inside else 0.0,
    }


def _table_of_images(table: Mapping[str, Mapping[str, Mapping[str, int]]]) -> list[str]:
    models = [f"Model {subset} {split}" for subset in SUBSETS for split in ("test", "val", "train")]
    cells = {
        kind: [row[str(subset)][split] for subset in SUBSETS for split in TABLE_SPLITS] for kind, row in table.items()
    }
    rows = [[kind, *map(str, counts)] for kind, counts in cells.items() if kind == ALL or any(counts)]
    return markdown(["", *models], rows)


def _table_of_splits(splits: Mapping[str, Mapping[str, int]]) -> list[str]:
    columns = ("n_sites", "n_images", "n_chips")
    rows = [[split, *(str(splits[split][column]) for column in columns)] for split in SPLITS]
    return markdown(["split", "sites", "images", "chips"], rows)


def _table_of_classes(classes: Mapping[str, Mapping[str, Mapping[str, float]]]) -> list[str]:
    rows = [[name, *(f"{row[split]['area_ha']:,.1f}" for split in SPLITS)] for name, row in classes.items()]
    return markdown(["class", *SPLITS], rows)


def markdown(heading: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Lines of a Markdown table."""
    lines = ["| " + " | ".join(row) + " |" for row in (heading, *rows)]
    return [lines[0], "|" + "---|" * len(heading), *lines[1:]]
