"""The pass prune-ffn on encoders whose width is no multiple of 32."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from transformers import AutoModel

from tests.model_folders import spoil
from workbench.errors import UsageProblem, WorkbenchError
from workbench.nouns.model import Model
from workbench.options import parse_options
from workbench.testing.models import write_model


def widened(width):
    """Weights of layers with so many neurons."""

    def change(tensors):
        made = dict(tensors)
        for name, tensor in tensors.items():
            if "intermediate.dense" in name:
                made[name] = np.resize(tensor, (width, *tensor.shape[1:]))
            elif ".output.dense.weight" in name and "attention" not in name:
                made[name] = np.resize(tensor, (tensor.shape[0], width))
        return made

    return change


@pytest.fixture
def prune(host, context, tmp_path, small_dataset):
    """`prune(before, **options)` → the width of a model that had `before` neurons a layer."""

    def run(before, **options) -> int:
        whole = write_model(tmp_path / "whole", "bert").path
        odd = Model.load(spoil(whole, tmp_path / "odd", widened(before), intermediate_size=before))
        component = host.registry("passes")["prune-ffn"]
        around = dataclasses.replace(context, dataset=small_dataset)
        made = component(odd, tmp_path / "made", parse_options(component.options, options, "compress"), around)
        width: int = AutoModel.from_pretrained(made.path).config.intermediate_size
        return width

    return run


@pytest.mark.parametrize(("before", "share", "width"), [(88, 1.0, 64), (48, 1.0, 32), (88, 0.0, 32), (160, 0.5, 64)])
def test_a_share_falls_to_a_multiple(prune, before, share, width):
    """88 / 32 is 2.75, and three times 32 are more than there are."""
    assert prune(before, share=share) == width


def test_only_what_is_there_is_proposed(prune):
    with pytest.raises(UsageProblem, match=r"width: is 70, no multiple of 32\. Give 64\.$"):
        prune(88, width=70)


def test_fewer_than_32_are_refused(prune):
    with pytest.raises(WorkbenchError, match=r"a layer has 16 neurons, and 32 are the least\. Leave out prune-ffn"):
        prune(16)
