"""Notices as Common Alerting Protocol 1.2, the XML that emergency services exchange.

Source: OASIS Standard CAP-v1.2, 1 July 2010, section 3.2.
"""

import datetime as dt
import hashlib
import ssl
from typing import Final
from xml.etree import ElementTree as ET

from highwall.twin.bulletin import Bulletin
from highwall.twin.notify_options import CapOptions
from highwall.twin.sql.notices import OutgoingNotice
from highwall.twin.webhook import post, signed

NAMESPACE: Final = "urn:oasis:names:tc:emergency:cap:1.2"
_SEVERITY: Final = {1: "Minor", 2: "Moderate", 3: "Severe", 4: "Extreme"}
_URGENCY: Final = {1: "Future", 2: "Future", 3: "Expected", 4: "Immediate"}
_RESPONSE: Final = {1: "Monitor", 2: "Monitor", 3: "Prepare", 4: "Evacuate"}
_FIRST: Final = frozenset({"raised", "aid_called"})
"""Kinds of notice that refer to no earlier one."""


class CapReceiver:
    """A receiver of CAP messages by signed HTTP."""

    def __init__(self, options: CapOptions, *, trust: ssl.SSLContext | None = None) -> None:
        self._options = options
        self._trust = trust
        self.name = f"cap:{options.name}"

    def takes(self, bulletin: Bulletin) -> bool:
        """Whether this receiver is to be told: also of the end of what it was told of."""
        was_told = any(notice.channel == "cap" for notice in bulletin.earlier)
        return bulletin.notice.channel == "cap" or (bulletin.notice.what == "cleared" and was_told)

    def send(self, bulletin: Bulletin, *, now_us: int) -> None:
        """Tell the receiver.

        Raises
        ------
        OutputError
            It does not answer, or not with 2xx.
        """
        options = self._options
        body = cap_message(bulletin, options=options)
        headers = signed(bulletin.key, body, secret=options.secret.get_secret_value(), now_us=now_us)
        post(
            options.url.get_secret_value(), body, {**headers, "content-type": "application/cap+xml"},
            timeout_s=options.timeout_s, who=self.name, trust=self._trust,
        )  # fmt: skip


def cap_message(bulletin: Bulletin, *, options: CapOptions) -> bytes:
    """One CAP message: an alert, an update that refers to earlier ones, or a cancellation."""
    notice = bulletin.notice
    references = [] if notice.what in _FIRST else [each for each in bulletin.earlier if each.channel == "cap"]
    alert = ET.Element("alert", xmlns=NAMESPACE)
    _add(alert, "identifier", identifier(bulletin.site, notice))
    _add(alert, "sender", options.sender)
    _add(alert, "sent", _time(notice.at_us))
    _add(alert, "status", options.status)
    _add(alert, "msgType", _type(notice, is_first=not references))
    _add(alert, "scope", "Restricted")
    _add(alert, "restriction", options.restriction)
    if references:
        _add(alert, "references", " ".join(_reference(bulletin.site, each, options=options) for each in references))
    _info(alert, bulletin, options=options)
    written: bytes = ET.tostring(alert, encoding="utf-8", xml_declaration=True)
    return written


def identifier(site: str, notice: OutgoingNotice) -> str:
    """Name of a notice's CAP message: the same whenever it is made."""
    return f"highwall-{site}-{notice.alarm_id}-{hashlib.sha256(notice.key.encode()).hexdigest()[:16]}"


def _info(alert: ET.Element, bulletin: Bulletin, *, options: CapOptions) -> None:
    notice, alarm = bulletin.notice, bulletin.alarm
    info = ET.SubElement(alert, "info")
    needs_help = notice.what == "aid_called"
    _add(info, "language", options.language)
    _add(info, "category", "Rescue" if needs_help else "Safety")
    _add(info, "event", alarm.title)
    _add(info, "responseType", _response(notice, alarm.level))
    _add(info, "urgency", _urgency(notice, alarm.level))
    _add(info, "severity", _SEVERITY[alarm.level])
    _add(info, "certainty", "Unknown" if alarm.is_blind else "Observed")
    _add(info, "senderName", f"Highwall at {bulletin.site}")
    _add(info, "headline", " ".join(notice.text.split())[:160])
    _add(info, "description", "\n".join([notice.text, *alarm.evidence]))
    if alarm.actions:
        _add(info, "instruction", "\n".join(alarm.actions))
    for name, value in (("highwall-level", str(alarm.level)), ("highwall-subject", str(alarm.subject))):
        parameter = ET.SubElement(info, "parameter")
        _add(parameter, "valueName", name)
        _add(parameter, "value", value)
    _area(info, bulletin)


def _area(info: ET.Element, bulletin: Bulletin) -> None:
    spot = bulletin.spot
    area = ET.SubElement(info, "area")
    _add(area, "areaDesc", spot.name)
    if spot.lon is not None and spot.lat is not None:
        _add(area, "circle", f"{spot.lat:.6f},{spot.lon:.6f} {(spot.radius_m or 0.0) / 1000.0:.3f}")


def _type(notice: OutgoingNotice, *, is_first: bool) -> str:
    if is_first:
        return "Alert"
    return "Cancel" if notice.what == "cleared" else "Update"


def _response(notice: OutgoingNotice, level: int) -> str:
    if notice.what == "cleared":
        return "AllClear"
    return "Assess" if notice.what == "aid_called" else _RESPONSE[level]


def _urgency(notice: OutgoingNotice, level: int) -> str:
    if notice.what == "cleared":
        return "Past"
    return "Immediate" if notice.what == "aid_called" else _URGENCY[level]


def _reference(site: str, notice: OutgoingNotice, *, options: CapOptions) -> str:
    return f"{options.sender},{identifier(site, notice)},{_time(notice.at_us)}"


def _time(at_us: int) -> str:
    """Time as CAP wants it: whole seconds, and UTC as −00:00, never Z (section 3.2.1, ``sent``)."""
    moment = dt.datetime.fromtimestamp(at_us // 1_000_000, dt.UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S-00:00")


def _add(parent: ET.Element, name: str, text: str) -> None:
    """Add an element; characters that XML cannot hold are replaced."""
    child = ET.SubElement(parent, name)
    child.text = "".join(each if each.isprintable() or each in "\n\t" else "\ufffd" for each in text)
