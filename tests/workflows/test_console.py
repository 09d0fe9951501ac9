"""Tables as a terminal shows them."""

import pytest
from rich.console import Console

from highwall.workflows.console import chip_score_table

LONG = "bolivar_2020_thresh_0.8_sumbsample_5_positives_cleaned"
FAMILIES = ("v3.2_2023_negatives", "dredge_mining_positives2025-08", "landslides_andes", LONG)
REPORT = {
    "n": 12345, "auc": 0.987, "ap": 0.123, "recall_at_1_percent_false_alarms": 0.5,
    "recall_at_5_percent_false_alarms": 1.0, "calibration_error": None, "label": "negative", "label_is_assumed": False,
}  # fmt: skip
NUMBERS = "12345 0.987 0.123  0.500  1.000      –"


def shown(width: int) -> list[str]:
    families = {name: REPORT | {"label_is_assumed": name == "landslides_andes"} for name in FAMILIES}
    scores = {"score": "artisanal_mine", "overall": REPORT, "families": families}
    console = Console(width=width)
    with console.capture() as captured:
        console.print(chip_score_table(scores, width=width))
    return [line.rstrip() for line in captured.get().splitlines()]


@pytest.mark.parametrize("width", [60, 80, 200])
def test_numbers_of_chip_scores_are_never_broken(width):
    assert sum(line.endswith(NUMBERS) for line in shown(width)) == 1 + len(FAMILIES)
    assert max(map(len, shown(width))) <= width


def test_names_of_families_break_behind_their_separators():
    lines = shown(80)
    first = next(number for number, line in enumerate(lines) if line.startswith(" bolivar"))
    assert lines[first].split()[:2] == ["bolivar_2020_thresh_0.8_", "negative"]
    assert lines[first + 1] == " sumbsample_5_positives_cleaned"
    assert any(line.startswith(" dredge_mining_positives2025-08 negative") for line in lines)
    assert any(LONG in line for line in shown(200))
