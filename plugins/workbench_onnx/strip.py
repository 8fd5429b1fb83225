"""Remove from a graph the fields that describe the machine that made it: doc strings, stack traces, source paths."""

from __future__ import annotations

from typing import Any

NOTES = ("doc_string", "metadata_props")


def strip(message: Any) -> None:
    """Clear the fields of `NOTES` in a protobuf message of ONNX, and in every message inside it."""
    for name in NOTES:
        if name in message.DESCRIPTOR.fields_by_name:
            message.ClearField(name)
    for field, value in message.ListFields():
        if field.message_type is not None:
            for inner in value if field.is_repeated else [value]:
                strip(inner)
