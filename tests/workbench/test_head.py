"""The head: what is written is read, and nothing else is."""

from __future__ import annotations

import numpy as np
import pytest
from safetensors.numpy import save_file

from workbench.errors import WorkbenchError
from workbench.nouns.head import FILE, Head

HEAD = Head(np.arange(6, dtype=np.float32).reshape(3, 2), np.ones(3, np.float32))


def test_what_is_saved_is_loaded(tmp_path):
    Head(HEAD.weight.T.copy().T, HEAD.bias.astype(np.float64)).save(tmp_path)
    loaded = Head.load(tmp_path, 3, 2)
    assert np.array_equal(loaded.weight, HEAD.weight)
    assert np.array_equal(loaded.bias, HEAD.bias)
    assert loaded.bias.dtype == np.float32


def test_half_precision_is_read(tmp_path):
    save_file({"weight": HEAD.weight.astype(np.float16), "bias": HEAD.bias.astype(np.float16)}, tmp_path / FILE)
    assert Head.load(tmp_path, 3, 2).weight.dtype == np.float32


@pytest.mark.parametrize(
    ("weight", "bias"), [((4, 2), (4,)), ((3, 1), (3,)), ((6,), (3,)), ((3, 2), (2,)), ((3, 2), (3, 1)), ((2, 3), (3,))]
)
def test_other_shapes_are_refused(tmp_path, weight, bias):
    Head(np.zeros(weight), np.zeros(bias)).save(tmp_path)
    with pytest.raises(
        WorkbenchError, match=r"has weights \[.*\] and bias \[.*\], but 3 intents and vectors of length 2 need"
    ):
        Head.load(tmp_path, 3, 2)


@pytest.mark.parametrize("part", ["weight", "bias"])
def test_a_missing_part_is_named(tmp_path, part):
    save_file({name: array for name, array in HEAD._asdict().items() if name != part}, tmp_path / FILE)
    with pytest.raises(WorkbenchError, match=f"{FILE}: is not a valid head .*{part}"):
        Head.load(tmp_path, 3, 2)


@pytest.mark.parametrize("content", [b"", b"{}", b"\x00" * 40])
def test_a_damaged_file_is_one_line(tmp_path, content):
    (tmp_path / FILE).write_bytes(content)
    with pytest.raises(WorkbenchError, match="is not a valid head") as caught:
        Head.load(tmp_path, 3, 2)
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(WorkbenchError, match=f"{FILE}: is missing"):
        Head.load(tmp_path, 3, 2)
