"""Pictures of a search: sizes that follow the content, and no failure without any trial."""

import io

import pytest
from PIL import Image

from highwall.report.search import Trial, history_chart, importance_chart


def _size(picture: bytes) -> tuple[int, int]:
    with Image.open(io.BytesIO(picture)) as image:
        return image.size


@pytest.mark.parametrize("n_trials", [0, 1, 40])
def test_a_history_of_any_length_is_drawn(n_trials: int) -> None:
    trials = [Trial(n, 0.2 + 0.01 * n, is_complete=n % 3 > 0) for n in range(n_trials)]
    assert _size(history_chart(trials, title="t"))[0] > 600


def test_a_bar_a_choice() -> None:
    few, many = ({f"choice {n}": 1.0 / count for n in range(count)} for count in (2, 8))
    assert _size(importance_chart(few, title="t"))[1] < _size(importance_chart(many, title="t"))[1]
    assert _size(importance_chart({}, title="t"))[1] > 50
