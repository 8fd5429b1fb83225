"""The predictor on torch: trained models, bare encoders and plain sequence classifiers."""

from __future__ import annotations

import shutil

import numpy as np
import pytest

from workbench.errors import WorkbenchError
from workbench.nouns.model import Model
from workbench.nouns.predictor import PredictorOptions
from workbench.options import parse_options

ODD = ["", " ", "refund", "包裹" * 300, "where is my parcel " * 50, "🙂", "\x00", "refund order 7", "é"]


@pytest.fixture(scope="module")
def model(host, tiny_encoder, small_dataset, tmp_path_factory):
    from workbench.context import Context

    trainer = host.registry("trainers")["probe"]
    options = parse_options(trainer.options, {"encoder": str(tiny_encoder)}, "train")
    context = Context(host=host, seed=13, work=tmp_path_factory.mktemp("work"))
    return trainer(small_dataset, tmp_path_factory.mktemp("probe") / "model", options, context)


@pytest.fixture(scope="module")
def plain(tiny_encoder, tmp_path_factory):
    """A classifier as `transformers` saves it, without a file of ours."""
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    folder = tmp_path_factory.mktemp("plain") / "classifier"
    names = dict(enumerate(["refund", "delivery", "查询物流"]))
    AutoModelForSequenceClassification.from_pretrained(
        tiny_encoder,
        num_labels=3,
        id2label=names,
        label2id={name: number for number, name in names.items()},
    ).save_pretrained(folder)
    AutoTokenizer.from_pretrained(tiny_encoder).save_pretrained(folder)
    return folder


def test_a_model_opens_from_its_folder(host, model, small_dataset):
    texts = [row.text for row in small_dataset]
    opened = host.open_predictor(Model.load(model.path))
    assert np.array_equal(opened.logits(texts), host.open_predictor(model).logits(texts))
    assert opened.predict(["where is my parcel"])[0].intents == ("delivery",)


def test_shapes_types_and_length_one(host, model):
    logits, embeddings = host.open_predictor(model).run(["refund", "parcel"])
    assert logits.shape == (2, 3)
    assert embeddings.shape == (2, 32)
    assert logits.dtype == embeddings.dtype == np.float32
    assert np.linalg.norm(embeddings, axis=1) == pytest.approx(1, abs=1e-5)


def test_answers_come_in_the_order_of_the_texts_and_independent_of_each_other(host, model, small_dataset):
    predictor = host.open_predictor(model)
    texts = ODD + [row.text for row in small_dataset]
    together, vectors = predictor.run(texts)
    alone = [predictor.run([text]) for text in texts]
    assert together == pytest.approx(np.concatenate([logits for logits, _ in alone]), abs=1e-5)
    assert vectors == pytest.approx(np.concatenate([vector for _, vector in alone]), abs=1e-5)
    assert np.isfinite(together).all()
    assert len({tuple(row) for row in together.round(3)}) > 10


def test_no_text_gives_no_rows(host, model, tiny_encoder):
    logits, embeddings = host.open_predictor(model).run([])
    assert logits.shape == (0, 3)
    assert embeddings.shape == (0, 32)
    assert host.open_predictor(Model.load(tiny_encoder)).embed([]).shape == (0, 32)


def test_threads_are_used_and_given_back(host, model):
    import torch

    before = torch.get_num_threads()
    predictor = host.open_predictor(model, PredictorOptions(threads=before + 1))
    seen = []
    forward = predictor.forward
    predictor.forward = lambda ids, mask: (seen.append(torch.get_num_threads()), forward(ids, mask))[1]
    predictor.run(["refund"])
    assert seen == [before + 1]
    assert torch.get_num_threads() == before


def test_a_bare_encoder_embeds_and_has_no_logits(host, tiny_encoder):
    predictor = host.open_predictor(Model.load(tiny_encoder))
    logits, vectors = predictor.run(["where is my parcel", "refund"])
    assert logits is None
    assert vectors.shape == (2, 32)
    with pytest.raises(WorkbenchError, match="without a head"):
        predictor.logits(["refund"])


def test_a_plain_classifier_answers_as_transformers_does(host, plain):
    from transformers import pipeline

    model = Model.load(plain)
    assert (model.format, model.intents, model.max_length) == ("transformers", ("refund", "delivery", "查询物流"), 64)
    texts = ["where is my parcel", "请问物流", "I want my money back now please"]
    expected = pipeline("text-classification", str(plain))(texts)
    predictions = host.open_predictor(model).predict(texts)
    assert [prediction.intents[0] for prediction in predictions] == [answer["label"] for answer in expected]
    scores = [prediction.score for prediction in predictions]
    assert scores == pytest.approx([answer["score"] for answer in expected], abs=1e-5)
    assert host.open_predictor(model).embed(texts) is None


def test_a_missing_or_foreign_head_is_refused(host, model, tmp_path):
    headless = shutil.copytree(model.path, tmp_path / "headless", ignore=shutil.ignore_patterns("head.*"))
    with pytest.raises(WorkbenchError, match=r"head\.safetensors: is missing"):
        host.open_predictor(Model.load(headless))
    other = shutil.copytree(model.path, tmp_path / "other")
    about = (other / "workbench.json").read_text(encoding="utf-8").replace('"refund",', '"refund", "complaint",', 1)
    (other / "workbench.json").write_text(about, encoding="utf-8")
    with pytest.raises(WorkbenchError, match=r"has weights \[3, 32\] .* 4 intents"):
        host.open_predictor(Model.load(other))


def test_code_that_comes_with_a_model_is_not_run(host, model, tmp_path):
    import json

    evil = shutil.copytree(model.path, tmp_path / "evil")
    config = json.loads((evil / "config.json").read_text())
    config |= {"model_type": "evil", "auto_map": {"AutoConfig": "evil.Config", "AutoModel": "evil.Evil"}}
    (evil / "config.json").write_text(json.dumps(config))
    (evil / "evil.py").write_text(f"open({str(tmp_path / 'canary')!r}, 'w')")
    with pytest.raises(WorkbenchError, match="cannot be opened"):
        host.open_predictor(Model.load(evil))
    assert not (tmp_path / "canary").exists()
