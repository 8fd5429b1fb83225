"""The predictor of the format `onnx`: what is asked, in which order, on how many threads, and what it refuses."""

from __future__ import annotations

import dataclasses
import json
import shutil
import subprocess
import sys
import threading

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from tests.bundles import INTENTS, write_bundle, write_tokenizer
from workbench.context import Context
from workbench.errors import WorkbenchError
from workbench.nouns.model import Model
from workbench.nouns.predictor import PredictorOptions
from workbench.testing.models import write_model

TEXTS = [
    "where is my parcel",
    "give me my money back",
    "",
    "快递到哪",
    "parcel " * 90,
    "我要退款",
    "\x00",
    "🙂 refund?",
]


@pytest.fixture(scope="module")
def model(bundle):
    return bundle.model


@pytest.fixture
def folder(tmp_path):
    """A model folder to be changed."""
    return write_bundle(tmp_path / "model").model


@pytest.fixture(scope="module")
def int8(host, tmp_path_factory):
    """An exported and quantized model, whose answers would depend on their batch mates."""
    root = tmp_path_factory.mktemp("int8")
    context, model = Context(host=host, seed=13, work=root), write_model(root / "torch")
    for name in ("onnx", "int8"):
        component = host.registry("passes")[name]
        model = component(model, root / name, component.options(), context)
    return model


def test_it_answers_in_the_order_of_the_texts(host, model):
    predictor = host.open_predictor(model)
    logits, embeddings = predictor.run(TEXTS)
    assert logits.dtype == embeddings.dtype == np.float32
    assert (logits.shape, embeddings.shape) == ((8, 2), (8, 2))
    for text, row in zip(TEXTS, logits, strict=True):
        assert predictor.logits([text])[0] == pytest.approx(row, abs=1e-5)
    answers = [prediction.intents[0] for prediction in predictor.predict([TEXTS[n] for n in (0, 1, 3, 5)])]
    assert answers == ["delivery", "退款", "delivery", "退款"]


def test_no_text_gives_no_row(host, model):
    logits, embeddings = host.open_predictor(model).run([])
    assert (logits.shape, embeddings.shape) == ((0, 2), (0, 2))


def test_an_answer_that_nobody_computed_is_never_given(host, model):
    predictor = host.open_predictor(dataclasses.replace(model, rows_per_call=-1))
    with pytest.raises(IndexError):
        predictor.logits(TEXTS)


def test_another_models_tokenizer_is_one_line_and_nothing_on_stderr(int8, tmp_path):
    folder = shutil.copytree(int8.path, tmp_path / "mixed")
    tokenizer = json.loads((folder / "tokenizer.json").read_text(encoding="utf-8"))
    tokenizer["model"]["vocab"]["parcel"] = 5000
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer), encoding="utf-8")
    script = (
        "import sys\nfrom pathlib import Path\nfrom workbench.host import build_host\n"
        "from workbench.errors import WorkbenchError\nfrom workbench.nouns.model import Model\n"
        "try: build_host().open_predictor(Model.load(Path(sys.argv[1]))).logits(['where is parcel 7'])\n"
        "except WorkbenchError as error: print(error)"
    )
    done = subprocess.run([sys.executable, "-c", script, str(folder)], capture_output=True, text=True)
    assert done.stderr == ""
    (line,) = done.stdout.splitlines()
    assert line.startswith(f"{folder}: onnxruntime ")
    assert "cannot answer" in line
    assert "tokenizer.json is another model's" in line


def test_long_texts_are_cut(host, model):
    predictor = host.open_predictor(model)
    assert np.isfinite(predictor.logits(["parcel " * 5000])).all()


class Calls:
    """Stands before a session, and remembers the shape and thread of each call."""

    def __init__(self, session):
        self.session, self.shapes, self.feeds, self.threads = session, [], [], set()

    def run(self, names, feed):
        self.shapes.append(feed["input_ids"].shape)
        self.feeds.append(feed)
        self.threads.add(threading.get_ident())
        return self.session.run(names, feed)


def watch(predictor):
    predictor._session = Calls(predictor._session)
    return predictor._session


def test_texts_of_like_length_share_a_call(host, model):
    predictor = host.open_predictor(model)
    calls = watch(predictor)
    predictor.logits(["parcel"] * 40 + ["where is my parcel"] * 30)
    assert calls.shapes == [(32, 3), (32, 6), (6, 6)]
    mixed = calls.feeds[1]
    assert mixed["attention_mask"].sum(axis=1).tolist() == [3] * 8 + [6] * 24
    assert (mixed["input_ids"][0, 3:] == model.pad_id).all()


def test_one_row_a_call_where_the_model_wants_it(host, int8):
    assert int8.rows_per_call == 1
    predictor = host.open_predictor(int8)
    calls = watch(predictor)
    predictor.logits(["parcel", "refund please", "快递"] * 3)
    assert [rows for rows, _ in calls.shapes] == [1] * 9
    assert all(feed["attention_mask"].all() for feed in calls.feeds)


def test_an_int8_answer_does_not_depend_on_what_else_is_asked(host, int8, small_dataset):
    texts = [row.text for row in small_dataset][:40]
    together = host.open_predictor(int8).logits(texts)
    alone = np.concatenate([host.open_predictor(int8).logits([text]) for text in texts[:10]])
    assert np.array_equal(alone, together[:10])
    free = dataclasses.replace(int8, rows_per_call=None)
    assert not np.array_equal(host.open_predictor(free).logits(texts), together)  # or it would not be needed


def test_threads_change_the_time_and_nothing_else(host, int8, small_dataset):
    texts = [row.text for row in small_dataset] * 4
    one, three = (host.open_predictor(int8, PredictorOptions(threads=n)) for n in (1, 3))
    calls = watch(three)
    assert np.array_equal(one.logits(texts), three.logits(texts))
    used = set(calls.threads)
    assert threading.get_ident() not in used
    assert 1 < len(used) <= 3
    three.logits(texts)
    assert calls.threads == used  # the pool stays


def test_one_thread_starts_no_other(host, model):
    predictor = host.open_predictor(model)
    calls = watch(predictor)
    predictor.logits(TEXTS * 20)
    assert calls.threads == {threading.get_ident()}


def test_idle_threads_are_gone_with_their_predictor(host, model):
    before = set(threading.enumerate())
    predictor = host.open_predictor(model, PredictorOptions(threads=2))
    assert not set(threading.enumerate()) - before  # none before it is asked
    predictor.logits(TEXTS * 20)
    workers = set(threading.enumerate()) - before
    assert workers
    del predictor
    for thread in workers:
        thread.join(timeout=5)
    assert not any(thread.is_alive() for thread in workers)


def test_base_libraries_are_enough(model):
    script = (
        "import sys\nfrom pathlib import Path\n"
        "for name in ('torch', 'transformers', 'onnx', 'sklearn', 'optimum'): sys.modules[name] = None\n"
        "from workbench.host import build_host\nfrom workbench.nouns.model import Model\n"
        "model = Model(Path(sys.argv[1]), 'onnx', 'intent', ('a', 'b'), max_length=16)\n"
        "print(build_host(['workbench_onnx']).open_predictor(model).predict(['parcel'])[0].intents)"
    )
    done = subprocess.run([sys.executable, "-c", script, str(model.path)], capture_output=True, text=True)
    assert done.stdout == "('a',)\n", done.stderr


def write_graph(path, *, inputs=("input_ids",), outputs=(("logits", 2),)):
    """The mean of the token ids times (1, 2), or the ids themselves where an output's width is not fixed."""
    nodes = [
        helper.make_node("Cast", [inputs[0]], ["ids"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMean", ["ids"], ["mean"], axes=[1], keepdims=1),
    ]
    for name, width in outputs:
        row = helper.make_tensor(f"{name}_values", TensorProto.FLOAT, [1, 2], [1.0, 2.0])
        fixed = [
            helper.make_node("Constant", [], [f"{name}_row"], value=row),
            helper.make_node("Mul", ["mean", f"{name}_row"], [name]),
        ]
        nodes += fixed if isinstance(width, int) else [helper.make_node("Identity", ["ids"], [name])]
    graph = helper.make_graph(
        nodes,
        "sums",
        [helper.make_tensor_value_info(name, TensorProto.INT64, ["b", "s"]) for name in inputs],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["b", width]) for name, width in outputs],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)


def test_a_graph_without_mask_or_embedding_is_asked_for_what_it_has(host, folder):
    write_graph(folder.path / "model.onnx")
    logits, embeddings = host.open_predictor(folder).run(["parcel", "refund"])
    assert logits.shape == (2, 2)
    assert embeddings is None


def test_a_graph_without_logits_embeds(host, folder):
    write_graph(folder.path / "model.onnx", outputs=[("embedding", 2)])
    predictor = host.open_predictor(dataclasses.replace(folder, intents=()))
    assert predictor.embed(["parcel"]).shape == (1, 2)
    with pytest.raises(WorkbenchError, match="without a head"):
        predictor.logits(["parcel"])


REFUSED = {
    "asks for token_type_ids": {"inputs": ("input_ids", "token_type_ids")},
    "has no output of a fixed width called logits or embedding": {"outputs": [("scores", 2)]},
    "has no output of a fixed width": {"outputs": [("logits", "s")]},
}


@pytest.mark.parametrize("message", REFUSED)
def test_a_graph_that_cannot_be_asked_is_refused(host, folder, message):
    write_graph(folder.path / "model.onnx", **REFUSED[message])
    with pytest.raises(WorkbenchError, match=message):
        host.open_predictor(folder)


def test_logits_for_other_intents_are_refused(host, folder):
    with pytest.raises(WorkbenchError, match=r"model\.onnx: gives 2 logits for 3 intents"):
        host.open_predictor(dataclasses.replace(folder, intents=(*INTENTS, "more")))


@pytest.mark.parametrize("name", ["model.onnx", "tokenizer.json"])
def test_a_missing_file_is_named(host, folder, name):
    (folder.path / name).unlink()
    with pytest.raises(WorkbenchError, match=f"{name}: is missing"):
        host.open_predictor(folder)


def test_external_data_is_refused_before_anything_is_loaded(host, folder, tmp_path):
    graph = onnx.load(folder.path / "model.onnx")
    onnx.save(graph, folder.path / "model.onnx", save_as_external_data=True, location="weights.bin", size_threshold=0)
    assert (folder.path / "weights.bin").exists()
    with pytest.raises(WorkbenchError, match="keeps tensors in another file"):
        host.open_predictor(folder)


def test_what_onnxruntime_does_not_load_is_one_line(host, folder):
    graph = onnx.load(folder.path / "model.onnx")
    graph.graph.node[0].op_type = "Nonsense"
    onnx.save(graph, folder.path / "model.onnx")
    with pytest.raises(WorkbenchError, match=r"model\.onnx: onnxruntime \d\S* does not load it: .*Nonsense") as error:
        host.open_predictor(folder)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04", b"ORTM" * 9])
def test_a_file_that_is_no_model_is_one_line(host, folder, data):
    (folder.path / "model.onnx").write_bytes(data)
    with pytest.raises(WorkbenchError, match=r"model\.onnx: (onnxruntime|is truncated)") as error:
        host.open_predictor(folder)
    assert "\n" not in str(error.value)


def test_the_padding_token_is_the_tokenizers_own(tmp_path):
    from tokenizers import Tokenizer, models

    write_tokenizer(tmp_path / "tokenizer.json")
    model = Model(tmp_path, "onnx", "intent", INTENTS, max_length=8)
    assert model.pad_id == Tokenizer.from_file(str(tmp_path / "tokenizer.json")).token_to_id("[PAD]")
    for words, expected in (({"<s>": 0, "<pad>": 1}, 1), ({"a": 0, "b": 1}, 0)):
        Tokenizer(models.WordLevel(words, unk_token=None)).save(str(tmp_path / "tokenizer.json"))
        assert Model(tmp_path, "onnx", "intent", INTENTS, max_length=8).pad_id == expected
