"""The texts on which an export is compared with its original."""

from __future__ import annotations

import logging
import random

from tokenizers import Tokenizer

from workbench.api import Context, Model
from workbench.api.quality import real_texts

MADE_UP = 32  # texts
logger = logging.getLogger(__name__)


def parity_texts(model: Model, most: int, context: Context) -> tuple[str, list[str]]:
    """Where the texts come from, and up to `most` of them: rows of dev, else of train, else made-up ones."""
    origin, texts = real_texts(context.dataset, most)
    if texts:
        return origin, texts
    logger.warning("no dataset is at hand: parity is checked on made-up texts of the tokenizer's own tokens")
    return "made-up words", made_up_texts(model, min(most, MADE_UP), context.seed)


def made_up_texts(model: Model, count: int, seed: int) -> list[str]:
    """Texts of random tokens of the vocabulary, from one token to as many as the model takes."""
    tokenizer = Tokenizer.from_file(str(model.path / "tokenizer.json"))
    rng, size = random.Random(seed), tokenizer.get_vocab_size()
    lengths = [1 + n * model.max_length // count for n in range(count)]
    return [tokenizer.decode([rng.randrange(size) for _ in range(length)]) for length in lengths]
