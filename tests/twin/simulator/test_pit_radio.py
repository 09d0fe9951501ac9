import pytest

from highwall.twin.simulator import PitRadio, SimulationOptions, simulate

START_US = 1_800_000_000_000_000
SIMULATION = simulate(SimulationOptions(hours=0.05, n_people=2, n_machines=1, people_hz=4.0, faults=()))


def of_gateway(gateway: str, *, from_s: float = 0.0) -> list:
    return [r for b in SIMULATION.play(START_US, step_s=0.5, from_s=from_s) if b.gateway == gateway for r in b.readings]


def test_hears_everything_of_its_gateway_once():
    radio = PitRadio(SIMULATION, "gw-pit", start_us=START_US, now_us=START_US)
    heard = []
    for second in range(0, 200, 7):
        said = radio.heard(START_US + second * 1_000_000).readings
        assert all(reading.phenomenon_us <= START_US + second * 1_000_000 for reading in said)
        heard += said
    assert sorted(map(repr, heard)) == sorted(map(repr, of_gateway("gw-pit")))


def test_hears_nothing_while_it_is_off():
    radio = PitRadio(SIMULATION, "gw-pit", start_us=START_US, now_us=START_US)
    radio.listen(is_on=False)
    assert radio.heard(START_US + 60_000_000) == ([], [])
    radio.listen(is_on=True)
    later = radio.heard(START_US + 200_000_000).readings
    assert later == of_gateway("gw-pit", from_s=60.0)


@pytest.mark.parametrize("late_s", [0.0, 61.5])
def test_a_gateway_that_comes_late_hears_the_rest(late_s):
    radio = PitRadio(SIMULATION, "gw-plant", start_us=START_US, now_us=START_US + round(late_s * 1e6))
    assert radio.heard(START_US + 10**9).readings == of_gateway("gw-plant", from_s=late_s)


def test_a_closed_radio_is_silent():
    radio = PitRadio(SIMULATION, "gw-pit", start_us=START_US, now_us=START_US)
    radio.close()
    assert radio.is_over
    assert radio.heard(START_US + 10**9) == ([], [])
