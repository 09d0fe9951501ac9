from dataclasses import dataclass, field

import numpy as np
import pytest

from highwall.core.errors import InputError
from highwall.edge.crack_watch import CrackWatch
from highwall.telemetry.live_windows import HOUR_US
from highwall.telemetry.messages import Reading
from highwall.telemetry.window_options import CrackPlace, WindowOptions

FIRST = 480_000
PLACES = (
    CrackPlace(thing="crack-1", strain="s-1/strain", opening="k-1/crack_width", temperature="air/temperature"),
    CrackPlace(thing="crack-2", opening="k-2/crack_width", temperature="air/temperature"),
)


@dataclass
class Classifier:
    """Says the share of a millimetre that the opening grew; NaN without one."""

    n_samples: int = 24
    seen: list[np.ndarray] = field(default_factory=list)

    def probability(self, values):
        self.seen.append(values)
        return np.clip((values[:, -1, 1] - values[:, 0, 1]) * 1e3, 0, 1)


def of_hour(hour: int, *, wide: float = 0.0, names=("k-1/crack_width", "k-2/crack_width", "air/temperature")):
    return [Reading(name, (FIRST + hour) * HOUR_US, wide) for name in names]


def at(hour: float) -> int:
    return round((FIRST + hour) * HOUR_US)


def test_a_growing_crack_gets_a_growing_probability_every_hour():
    watch, said = CrackWatch(Classifier(), PLACES), []
    for hour in range(40):
        watch.take(of_hour(hour, wide=hour * 1e-5), now_us=at(hour))
        said += watch.due(at(hour))
    mine = [reading for reading in said if reading.datastream == "crack-1/crack_probability"]
    assert [reading.phenomenon_us for reading in mine] == [at(hour) for hour in range(24, 39)]
    assert mine[0].result == pytest.approx(23e-2, rel=1e-5)
    assert len(said) == 2 * len(mine)


def test_a_restart_tells_nothing_twice_and_misses_nothing():
    whole, broken, said, pieces = CrackWatch(Classifier(), PLACES), CrackWatch(Classifier(), PLACES), [], []
    for hour in range(40):
        for watch, kept in ((whole, said), (broken, pieces)):
            watch.take(of_hour(hour, wide=hour * 1e-5), now_us=at(hour))
            kept += watch.due(at(hour))
        memory = broken.memory()
        broken = CrackWatch(Classifier(), PLACES)
        broken.recall(memory)
    assert pieces == said


def test_what_is_not_said_is_not_made_up():
    watch = CrackWatch(Classifier(), PLACES)
    for hour in range(30):
        watch.take([Reading("s-1/strain", at(hour), 1e-6)], now_us=at(hour))
    assert watch.due(at(30)) == []  # of crack-1 the classifier says NaN, of crack-2 nothing was read


def test_readings_of_others_of_the_future_and_no_numbers_are_passed_over():
    watch, classifier = CrackWatch(Classifier(), PLACES), Classifier()
    before = watch.memory()
    strange = [
        Reading("other/crack_width", at(1), 1.0), Reading("k-1/crack_width", at(1), None),
        Reading("k-1/crack_width", at(1), [1.0]), Reading("k-1/crack_width", at(1), "wide"),
        Reading("k-1/crack_width", at(1), True), Reading("k-1/crack_width", at(10_000), 1.0),
    ]  # fmt: skip
    watch.take(strange, now_us=at(1))
    assert watch.memory() == before
    assert classifier.seen == []


def test_places_are_apart_and_windows_as_long_as_they_were_learned():
    with pytest.raises(InputError, match="two places"):
        CrackWatch(Classifier(), (PLACES[0], PLACES[0]))
    with pytest.raises(InputError, match="96 h were asked for; the classifier learned 24 h"):
        CrackWatch(Classifier(), PLACES, options=WindowOptions())
