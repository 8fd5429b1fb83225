"""A third party's plugin for the tests: multinomial naive Bayes, from training to ONNX, without torch.

It makes whole chains that take a second, through the hooks that everybody uses. As a script it is the command line
with this plugin: `python -m tests.naive_bayes run recipe.toml -o RUN`.
"""

from __future__ import annotations

import io
import os
import sys
import time

from workbench.api import build_host, hookimpl
from workbench.components import Pass, Runtime, Trainer
from workbench.nouns.model import Model
from workbench.nouns.predictor import Predictor

WAITS = "NAIVE_BAYES_WAITS"  # seconds before it trains, for those who want to find it at work


def train(dataset, out, options, context) -> Model:
    import numpy as np
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers

    time.sleep(float(os.environ.get(WAITS, "0")))
    rows = dataset.labelled("train")
    tokenizer = Tokenizer(models.WordLevel(unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    words = sorted({word for row in rows for word, _ in tokenizer.pre_tokenizer.pre_tokenize_str(row.text)})
    tokenizer.train_from_iterator(words, trainers.WordLevelTrainer(special_tokens=["[UNK]"], show_progress=False))
    tokenizer = Tokenizer(models.WordLevel({word: n for n, word in enumerate(["[UNK]", *words])}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    out.mkdir(parents=True)
    tokenizer.save(str(out / "tokenizer.json"))
    counts = np.ones((tokenizer.get_vocab_size(), len(dataset.intents)))
    for row, label in zip(rows, dataset.label_ids(rows), strict=True):
        for token in tokenizer.encode(row.text).ids:
            counts[token, label] += 1
    weights = np.log(counts / counts.sum(0)).astype(np.float32)
    buffer = io.BytesIO()  # numpy writes through C and keeps silent when the last bytes find no room
    np.save(buffer, weights)
    (out / "weights.npy").write_bytes(buffer.getvalue())
    return Model(
        out,
        "bayes",
        dataset.task,
        dataset.intents,
        64,
        normalization=dataset.normalization,
        history=({"step": "bayes"},),
    ).save()


def export(model, out, options, context) -> Model:

    import numpy as np
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    weights = np.load(model.path / "weights.npy")
    out.mkdir(parents=True)
    nodes = [
        helper.make_node("Gather", ["weights", "input_ids"], ["rows"]),
        helper.make_node("ReduceSum", ["rows", "axis"], ["logits"], keepdims=0),
        helper.make_node("Identity", ["logits"], ["embedding"]),
    ]
    ids = [
        helper.make_tensor_value_info(name, TensorProto.INT64, ["batch", "sequence"])
        for name in ("input_ids", "attention_mask")
    ]
    outs = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", len(model.intents)])
        for name in ("logits", "embedding")
    ]
    tensors = [numpy_helper.from_array(weights, "weights"), numpy_helper.from_array(np.array([1]), "axis")]
    graph = helper.make_graph(nodes, "bayes", ids, outs, tensors)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), out / "model.onnx")
    model.copy_tokenizer(out)
    return model.derive(out, {"step": "bayes-onnx"}, format="onnx", rows_per_call=1)


class BayesPredictor(Predictor):
    def compute(self, texts):
        import numpy as np

        weights = np.load(self.model.path / "weights.npy")
        logits = np.stack([weights[ids].sum(0) for ids in self.model.encode(texts)])
        return logits.astype(np.float32), logits


@hookimpl
def trainers():
    return {"bayes": Trainer(run=train, summary="multinomial naive Bayes")}


@hookimpl
def passes():
    return {"bayes-onnx": Pass(run=export, summary="naive Bayes as ONNX")}


@hookimpl
def runtimes():
    return {"bayes": Runtime(run=lambda model, options: BayesPredictor(model), summary="naive Bayes in numpy")}


RECIPE = """
seed = 5

[[import]]
reader = "quickstart"
source = "en"
split = { train = 0.7, dev = 0.15, test = 0.15 }

[clean]
use = ["repair", "conflicts", "exact-duplicates"]

[train]
use = "bayes"

[evaluate]
baselines = []

[[compress]]
use = "bayes-onnx"

[gate]
min_agreement = 0.99
max_size_mb = 1
"""

if __name__ == "__main__":
    import workbench.cli.root as root

    def with_bayes():
        host = build_host()
        host.register(sys.modules["__main__"], "naive_bayes")
        return host

    root.build_host = with_bayes
    root.main()
