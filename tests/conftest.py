"""Fixtures of the whole suite: a host, a context, a tiny real encoder, small datasets, the shared data."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from tests.fixtures import augment as augment
from tests.fixtures import bundle as bundle
from tests.fixtures import serving as serving
from tests.fixtures import workbench as workbench
from tests.label_studio import label_studio as label_studio
from workbench.context import Context
from workbench.host import Host, build_host
from workbench.nouns.dataset import Dataset
from workbench.nouns.utterance import Utterance

SHARED = Path(__file__).resolve().parents[2] / "shared"
WORDS = {
    "refund": [
        "I want my money back",
        "please refund order {n}",
        "the refund for {n} is missing",
        "give me a refund {n}",
    ],
    "delivery": ["where is parcel {n}", "my delivery {n} is late", "when does {n} arrive", "track parcel {n} please"],
    "查询物流": ["我的快递{n}到哪了", "包裹{n}什么时候到", "物流信息{n}没有更新", "{n}发货了吗"],
}


@pytest.fixture(autouse=True)
def _offline(monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("TOKENIZERS_PARALLELISM", "false")
    monkeypatch.delenv("WORKBENCH_ENCODERS", raising=False)


@pytest.fixture(scope="session")
def shared():
    """The folder of development data beside the checkout."""
    if not (SHARED / "data").is_dir():
        pytest.skip(f"the development data is not at {SHARED}")
    return SHARED / "data"


@pytest.fixture(scope="session")
def host() -> Host:
    return build_host()


@pytest.fixture
def context(host, tmp_path) -> Context:
    work = tmp_path / "work"
    work.mkdir()
    return Context(host=host, seed=13, work=work)


def rows(per_intent: int = 24) -> list[Utterance]:
    """Made-up rows of three intents, two English and one Chinese: of each four, one is dev and one is test."""
    made = []
    for intent, patterns in WORDS.items():
        for n in range(per_intent):
            text = patterns[n // 4 % 4].format(n=100 + n)
            split = ("train", "train", "dev", "test")[n % 4]
            made.append(Utterance(f"{intent}-{n}", text, text, (intent,), split=split))
    return made


@pytest.fixture(scope="session")
def small_dataset() -> Dataset:
    return Dataset("intent", tuple(sorted(WORDS)), tuple(rows()))


@pytest.fixture(scope="session")
def tiny_encoder(tmp_path_factory) -> Path:
    """A real BERT of two layers with random weights and a WordPiece tokenizer of its own, as a Hugging Face folder."""
    import torch
    from tokenizers import BertWordPieceTokenizer
    from tokenizers.processors import BertProcessing
    from transformers import BertConfig, BertModel, BertTokenizerFast

    folder = tmp_path_factory.mktemp("encoder") / "tiny"
    tokenizer = BertWordPieceTokenizer(lowercase=True)
    tokenizer.train_from_iterator([row.text for row in rows()], vocab_size=400, min_frequency=1, show_progress=False)
    ends = [(token, tokenizer.token_to_id(token)) for token in ("[SEP]", "[CLS]")]
    tokenizer.post_processor = BertProcessing(*ends)
    fast = BertTokenizerFast(tokenizer_object=tokenizer._tokenizer, do_lower_case=True, model_max_length=64)
    fast.save_pretrained(folder)
    torch.manual_seed(0)
    BertModel(
        BertConfig(
            vocab_size=len(fast),
            hidden_size=32,
            num_hidden_layers=2,
            num_attention_heads=2,
            intermediate_size=64,
            max_position_embeddings=64,
        )
    ).save_pretrained(folder)
    return folder


@pytest.fixture(scope="session", autouse=True)
def _one_thread():
    """Tiny models gain nothing from a second thread, and lose much where another process holds the core."""
    if importlib.util.find_spec("torch") is not None:
        import torch

        torch.set_num_threads(1)
