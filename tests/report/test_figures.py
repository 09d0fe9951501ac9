import numpy as np
import pytest

from highwall.report.figures import baseline_plot, series_plot
from highwall.report.style import data_uri

from . import content as made


@pytest.mark.parametrize("count", [1, 2, 3])
def test_series_are_drawn_in_two_columns(count: int):
    series = [*made.series(), made.series()[0]][:count]
    picture = made.opened(series_plot(series))
    assert picture.shape[1] == (574 if count == 1 else 1148)
    assert picture.shape[0] == (700 if count == 3 else 350)
    assert made.count_colours(picture) > 50


def test_a_series_with_missing_epochs_is_drawn():
    one = made.series()[0]
    gaps = one._replace(displacement=np.where(np.arange(8) == 3, np.nan, one.displacement))
    assert not np.array_equal(made.opened(series_plot([gaps])), made.opened(series_plot([one])))


def test_the_network_is_drawn_with_and_without_baselines():
    known, unknown = (made.opened(baseline_plot(made.network(known=flag))) for flag in (True, False))
    assert known.shape[0] > 300
    assert not np.array_equal(known, unknown[: known.shape[0], : known.shape[1]])


def test_a_picture_is_embedded_as_png():
    uri = data_uri(series_plot(made.series()))
    assert uri.startswith("data:image/png;base64,iVBOR")
