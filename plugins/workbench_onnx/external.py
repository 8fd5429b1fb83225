"""Refuse ONNX models that point at other files, without the `onnx` package.

A tensor with external data names a path that onnxruntime would read, wherever the model came from. This walks the
protobuf wire format (https://protobuf.dev/programming-guides/encoding/) through every field of onnx.proto that leads
to a tensor. It leaves out what the model means; onnxruntime checks that.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from workbench.api import WorkbenchError

# message -> field number -> message; TensorProto is where a walk ends
LEADS_TO_TENSORS: dict[str, dict[int, str]] = {
    "ModelProto": {7: "GraphProto", 20: "TrainingInfoProto", 25: "FunctionProto"},
    "TrainingInfoProto": {1: "GraphProto", 2: "GraphProto"},
    "GraphProto": {1: "NodeProto", 5: "TensorProto", 15: "SparseTensorProto"},
    "NodeProto": {5: "AttributeProto"},
    "AttributeProto": {
        5: "TensorProto",
        6: "GraphProto",
        10: "TensorProto",
        11: "GraphProto",
        22: "SparseTensorProto",
        23: "SparseTensorProto",
    },
    "SparseTensorProto": {1: "TensorProto", 2: "TensorProto"},
    "FunctionProto": {7: "NodeProto", 11: "AttributeProto"},
}
EXTERNAL_DATA, DATA_LOCATION = 13, 14  # of TensorProto
VARINT, FIXED64, LENGTH, FIXED32 = 0, 1, 2, 5
VARINT_BYTES = 10
Value = int | memoryview


def refuse_external_data(data: bytes, where: Path) -> None:
    """Raise unless every tensor of a serialised ModelProto is stored in it.

    Raises:
        WorkbenchError: a tensor's data lies in another file, or the bytes are no protobuf message.
    """
    waiting = [("ModelProto", memoryview(data))]
    try:
        while waiting:
            message, body = waiting.pop()
            for number, value in _fields(body):
                if message == "TensorProto":
                    if number == EXTERNAL_DATA or (number == DATA_LOCATION and value != 0):
                        raise WorkbenchError(
                            "keeps tensors in another file, which is not allowed",
                            where=where,
                            remedy="Save the model with all its data in one file",
                        )
                elif number in LEADS_TO_TENSORS[message] and isinstance(value, memoryview):
                    waiting.append((LEADS_TO_TENSORS[message][number], value))
    except ValueError as error:
        raise WorkbenchError(
            f"is truncated, or no ONNX model ({error})", where=where, remedy="Copy or make the model again"
        ) from error


def _fields(body: memoryview) -> Iterator[tuple[int, Value]]:
    """Number and value of each field: an int, or the bytes of what has a length."""
    position = 0
    while position < len(body):
        tag, position = _varint(body, position)
        number, kind = (tag & 0xFFFFFFFF) >> 3, tag & 7  # a tag has 32 bits, however many were written
        value: Value = 0
        if kind == VARINT:
            value, position = _varint(body, position)
        elif kind in (LENGTH, FIXED32, FIXED64):
            length = {FIXED32: 4, FIXED64: 8}.get(kind, 0)
            if kind == LENGTH:
                length, position = _varint(body, position)
            value, position = body[position : position + length], position + length
            if position > len(body):
                raise ValueError("a field ends after its message")
        else:
            raise ValueError(f"wire type {kind}")
        if number == 0:
            raise ValueError("field number 0")
        yield number, value


def _varint(body: memoryview, position: int) -> tuple[int, int]:
    """The number at `position`, seven bits a byte and least first, and where it ends."""
    value = 0
    for count, byte in enumerate(body[position : position + VARINT_BYTES]):
        value |= (byte & 0x7F) << 7 * count
        if byte < 0x80:
            return value, position + count + 1
    raise ValueError("a number without its end")
