"""A tokenizer with fewer tokens: which stay, and the files that say so."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer

from workbench.api import WorkbenchError
from workbench.api.io import read_json, write_json
from workbench_prune.vocabulary.scripts import script
from workbench_prune.vocabulary.tokenizer_models import BYTE, KINDS, Json, Kind

CALL = 1024  # texts


@dataclass(frozen=True)
class Vocabulary:
    """What `tokenizer.json` holds.

    Args:
        about: its JSON.
        where: its path, for errors.
    """

    about: Json
    where: Path

    @classmethod
    def load(cls, path: Path) -> Vocabulary:
        """Read `tokenizer.json`.

        Raises:
            WorkbenchError: it is damaged, or its model is of a kind that cannot be trimmed.
        """
        try:
            about = json.loads(Tokenizer.from_file(str(path)).to_str())  # as the library of today writes it
        except Exception as error:  # it raises nothing more special
            raise WorkbenchError(f"is no tokenizer ({error})", where=path, remedy="Copy or make it again") from error
        kind = about["model"]["type"]
        if kind not in KINDS:
            raise WorkbenchError(
                f"is a tokenizer of the kind {kind!r}, which cannot be trimmed",
                where=path,
                remedy=f"Leave out the pass trim-vocab, or choose an encoder with {', '.join(KINDS)}",
            )
        return cls({**about, "padding": None, "truncation": None}, path)

    @property
    def kind(self) -> Kind:
        """How its model is trimmed."""
        return KINDS[self.about["model"]["type"]]

    @cached_property
    def tokenizer(self) -> Any:
        """It at work, without padding and truncation."""
        return Tokenizer.from_str(json.dumps(self.about))

    @cached_property
    def numbers(self) -> dict[str, int]:
        """Every token's number, added ones included."""
        return {entry["content"]: entry["id"] for entry in self.about["added_tokens"]} | self.kind.tokens(
            self.about["model"]
        )

    def encode(self, prepared: Sequence[str]) -> Iterator[list[int]]:
        """The token ids of each text, special ones included."""
        for start in range(0, len(prepared), CALL):
            for encoding in self.tokenizer.encode_batch(list(prepared[start : start + CALL])):
                yield encoding.ids

    def special(self) -> set[str]:
        """Added tokens, the unknown one, and those that are put around a text."""
        model, names = self.about["model"], {entry["content"] for entry in self.about["added_tokens"]}
        if isinstance(model.get("unk_token"), str):
            names.add(model["unk_token"])
        if model.get("unk_id") is not None:
            names.add(model["vocab"][model["unk_id"]][0])
        around = set(_numbers(self.about["post_processor"]))
        return {name for name, number in self.numbers.items() if name in names or number in around}

    def characters(self, scripts: set[str] | None) -> set[str]:
        """Tokens of a single character or byte, of which every unseen word can be made.

        Args:
            scripts: letters of other scripts are left out; None = of none.
        """
        singles = {token: single for token in self.numbers if (single := self._single(token)) is not None}
        return {
            token
            for token, single in singles.items()
            if scripts is None or self.of_bytes or script(single) in (None, "LATIN", *scripts)
        } | {token for token in self.numbers if BYTE.fullmatch(token)}

    def familiar(self, characters: set[str], seen: set[str], count: int) -> set[str]:
        """Of tokens of a single character those for bytes, ASCII, punctuation and what was seen, and some letters.

        Args:
            characters: the tokens.
            seen: the characters that the data has.
            count: how many other letters stay, the first of the vocabulary. Where that is sorted by frequency, as
                XLM-R's is, they are the most common ones.
        """
        if self.of_bytes:
            return characters
        singles = {token: single for token in characters if (single := self._single(token)) is not None}
        strange = {token for token, single in singles.items() if not (single in seen or _plain(single))}
        letters = [token for token in strange if script(singles[token]) is not None]
        return characters - strange | set(sorted(letters, key=self.numbers.__getitem__)[:count])

    @property
    def has_unknown(self) -> bool:
        """Whether a character that it does not know becomes a token, and neither an error nor nothing."""
        model = self.about["model"]
        if model["type"] == "Unigram":
            return model["unk_id"] is not None
        return model["unk_token"] in self.numbers

    @property
    def of_bytes(self) -> bool:
        """Whether its characters stand for bytes."""
        return '"ByteLevel"' in json.dumps([self.about["pre_tokenizer"], self.about["normalizer"]])

    def _single(self, token: str) -> str | None:
        continued = self.about["model"].get("continuing_subword_prefix") or ""
        inside = bool(continued) and token.startswith(continued) and len(token) > len(continued)
        character = token[len(continued) :] if inside else token
        character = character.removesuffix(self.about["model"].get("end_of_word_suffix") or "") or character
        if len(character) != 1 or (inside and not self._continues(character)):
            return None
        return character

    def _continues(self, character: str) -> bool:
        """Whether the character ever stands behind another one of the same word; Chinese ones do not in BERT's."""
        word = f"a{character}"
        if self.tokenizer.normalizer is not None:
            word = self.tokenizer.normalizer.normalize_str(word)
        if self.tokenizer.pre_tokenizer is None:
            return True
        return any(len(part.strip()) > 1 for part, _ in self.tokenizer.pre_tokenizer.pre_tokenize_str(word))

    def trimmed(self, kept: set[str]) -> tuple[Vocabulary, list[int]]:
        """The vocabulary with these tokens and what has to stay with them; and the old number of each new one."""
        model = self.about["model"]
        kept = kept | self.kind.closed(model, kept & self.kind.tokens(model).keys())
        old = sorted(self.numbers[token] for token in kept)
        new = {number: place for place, number in enumerate(old)}
        own = {token: new[number] for token, number in self.kind.tokens(model).items() if number in new}
        added = [{**entry, "id": new[entry["id"]]} for entry in self.about["added_tokens"]]
        about = {
            **self.about,
            "model": self.kind.rebuilt(model, own),
            "added_tokens": added,
            "post_processor": _renumber(self.about["post_processor"], new),
        }
        return Vocabulary(about, self.where), old

    def save(self, out: Path, source: Path, new: Mapping[int, int]) -> None:
        """Write `tokenizer.json` and what transformers reads beside it.

        Args:
            out: the folder.
            source: the folder that the untrimmed one came from.
            new: old number of a token -> its new one.
        """
        (out / "tokenizer.json").write_text(json.dumps(self.about, ensure_ascii=False), encoding="utf-8")
        if (path := source / "tokenizer_config.json").is_file():
            config = read_json(path)
            if "added_tokens_decoder" in config:
                decoder = {int(key): value for key, value in config["added_tokens_decoder"].items()}
                config["added_tokens_decoder"] = {str(new[n]): value for n, value in decoder.items() if n in new}
            write_json(out / path.name, config)
        if (path := source / "special_tokens_map.json").is_file():
            write_json(out / path.name, read_json(path))


def _plain(character: str) -> bool:
    """Whether any text can have it, whatever its script."""
    return character.isascii() or unicodedata.category(character).startswith("P")


def _numbers(post_processor: Json | None) -> list[int]:
    """The numbers of the tokens that a post-processor puts around a text."""
    if post_processor is None:
        return []
    inner = [number for part in post_processor.get("processors", []) for number in _numbers(part)]
    listed = [number for entry in post_processor.get("special_tokens", {}).values() for number in entry["ids"]]
    return inner + listed + [post_processor[end][1] for end in ("sep", "cls") if end in post_processor]


def _renumber(post_processor: Json | None, new: Mapping[int, int]) -> Json | None:
    """A post-processor with other numbers for the tokens that it puts around a text."""
    if post_processor is None:
        return None
    changed = dict(post_processor)
    if "processors" in changed:
        changed["processors"] = [_renumber(part, new) for part in changed["processors"]]
    if "special_tokens" in changed:
        changed["special_tokens"] = {
            name: {**entry, "ids": [new[number] for number in entry["ids"]]}
            for name, entry in changed["special_tokens"].items()
        }
    for end in ("sep", "cls"):
        if end in changed:
            token, number = changed[end]
            changed[end] = [token, new[number]]
    return changed
