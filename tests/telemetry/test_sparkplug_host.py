import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from highwall.telemetry.device_map import Device, Field
from highwall.telemetry.messages import Reading
from highwall.telemetry.sparkplug import Kind, Topic, decode
from highwall.telemetry.sparkplug_host import Heard, Node, hear
from tests.telemetry.sparkplug_wire import wire

MS = 1_700_000_000_000
DEVICES = {"mine/edge/ext": Device("crack-1", (Field("displacement_mm", "displacement", 1e-3),))}
BD_SEQ = {"name": "bdSeq", "datatype": 8, "long_value": 3}
TILT = {"name": "tilt", "alias": 1, "datatype": 9, "float_value": 0.5, "timestamp": MS}
EXT = {"name": "displacement_mm", "alias": 4, "datatype": 3, "int_value": 12, "timestamp": MS}


def said(node: Node, kind: Kind, data: bytes, *, device: str = "", at_us: int = 9) -> Heard:
    topic = Topic("mine", kind, "edge", device)
    return hear(node, topic, decode(data), devices=DEVICES, received_us=at_us)


@pytest.fixture
def born() -> Node:
    node = said(Node(), Kind.NBIRTH, wire(BD_SEQ, TILT, seq=0, timestamp=MS)).node
    return said(node, Kind.DBIRTH, wire(EXT, seq=1, timestamp=MS), device="ext").node


def test_a_birth_names_and_reads():
    heard = said(Node(), Kind.NBIRTH, wire(BD_SEQ, TILT, seq=0, timestamp=MS))
    assert heard.readings == (Reading("mine-edge/unmapped/tilt", MS * 1000, 0.5),)
    assert [(event.kind, event.subject, event.data["online"]) for event in heard.events] == [
        ("link", "mine-edge", True)
    ]
    assert not heard.wants_rebirth


def test_an_alias_stands_for_name_and_type(born):
    heard = said(born, Kind.DDATA, wire({"alias": 4, "int_value": 2**32 - 5}, seq=2, timestamp=MS + 1), device="ext")
    assert heard.readings == (Reading("crack-1/displacement", (MS + 1) * 1000, pytest.approx(-0.005)),)
    assert not heard.wants_rebirth


def test_null_is_missing(born):
    heard = said(born, Kind.DDATA, wire({"alias": 4, "is_null": True}, seq=2), device="ext")
    assert heard.readings == (Reading("crack-1/displacement", 9, None),)


def test_historical_values_keep_their_own_times(born):
    old = {"alias": 4, "int_value": 1, "timestamp": MS - 3_600_000, "is_historical": True}
    heard = said(born, Kind.DDATA, wire(old, seq=2, timestamp=MS), device="ext")
    assert heard.readings[0].phenomenon_us == (MS - 3_600_000) * 1000


def test_the_sequence_wraps_around(born):
    node = born._replace(seq=255)
    assert not said(node, Kind.NDATA, wire(seq=0)).wants_rebirth


def test_a_gap_asks_for_a_rebirth_and_trusts_no_alias(born):
    heard = said(born, Kind.NDATA, wire({"alias": 1, "float_value": 1.0}, TILT, seq=5))
    assert heard.wants_rebirth
    assert [reading.datastream for reading in heard.readings] == ["mine-edge/unmapped/tilt"], "by name alone"
    assert "alias 1 is not known for sure" in heard.problems[0]
    again = said(heard.node, Kind.NBIRTH, wire(BD_SEQ, TILT, seq=0))
    assert not again.wants_rebirth
    assert not said(again.node, Kind.NDATA, wire({"alias": 1, "float_value": 1.0}, seq=1)).problems


def test_data_before_a_birth_asks_for_one():
    heard = said(Node(), Kind.NDATA, wire(TILT, seq=4))
    assert heard.wants_rebirth
    assert len(heard.readings) == 1


def test_a_rebirth_is_asked_for_once_in_a_while():
    node = said(Node(), Kind.NDATA, wire(TILT, seq=4)).node
    assert not said(node, Kind.NDATA, wire(TILT, seq=5), at_us=20_000_000).wants_rebirth
    assert said(node, Kind.NDATA, wire(TILT, seq=5), at_us=31_000_000).wants_rebirth


def test_a_device_that_was_not_born_asks_for_a_rebirth(born):
    assert said(born, Kind.DDATA, wire(TILT, seq=2), device="other").wants_rebirth


def test_death_of_this_session_counts(born):
    heard = said(born, Kind.NDEATH, wire(BD_SEQ))
    assert not heard.node.is_online
    assert [event.data["online"] for event in heard.events] == [False]
    assert said(heard.node, Kind.NDATA, wire(TILT, seq=2)).wants_rebirth


def test_death_of_a_former_session_does_not(born):
    heard = said(born, Kind.NDEATH, wire(BD_SEQ | {"long_value": 2}))
    assert heard == Heard(born)


def test_death_of_a_device_leaves_the_node(born):
    heard = said(born, Kind.DDEATH, wire(seq=2, timestamp=MS), device="ext")
    assert heard.node.is_online
    assert "ext" not in heard.node.devices
    assert [(event.subject, event.data["online"]) for event in heard.events] == [("crack-1", False)]


def test_a_birth_forgets_what_was(born):
    renamed = said(born, Kind.NBIRTH, wire(TILT | {"alias": 4}, seq=0)).node
    heard = said(renamed, Kind.NDATA, wire({"alias": 4, "float_value": 2.0}, seq=1))
    assert heard.readings[0].datastream == "mine-edge/unmapped/tilt"


def test_controls_are_no_readings():
    control = {"name": "Node Control/Rebirth", "datatype": 11, "boolean_value": False}
    assert said(Node(), Kind.NBIRTH, wire(BD_SEQ, control, seq=0)).readings == ()


def test_what_is_no_result_is_told(born):
    heard = said(born, Kind.NDATA, wire({"name": "file", "bytes_value": b"x"}, seq=2))
    assert heard.readings == ()
    assert "those are no readings" in heard.problems[0]


MESSAGES = st.lists(
    st.tuples(
        st.sampled_from(list(Kind)),
        st.integers(0, 255),
        st.lists(
            st.fixed_dictionaries(
                {},
                optional={
                    "name": st.sampled_from(["bdSeq", "tilt", "displacement_mm", "ü/ é"]),
                    "alias": st.integers(0, 3),
                    "datatype": st.integers(0, 16),
                    "timestamp": st.integers(0, 2**64 - 1),
                    "is_null": st.booleans(),
                    "long_value": st.integers(0, 2**64 - 1),
                    "string_value": st.text(max_size=4),
                },
            ),
            max_size=3,
        ),
    ),
    max_size=8,
)


@given(MESSAGES)
def test_any_sequence_of_messages_gives_readings_that_travel(messages):
    node = Node()
    for kind, seq, metrics in messages:
        heard = said(node, kind, wire(*metrics, seq=seq), device="ext" if kind[0] == "D" else "")
        msgspec.json.encode((heard.readings, heard.events))
        assert heard.node.is_sure or heard.node.asked_us is not None or kind is Kind.NDEATH
        node = heard.node
