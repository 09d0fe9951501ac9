"""The Sparkplug B schema for the protobuf package, so that tests write payloads by a second hand.

Field numbers and types: Eclipse Sparkplug 3.0.0, section 6.4.1.
"""

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

_TYPE = descriptor_pb2.FieldDescriptorProto
_METRIC = {
    "name": (1, "STRING"), "alias": (2, "UINT64"), "timestamp": (3, "UINT64"), "datatype": (4, "UINT32"),
    "is_historical": (5, "BOOL"), "is_transient": (6, "BOOL"), "is_null": (7, "BOOL"), "int_value": (10, "UINT32"),
    "long_value": (11, "UINT64"), "float_value": (12, "FLOAT"), "double_value": (13, "DOUBLE"),
    "boolean_value": (14, "BOOL"), "string_value": (15, "STRING"), "bytes_value": (16, "BYTES"),
}  # fmt: skip


def _message_class():
    file = descriptor_pb2.FileDescriptorProto(name="sparkplug_b.proto", package="test", syntax="proto2")
    payload = file.message_type.add(name="Payload")
    metric = payload.nested_type.add(name="Metric")
    for name, (number, kind) in _METRIC.items():
        metric.field.add(name=name, number=number, type=getattr(_TYPE, f"TYPE_{kind}"), label=_TYPE.LABEL_OPTIONAL)
    rows = {"timestamp": (1, "UINT64"), "seq": (3, "UINT64"), "uuid": (4, "STRING"), "body": (5, "BYTES")}
    for name, (number, kind) in rows.items():
        payload.field.add(name=name, number=number, type=getattr(_TYPE, f"TYPE_{kind}"), label=_TYPE.LABEL_OPTIONAL)
    payload.field.add(
        name="metrics", number=2, type=_TYPE.TYPE_MESSAGE, type_name=".test.Payload.Metric", label=_TYPE.LABEL_REPEATED
    )
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("test.Payload"))


WirePayload = _message_class()


def wire(*metrics: dict, seq: int | None = None, timestamp: int | None = None, **more) -> bytes:
    """Write a payload."""
    return WirePayload(seq=seq, timestamp=timestamp, metrics=list(metrics), **more).SerializeToString()
