"""By what the passes choose: both measures against what they stand for, computed the slow way."""

from __future__ import annotations

import dataclasses
import itertools

import pytest
import torch
from torch import nn

from workbench.testing.models import write_model
from workbench_prune.families import layers
from workbench_prune.importance import InputMoments, measure
from workbench_prune.options import FfnOptions
from workbench_prune.projection import fitted
from workbench_prune.rows import measurement_rows
from workbench_prune.selection import select
from workbench_prune.trained_model import open_trained


@pytest.fixture
def network(tmp_path):
    model = write_model(tmp_path / "model", "bert")
    return model, open_trained(model, "test")


def test_fisher_is_the_squared_gradient_of_a_mask(network, context, small_dataset):
    """Against masks of their own, a row at a time."""
    model, net = network
    around = dataclasses.replace(context, dataset=small_dataset)
    rows = measurement_rows(model, net, ("train",), FfnOptions(rows=7), "test", around, labels=True)
    fall, values = layers(net.encoder)[0].fall, layers(net.encoder)[1].values
    for projection, groups in ((fall, 64), (values, 2)):
        expected = torch.zeros(groups)
        for batch in rows:
            for ids, mask, label in zip(batch.ids, batch.mask, batch.labels, strict=True):
                ones = torch.ones(groups, requires_grad=True)

                def hook(_, inputs, ones=ones, projection=projection, groups=groups):
                    return (inputs[0] * ones.repeat_interleave(projection.in_features // groups),)

                handle = projection.register_forward_pre_hook(hook)
                loss = torch.nn.functional.cross_entropy(net.logits(ids[None], mask[None]), label[None])
                expected += torch.autograd.grad(loss, ones)[0] ** 2
                handle.remove()
        found = measure(net, rows, [projection], groups, fisher=True)[0].fisher
        assert torch.allclose(found.float(), expected, rtol=1e-3)


def test_moments_need_no_backward_pass(network, context, small_dataset, monkeypatch):
    model, net = network
    around = dataclasses.replace(context, dataset=small_dataset)
    rows = measurement_rows(model, net, ("train",), FfnOptions(rows=7), "test", around, labels=True)
    fall = layers(net.encoder)[0].fall
    with_scores = measure(net, rows, [fall], 64, fisher=True)[0]
    monkeypatch.setattr(torch.autograd, "grad", None)
    without = measure(net, rows, [fall], 64, fisher=False)[0]
    assert without.fisher is without.kept(torch.tensor([0])) is None
    assert torch.equal(without.moments, with_scores.moments)


def test_rows_are_taken_from_the_whole_split(network, context, small_dataset):
    """Which stands sorted by intent."""
    model, net = network
    around = dataclasses.replace(context, dataset=small_dataset)
    rows = measurement_rows(model, net, ("train",), FfnOptions(rows=6), "test", around, labels=True)
    assert sorted(int(label) for batch in rows for label in batch.labels) == [0, 0, 1, 1, 2, 2]


def sample(columns, groups, outputs=5, tokens=400):
    """A projection, inputs that depend on each other, and what would be measured of them."""
    torch.manual_seed(4)
    inputs = torch.randn(tokens, columns) @ torch.randn(columns, columns) + torch.randn(columns)
    with_one = torch.cat([inputs, torch.ones(tokens, 1)], dim=1).double()
    scores = torch.arange(groups, dtype=torch.float64)
    return nn.Linear(columns, outputs), inputs, InputMoments(groups, with_one.T @ with_one, scores)


def error(projection, inputs, seen, kept):
    """The squared error of the output with only these columns, after the fit."""
    weight, bias = fitted(projection, kept, seen.moments)
    with torch.no_grad():
        return float((projection(inputs) - inputs[:, kept] @ weight.T - bias).square().sum())


def test_the_fit_is_least_squares():
    projection, inputs, seen = sample(8, 8)
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
        assert select(projection, seen, count, "output").tolist() == alive


def test_one_of_two_that_are_the_same_goes():
    """Each by itself matters most of all; together one is enough."""
    projection, inputs, _ = sample(4, 4)
    inputs[:, 1] = inputs[:, 0]
    with_one = torch.cat([inputs, torch.ones(400, 1)], dim=1).double()
    seen = InputMoments(4, with_one.T @ with_one, torch.tensor([9.0, 9.0, 1.0, 2.0], dtype=torch.float64))
    assert select(projection, seen, 2, "fisher").tolist() == [0, 1]
    kept = select(projection, seen, 3, "output")
    assert not {0, 1} <= set(kept.tolist())
    assert error(projection, inputs, seen, kept) < 1e-2 * min(
        error(projection, inputs, seen, torch.tensor(others))
        for others in itertools.combinations(range(4), 3)
        if {0, 1} <= set(others)
    )
