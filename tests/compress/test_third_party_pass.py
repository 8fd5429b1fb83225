"""A third party's passes are tried, and chosen where they are the best, by what they declare alone."""

from __future__ import annotations

import dataclasses
import json
import re
import shutil
from dataclasses import dataclass
from types import SimpleNamespace

import pytest

from workbench.api import Axis, Context, Pass, build_host, hookimpl, option, parse_options

WITHOUT = ("workbench_prune", "workbench_quantize")  # so that nothing of ours can be chosen in their place


@dataclass(frozen=True)
class DepthOptions:
    """How much of the encoder stays."""

    share: float = option(1.0, "share of the layers that stay", ge=0.0, le=1.0)


@dataclass(frozen=True)
class RoundingOptions:
    """How weights are rounded."""

    scheme: str = option("fine", "fine or coarse")


class Acme:
    """A plugin with a pass that quantizes, one that prunes and one that recovers."""

    def __init__(self) -> None:
        self.ours = build_host().registry("passes")
        self.used: list[tuple[str, object]] = []

    @hookimpl
    def passes(self):
        torch = {"consumes": "torch", "produces": "torch"}
        return {
            "acme-depth": Pass(
                run=self.depth,
                options=DepthOptions,
                summary="fewer layers",
                role="prune",
                space={"share": Axis((1.0, 0.5))},
                **torch,
            ),
            "acme-tutor": Pass(run=self.tutor, summary="nothing is learned", role="recover", **torch),
            "acme-rounding": Pass(
                run=self.rounding,
                options=RoundingOptions,
                summary="rounded weights",
                role="quantize",
                consumes="onnx",
                produces="onnx",
                space={"scheme": Axis(("fine", "coarse"))},
            ),
        }

    def depth(self, model, out, options, context):
        self.used.append(("acme-depth", options.share))
        return self.named(self.layers(model, out, options.share, context), "acme-depth")

    def layers(self, model, out, share, context):
        ours = self.ours["drop-layers"]
        count = json.loads((model.path / "config.json").read_text(encoding="utf-8"))["num_hidden_layers"]
        return ours(model, out, ours.options(layers=round(count * share)), context)

    def tutor(self, model, out, options, context):
        shutil.copytree(model.path, out)
        return self.named(dataclasses.replace(model, path=out), "acme-tutor")

    def rounding(self, model, out, options, context):
        self.used.append(("acme-rounding", options.scheme))
        ours = self.ours["int8"]
        mode = {"fine": "dynamic", "coarse": "static"}[options.scheme]
        return self.named(ours(model, out, ours.options(mode=mode), context), "acme-rounding")

    @staticmethod
    def named(model, name):
        return dataclasses.replace(model, history=(*model.history, {"step": name})).save()


@pytest.fixture(scope="module")
def found(searching, tmp_path_factory):
    """What a search found with the passes of Acme alone, and the plugin."""
    acme, place = Acme(), tmp_path_factory.mktemp("acme")
    host = build_host([name for name in build_host().versions if name not in WITHOUT])
    host.register(acme, "acme")
    search = host.registry("passes")["search"]
    (place / "work").mkdir()
    context = Context(
        host,
        13,
        place / "work",
        dataset=searching.dataset,
        baseline=searching.model,
        measurements=place / "measurements",
    )
    options = parse_options(search.options, {"max_drop": 100.0, "minutes": 5.0, "vocabulary": "keep"}, "compress")
    made = search(searching.model, place / "out", options, context)
    measurements = json.loads((place / "measurements" / "search.json").read_text(encoding="utf-8"))
    return SimpleNamespace(made=made, measurements=measurements, used=acme.used)


def test_both_passes_are_tried_with_the_values_of_their_search_spaces(found):
    assert {"fine", "coarse"} <= {value for name, value in found.used if name == "acme-rounding"}
    assert {value for name, value in found.used if name == "acme-depth"} == {0.5}


def test_the_measurements_name_them(found):
    names = {candidate["name"] for candidate in found.measurements["candidates"]}
    baseline = {"baseline-fp32", "baseline-acme-rounding", "baseline-fuse-fp32", "baseline-fuse-acme-rounding"}
    assert baseline | {"baseline-fuse-acme-rounding-coarse"} <= names
    pruned = [candidate for candidate in found.measurements["candidates"] if candidate["pruned"]]
    assert pruned
    for candidate in pruned:
        assert candidate["architecture"] == {"share": 0.5}
        assert re.match("share0.5", candidate["name"])
        assert candidate["predicted_ms"]
    (dimension,) = found.measurements["screening"]["dimensions"]
    assert dimension["name"] == "share"
    assert [c["name"] for c in found.measurements["candidates"] if c["peer"]] == [
        "baseline-fp32",
        "baseline-acme-rounding",
    ]


def test_a_candidate_of_both_is_chosen_where_it_is_the_fastest(found):
    """Any loss is allowed, and half of the layers take less time."""
    (chosen,) = [candidate for candidate in found.measurements["candidates"] if candidate["chosen"]]
    assert chosen["pruned"]
    steps = [step["step"] for step in found.made.history]
    assert "acme-depth" in steps
    assert steps[-1] == "search"
    assert found.made.history[-1]["chosen"] == chosen["name"]
    assert chosen["precision"] == ("acme-rounding" if "acme-rounding" in steps else "fp32")


def test_a_size_budget_chooses_the_third_partys_quantization(searching, tmp_path):
    """Only rounded weights keep the budget of bytes."""
    host = build_host([name for name in build_host().versions if name not in WITHOUT])
    host.register(Acme(), "acme")
    known = dataclasses.replace(searching, host=host, place=tmp_path)
    known.run("sizes", max_drop=100.0, minutes=0.0)
    sizes = {c["name"]: c["bytes"] for c in known.measurements("sizes")["candidates"]}
    least = min(size for name, size in sizes.items() if "acme-rounding" not in name)
    made = known.run("sizes", max_drop=100.0, minutes=0.0, max_size_mb=0.999 * least / 1e6)
    assert "acme-rounding" in made.history[-1]["chosen"]
    assert "acme-rounding" in {step["step"] for step in made.history}
