"""What Bluetooth tags advertise, and what the radio makes of it."""

import math
from collections.abc import Callable
from types import SimpleNamespace

import pytest
from bleak.exc import BleakError
from hypothesis import given
from hypothesis import strategies as st

from highwall.core.errors import InputError
from highwall.edge import ble, bthome, ruuvi
from highwall.edge.ble import Advertisements
from highwall.edge.options import ScanOptions
from highwall.edge.radio import SimulatedRadio, is_scanning
from highwall.telemetry.messages import Reading
from tests.waiting import until

NOW, S = 1_760_000_000_000_000, 1_000_000


def test_an_advertisement_of_bthome_is_read_in_si_units() -> None:
    """The examples of the format's own page: temperature 25.06 °C, humidity 50.55 %, voltage 3.074 V."""
    said = bthome.read(bytes.fromhex("40 02ca09 03bf13 0c020c".replace(" ", "")), "tag-1", at_us=NOW)
    values = {reading.datastream: reading.result for reading in said.readings}
    assert values == {
        "tag-1/temperature": pytest.approx(25.06 + 273.15),
        "tag-1/humidity": pytest.approx(0.5055),
        "tag-1/battery": pytest.approx(3.074),
    }


def test_a_button_of_bthome_is_an_event_only_when_pressed() -> None:
    pressed = bthome.read(bytes.fromhex("443a01"), "tag-1", at_us=NOW)
    assert [(event.kind, event.subject) for event in pressed.events] == [("button", "tag-1")]
    assert bthome.read(bytes.fromhex("443a00"), "tag-1", at_us=NOW).events == []


def test_an_unknown_object_hides_only_what_stands_behind_it() -> None:
    said = bthome.read(bytes.fromhex("40 02ca09 f0aabb 0c020c".replace(" ", "")), "tag-1", at_us=NOW)
    assert [reading.datastream for reading in said.readings] == ["tag-1/temperature"]


@pytest.mark.parametrize("data", ["", "4102ca09", "2002ca09", "4002ca"])
def test_what_is_encrypted_foreign_or_cut_off_is_refused(data: str) -> None:
    with pytest.raises(InputError):
        bthome.read(bytes.fromhex(data), "tag-1", at_us=NOW)


def test_an_advertisement_of_a_ruuvitag_is_read() -> None:
    """The valid vector of the format's own page."""
    data = bytes.fromhex("0512FC5394C37C0004FFFC040CAC364200CDCBB8334C884F")
    values = {reading.datastream: reading.result for reading in ruuvi.read(data, "tag-1", at_us=NOW)}
    assert values["tag-1/temperature"] == pytest.approx(24.3 + 273.15)
    assert values["tag-1/pressure"] == 100_044
    assert values["tag-1/humidity"] == pytest.approx(0.5349)
    assert values["tag-1/battery"] == pytest.approx(2.977)
    assert values["tag-1/acceleration"] == pytest.approx([0.004 * 9.80665, -0.004 * 9.80665, 1.036 * 9.80665])


def test_a_ruuvitag_without_sensors_says_nothing() -> None:
    """The vector of invalid values of the format's own page."""
    data = bytes.fromhex("058000FFFFFFFF800080008000FFFFFFFFFFFFFFFFFFFFFF")
    assert list(ruuvi.read(data, "tag-1", at_us=NOW)) == []


@given(st.binary(max_size=40))
def test_no_advertisement_breaks_a_reader(data: bytes) -> None:
    heard = Advertisements("gw-1").read(
        "tag-1", -60, service={bthome.SERVICE: data}, company={ruuvi.COMPANY: data}, at_us=NOW
    )
    assert heard.readings[0].result == -60.0
    numbers = [reading.result for reading in heard.readings if isinstance(reading.result, float)]
    assert all(math.isfinite(number) for number in numbers)


def test_only_tags_are_heard_and_repetitions_count_once() -> None:
    advertisements = Advertisements("gw-1")
    packet = {bthome.SERVICE: bytes.fromhex("40000502ca09")}
    assert advertisements.read("Anna's phone", -40, service=packet, company={}, at_us=NOW).readings == []
    first = advertisements.read("tag-7", -50, service=packet, company={}, at_us=NOW)
    again = advertisements.read("tag-7", -51, service=packet, company={}, at_us=NOW + 1)
    assert [reading.datastream for reading in first.readings] == ["tag-7/rssi/gw-1", "tag-7/temperature"]
    assert [reading.datastream for reading in again.readings] == ["tag-7/rssi/gw-1"]


def test_the_scan_keeps_to_its_window_unless_forced() -> None:
    scan = ScanOptions(window_s=2.0, every_s=10.0)
    start = NOW - NOW % (10 * S)
    assert [is_scanning(scan, start + second * S) for second in range(11)] == [True] * 2 + [False] * 8 + [True]
    assert is_scanning(scan, start + 5 * S, forced_until_us=start + 6 * S)
    assert all(is_scanning(ScanOptions(), NOW + second * S) for second in range(20))


def test_simulated_tags_say_the_same_however_often_they_are_asked() -> None:
    once = SimulatedRadio("gw-1", n_tags=3, rate_hz=10, seed=4, start_us=NOW)
    often = SimulatedRadio("gw-1", n_tags=3, rate_hz=10, seed=4, start_us=NOW)
    piecewise = [reading for i in range(1, 21) for reading in often.heard(NOW + i * S // 4).readings]
    assert once.heard(NOW + 5 * S).readings == piecewise


def test_a_radio_that_is_off_hears_nothing_and_does_not_make_up_for_it() -> None:
    radio = SimulatedRadio("gw-1", n_tags=1, rate_hz=10, seed=4, start_us=NOW)
    radio.listen(is_on=False)
    radio.press("tag-1", NOW)
    assert radio.heard(NOW + 5 * S) == ([], [])
    radio.listen(is_on=True)
    assert all(reading.phenomenon_us > NOW + 5 * S for reading in radio.heard(NOW + 6 * S).readings)


class FakeScanner:
    """Stands in for the machine's adapter, which a test does not have."""

    is_broken = False

    def __init__(self, seen: Callable[[object, object], None]) -> None:
        self.seen = seen
        self.said: list[str] = []

    async def start(self) -> None:
        if self.is_broken:
            raise BleakError("no adapter")
        self.said.append("start")
        said = SimpleNamespace(local_name="tag-7", rssi=-50, service_data={}, manufacturer_data={})
        self.seen(SimpleNamespace(name=None), said)

    async def stop(self) -> None:
        self.said.append("stop")


def test_the_radio_scans_on_a_thread_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ble, "BleakScanner", FakeScanner)
    radio = ble.BleRadio("gw-1", clock=lambda: NOW)
    scanner = radio._scanner
    radio.listen(is_on=True)
    radio.listen(is_on=True)
    heard: list[Reading] = []
    until(lambda: bool(heard.extend(radio.heard(NOW).readings) or heard))
    assert heard == [Reading("tag-7/rssi/gw-1", NOW, -50.0)]
    radio.listen(is_on=False)
    until(lambda: scanner.said == ["start", "stop"])
    radio.close()


def test_an_adapter_that_does_not_answer_is_tried_again(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(ble, "BleakScanner", FakeScanner)
    radio = ble.BleRadio("gw-1", clock=lambda: NOW)
    radio._scanner.is_broken = True
    radio.listen(is_on=True)
    until(lambda: "does not answer" in caplog.text)
    radio._scanner.is_broken = False
    radio.listen(is_on=True)
    until(lambda: bool(radio.heard(NOW).readings))
    radio.close()
