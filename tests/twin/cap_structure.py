"""Structure of a CAP 1.2 message, from the OASIS standard: elements in order, how often, and what they may hold."""

import re
from typing import NamedTuple
from xml.etree import ElementTree as ET

NAMESPACE = "{urn:oasis:names:tc:emergency:cap:1.2}"
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[-,+]\d\d:\d\d")
NO_SPACES = re.compile(r"[^\s,<&]+")
TEXT = re.compile(r"(?s).+")


class Part(NamedTuple):
    name: str
    occurs: str
    """``1``, ``?``, ``+`` or ``*``."""
    content: object = TEXT
    """Pattern, set of words, or name of a table."""


def words(text: str) -> frozenset[str]:
    return frozenset(text.split())


TABLES = {
    "alert": (
        Part("identifier", "1", NO_SPACES), Part("sender", "1", NO_SPACES), Part("sent", "1", TIME),
        Part("status", "1", words("Actual Exercise System Test Draft")),
        Part("msgType", "1", words("Alert Update Cancel Ack Error")), Part("source", "?"),
        Part("scope", "1", words("Public Restricted Private")), Part("restriction", "?"), Part("addresses", "?"),
        Part("code", "*"), Part("note", "?"), Part("references", "?"), Part("incidents", "?"),
        Part("info", "*", "info"),
    ),
    "info": (
        Part("language", "?", re.compile(r"[a-zA-Z]{1,8}(-[a-zA-Z0-9]{1,8})*")),
        Part("category", "+", words("Geo Met Safety Security Rescue Fire Health Env Transport Infra CBRNE Other")),
        Part("event", "1"),
        Part("responseType", "*", words("Shelter Evacuate Prepare Execute Avoid Monitor Assess AllClear None")),
        Part("urgency", "1", words("Immediate Expected Future Past Unknown")),
        Part("severity", "1", words("Extreme Severe Moderate Minor Unknown")),
        Part("certainty", "1", words("Observed Likely Possible Unlikely Unknown")), Part("audience", "?"),
        Part("eventCode", "*", "pair"), Part("effective", "?", TIME), Part("onset", "?", TIME),
        Part("expires", "?", TIME), Part("senderName", "?"), Part("headline", "?"), Part("description", "?"),
        Part("instruction", "?"), Part("web", "?"), Part("contact", "?"), Part("parameter", "*", "pair"),
        Part("resource", "*"), Part("area", "*", "area"),
    ),
    "pair": (Part("valueName", "1"), Part("value", "1")),
    "area": (
        Part("areaDesc", "1"), Part("polygon", "*"),
        Part("circle", "*", re.compile(r"-?\d{1,2}(\.\d+)?,-?\d{1,3}(\.\d+)? \d+(\.\d+)?")),
        Part("geocode", "*", "pair"), Part("altitude", "?"), Part("ceiling", "?"),
    ),
}  # fmt: skip
MOST = {"1": 1, "?": 1, "+": 10**6, "*": 10**6}


def faults(message: bytes) -> list[str]:
    """Everything in a message that the standard does not allow."""
    root = ET.fromstring(message)
    if root.tag != NAMESPACE + "alert":
        return [f"the root is {root.tag}"]
    return _faults(root, "alert") + _rules(root)


def _faults(element: ET.Element, table: str) -> list[str]:
    found, children = [], list(element)
    for part in TABLES[table]:
        mine = []
        while children and children[0].tag == NAMESPACE + part.name and len(mine) < MOST[part.occurs]:
            mine.append(children.pop(0))
        if not mine and part.occurs in "1+":
            found.append(f"{table} lacks {part.name}")
        for child in mine:
            found += _wrong(child, part)
    return found + [f"{table} holds {child.tag} where it may not" for child in children]


def _wrong(child: ET.Element, part: Part) -> list[str]:
    if isinstance(part.content, str):
        return _faults(child, part.content)
    text = child.text or ""
    fits = text in part.content if isinstance(part.content, frozenset) else part.content.fullmatch(text)
    return [] if fits else [f"{part.name} holds {text!r}"]


def _rules(root: ET.Element) -> list[str]:
    """What the text of the standard asks beyond the order of elements."""
    text = {child.tag.removeprefix(NAMESPACE): child.text for child in root}
    found = []
    if text.get("scope") == "Restricted" and not text.get("restriction"):
        found.append("Restricted without a restriction")
    if text.get("msgType") in ("Update", "Cancel", "Ack", "Error") and not text.get("references"):
        found.append(f"{text.get('msgType')} without references")
    for reference in (text.get("references") or "").split():
        parts = reference.split(",")
        if len(parts) != 3 or not TIME.fullmatch(parts[2]):
            found.append(f"reference {reference!r}")
    return found
