"""Bluetooth tags through bleak (the extra ``ble``): BTHome 2 and Ruuvi advertisements, and everyone's strength.

A device is a tag if its advertised name, made fit for a topic, begins with ``tag-``; nothing is kept of any other,
since telephones and the like are nobody's business.
"""

import asyncio
import logging
import queue
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from contextlib import suppress
from typing import Any, Final

from bleak import BleakScanner
from bleak.exc import BleakError

from highwall.core.errors import InputError
from highwall.edge import bthome, ruuvi
from highwall.telemetry.device_map import name_from
from highwall.telemetry.messages import Event, Reading, Sighted

_TAG: Final = "tag-"
_MOST_WAITING: Final = 10_000
_STOP_S: Final = 5.0
_LOG: Final = logging.getLogger(__name__)


class Advertisements:
    """What tags advertise, as readings; packets that repeat the last one count for their strength alone."""

    def __init__(self, gateway: str) -> None:
        self._gateway = gateway
        self._packets: dict[str, int] = {}
        self.n_unreadable = 0

    def read(
        self, name: str, rssi: int, *, service: dict[str, bytes], company: dict[int, bytes], at_us: int
    ) -> Sighted:
        """Read one advertisement.

        Parameters
        ----------
        name
            As the device advertises it.
        rssi
            Strength here [dBm].
        service, company
            Data by UUID of a service, by number of a company.
        """
        tag = name_from(name)
        if not tag.startswith(_TAG):
            return Sighted([], [])
        readings = [Reading(f"{tag}/rssi/{self._gateway}", at_us, float(rssi))]
        events: list[Event] = []
        try:
            if ruuvi.COMPANY in company:
                readings += ruuvi.read(company[ruuvi.COMPANY], tag, at_us=at_us)
            if bthome.SERVICE in service:
                said = bthome.read(service[bthome.SERVICE], tag, at_us=at_us)
                if said.packet is None or self._packets.get(tag) != said.packet:
                    readings, events = readings + said.readings, said.events
                if said.packet is not None:
                    self._packets[tag] = said.packet
        except InputError as error:
            self.n_unreadable += 1
            _LOG.warning("%s", error)
        return Sighted(readings, events)


class BleRadio:
    """A :class:`highwall.edge.radio.Radio` on the machine's Bluetooth adapter; scans on a thread of its own."""

    def __init__(self, gateway: str, *, clock: Callable[[], int]) -> None:
        self._advertisements = Advertisements(gateway)
        self._clock = clock
        self._sighted: queue.Queue[Sighted] = queue.Queue(_MOST_WAITING)
        self._is_on = False
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="highwall-ble", daemon=True)
        self._thread.start()
        self._scanner = BleakScanner(self._seen)

    def listen(self, *, is_on: bool) -> None:
        """Turn scanning on or off, without waiting for the adapter."""
        if is_on is not self._is_on:
            self._is_on = is_on
            self._do(self._scanner.start() if is_on else self._scanner.stop())

    def heard(self, now_us: int) -> Sighted:
        """Give what was heard since the last call."""
        sighted = [self._sighted.get() for _ in range(self._sighted.qsize())]
        return Sighted(
            [reading for one in sighted for reading in one.readings], [event for one in sighted for event in one.events]
        )

    def close(self) -> None:
        """Stop scanning; an adapter that does not answer is left as it is."""
        if self._is_on:
            self._is_on = False
            with suppress(TimeoutError):
                self._do(self._scanner.stop()).result(_STOP_S)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _seen(self, device: Any, said: Any) -> None:
        sighted = self._advertisements.read(
            said.local_name or device.name or "", said.rssi, service=said.service_data,
            company=said.manufacturer_data, at_us=self._clock(),
        )  # fmt: skip
        try:
            self._sighted.put_nowait(sighted)
        except queue.Full:
            _LOG.error("%d advertisements wait; one was not taken", _MOST_WAITING)

    def _do(self, work: Coroutine[Any, Any, None]) -> "Future[None]":
        """Have the adapter do something; what fails is tried again when listening is next turned on."""

        async def guarded() -> None:
            try:
                await work
            except (BleakError, OSError) as error:
                self._is_on = False
                _LOG.error("Bluetooth does not answer: %s", error)

        return asyncio.run_coroutine_threadsafe(guarded(), self._loop)
