"""Networks of random weights: how long a layer takes depends on neither weights nor vocabulary."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from workbench.api import Head, Model

VOCABULARY = 16
WORD = "a"


def write_random(out: Path, model: Model, config: Mapping[str, Any], seed: int) -> Model:
    """Write a network of this `config.json` with a vocabulary of a few words, and a head for the model's intents."""
    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import AutoConfig, AutoModel

    opener: Any = AutoModel
    asked = AutoConfig.for_model(**{**config, "vocab_size": VOCABULARY})
    if (asked.pad_token_id or 0) >= VOCABULARY:
        asked.pad_token_id = 0
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = opener.from_config(asked)
    network.save_pretrained(out)
    words = {"[PAD]": 0, "[UNK]": 1, **{WORD * n: n + 1 for n in range(1, VOCABULARY - 1)}}
    tokenizer = Tokenizer(models.WordLevel(words, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer.save(str(out / "tokenizer.json"))
    rng = np.random.default_rng(seed)
    size = (len(model.intents), network.config.hidden_size)
    Head(rng.normal(size=size).astype(np.float32), np.zeros(size[0], np.float32)).save(out)
    return Model(out, "torch", model.task, model.intents, model.max_length, pooling=model.pooling).save()
