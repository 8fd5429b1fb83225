"""Warnings of the stage `import` about intents that are probably mistakes."""

from __future__ import annotations

import pytest

from workbench.engine.recipe import check_recipe
from workbench.nouns.utterance import Utterance
from workbench.quality.label_warnings import label_warnings
from workbench.stages.import_stage import import_stage


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (("Refund", "refund"), "'Refund' (10 rows) and 'refund' (10 rows) look alike"),
        (("ｒefund", "refund"), "look alike"),
        (("cafe\u0301", "caf\u00e9"), "look alike"),
        (("re fund", "refund"), "look alike"),
        (("nan", "refund"), "'nan' (10 rows) looks like a missing value"),
        (("1", "2"), "all 2 intents are numbers, such as '1' (10 rows) and '2' (10 rows)"),
    ],
)
def test_intents_that_probably_mean_something_else_are_said(host, context, tmp_path, names, words, caplog):
    rows = [f"text {n} {number},{name}\n" for n, name in enumerate(names) for number in range(10)]
    (tmp_path / "one.csv").write_text("text,label\n" + "".join(rows), encoding="utf-8")
    values = {"import": [{"reader": "csv", "source": "one.csv"}]}
    recipe = check_recipe(values, host, "recipe.toml", tmp_path)
    stage = import_stage(recipe)
    stage.work({}, tmp_path / "out", context)
    assert words in caplog.text


def test_good_intents_are_not_warned_about():
    rows = [
        Utterance(name, name, name, (name,)) for name in ("refund", "refunds", "none of these", "退款", "2fa", "a", "b")
    ]
    assert label_warnings(rows) == []
