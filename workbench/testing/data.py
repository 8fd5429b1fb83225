"""A small labelled dataset for tests with training: two intents in English, one in Chinese."""

from __future__ import annotations

from workbench.nouns.dataset import Dataset
from workbench.nouns.utterance import Utterance

PATTERNS = {
    "refund": [
        "I want my money back",
        "please refund order {n}",
        "the refund for {n} is missing",
        "give me a refund {n}",
    ],
    "delivery": ["where is parcel {n}", "my delivery {n} is late", "when does {n} arrive", "track parcel {n} please"],
    "查询物流": ["我的快递{n}到哪了", "包裹{n}什么时候到", "物流信息{n}没有更新", "{n}发货了吗"],
}


def tiny_rows(per_intent: int = 24) -> list[Utterance]:
    """Make `per_intent` rows for each of three intents: half of them in train, a quarter in dev, a quarter in test."""
    rows = []
    for intent, patterns in PATTERNS.items():
        for n in range(per_intent):
            text = patterns[n // 4 % 4].format(n=100 + n)
            split = ("train", "train", "dev", "test")[n % 4]
            rows.append(Utterance(f"{intent}-{n}", text, text, (intent,), split=split))
    return rows


def tiny_dataset(per_intent: int = 24) -> Dataset:
    """Make a dataset from `tiny_rows`."""
    return Dataset("intent", tuple(sorted(PATTERNS)), tuple(tiny_rows(per_intent)))
