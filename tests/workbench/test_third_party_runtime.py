"""A third party's model format is bundled, judged and served; its normalization is applied wherever a text comes in."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.third_party import install, workbench
from workbench.api import Dataset

TABLE = '''
"""Word weights in a JSON table, and order numbers that become one word."""

import json
import os
import re

import numpy as np

from workbench.api import Augmenter, Cleaner, Model, Normalization, Predictor, Runtime, Trainer, hookimpl
from workbench.api.text import normalize_rows


def mask_orders(text):
    return re.sub(r"\\b[A-Z]?\\d{4,}\\b", "ORDER", text)


def clean(dataset, out, options, context):
    return normalize_rows(dataset, "mask-orders-1", "mask-orders", context.host)


def repeat(rows, rng, options, context):
    return [(row.id, f"{row.text} <b>{n:05}</b>") for n, row in enumerate(rows)]


def train(dataset, out, options, context):
    rows, intents = dataset.labelled("train"), list(dataset.intents)
    weights = {}
    for row, label in zip(rows, dataset.label_ids(rows)):
        for word in row.text.split():
            weights.setdefault(word, [0.0] * len(intents))[label] += 1.0
    out.mkdir(parents=True)
    (out / "table.json").write_text(json.dumps(weights, sort_keys=True), encoding="utf-8")
    names, history = dataset.normalization, ({"step": "table"},)
    return Model(out, "table", dataset.task, dataset.intents, 64, normalization=names, history=history).save()


class TablePredictor(Predictor):
    def __init__(self, model):
        super().__init__(model)
        self.weights = json.loads((model.path / "table.json").read_text(encoding="utf-8"))

    def compute(self, texts):
        none = np.zeros(len(self.model.intents), np.float32)
        logits = [sum((np.array(self.weights.get(word, none)) for word in text.split()), none) for text in texts]
        return np.array(logits, np.float32).reshape(len(texts), len(none)), None


def open_table(model, options):
    return TablePredictor(model)


@hookimpl
def normalizations():
    return {"mask-orders-1": Normalization(run=mask_orders, summary="order numbers become one word")}


@hookimpl
def cleaners():
    return {"mask-orders": Cleaner(run=clean, summary="mask order numbers", calls=("normalizations",))}


@hookimpl
def augmenters():
    return {"repeat": Augmenter(run=repeat, summary="rows with a number more")}


@hookimpl
def trainers():
    return {"table": Trainer(run=train, summary="counts words", produces="table")}


@hookimpl
def runtimes():
    return {
        "table": Runtime(
            run=open_table,
            summary="word weights in JSON",
            files=("table.json",),
            facts=lambda model: {"words": len(json.loads((model.path / "table.json").read_text(encoding="utf-8")))},
            cpu_warning=lambda bundle: os.environ.get("TABLE_WARNS"),
            cpu_advice=lambda: "tables are for every CPU",
        )
    }
'''

RECIPE = """
[[import]]
reader = "csv"
source = "rows.csv"
split = { train = 0.7, dev = 0.3 }

[clean]
use = ["repair", "mask-orders"]

[augment]
use = ["repeat"]

[train]
use = "table"

[evaluate]
baselines = []

[gate]
min_agreement = 1
"""
WHEN = ["today", "now", "then", "soon"] * 10
ASKED = "<b>{}</b>"  # unmasked, no word of it is in the table, and the first intent would be the answer


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    return install(tmp_path_factory.mktemp("third"), "table_format", TABLE)


@pytest.fixture(scope="module")
def made(site, tmp_path_factory) -> Path:
    """A finished run of the recipe."""
    folder = tmp_path_factory.mktemp("table")
    rows = [
        f'"where is order {1000 + n} {word}",status' for n, word in enumerate(["today", "now", "then", "soon"] * 10)
    ]
    rows += [f'"refund {word} please {n}",refund' for n, word in enumerate(["me", "it", "this", "all"] * 10)]
    (folder / "rows.csv").write_text("text,intent\n" + "\n".join(rows), encoding="utf-8")
    (folder / "recipe.toml").write_text(RECIPE, encoding="utf-8")
    done = workbench(site, "run", folder / "recipe.toml", "-o", folder / "run", "--json")
    assert done.returncode == 0, done.stderr
    return Path(json.loads(done.stdout)["bundle"])


def predicted(site: Path, bundle: Path, text: str) -> dict:
    done = workbench(site, "predict", bundle, text, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_the_bundle_holds_the_files_of_its_runtime_and_names_the_normalizations_in_their_order(made):
    assert sorted(path.name for path in made.iterdir()) == ["README.md", "bundle.json", "table.json"]
    about = json.loads((made / "bundle.json").read_text(encoding="utf-8"))
    assert (about["model"]["format"], about["model"]["normalization"]) == ("table", ["repair-1", "mask-orders-1"])
    assert about["gate"]["accepted"] is True
    card = (made / "README.md").read_text(encoding="utf-8")
    assert "library_name: table" in card
    words = len(json.loads((made / "table.json").read_text(encoding="utf-8")))
    assert f"- words: {words}." in card


def test_training_and_serving_mask_order_numbers(site, made, serving, monkeypatch):
    assert "ORDER" in json.loads((made / "table.json").read_text(encoding="utf-8"))
    one, other = (predicted(site, made, ASKED.format(number)) for number in (1000, 987654))
    assert {**one, "text": ""} == {**other, "text": ""}
    assert one["intents"] == ["status"]
    monkeypatch.setenv("PYTHONPATH", str(site))
    with serving(made) as server:
        answers = [server.client.post("/predict", json={"text": ASKED.format(n)}).json() for n in (1000, 987654)]
    assert answers[0] == answers[1]
    assert (answers[0]["intents"], answers[0]["score"]) == (["status"], one["score"])


def test_made_up_rows_are_normalized_as_the_dataset_is(made):
    (folder,) = made.parents[1].glob("augment-*/out")
    added = [row for row in Dataset.load(folder) if "parent" in row.meta]
    assert added
    assert all(row.text.endswith(" ORDER") and row.raw.endswith("</b>") for row in added)


def test_a_changed_file_of_the_format_is_refused(site, made, tmp_path):
    (tmp_path / "changed").mkdir()
    for path in made.iterdir():
        (tmp_path / "changed" / path.name).write_bytes(path.read_bytes())
    (tmp_path / "changed" / "table.json").write_text("{}", encoding="utf-8")
    done = workbench(site, "predict", tmp_path / "changed", "refund")
    assert done.returncode == 1
    assert "table.json: has sha256" in done.stderr


@pytest.mark.parametrize(
    ("leave_out", "said"),
    [
        ("runtimes", "unknown model format 'table'. Install the plugin that registers 'table' under the hook runtimes"),
        (
            "normalizations",
            "unknown text normalization 'mask-orders-1'. Install the plugin that registers 'mask-orders-1' under "
            "the hook normalizations",
        ),
    ],
)
def test_a_bundle_without_its_plugin_says_what_is_missing(made, tmp_path, leave_out, said):
    code = TABLE.replace(f"@hookimpl\ndef {leave_out}", f"def no_{leave_out}")
    site = install(tmp_path, "table_format", code)
    done = workbench(site, "predict", made, "refund")
    assert done.returncode == 1
    assert said in done.stderr
    known = {"runtimes": "Known: onnx, torch, transformers", "normalizations": "Known: repair-1"}
    assert known[leave_out] in done.stderr
    assert "Traceback" not in done.stderr


def test_the_runtimes_warning_of_this_cpu_is_logged_when_the_bundle_is_opened(site, made, monkeypatch):
    monkeypatch.setenv("TABLE_WARNS", "a table is not for this CPU")
    assert f"{made}: a table is not for this CPU" in workbench(site, "predict", made, "refund").stderr


def test_doctor_tells_of_the_runtime(site):
    found = json.loads(workbench(site, "doctor", "--json").stdout)
    assert found["runtimes"]["table"] == {"files": ["table.json"], "missing": []}
    assert "tables are for every CPU" in found["advice"]
    assert found["runtimes"]["onnx"]["files"] == ["model.onnx", "tokenizer.json"]
