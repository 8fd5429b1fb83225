"""The pass `trim-vocab`: of the tokenizer and the embedding table, only what the data and a background list need.

Train and dev say what is needed; test does not, for a test text must meet the vocabulary as tomorrow's texts will.
Whatever the kept tokens are, the texts that they come from are cut as before, which is checked on all of them; other
texts are cut into smaller pieces where a token of theirs is gone.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Sequence
from pathlib import Path

from workbench.api import Context, Model, WorkbenchError
from workbench.api.io import read_lines
from workbench_prune.options import VocabularyOptions
from workbench_prune.rows import FEW, dataset_of
from workbench_prune.trained_model import open_trained, write_model
from workbench_prune.vocabulary.common_tokens import common_tokens
from workbench_prune.vocabulary.embeddings import (
    check_logits,
    check_table,
    config_token_ids,
    keep_embeddings,
    logits_of,
)
from workbench_prune.vocabulary.scripts import scripts_of
from workbench_prune.vocabulary.tokenizer import Vocabulary

NAME = "trim-vocab"
SPLITS = ("train", "dev")
CHECKED = 64  # texts whose answers must stay
logger = logging.getLogger(__name__)


def trim_vocabulary(model: Model, out: Path, options: VocabularyOptions, context: Context) -> Model:
    """Write the model with a smaller vocabulary into `out`.

    Raises:
        WorkbenchError: the model is no trained torch model, there are no texts, its tokenizer is of a kind that cannot
            be trimmed, or a text would be cut or answered differently afterwards.
    """
    classifier = open_trained(model, NAME)
    encoder, vocabulary = classifier.encoder, Vocabulary.load(model.path / "tokenizer.json")
    normalize = context.host.normalizer(model.normalization)
    texts = [model.prefix + normalize(text) for text in texts_of(model, options, context)]
    before = list(vocabulary.encode(texts))
    by_number = {number: token for token, number in vocabulary.numbers.items()}
    used = {by_number[number] for number in {number for ids in before for number in ids}}
    wanted = used | common_tokens(vocabulary, used, options.common)
    wanted |= vocabulary.special() | {by_number[n] for n in config_token_ids(encoder.config) if n in by_number}
    everything = options.characters == "all" or not vocabulary.has_unknown
    letters = vocabulary.characters(None if everything else scripts_of(used))
    if options.characters == "seen" and not everything:
        letters = vocabulary.familiar(letters, set().union(*used), options.common_characters)
    trimmed, kept = trim_exactly(vocabulary, wanted | letters, texts, before)
    check_table(encoder, kept[-1], model.path)
    new = {number: place for place, number in enumerate(kept)}
    out.mkdir(parents=True, exist_ok=True)
    trimmed.save(out, model.path, new)
    rows = encoder.get_input_embeddings().num_embeddings
    sample = [ids[: model.max_length] for ids in before[:: math.ceil(len(before) / CHECKED)]]
    before_logits = logits_of(classifier, sample)
    keep_embeddings(encoder, kept)
    logger.info("%d of %d tokens stay, %d of them for single characters", len(kept), rows, len(letters - wanted))
    figures = {"before": rows, "tokens": len(kept), "characters": len(letters - wanted), "texts": len(texts)}
    made = write_model(model, classifier, out, NAME, options, figures)
    stored_logits = logits_of(open_trained(made, NAME), [[new[number] for number in ids] for ids in sample])
    check_logits(before_logits, stored_logits, model.path)
    return made


def texts_of(model: Model, options: VocabularyOptions, context: Context) -> list[str]:
    """The texts of train and dev, labelled or not, and the lines of the background list, which can stand alone.

    Raises:
        WorkbenchError: there is no dataset, no text in it, or the background list cannot be read.
    """
    dataset = dataset_of(model, NAME, context, "background", options.background)
    texts = [row.text for row in dataset if row.split in SPLITS]
    if context.dataset is not None and not texts:
        raise WorkbenchError(
            f"the pass {NAME} needs texts of {' or '.join(SPLITS)}, and the dataset has none",
            remedy="Import it with a split: split = { train = 0.9, dev = 0.1 }",
        )
    if options.background is not None:
        texts += read_lines(options.background)
    if len(texts) < FEW:
        logger.warning("%s: %d texts tell little of what will be asked; give a background list", NAME, len(texts))
    if context.dataset is None:
        logger.warning("%s: without a dataset the background list alone says what stays, which is weaker", NAME)
    return texts


def trim_exactly(
    vocabulary: Vocabulary, wanted: set[str], texts: Sequence[str], before: Sequence[list[int]]
) -> tuple[Vocabulary, list[int]]:
    """The trimmed vocabulary, which cuts all texts as before, and the old number of each of its tokens.

    A word that was unknown because the longest pieces led nowhere could be known without them. Texts with such words
    keep every token that occurs in them, so that all that is looked up in them is found as before.

    Raises:
        WorkbenchError: a text is cut differently even so.
    """
    trimmed, kept = vocabulary.trimmed(wanted)
    for text in different(trimmed, kept, texts, before):
        wanted = wanted | inside(vocabulary, text)
    trimmed, kept = vocabulary.trimmed(wanted)
    if still := different(trimmed, kept, texts, before):
        raise WorkbenchError(
            f"{len(still)} texts would be cut into other tokens, as {still[0]!r}",
            where=vocabulary.where,
            remedy=f"Leave out the pass {NAME}: this tokenizer cannot be trimmed exactly",
        )
    return trimmed, kept


def different(trimmed: Vocabulary, kept: Sequence[int], texts: Sequence[str], before: Sequence[list[int]]) -> list[str]:
    """The texts whose tokens are not those that they had."""
    after = trimmed.encode(texts)
    return [
        text for text, old, ids in zip(texts, before, after, strict=True) if [kept[number] for number in ids] != old
    ]


def inside(vocabulary: Vocabulary, text: str) -> set[str]:
    """Every token that occurs in the text as the tokenizer's model sees it."""
    normalizer, splitter = vocabulary.tokenizer.normalizer, vocabulary.tokenizer.pre_tokenizer
    normal = text if normalizer is None else normalizer.normalize_str(text)
    words = [normal] if splitter is None else [word for word, _ in splitter.pre_tokenize_str(normal)]
    parts = {word[a:b] for word in words for a in range(len(word)) for b in range(a + 1, len(word) + 1)}
    continued = vocabulary.about["model"].get("continuing_subword_prefix") or ""
    return (parts | {continued + part for part in parts}) & vocabulary.numbers.keys()
