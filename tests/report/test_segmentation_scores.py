import numpy as np

from highwall.learning.calibration import reliability
from highwall.report.segmentation_scores import class_reliability_plot, class_scores_plot, confusion_plot
from highwall.report.style import GOOD, MASTER
from tests.report.content import coloured, opened

NONE = [None, None, None]


def row(iou, *, ceiling=None):
    return {"iou": iou, "drawn_m2": 12_000.0, "ceiling": ceiling and {"iou": ceiling}}


def test_each_class_has_a_mark_and_its_ceiling_where_there_is_one():
    without = opened(class_scores_plot({"dam": row([0.4, 0.2, 0.6])}, title="a"))
    beside = opened(class_scores_plot({"dam": row([0.4, 0.2, 0.6], ceiling=[0.7, None, None])}, title="a"))
    assert coloured(without, GOOD) > 20
    assert coloured(beside, MASTER) > 1.3 * coloured(without, MASTER)  # the legend has one mark already


def test_undefined_scores_are_left_out_and_one_site_has_no_bar():
    rows = {"dam": row([0.4, None, None]), "stockpile": row(NONE, ceiling=NONE)}
    one, both = opened(class_scores_plot({"dam": rows["dam"]}, title="")), opened(class_scores_plot(rows, title=""))
    assert one.shape == both.shape
    assert opened(class_scores_plot({}, title="nothing")).shape[0] > 100


def test_a_matrix_shows_shares_of_what_was_drawn():
    def matrix(shares):
        return {"rows_drawn": ["pit", "dump"], "columns_said": ["pit", "dump"], "shares": shares}

    right = opened(confusion_plot({"a": matrix([[1.0, 0.0], [0.0, 1.0]])}))
    wrong = opened(confusion_plot({"a": matrix([[0.0, 1.0], [1.0, 0.0]])}))
    assert right.shape == wrong.shape
    assert not np.array_equal(right, wrong)
    undrawn = opened(confusion_plot({"a": matrix([[1.0, 0.0], [None, None]])}))
    assert undrawn.shape[0] < right.shape[0]
    assert (
        opened(confusion_plot({"a": matrix([[1.0, 0.0], [0.0, 1.0]])} | {"b": matrix([[1.0, 0.0]] * 2)})).size
        > right.size
    )


def test_reliability_draws_a_line_a_class():
    random = np.random.default_rng(0)
    p = random.random(3000)
    found = {f"class_{k}": reliability(random.random(3000) < p, p) for k in range(12)}
    few, many = (opened(class_reliability_plot(dict(list(found.items())[:n]), title="a")) for n in (1, 12))
    assert few.shape == many.shape
    assert (many[..., :3] != few[..., :3]).any(axis=-1).sum() > 1000
