"""Certificates of gateways, renewed over the broker: who asks there has shown a certificate that still counts."""

import logging
from collections.abc import Callable
from typing import Final

from sqlalchemy import Connection

from highwall.core.errors import InputError
from highwall.telemetry.messages import (
    CertificateAnswer,
    CertificateRequest,
    Message,
    decoded,
    down_topic,
    encoded,
    renewal_topic,
    sender_of,
)
from highwall.twin.bus import Acknowledge, MessageBus
from highwall.twin.sql import audit, gateways
from highwall.twin.sql.database import Database
from highwall.web.services import GatewayDesk

_LOG: Final = logging.getLogger("highwall.serve")
_PAUSE_US: Final = 1_800_000_000
"""A gateway gets no second certificate within so long: a request that comes twice is answered once [µs]."""


class Renewals:
    """Answers the requests of one site's gateways, on the bus's thread."""

    def __init__(
        self, database: Database, bus: MessageBus, desk: GatewayDesk, *, site: str, clock_us: Callable[[], int]
    ) -> None:
        self._database, self._bus, self._desk = database, bus, desk
        self._site, self._clock_us = site, clock_us

    def listen(self) -> None:
        """Take requests from now on."""
        self._bus.subscribe(renewal_topic(self._site, "+"), self._take)

    def _take(self, message: Message, acknowledge: Acknowledge) -> None:
        _, gateway_id = sender_of(message.topic)
        with self._database.begin() as store:
            answer = self._answer(store, gateway_id, message.payload)
        acknowledge()
        if answer is not None:
            topic = down_topic(self._site, gateway_id, "certificate")
            self._bus.publish(Message(topic, encoded(answer)))

    def _answer(self, store: Connection, gateway_id: str, payload: bytes) -> CertificateAnswer | None:
        """Answer a request; None: one of this gateway was answered a moment ago."""
        now_us, found = self._clock_us(), gateways.gateway(store, gateway_id)
        if found is None or not found.is_trusted:
            return self._refused(gateway_id, "it is not in; have a code made, and claim it again.")
        last_us = gateways.last_issued_us(store, gateway_id)
        if last_us is not None and 0 <= now_us - last_us < _PAUSE_US:
            return None
        try:
            request = decoded(payload, CertificateRequest)
            certificate, fingerprint = self._desk.certify(gateway_id, request.csr.encode())
        except InputError as error:
            return self._refused(gateway_id, str(error))
        gateways.renew(store, gateway_id, fingerprint=fingerprint, at_us=now_us)
        detail = {"fingerprint": fingerprint, "before": found.fingerprint}
        audit.append(
            store, f"gateway {gateway_id}", "renew_certificate", subject=gateway_id, detail=detail, at_us=now_us
        )  # fmt: skip
        return CertificateAnswer(certificate)

    def _refused(self, gateway_id: str, reason: str) -> CertificateAnswer:
        _LOG.warning("the certificate of gateway %s is not renewed: %s", gateway_id, reason)
        return CertificateAnswer(reason=reason)
