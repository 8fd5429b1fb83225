"""By what the passes choose: the measure against what it stands for, computed the slow way."""

from __future__ import annotations

import dataclasses
import itertools

import pytest
import torch
from torch import nn

from workbench.testing.models import write_model
from workbench_prune.families import layers
from workbench_prune.moments import input_moments
from workbench_prune.options import FfnOptions
from workbench_prune.projection import fitted
from workbench_prune.rows import measurement_rows
from workbench_prune.selection import irreplaceable
from workbench_prune.trained_model import open_trained


@pytest.fixture
def network(tmp_path):
    model = write_model(tmp_path / "model", "bert")
    return model, open_trained(model)


def test_moments_are_sums_over_tokens_that_are_no_padding(network, context, small_dataset):
    """Against a row at a time, without padding."""
    model, net = network
    around = dataclasses.replace(context, dataset=small_dataset)
    rows = measurement_rows(model, net, ("train",), FfnOptions(rows=7), "test", around, labels=False)
    fall, inputs = layers(net.encoder)[0].fall, []
    handle = fall.register_forward_pre_hook(lambda _, arguments: inputs.append(arguments[0][0]))
    for batch in rows:
        for ids, mask in zip(batch.ids, batch.mask, strict=True):
            net.logits(ids[None, : mask.sum()], mask[None, : mask.sum()])
    handle.remove()
    tokens = torch.cat([torch.cat(inputs), torch.ones(len(torch.cat(inputs)), 1)], dim=1).double()
    assert torch.allclose(input_moments(net, rows, [fall])[0], tokens.T @ tokens, rtol=1e-3, atol=1e-5)


def test_rows_are_taken_from_the_whole_split(network, context, small_dataset):
    """Which stands sorted by intent."""
    model, net = network
    around = dataclasses.replace(context, dataset=small_dataset)
    rows = measurement_rows(model, net, ("train",), FfnOptions(rows=6), "test", around, labels=True)
    assert sorted(int(label) for batch in rows for label in batch.labels) == [0, 0, 1, 1, 2, 2]


def sample(columns, outputs=5, tokens=400):
    """A projection, inputs that depend on each other, and what would be measured of them."""
    torch.manual_seed(4)
    inputs = torch.randn(tokens, columns) @ torch.randn(columns, columns) + torch.randn(columns)
    return nn.Linear(columns, outputs), inputs, moments_of(inputs)


def moments_of(inputs):
    with_one = torch.cat([inputs, torch.ones(len(inputs), 1)], dim=1).double()
    return with_one.T @ with_one


def error(projection, inputs, seen, kept):
    """The squared error of the output with only these columns, after the fit."""
    weight, bias = fitted(projection, kept, seen)
    with torch.no_grad():
        return float((projection(inputs) - inputs[:, kept] @ weight.T - bias).square().sum())


def test_the_fit_is_least_squares():
    projection, inputs, seen = sample(8)
    kept = torch.tensor([0, 2, 3, 7])
    with torch.no_grad():
        wanted = torch.linalg.lstsq(torch.cat([inputs[:, kept], torch.ones(400, 1)], 1), projection(inputs))
        best = float(
            (projection(inputs) - torch.cat([inputs[:, kept], torch.ones(400, 1)], 1) @ wanted.solution).square().sum()
        )
    assert error(projection, inputs, seen, kept) == pytest.approx(best, rel=1e-2)


@pytest.mark.parametrize("size", [1, 2])
def test_the_group_that_goes_is_the_one_that_is_missed_least(size, monkeypatch):
    """One at a time, as the slow way finds it by fitting without each."""
    monkeypatch.setattr("workbench_prune.selection.ROUND", 1)
    groups = 6
    projection, inputs, seen = sample(groups * size, groups)

    def columns(kept):
        return (torch.tensor(kept)[:, None] * size + torch.arange(size)).flatten()

    alive = list(range(groups))
    for count in (5, 4, 3, 2):
        gone = min(
            alive, key=lambda g: error(projection, inputs, seen, columns([other for other in alive if other != g]))
        )
        alive.remove(gone)
        assert irreplaceable(projection, seen, groups, count).tolist() == alive


def test_one_of_two_that_are_the_same_goes():
    projection, inputs, _ = sample(4)
    inputs[:, 1] = inputs[:, 0]
    seen = moments_of(inputs)
    kept = irreplaceable(projection, seen, 4, 3)
    assert not {0, 1} <= set(kept.tolist())
    assert error(projection, inputs, seen, kept) < 1e-2 * min(
        error(projection, inputs, seen, torch.tensor(others))
        for others in itertools.combinations(range(4), 3)
        if {0, 1} <= set(others)
    )
