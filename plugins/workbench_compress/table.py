"""The latency table: what a layer costs on this CPU, by heads, neurons, depth and length, as random weights tell.

Small networks of the model's family go through the same passes and the same predictor as a candidate. A structure's
time is then put together: what a network costs beside its layers, and for each layer the cost of a whole one less what
fewer heads and fewer neurons save; choosing widths by such a table is ZipLM's idea (Kurtic et al. 2023, arXiv
2302.04089).
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from workbench.api import Context, Head, Host, Model
from workbench_compress.chains import Chain
from workbench_compress.structure import Encoder, Structure
from workbench_compress.workshop import Workshop

DEPTHS = (1, 3)
LENGTHS = (4, 8, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512)
ROUNDS, WARM = 7, 3
VOCABULARY = 16
WORD = "a"
NOTE = "table"


@dataclass(frozen=True)
class Table:
    """Least milliseconds of a network by length.

    Args:
        lengths: tokens.
        times: name of a chain -> name of a network's structure -> milliseconds, a length each.
        full: the widest layer.
        mix: tokens of each dev text.
        tokenizing: milliseconds for a text.
    """

    lengths: tuple[int, ...]
    times: Mapping[str, Mapping[str, Sequence[float]]]
    full: Structure
    mix: tuple[int, ...]
    tokenizing: float

    def predict(self, structure: Structure, chain: str) -> tuple[float, float]:
        """Milliseconds for a text of the mix: mean and 95th percentile."""
        times = {name: np.array(values) for name, values in self.times[chain].items()}
        one, deep = (times[_of(self.full, layers=depth).name] for depth in DEPTHS)
        more = DEPTHS[1] - DEPTHS[0]
        layer = (deep - one) / more
        saved = np.zeros_like(layer)
        for parts in ({"heads": structure.heads}, {"width": structure.width}):
            saved += (deep - times[_of(self.full, layers=DEPTHS[1], **parts).name]) / DEPTHS[1]
        by_length = (one - layer) + structure.layers * np.maximum(layer - saved, 0.0)
        each = np.interp(self.mix, self.lengths, by_length) + self.tokenizing
        return float(each.mean()), float(np.quantile(each, 0.95))

    def to_json(self) -> dict[str, Any]:
        """It for the measurements."""
        return {"lengths": self.lengths, "milliseconds": self.times, "tokenizing_ms": self.tokenizing}


def _of(full: Structure, **parts: int) -> Structure:
    return Structure(**{"layers": full.layers, "heads": full.heads, "width": full.width, **parts})


def measure(
    model: Model, encoder: Encoder, chains: Mapping[str, Chain], texts: Sequence[str], lab: Workshop, prefix: str
) -> Table:
    """The table for a model's family.

    Args:
        model: whose tokenizer and intents count.
        encoder: its structure and configuration.
        chains: name -> how candidates of it are made.
        texts: whose lengths are the mix.
        lab: keeps networks and times.
        prefix: of the notes' names: tokenizers differ in how many tokens a text has.
    """
    mix = tuple(len(ids) for ids in model.encode(texts))
    lengths = covering(max(mix), int(np.quantile(mix, 0.99)))
    networks = structures(encoder)

    def times() -> dict[str, Any]:
        made = {
            (name, structure.name): chain.applied(
                lab, f"table-{structure.name}", _random(lab, model, encoder, structure)
            )
            for name, chain in chains.items()
            for structure in networks
        }
        least = timed(lab.context.host, made, lengths)
        return {"lengths": lengths, "times": {n: {s.name: least[n, s.name] for s in networks} for n in chains}}

    found = lab.noted(f"{prefix}{NOTE}", times)
    tokenizing = lab.noted(f"{prefix}tokenizing", lambda: _tokenizing(model, lab.context.host, texts))
    return Table(tuple(found["lengths"]), found["times"], encoder.full, mix, tokenizing)


def covering(longest: int, usual: int) -> tuple[int, ...]:
    """Lengths from the shortest to the first that holds nearly all texts, and the longest text's."""
    return tuple(sorted({*(n for n in LENGTHS if n < usual), usual, longest}))


def structures(encoder: Encoder) -> list[Structure]:
    """The networks: a whole layer once and three times, and three layers of each number of heads and neurons."""
    whole = [_of(encoder.full, layers=depth) for depth in DEPTHS]
    grid = encoder.grid()
    narrow = [_of(encoder.full, layers=DEPTHS[1], heads=heads) for heads in {s.heads for s in grid}]
    narrow += [_of(encoder.full, layers=DEPTHS[1], width=width) for width in {s.width for s in grid}]
    return sorted({*whole, *narrow})


def timed(host: Host, models: Mapping[tuple[str, str], Model], lengths: Sequence[int]) -> dict[Any, list[float]]:
    """Least milliseconds of each model for one text of each length; in turn, so that all meet the same machine.

    At its turn a model is asked a few times, so that its weights are in the cache, as they are when it is served alone.
    """
    predictors = {key: host.open_predictor(model) for key, model in models.items()}
    least = {key: [float("inf")] * len(lengths) for key in models}
    for _ in range(ROUNDS):
        for place, length in enumerate(lengths):
            text = [" ".join([WORD] * length)]
            for key, predictor in predictors.items():
                for _ in range(WARM):
                    begun = time.perf_counter()
                    predictor.logits(text)
                    least[key][place] = min(least[key][place], 1000 * (time.perf_counter() - begun))
    return least


def _tokenizing(model: Model, host: Host, texts: Sequence[str]) -> float:
    normalize = host.normalizer(model.normalization)
    begun = time.perf_counter()
    for text in texts:
        model.encode([normalize(text)])
    return 1000 * (time.perf_counter() - begun) / len(texts)


def _random(lab: Workshop, model: Model, encoder: Encoder, structure: Structure) -> Any:
    def write(out: Path, context: Context) -> None:
        write_random(out, model, encoder, structure, context.seed)

    return lambda: lab.made(f"table-{structure.name}", write)


def write_random(out: Path, model: Model, encoder: Encoder, structure: Structure, seed: int) -> Model:
    """A model of random weights with a vocabulary of a few words: how long a layer takes depends on neither."""
    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import AutoConfig, AutoModel

    opener: Any = AutoModel

    asked: dict[str, Any] = {**encoder.config, **encoder.resized(structure), "vocab_size": VOCABULARY}
    config = AutoConfig.for_model(**asked)
    if (config.pad_token_id or 0) >= VOCABULARY:
        config.pad_token_id = 0
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = opener.from_config(config)
    network.save_pretrained(out)
    words = {"[PAD]": 0, "[UNK]": 1, **{WORD * n: n + 1 for n in range(1, VOCABULARY - 1)}}
    tokenizer = Tokenizer(models.WordLevel(words, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer.save(str(out / "tokenizer.json"))
    rng = np.random.default_rng(seed)
    size = (len(model.intents), encoder.hidden)
    Head(rng.normal(size=size).astype(np.float32), np.zeros(size[0], np.float32)).save(out)
    return Model(out, "torch", model.task, model.intents, model.max_length, pooling=model.pooling).save()
