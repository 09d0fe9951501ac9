import json

import numpy as np
import pytest

from highwall.core.taxonomy import BLANK, MINING_AREA, SUBSETS
from highwall.segmentation.ceilings import SHIPPED, Ceilings, shipped_ceilings
from highwall.segmentation.evaluation import Evaluation, Judged
from highwall.segmentation.evaluation_report import (
    averages_report,
    columns_report,
    confusion_report,
    false_alarm_report,
    groups_report,
    invented_report,
    scenes_report,
)
from highwall.segmentation.tally import FOOTPRINT, UNION
from tests.segmentation.judged import ALL, DUMP, OPTIONS, PIT, TAILINGS, WITH_AREA, judged, row, tally


@pytest.fixture
def found():
    """A pit half found, a dump taken for a pit, and a scene without mine where a dump was seen."""
    scenes = (
        judged("a", row((PIT,), (PIT,), (), ()), row((PIT,), (), (), ()), site="north", properties={"material": "CL"}),
        judged("b", row((DUMP,), (DUMP,), (), ()), row((PIT,), (DUMP,), (), ()), properties={"material": "MO"}),
        judged("c", row((), (), (BLANK,), ()), row((), (), (DUMP,), ()), site="north"),
    )
    return Evaluation(scenes, ALL, OPTIONS)


def test_classes_are_scored_over_all_scenes_with_intervals_over_sites(found):
    rows = columns_report(found)
    assert rows[PIT]["iou"][0] == pytest.approx(1 / 3, abs=1e-4)
    assert rows[DUMP]["iou"][0] == pytest.approx(1 / 3, abs=1e-4)
    value, low, high = rows[FOOTPRINT]["iou"]
    assert low <= value <= high
    assert (rows[PIT]["drawn_m2"], rows[PIT]["said_m2"], rows[PIT]["n_scenes_drawn"]) == (200.0, 200.0, 1)
    assert rows["dam"]["iou"] == [None, None, None]
    assert rows["dam"]["accuracy"][0] == 1.0
    assert "calibration_error" not in rows[PIT]  # nobody gave probabilities


def test_with_one_site_there_is_no_interval(found):
    alone = Evaluation(found.scenes[:1], ALL, OPTIONS)
    assert columns_report(alone)[PIT]["iou"] == [0.5, None, None]


def test_means_are_told_by_subset_and_over_all_classes(found):
    means = averages_report(found)
    assert set(means) == {"subset_1", "subset_2", "subset_3", "all_classes"}
    assert means["all_classes"]["macro"]["iou"] == pytest.approx(1 / 3, abs=1e-4)
    assert means["subset_3"]["macro"]["iou"] is None
    assert means["subset_3"]["absent_is_one"]["iou"] == 1.0
    assert means["subset_2"]["per_scene"]["iou"] == 0.5


def test_of_subset_4_the_one_class_is_the_mean():
    drawn = row((PIT,), (DUMP,), (), ())
    one = Evaluation((judged("a", drawn, drawn, classes=(MINING_AREA,)),), (MINING_AREA,), OPTIONS)
    assert one.parts == (MINING_AREA,)
    assert averages_report(one)["subset_4"]["macro"]["iou"] == 1.0
    assert Evaluation((), WITH_AREA).parts == ALL
    assert UNION in Evaluation((), WITH_AREA).scored


def test_several_annotators_weigh_as_one_scene():
    said = row((PIT,), (PIT,), (), ())
    tallies = {"x": tally(row((PIT,), (PIT,), (), ()), said), "y": tally(row((), (), (), ()), said)}
    twice = Judged("a", "a", tallies, 100.0)
    assert twice.tally.n == 4
    report = scenes_report(Evaluation((twice,), ALL, OPTIONS))["a"]
    assert report["per_class"][PIT]["iou"] == 0.5
    assert report["annotators"]["x"][PIT]["iou"] == 1.0
    assert report["annotators"]["y"][PIT]["iou"] == 0.0
    assert report["footprint"]["iou"] == 0.5
    assert columns_report(Evaluation((twice,), ALL, OPTIONS))[PIT]["iou"][0] == 0.5


def test_ground_that_one_of_two_drew_counts_half_in_the_mean_areas():
    said = row((), ())
    twice = Judged("a", "a", {"x": tally(row((PIT,), ()), said), "y": tally(row((), ()), said)}, 100.0)
    shown = scenes_report(Evaluation((twice,), ALL, OPTIONS))["a"]["per_class"][PIT]
    assert (shown["drawn_m2"], shown["said_m2"]) == (50.0, 0.0)
    assert (shown["iou"], shown["recall"]) == (0.0, 0.0)  # undefined against the other


def test_scenes_show_what_was_drawn_or_said_there(found):
    report = scenes_report(found)
    assert set(report["a"]["per_class"]) == {PIT}
    assert report["a"]["site"] == "north"
    assert report["b"]["per_class"][PIT] == {
        "iou": 0.0, "recall": None, "precision": 0.0, "accuracy": 0.75, "drawn_m2": 0.0, "said_m2": 100.0,
    }  # fmt: skip
    nothing = row((), ())
    empty = scenes_report(Evaluation((judged("d", nothing, nothing),), ALL, OPTIONS))["d"]
    assert empty["per_class"] == {}
    assert empty["footprint"]["iou"] is None
    assert empty["footprint"]["accuracy"] == 1.0


def test_groups_are_told_apart_where_scenes_carry_them(found):
    report = groups_report(found)
    assert list(report) == ["material"]
    assert report["material"]["CL"]["n_scenes"] == 1
    assert report["material"]["CL"]["per_class"][PIT]["iou"] == 0.5
    assert report["material"]["MO"]["footprint"]["iou"] == 1.0


def test_matrices_say_what_is_taken_for_what(found):
    report = confusion_report(found)
    states = report["pit_against_dump"]
    dump = states["rows_drawn"].index("dump")
    assert states["shares"][dump] == [0.0, 0.5, 0.5, 0.0]
    every = report["drawn_against_said"]
    blank = every["rows_drawn"].index(BLANK)
    assert every["shares"][blank][every["columns_said"].index(DUMP)] == 1.0
    assert every["shares"][every["rows_drawn"].index("dam")] == [None] * len(every["columns_said"])
    assert sum(map(sum, report["subset_1"]["pixels"])) == 12


def test_false_alarms_are_a_score_of_their_own(found):
    alarms = false_alarm_report(found)
    without = alarms["scenes_without_mine"]
    assert (without["n_scenes"], without["seen_ha"], without["said_ha"][DUMP]) == (1, 0.04, 0.01)
    assert without["said_share"][FOOTPRINT] == 0.25
    assert alarms["blank"]["said_share"][DUMP] == 1.0
    mines = found.where(lambda scene: scene.has_mine)
    assert false_alarm_report(mines) == {"scenes_without_mine": None, "blank": None}
    assert invented_report(Evaluation((), ALL)) is None


def test_reports_are_plain_json(found):
    reports = [
        columns_report(found), averages_report(found), scenes_report(found), confusion_report(found),
        false_alarm_report(found), groups_report(found),
    ]  # fmt: skip
    assert "NaN" not in json.dumps(reports)


def test_a_calibrated_class_has_no_calibration_error():
    probability = np.full((1, 1, 4), 0.5, dtype=np.float32)
    drawn = row((DUMP,), (DUMP,), (), ())
    counted = tally(drawn, drawn, classes=SUBSETS[2], probability=probability)
    found = Evaluation((Judged("a", "a", {"1": counted}, 100.0),), SUBSETS[2], OPTIONS)
    assert columns_report(found)[DUMP]["calibration_error"] == 0.0
    assert found.reliability_of(DUMP).n.sum() == 4


def test_ceilings_are_those_of_the_annotators_at_hand():
    between = Evaluation((judged("a", row((PIT,), (PIT,)), row((PIT,), ())),), ALL, OPTIONS)
    ceilings = Ceilings.of(between)
    assert ceilings.of_column(PIT)["iou"] == [0.5, None, None]
    assert "several people: 1" in ceilings.of_column(PIT)["source"]
    assert ceilings.of_column(TAILINGS) is None
    assert ceilings.of_column("no_such_class") is None


def test_shipped_ceilings_know_every_class():
    rows = json.loads(SHIPPED.read_text(encoding="utf-8"))["per_class"]
    assert set(rows) == {*WITH_AREA, FOOTPRINT, UNION}
    assert "mine-classes" in shipped_ceilings().of_column(FOOTPRINT)["source"]


@pytest.mark.real
def test_shipped_ceilings_are_what_the_data_say(real_data):
    from benchmarks.segmentation_ceilings import CLASSES, drawn_twice

    measured = Ceilings.of(Evaluation(tuple(drawn_twice(real_data)), CLASSES)).rows
    assert json.loads(json.dumps(measured)) == json.loads(SHIPPED.read_text(encoding="utf-8"))["per_class"]
