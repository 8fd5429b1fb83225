"""External data is refused wherever an ONNX model can hold a tensor, and whatever the wire format allows."""

from __future__ import annotations

import contextlib

import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper

from tests.bundles import write_onnx
from workbench.errors import WorkbenchError
from workbench_onnx.external import DATA_LOCATION, EXTERNAL_DATA, LEADS_TO_TENSORS, refuse_external_data

SAFE = helper.make_tensor("safe", TensorProto.FLOAT, [1], [1.0])
REFUSED = r"model\.onnx: keeps tensors in another file"


def external(name="outside"):
    tensor = TensorProto(name=name, data_type=TensorProto.FLOAT, dims=[4], data_location=TensorProto.EXTERNAL)
    tensor.external_data.add(key="location", value="../../etc/passwd")
    return tensor


def graph(nodes=(), tensors=()):
    return helper.make_graph(list(nodes), "g", [], [], initializer=list(tensors))


def holding(**attributes):
    return helper.make_node("Constant", [], ["y"], **attributes)


def sparse(values, indices):
    return onnx.SparseTensorProto(values=values, indices=indices, dims=[4])


def with_attribute(**fields):
    node = onnx.NodeProto(op_type="If", attribute=[onnx.AttributeProto(name="a", **fields)])
    return helper.make_model(graph([node]))


def in_initializer():
    return helper.make_model(graph(tensors=[SAFE, external()]))


def in_sparse_values():
    model = helper.make_model(graph())
    model.graph.sparse_initializer.append(sparse(external(), SAFE))
    return model


def in_sparse_indices():
    model = helper.make_model(graph())
    model.graph.sparse_initializer.append(sparse(SAFE, external()))
    return model


def in_function():
    function = helper.make_function("d", "f", [], ["y"], [holding(value=external())], [helper.make_opsetid("", 18)])
    return helper.make_model(graph(), functions=[function])


def in_function_default():
    function = helper.make_function("d", "f", [], ["y"], [], [helper.make_opsetid("", 18)])
    function.attribute_proto.append(onnx.AttributeProto(name="a", t=external()))
    return helper.make_model(graph(), functions=[function])


def in_training(name):
    model = helper.make_model(graph())
    getattr(model.training_info.add(), name).CopyFrom(graph(tensors=[external()]))
    return model


def deep_inside():
    inner = graph(tensors=[external()])
    for _ in range(20):
        inner = graph([onnx.NodeProto(op_type="If", attribute=[onnx.AttributeProto(name="a", g=inner)])])
    return helper.make_model(inner)


PLACES = {
    "an initializer": in_initializer,
    "a sparse initializer's values": in_sparse_values,
    "a sparse initializer's indices": in_sparse_indices,
    "a node's tensor": lambda: helper.make_model(graph([holding(value=external())])),
    "a node's tensors": lambda: with_attribute(tensors=[SAFE, external()]),
    "a node's sparse tensor": lambda: with_attribute(sparse_tensor=sparse(external(), SAFE)),
    "a node's sparse tensors": lambda: with_attribute(sparse_tensors=[sparse(SAFE, external())]),
    "a node's subgraph": lambda: with_attribute(g=graph(tensors=[external()])),
    "a node's subgraphs": lambda: with_attribute(graphs=[graph(), graph(tensors=[external()])]),
    "a function's node": in_function,
    "a function's default": in_function_default,
    "the training's initialization": lambda: in_training("initialization"),
    "the training's algorithm": lambda: in_training("algorithm"),
    "twenty subgraphs deep": deep_inside,
}


@pytest.mark.parametrize("place", PLACES)
def test_external_data_is_refused_in(place, tmp_path):
    with pytest.raises(WorkbenchError, match=REFUSED):
        refuse_external_data(PLACES[place]().SerializeToString(), tmp_path / "model.onnx")


@pytest.mark.parametrize("place", PLACES)
def test_the_same_model_with_its_data_inside_is_taken(place, tmp_path, monkeypatch):
    monkeypatch.setitem(globals(), "external", lambda: SAFE)
    refuse_external_data(PLACES[place]().SerializeToString(), tmp_path / "model.onnx")


@pytest.mark.parametrize("field", ["data_location", "external_data"])
def test_one_half_of_external_data_is_enough(field, tmp_path):
    tensor = external()
    tensor.ClearField(field)
    with pytest.raises(WorkbenchError, match=REFUSED):
        refuse_external_data(helper.make_model(graph(tensors=[tensor])).SerializeToString(), tmp_path / "model.onnx")


def test_a_location_that_says_inside_is_taken(tmp_path):
    tensor = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[1], float_data=[1.0], data_location=0)
    data = helper.make_model(graph(tensors=[tensor])).SerializeToString()
    assert bytes([DATA_LOCATION << 3, 0]) in data
    refuse_external_data(data, tmp_path / "model.onnx")


def test_the_walk_knows_every_way_to_a_tensor():
    """Against onnx's own descriptors: a field that a later release adds fails here."""
    ways, waiting = {}, [onnx.ModelProto.DESCRIPTOR]
    while waiting:
        message = waiting.pop()
        if message.name not in ways and message.name != "TensorProto":
            inner = [field for field in message.fields if field.message_type is not None]
            ways[message.name] = {field.number: field.message_type.name for field in inner}
            waiting += [field.message_type for field in inner]
    leading = {"TensorProto"}
    while more := {name for name, fields in ways.items() if leading & set(fields.values())} - leading:
        leading |= more
    expected = {
        name: {number: inner for number, inner in fields.items() if inner in leading}
        for name, fields in ways.items()
        if name in leading
    }
    assert expected == LEADS_TO_TENSORS
    tensor = TensorProto.DESCRIPTOR.fields_by_name
    assert (tensor["external_data"].number, tensor["data_location"].number) == (EXTERNAL_DATA, DATA_LOCATION)


def message(number, body, *, tag=()):
    """A field with a length, its tag as given or canonical."""
    return bytes(tag or [number << 3 | 2]) + bytes([len(body)]) + body


def model_of(tensor):
    return message(7, message(5, tensor))


ODD = {
    "a location of two bytes": bytes([DATA_LOCATION << 3, 0x81, 0x00]),
    "a location of ten bytes": bytes([DATA_LOCATION << 3, 0x81, *[0x80] * 8, 0x00]),
    "a location beyond 32 bits": bytes([DATA_LOCATION << 3, 0x81, 0x80, 0x80, 0x80, 0x10]),
    "a tag of three bytes": bytes([DATA_LOCATION << 3 | 0x80, 0x80, 0x00, 0x01]),
    "a tag beyond 32 bits": bytes([DATA_LOCATION << 3 | 0x80, 0x80, 0x80, 0x80, 0x10, 0x01]),
    "first inside, then outside": bytes([DATA_LOCATION << 3, 0, DATA_LOCATION << 3, 1]),
    "an empty entry": bytes([EXTERNAL_DATA << 3 | 2, 0]),
}


@pytest.mark.parametrize("case", ODD)
def test_other_spellings_of_external_are_refused(case, tmp_path):
    with pytest.raises(WorkbenchError, match=REFUSED):
        refuse_external_data(model_of(ODD[case]), tmp_path / "model.onnx")


def test_a_graph_in_two_pieces_is_read_whole(tmp_path):
    data = helper.make_model(graph()).SerializeToString() + model_of(ODD["an empty entry"])
    assert onnx.load_from_string(data).graph.initializer[0].external_data
    with pytest.raises(WorkbenchError, match=REFUSED):
        refuse_external_data(data, tmp_path / "model.onnx")


BROKEN = {
    "a length beyond the end": b"\x3a\x7f\x00",
    "a length that is cut": b"\x3a\x80",
    "a number without end": b"\x08" + b"\xff" * 12,
    "a fixed number that is cut": b"\x0d\x00",
    "a group": b"\x0b\x0c",
    "field zero": b"\x02\x00",
    "text": b"This is no model at all.",
}


@pytest.mark.parametrize("case", BROKEN)
def test_what_is_no_message_is_refused_in_one_line(case, tmp_path):
    with pytest.raises(WorkbenchError, match=r"model\.onnx: is truncated, or no ONNX model") as error:
        refuse_external_data(BROKEN[case], tmp_path / "model.onnx")
    assert "\n" not in str(error.value)


@pytest.fixture(scope="module")
def real(tmp_path_factory):
    path = tmp_path_factory.mktemp("onnx") / "model.onnx"
    write_onnx(path)
    return path


def test_a_model_cut_anywhere_gives_our_error_or_holds_nothing_external(real):
    data = real.read_bytes()
    refuse_external_data(data, real)
    refused = 0
    for end in range(len(data)):
        try:
            refuse_external_data(data[:end], real)
        except WorkbenchError:
            refused += 1
    assert refused > 0.9 * len(data)


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=60))
def test_no_bytes_raise_anything_else(tmp_path_factory, data):
    for spelled in (data, model_of(data)):
        with contextlib.suppress(WorkbenchError):
            refuse_external_data(spelled, tmp_path_factory.getbasetemp())
