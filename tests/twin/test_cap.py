import itertools
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from highwall.twin.bulletin import Spot
from highwall.twin.cap import CapReceiver, cap_message, identifier
from highwall.twin.notify_options import CapOptions
from highwall.twin.webhook import check_signature
from tests.twin.alarms_made import AT_US, SITE, bulletin, outgoing
from tests.twin.cap_structure import NAMESPACE, faults
from tests.twin.receiver import receiver

SECRET = "a secret of 24 letters.."
OPTIONS = CapOptions(
    name="dispatch", url="https://dispatch.example/cap", secret=SECRET, sender="twin@mine.example", status="Actual"
)
WHATS = ("raised", "rose", "again", "escalated", "told_again", "shelf_ended", "aid_called", "cleared")
RAISED = outgoing(channel="cap")


def text_of(message: bytes, name: str) -> str | None:
    return ET.fromstring(message).findtext(f".//{NAMESPACE}{name}")


@pytest.mark.parametrize(("what", "level"), list(itertools.product(WHATS, (1, 2, 3, 4))))
def test_every_kind_and_level_has_the_structure_of_the_standard(what, level):
    for earlier in ((), (RAISED,)):
        later = outgoing(what, channel="cap", number=2, at_us=AT_US + 5_000_000)
        assert faults(cap_message(bulletin(later, earlier=earlier, level=level), options=OPTIONS)) == []


@given(
    title=st.text(min_size=1), why=st.text(), place=st.text(min_size=1),
    spot=st.tuples(st.floats(-180, 180), st.floats(-90, 90), st.none() | st.floats(0, 1e5)),
)  # fmt: skip
def test_whatever_people_write_stays_well_formed(title, why, place, spot):
    told = bulletin(RAISED, spot=Spot("p" + place, *spot), title="t" + title, evidence=("w" + why,))
    assert faults(cap_message(told, options=OPTIONS)) == []


def test_a_message_says_what_it_should():
    message = cap_message(bulletin(RAISED), options=OPTIONS)
    assert text_of(message, "sent") == "2026-09-21T14:13:20-00:00"
    assert text_of(message, "status") == "Actual"
    assert text_of(message, "msgType") == "Alert"
    assert text_of(message, "severity") == "Extreme"
    assert text_of(message, "responseType") == "Evacuate"
    assert text_of(message, "circle") == "-33.200000,-70.500000 0.013"  # latitude first, kilometres
    assert "<fall & stillness>" in text_of(message, "description")
    assert text_of(message, "instruction") == "send the nearest\nstop machines"


def test_the_end_of_an_alarm_cancels_the_messages_that_were_sent():
    other_channel = outgoing(channel="mail", number=2)
    end = outgoing("cleared", number=3, at_us=AT_US + 9_000_000)
    message = cap_message(bulletin(end, earlier=(RAISED, other_channel)), options=OPTIONS)
    assert text_of(message, "msgType") == "Cancel"
    assert text_of(message, "responseType") == "AllClear"
    reference = f"twin@mine.example,{identifier(SITE, RAISED)},2026-09-21T14:13:20-00:00"
    assert text_of(message, "references") == reference
    assert text_of(cap_message(bulletin(RAISED), options=OPTIONS), "identifier") == identifier(SITE, RAISED)


def test_a_call_for_aid_is_an_alert_of_its_own():
    call = outgoing("aid_called", channel="cap", number=2)
    message = cap_message(bulletin(call, earlier=(RAISED,), level=2), options=OPTIONS)
    assert (text_of(message, "msgType"), text_of(message, "category")) == ("Alert", "Rescue")
    assert (text_of(message, "urgency"), text_of(message, "references")) == ("Immediate", None)


def test_what_cannot_be_judged_is_not_certain():
    assert text_of(cap_message(bulletin(RAISED, sort="blind"), options=OPTIONS), "certainty") == "Unknown"


def test_a_receiver_is_told_of_its_channel_and_of_the_end_of_what_it_heard():
    there = CapReceiver(OPTIONS)
    assert there.takes(bulletin(RAISED))
    assert not there.takes(bulletin(outgoing(channel="webhook")))
    end = outgoing("cleared", channel="webhook", number=9)
    assert there.takes(bulletin(end, earlier=(RAISED,)))
    assert not there.takes(bulletin(end, earlier=(outgoing(channel="mail"),)))


def test_it_is_sent_signed():
    with receiver() as there:
        options = OPTIONS.model_copy(update={"url": type(OPTIONS.url)(there.url)})
        CapReceiver(options).send(bulletin(RAISED), now_us=AT_US)
    (got,) = there.received
    assert check_signature(got.headers, got.body, secret=SECRET, now_us=AT_US) == f"{SITE}:{RAISED.key}"
    assert got.headers["content-type"] == "application/cap+xml"
    assert faults(got.body) == []


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        (b"<status>Actual</status>", b"<status>Real</status>", "status holds 'Real'"),
        (b"-00:00</sent>", b"Z</sent>", "sent holds"),
        (b"<urgency>Immediate</urgency>", b"", "info lacks urgency"),
        (b"<scope>Restricted</scope>", b"<scope>Restricted</scope><scope>Public</scope>", "where it may not"),
        (b"<msgType>Alert</msgType>", b"<msgType>Update</msgType>", "Update without references"),
    ],
)
def test_the_structure_that_these_tests_use_finds_faults(old, new, fault):
    broken = cap_message(bulletin(RAISED), options=OPTIONS).replace(old, new)
    assert any(fault in found for found in faults(broken))
