"""Recipes: what is wrong is named, with the nearest that is right."""

from __future__ import annotations

import pytest

from workbench.engine.overrides import parse_overrides
from workbench.engine.recipe import load_recipe
from workbench.errors import WorkbenchError

GOOD = """
seed = 7

[[import]]
reader = "quickstart"
source = "en"
split = { train = 0.8, dev = 0.2 }

[clean]
use = ["repair", "conflicts"]

[clean.conflicts]
policy = "keep"

[train]
use = "finetune"
epochs = 2

[[compress]]
use = "onnx"

[[compress]]
use = "int8"

[gate]
max_size_mb = 25
"""


def load(tmp_path, host, text=GOOD, *overrides):
    (tmp_path / "recipe.toml").write_text(text, encoding="utf-8")
    return load_recipe(tmp_path / "recipe.toml", host, parse_overrides(overrides))


def test_a_recipe_becomes_steps_with_their_options(tmp_path, host):
    recipe = load(tmp_path, host)
    assert recipe.top.seed == 7
    assert recipe.imports[0].settings.split == {"train": 0.8, "dev": 0.2}
    assert [step.name for step in recipe.clean] == ["repair", "conflicts"]
    assert recipe.clean[1].options.policy == "keep"
    assert recipe.train.options.epochs == 2
    assert [step.name for step in recipe.compress] == ["onnx", "int8"]
    assert recipe.gate == {"max_size_mb": 25.0}


def test_every_key_can_be_overridden(tmp_path, host):
    recipe = load(
        tmp_path,
        host,
        GOOD,
        "--train.epochs",
        "9",
        "--seed=3",
        "--compress.int8.per_channel",
        "false",
        "--import.quickstart.source",
        "zh",
        "--gate.min_agreement",
        "0.9",
    )
    assert (recipe.train.options.epochs, recipe.top.seed) == (9, 3)
    assert recipe.compress[1].options.per_channel is False
    assert recipe.imports[0].settings.source == "zh"
    assert recipe.gate["min_agreement"] == 0.9


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("seed = 7", "sead = 7"), ["recipe.toml", "unknown key 'sead'", "Did you mean 'seed'"]),
        (("seed = 7", 'seed = "x"'), ["recipe.toml.seed", "'x'", "int"]),
        (("seed = 7", 'task = "intent"'), ["recipe.toml", "unknown key 'task'"]),
        (("seed = 7", 'requires = ["workbench_lab"]'), ["unknown plugin 'workbench_lab'"]),
        (('reader = "quickstart"', 'reader = "quikstart"'), ["[[import]] 0", "unknown reader", "'quickstart'"]),
        (('source = "en"', 'sauce = "en"'), ["[[import]] 0", "unknown key 'sauce'", "'source'"]),
        (("split = {", "split = 3 #"), ["split", "table of numbers"]),
        (("[[import]]", "[import]"), ["[[import]]", "two brackets"]),
        (('"conflicts"]', '"conflict"]'), ["unknown cleaner 'conflict'"]),
        (("[clean.conflicts]", "[clean.conflict]"), ["[clean]", "unknown key 'conflict'", "'conflicts'"]),
        (('policy = "keep"', 'policy = "vote"'), ["[clean].conflicts.policy", "'vote'"]),
        (("epochs = 2", "epoch = 2"), ["[train]", "unknown key 'epoch'", "'epochs'"]),
        (("epochs = 2", "epochs = 0"), ["[train].epochs", "at least 1"]),
        (('use = "finetune"', 'use = "finetun"'), ["[train]", "unknown trainer", "'finetune'"]),
        (('use = "finetune"', ""), ["[train]", "'use' is missing"]),
        (('use = "int8"', 'use = "int4"'), ["[[compress]] 1", "unknown pass 'int4'", "'int8'"]),
        (("max_size_mb", "max_sise_mb"), ["[gate]", "unknown budget", "'max_size_mb'"]),
        (("max_size_mb = 25", 'max_size_mb = "25"'), ["[gate].max_size_mb", "number"]),
        (("seed = 7", "seed = ="), ["recipe.toml", "TOML"]),
        (("seed = 7", "seed = 99999999999999999999"), ["recipe.toml.seed", "at most"]),
        (('use = "finetune"', 'use = ["finetune"]'), ["[train]", "unknown trainer"]),
        (('reader = "quickstart"', "reader = 3"), ["[[import]] 0", "unknown reader"]),
        (('use = ["repair", "conflicts"]', 'use = [["repair"]]'), ["[clean]", "unknown cleaner"]),
        (('[clean.conflicts]\npolicy = "keep"', "repair = 3"), ["[clean]", "'repair' is 3", "table"]),
        (("train = 0.8", "train = nan"), ["split", "finite"]),
        (("train = 0.8", "trian = 0.8"), ["[[import]] 0.split", "'trian' is not a split"]),
        (('source = "en"\n', ""), ["[[import]] 0", "'source' is missing"]),
        (("max_size_mb = 25", "max_size_mb = inf"), ["[gate].max_size_mb", "number"]),
    ],
)
def test_what_is_wrong_is_named(tmp_path, host, change, words):
    with pytest.raises(WorkbenchError) as caught:
        load(tmp_path, host, GOOD.replace(*change, 1))
    assert caught.value.exit_code == 2
    for word in words:
        assert word in str(caught.value)


@pytest.mark.parametrize("override", ["--train", "train.epochs", "--compress.int7.per_channel=1", "--seed.x=1"])
def test_an_override_that_leads_nowhere_is_named(tmp_path, host, override):
    with pytest.raises(WorkbenchError):
        load(tmp_path, host, GOOD, override)


def test_a_recipe_that_is_missing_says_how_to_get_one(tmp_path, host):
    with pytest.raises(WorkbenchError, match="workbench init"):
        load_recipe(tmp_path / "none.toml", host)
