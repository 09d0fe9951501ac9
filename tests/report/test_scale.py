import numpy as np
import pandas as pd
import pytest

from highwall.report.scale import scale_plot, search_plot
from highwall.report.style import BAD, MASTER

from . import content as made

WORST_COLOUR = "#440154"
"""Dark end of the colour map."""
SCALES = pd.Index(np.arange(10.0, 110.0, 10.0), name="scale")


def curve() -> pd.DataFrame:
    variance = np.array([5.0, 8.0, 9.0, 10.0, 10.2, 11.0, 11.1, 11.0, 11.5, 11.6])
    frame = pd.DataFrame({"local_variance": variance, "n_objects": np.arange(1000, 0, -100)}, index=SCALES)
    return frame.assign(rate_of_change=100 * frame["local_variance"].pct_change())


def candidates(*rows: tuple[float, str]) -> pd.DataFrame:
    rate = curve()["rate_of_change"]
    content = {"kind": [kind for _, kind in rows], "rate_of_change": [float(rate[scale]) for scale, _ in rows]}
    return pd.DataFrame(content, index=pd.Index([scale for scale, _ in rows], name="scale"))


def search(best: tuple[float, float] = (0.3, 0.7)) -> pd.DataFrame:
    tenths = [round(0.1 * k, 1) for k in range(1, 10)]
    rows = [(shape, compactness, 0.1 if (shape, compactness) == best else 0.4) for shape in tenths
            for compactness in tenths]  # fmt: skip
    return pd.DataFrame(rows, columns=["shape", "compactness", "area_difference"])


def test_each_candidate_has_a_mark():
    none, two = (
        made.coloured(made.opened(scale_plot(curve(), candidates(*rows))), BAD)
        for rows in ([], [(60.0, "peak"), (70.0, "decrease")])
    )
    assert none == 0
    assert two > 150  # two marks of some 50 pixels, and two in the legend


def test_the_scale_taken_is_a_line_through_both_panels():
    marks = candidates((60.0, "peak"))
    picture = made.opened(scale_plot(curve(), marks, chosen=60.0))
    is_line = made.is_coloured(picture, MASTER)
    assert is_line.any(axis=1).mean() > 0.7
    assert made.coloured(made.opened(scale_plot(curve(), marks)), MASTER) == 0


def test_candidates_stand_apart_below_a_steep_beginning():
    """The rate of change begins at 60 % and the candidate has 8 %: its mark is well above the axis' foot."""
    picture = made.opened(scale_plot(curve(), candidates((60.0, "peak"))))
    rows = np.nonzero(made.is_coloured(picture[: int(0.9 * len(picture))], BAD))[0]
    lower_panel = picture.shape[0] * np.array([0.47, 0.88])
    assert (rows.mean() - lower_panel[0]) / (lower_panel[1] - lower_panel[0]) == pytest.approx(0.4, abs=0.15)


@pytest.mark.parametrize("best", [(0.1, 0.1), (0.3, 0.7), (0.9, 0.9)])
def test_the_best_cell_is_framed_where_it_lies(best):
    picture = made.opened(search_plot(search(best), shape=best[0], compactness=best[1]))
    rows, cols = np.nonzero(made.is_coloured(picture, BAD))
    height, width = picture.shape[:2]
    left, right, top, bottom = 0.055 * width, 0.845 * width, 0.04 * height, 0.93 * height
    across, down = (cols.mean() - left) / (right - left), (rows.mean() - top) / (bottom - top)
    assert across == pytest.approx(best[1] - 0.05 + 0.05 * best[1], abs=0.06)
    assert down == pytest.approx(1 - (best[0] - 0.05 + 0.05 * best[0]), abs=0.06)


def test_a_curve_in_which_nothing_varies_is_drawn_all_the_same():
    """One value everywhere: local variance is 0, its rate of change unknown."""
    flat = pd.DataFrame({"local_variance": 0.0, "n_objects": 1, "rate_of_change": np.nan}, index=SCALES)
    assert made.opened(scale_plot(flat, candidates(), chosen=50.0)).size


def test_trials_that_are_all_alike_have_no_colour_bar():
    """The bar would run through the whole colour map, down to its darkest."""
    table = search((0.1, 0.1))
    same = table.assign(area_difference=0.25)
    varied, flat = (made.opened(search_plot(given, shape=0.1, compactness=0.1)) for given in (table, same))
    assert made.coloured(varied, WORST_COLOUR) > 100
    assert made.coloured(flat, WORST_COLOUR) < 20
