"""Which architectures and chains the declared passes allow, what the table predicts, and what is worth pruning."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from tests.model_folders import spoil
from workbench.api import Axis, Pass
from workbench.errors import MissingExtra
from workbench.nouns.model import Model
from workbench.testing.models import FAMILIES, write_model
from workbench_compress.lab.latency_bench import covering
from workbench_compress.lab.token_table import token_table
from workbench_compress.policy.screening import pareto_front, spaced, undominated, worth_more
from workbench_compress.space.architecture import Architecture, Dimension, Space, discover_space
from workbench_compress.space.chain import discover_chains, yardsticks
from workbench_compress.space.latency import Cost, LatencyTable, networks_of
from workbench_prune.space import heads, layers, shape_of, widths


def resized(config, value):
    return config


SPACE = Space(
    (
        Dimension("drop", "layers", (6, 4, 2), resized, blocks=True),
        Dimension("heads", "heads", (12, 6, 3), resized),
        Dimension("ffn", "width", (1536, 768, 384), resized),
    )
)
COST = {
    a: SPACE.values(a)["layers"] * (SPACE.values(a)["heads"] + SPACE.values(a)["width"] / 128)
    for a in (Architecture((level, part, part)) for level in range(3) for part in (0, 2))
}


# What the passes declare


@pytest.mark.parametrize("family", FAMILIES)
def test_the_space_is_read_from_the_configuration(host, family, tmp_path):
    model = write_model(tmp_path / family, family)
    space = discover_space(host.registry("passes"), model)
    assert [(d.using, d.option, d.values) for d in space.dimensions] == [
        ("drop-layers", "layers", (2, 1)),
        ("prune-heads", "heads", (2, 1)),
        ("prune-ffn", "width", (64, 32)),
    ]
    assert space.name(Architecture((1, 0, 1))) == "layers1-heads2-width32"


def test_the_tokens_are_read_from_the_weights(tmp_path):
    found = token_table(write_model(tmp_path / "bert"))
    assert found.width == 32
    assert 0.3 < found.share < 0.5


def test_heads_that_were_pruned_before_do_not_count(host, tmp_path):
    made = spoil(write_model(tmp_path / "whole").path, tmp_path / "pruned", pruned_heads={"0": [1], "1": [0]})
    assert shape_of(Model.load(made)).heads == 1
    uneven = spoil(tmp_path / "whole", tmp_path / "uneven", pruned_heads={"0": [1]})
    assert discover_space(host.registry("passes"), Model.load(uneven)).size == 1


def test_another_family_is_not_known(host, tmp_path):
    assert discover_space(host.registry("passes"), write_model(tmp_path / "albert", "albert")) == Space()


def test_depths_are_even_and_widths_are_blocks_of_neurons(tmp_path):
    folder = write_model(tmp_path / "whole").path
    sizes = {"num_hidden_layers": 12, "num_attention_heads": 12, "intermediate_size": 1536}
    model = Model.load(spoil(folder, tmp_path / "large", **sizes))
    assert layers(model) == [12, 10, 8, 6, 4, 2]
    assert heads(model) == [12, 9, 6, 3]
    assert widths(model) == [1536, 1152, 768, 384]
    odd = Model.load(spoil(folder, tmp_path / "odd", num_attention_heads=1, intermediate_size=100))
    assert (heads(odd), widths(odd)) == ([1], [100, 64, 32])


def test_the_chains_that_are_tried(host, tmp_path):
    passes, model = host.registry("passes"), write_model(tmp_path / "bert")
    names = ["fp32", "int8", "fuse-fp32", "fuse-int8", "fuse-int8-static"]
    assert [chain.name for chain in discover_chains(passes, model, {}, sized=False)] == names
    sized = discover_chains(passes, model, {"reduce_range": "yes"}, sized=True)
    assert {chain.name for chain in sized} == {*names, "fp16-weights", "fuse-fp16-weights"}
    static = next(chain for chain in sized if chain.name == "fuse-int8-static")
    assert static.to_json()[-1] == {"use": "int8", "mode": "static", "reduce_range": "yes"}
    assert not any(option for chain in sized if chain.bits == 16 for link in chain.links for option in link.options)
    assert [chain.name for chain in sized if chain.plain] == ["fp32", "int8", "fp16-weights"]


def test_without_passes_that_fuse_or_quantize_the_export_is_left(host, tmp_path):
    passes = {"onnx": host.registry("passes")["onnx"]}
    assert [chain.name for chain in discover_chains(passes, write_model(tmp_path / "bert"), {}, sized=True)] == ["fp32"]


def test_other_values_of_a_quantizing_pass_are_tried_after_every_pass_that_fuses(host, tmp_path):
    known = host.registry("passes")
    passes = {name: known[name] for name in ("onnx", "fuse", "int8")}
    model = write_model(tmp_path / "bert")
    static = {
        name
        for chain in discover_chains({**passes, "melt": passes["fuse"]}, model, {}, sized=False)
        if (name := chain.name).endswith("static")
    }
    assert static == {"fuse-int8-static", "melt-int8-static"}
    del passes["fuse"]
    assert [chain.name for chain in discover_chains(passes, model, {}, sized=False)] == ["fp32", "int8", "int8-static"]


def test_the_yardstick_depends_on_no_third_party_and_on_no_order_of_plugins(host, tmp_path):
    model, ours = write_model(tmp_path / "bert"), {n: host.registry("passes")[n] for n in ("onnx", "int8")}
    foreign = {"acme": replace(ours["int8"], distribution="acme")}
    for passes in ({**ours, **foreign}, {**foreign, **ours}):
        preferred = yardsticks(discover_chains(passes, model, {}, sized=False), passes)
        assert [chain.name for chain in preferred] == ["int8", "acme", "fp32"]
    preferred = yardsticks(discover_chains({"onnx": ours["onnx"]}, model, {}, sized=True), ours)
    assert [chain.name for chain in preferred] == ["fp32"]


def test_a_pass_with_two_axes_prunes_at_once_and_options_of_one_name_are_told_apart(tmp_path):
    both = Pass(run=str, summary="", role="prune", consumes="torch", produces="torch")
    shares = {"share": Axis((1.0, 0.5)), "rank": Axis(lambda model: (8, 4))}
    passes = {
        "one": Pass(**{**vars(both), "space": shares}),
        "two": Pass(**{**vars(both), "space": {"share": Axis((1.0, 0.25)), "fixed": Axis((1,))}}),
    }
    space = discover_space(passes, write_model(tmp_path / "bert"))
    assert space.names() == ["one.share", "rank", "two.share"]
    step = space.last_step(Architecture((1, 1, 0)))
    assert (step.source, step.using, step.options) == (space.full, "one", {"share": 0.5, "rank": 4})
    assert space.last_step(Architecture((1, 0, 1))).source == Architecture((1, 0, 0))


@pytest.mark.parametrize("axis", [Axis("lacking:values"), Axis((2, 1), "lacking:resized")])
def test_the_library_of_an_axis_is_brought_by_the_distribution_of_its_pass(axis, tmp_path, monkeypatch):
    (tmp_path / "lacking.py").write_text("import no_such_library\n")
    monkeypatch.syspath_prepend(tmp_path)
    about = {"role": "prune", "consumes": "torch", "produces": "torch", "extra": "gpu", "distribution": "acme-width"}
    passes = {"width": Pass(run=str, summary="", space={"share": axis}, **about)}
    with pytest.raises(MissingExtra, match=r'no_such_library is not installed.*"acme-width\[gpu\]"'):
        discover_space(passes, write_model(tmp_path / "bert"))


def test_blocks_go_first_and_level_by_level():
    last = SPACE.last_step(Architecture((2, 1, 0)))
    assert (last.using, last.options, last.source) == ("heads", {"heads": 6}, Architecture((2, 0, 0)))
    depth = SPACE.last_step(last.source)
    assert (depth.using, depth.options, depth.source) == ("drop", {"layers": 2}, Architecture((1, 0, 0)))
    assert SPACE.singles(Architecture((2, 0, 1))) == [Architecture((2, 0, 0)), Architecture((0, 0, 1))]


# The latency table


def table() -> LatencyTable:
    """A network costs 1 ms and 0.01 a token; a full layer 0.1 a token, a third of it by heads; and as many bytes."""
    lengths = (8, 16, 32)

    def cost(layers: int, heads: int = 12, width: int = 1536) -> Cost:
        share = (heads / 12 + 2 * width / 1536) / 3
        return Cost(tuple(1 + 0.01 * n + layers * 0.1 * n * share for n in lengths), round(1000 + 600 * layers * share))

    networks = {
        "1-blocks": cost(1),
        "3-blocks": cost(3),
        "heads.heads6": cost(3, heads=6),
        "heads.heads3": cost(3, heads=3),
        "ffn.width768": cost(3, width=768),
        "ffn.width384": cost(3, width=384),
    }
    return LatencyTable(SPACE, lengths, {"int8": networks}, {"int8": {}}, mix=(8, 8, 12, 32), tokenizing=0.5)


def test_the_networks_are_those_that_the_table_asks_for():
    assert set(networks_of(SPACE, {})) == set(table().networks["int8"])
    assert networks_of(Space((Dimension("a", "b", (2, 1)),)), {}) == {}


def test_the_table_puts_a_time_together():
    mean, p95 = table().predict(SPACE.full, "int8")
    assert mean == pytest.approx(0.5 + 1 + (0.01 + 6 * 0.1) * 15)
    assert p95 == pytest.approx(0.5 + 1 + (0.01 + 6 * 0.1) * 29)
    half, _ = table().predict(Architecture((2, 1, 1)), "int8")
    assert half == pytest.approx(0.5 + 1 + (0.01 + 2 * 0.1 * 0.5) * 15)


def test_the_table_puts_a_size_together():
    """Of 10,000 bytes 6 * 600 are layers; two of half the width and heads are 600."""
    assert table().predicted_bytes(10_000, SPACE.full, "int8") == pytest.approx(10_000)
    assert table().predicted_bytes(10_000, Architecture((2, 1, 1)), "int8") == pytest.approx(10_000 - 3600 + 600)


def test_what_no_network_stands_for_is_a_share_of_what_was_measured():
    mixed = Space((*SPACE.dimensions, Dimension("third", "share", (1.0, 0.5))))
    models = {"int8": {"full": Cost((8.0,), 1000), "layers6-heads12-width1536-share0.5": Cost((6.0,), 500)}}
    found = LatencyTable(mixed, table().lengths, table().networks, models, mix=(8, 8, 12, 32), tokenizing=0.5)
    assert found.predict(Architecture((0, 0, 0, 1)), "int8")[0] == pytest.approx(0.5 + 0.75 * (1 + 0.61 * 15))
    assert found.predicted_bytes(10_000, Architecture((2, 1, 1, 1)), "int8") == pytest.approx(3500)
    alone = Space(mixed.dimensions[3:])
    models = {"int8": {"full": Cost((8.0,), 1000), "share0.5": Cost((6.0,), 500)}}
    assert LatencyTable(alone, (), {"int8": {}}, models, (8,), 0.0).predict(Architecture((1,)), "int8") == (6.0, 6.0)


def test_what_could_not_be_timed_takes_forever():
    alone = Space((Dimension("third", "share", (1.0, 0.5)),))
    found = LatencyTable(alone, (), {"int8": {}}, {"int8": {"full": Cost((8.0,), 1000)}}, (8,), 0.0)
    assert found.predict(Architecture((1,)), "int8")[0] == math.inf


def test_the_table_reaches_from_short_texts_to_the_longest():
    assert covering(longest=90, usual=40) == (4, 8, 16, 24, 32, 40, 90)
    assert covering(longest=6, usual=6) == (4, 6)


# What is worth pruning and training


def test_what_saves_no_time_is_not_worth_pruning():
    slow = {**COST, Architecture((1, 2, 2)): COST[Architecture((1, 0, 0))]}
    left = undominated(list(slow), slow.__getitem__)
    assert set(left) == set(slow) - {Architecture((1, 2, 2))}


def test_only_the_nearest_of_those_that_are_as_fast_are_pruned():
    divergence = {a: float(n) for n, a in enumerate(sorted(COST, key=COST.__getitem__, reverse=True))}
    assert pareto_front(list(COST), COST.__getitem__, divergence.__getitem__) == sorted(COST, key=COST.__getitem__)
    fastest = min(COST, key=COST.__getitem__)
    assert pareto_front(list(COST), COST.__getitem__, lambda a: float(a != fastest)) == [fastest]


def test_architectures_are_spread_between_the_fastest_and_the_slowest():
    cost = {Architecture((9 - n,)): 2.0**n for n in range(1, 10)}
    ordered = sorted(cost, key=cost.__getitem__)
    assert [cost[a] for a in spaced(ordered[::-1], cost.__getitem__, 2)] == [2.0**3, 2.0**7]
    assert [cost[a] for a in spaced(ordered, cost.__getitem__, 1)] == [2.0**5]
    assert spaced(ordered, cost.__getitem__, 99) == ordered
    assert spaced(ordered, cost.__getitem__, 0) == []


def test_training_goes_on_for_the_better_half_of_what_is_faster_than_one_that_keeps_the_budgets():
    a, b, c, d, e = sorted(COST, key=COST.__getitem__)[:5]
    first, time = dict.fromkeys((a, b, c, d, e), math.inf), COST.__getitem__
    missing = {a: 8.5, b: 2.5, c: 3.5, d: 0.0, e: 1.5}
    assert worth_more([a, b, c, d, e], missing, first, time, fastest=time(d)) == [b, c]
    assert worth_more([a, b, c, d, e], missing, first, time, fastest=math.inf) == [e, b], "d breaks another budget"
    assert worth_more([a, b], missing, first, time, fastest=math.inf) == [b]
    assert worth_more([b], missing, first, time, fastest=time(a)) == [], "one of an earlier round is faster"


def test_what_gains_too_little_is_given_up():
    a, b = sorted(COST, key=COST.__getitem__)[:2]
    time = COST.__getitem__
    assert worth_more([a, b], {a: 4.0, b: 4.0}, {a: 5.0, b: 4.9}, time, math.inf) == [a]
    assert worth_more([a, b], {a: 4.0, b: 4.0}, {a: 4.9, b: 4.9}, time, math.inf) == []
