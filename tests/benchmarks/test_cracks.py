import numpy as np
import pytest

from cracks import ridge_probability, size_drawn, size_found
from highwall.classification.cracks.mapping import CrackModel
from highwall.classification.cracks.simulate import simulated_photograph


def test_the_ridge_filter_marks_dark_lines():
    levels = np.full((3, 60, 60), 150, np.uint8)
    levels[:, 30] = 60
    found = ridge_probability(levels)
    assert found[30].min() > 0.5 > found[10].max()


def test_sizes_are_of_what_was_drawn_and_found():
    drawn = simulated_photograph(400, side=128, crack_share=1.0)
    length, width = size_drawn(drawn)
    assert length == pytest.approx(drawn.length_px)
    assert 0.7 <= width < 10
    length, width = size_found(drawn, CrackModel.open(), with_levels=True)
    assert length == 0.0 or width > 0.0
