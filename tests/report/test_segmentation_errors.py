import numpy as np
import pytest

from highwall.report.accuracy import INVENTED, MISSED
from highwall.report.segmentation_errors import ErrorPanel, error_map
from highwall.report.style import GOOD, NO_DATA_COLOUR
from tests.report.content import coloured, is_coloured, opened

PICTURE = np.full((40, 60, 3), 90, np.uint8)
ALL = np.ones((40, 60), bool)
LEFT, UPPER = ALL.copy(), ALL.copy()
LEFT[:, 30:], UPPER[20:] = False, False


def blended(colour: str, *, light: float = 0.25 + 0.7 * 90 / 255) -> str:
    """A colour laid over the grey of the picture."""
    parts = (int(colour[k : k + 2], 16) for k in (1, 3, 5))
    return "#" + "".join(f"{round(0.62 * part + 0.38 * 255 * light):02x}" for part in parts)


def draw(*panels, counted=ALL, pixel_m=(10.0, 10.0)):
    return opened(error_map(PICTURE, panels, counted=counted, pixel_m=pixel_m, title="17"))


def test_what_is_found_missed_and_invented_has_its_own_colour():
    picture = draw(ErrorPanel("pit", LEFT, UPPER))
    areas = {colour: coloured(picture, blended(colour)) for colour in (GOOD, MISSED, INVENTED)}
    assert min(areas.values()) > 1000
    assert max(areas.values()) < 1.1 * min(areas.values())  # each is a quarter; the scale bar hides some


def test_what_does_not_count_is_grey_and_no_error():
    whole, half = draw(ErrorPanel("pit", LEFT, UPPER)), draw(ErrorPanel("pit", LEFT, UPPER), counted=LEFT)
    assert coloured(half, blended(INVENTED)) < 0.1 * coloured(whole, blended(INVENTED))
    assert is_coloured(half, NO_DATA_COLOUR).sum() > 10 * is_coloured(whole, NO_DATA_COLOUR).sum()


def test_pixels_keep_their_proportions():
    square, flat = draw(ErrorPanel("pit", LEFT, UPPER)), draw(ErrorPanel("pit", LEFT, UPPER), pixel_m=(5.0, 10.0))
    ratio = coloured(flat, blended(GOOD)) / coloured(square, blended(GOOD))
    assert ratio == pytest.approx(0.5, abs=0.1)


@pytest.mark.parametrize("n", [0, 3, 9])
def test_any_number_of_classes_fits(n):
    assert draw(*[ErrorPanel(str(k), LEFT, UPPER) for k in range(n)]).shape[0] > 200
