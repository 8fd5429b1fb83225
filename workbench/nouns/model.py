"""A model: a folder with an encoder, a head and `workbench.json`, in one of several formats."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from workbench.encoders import token_limit
from workbench.errors import WorkbenchError
from workbench.io.files import read_json, write_json
from workbench.io.shapes import MAYBE_INT, Shape, check_shape
from workbench.nouns.utterance import Intent
from workbench.text.normalization import well_formed

FORMAT = 1
ABOUT = "workbench.json"
TOKENIZER = "tokenizer.json"
MADE_OF_MODELS = {"bundle.json": "bundle", "run.json": "run"}
PADDING = ("[PAD]", "<pad>")  # of WordPiece, and of BPE and SentencePiece
MOST_TOKENS = 1_000_000
SHAPE: Shape = {
    "format": str,
    "task": str,
    "intents": list,
    "max_length": int,
    "prefix": str,
    "normalization": list,
    "pooling": str,
    "rows_per_call": MAYBE_INT,
    "history": list,
}


@dataclass(frozen=True)
class Model:
    """What is needed to open a predictor.

    Args:
        path: the folder.
        format: the name of the runtime that opens it.
        task: as in `Dataset`.
        intents: the order of the logits; () for a bare encoder.
        max_length: tokens, special ones included; longer texts are cut.
        prefix: put before every text, after the normalizations.
        normalization: names of the text normalizations of training, in their order.
        pooling: `mean` or `cls`.
        rows_per_call: 1 when an answer would depend on its batch mates, as with dynamic int8; None = free.
        history: the steps that made it, oldest first: name, options, library versions, figures.
    """

    path: Path
    format: str
    task: str
    intents: tuple[Intent, ...]
    max_length: int
    prefix: str = ""
    normalization: tuple[str, ...] = ()
    pooling: str = "mean"
    rows_per_call: int | None = None
    history: tuple[Mapping[str, Any], ...] = ()

    def about(self) -> dict[str, Any]:
        """What `workbench.json` holds: all but the path."""
        fields = {field.name: getattr(self, field.name) for field in dataclasses.fields(self) if field.name != "path"}
        return {**fields, "format_number": FORMAT}

    def save(self) -> Model:
        """Write `workbench.json` into the folder, beside the files that are already there."""
        write_json(self.path / ABOUT, self.about())
        return self

    def derive(self, path: Path, step: Mapping[str, Any], **changes: Any) -> Model:
        """Write `workbench.json` of a model that was made from this one, with one more step in its history.

        Args:
            path: the folder, which holds the other files of the new model.
            step: what was done, see `history_step`.
            changes: other fields of the new model that differ, such as `format`.
        """
        return dataclasses.replace(self, path=path, history=(*self.history, step), **changes).save()

    def copy_tokenizer(self, out: Path) -> None:
        """Copy `tokenizer.json` into the folder `out`, which is made where it is missing."""
        out.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(self.path / TOKENIZER, out / TOKENIZER)

    @classmethod
    def load(cls, path: Path) -> Model:
        """Read a model folder; a plain Hugging Face folder, classifier or bare encoder, is one too.

        Raises:
            WorkbenchError: it is neither, or `workbench.json` is newer or says nothing sensible.
        """
        if not (path / ABOUT).is_file() and (path / "config.json").is_file():
            return cls.from_plain(path)
        for file, kind in MADE_OF_MODELS.items():
            if (path / file).is_file():
                raise WorkbenchError(
                    f"is a {kind}, and a model is asked for",
                    where=path,
                    remedy="Give the trained model: the output of workbench train, or of a run's train stage",
                )
        if not (path / ABOUT).is_file():
            raise WorkbenchError(
                f"is no model folder: {ABOUT} is missing", where=path, remedy="Make one with: workbench train"
            )
        return cls.from_about(path, read_json(path / ABOUT))

    @classmethod
    def from_about(cls, path: Path, about: Mapping[str, Any], *, where: Path | None = None) -> Model:
        """The model in `path` that `about` describes; `where` is the file that it was read from.

        Raises:
            WorkbenchError: a value is missing, is of another kind, or comes from a newer program.
        """
        where = where or path / ABOUT
        check_shape(about, {"format_number": int}, where)
        if about["format_number"] > FORMAT:
            raise WorkbenchError(
                f"has model format {about['format_number']}, this program knows {FORMAT}",
                where=path,
                remedy="Upgrade intent-workbench",
            )
        check_shape(about, SHAPE, where)
        _check_values(about, where)
        known = {field.name for field in dataclasses.fields(cls)}
        values = {key: value for key, value in about.items() if key in known}
        values["intents"] = tuple(tuple(i) if isinstance(i, list) else i for i in about["intents"])
        values["normalization"], values["history"] = tuple(about["normalization"]), tuple(about["history"])
        return cls(path=path, **values)

    @classmethod
    def from_plain(cls, path: Path) -> Model:
        """The model in a Hugging Face folder without `workbench.json`.

        A sequence classifier gets the format `transformers` and the intents of its `id2label`; any other folder counts
        as a bare encoder with mean pooling.
        """
        config = read_json(path / "config.json")
        check_shape(config, {}, path / "config.json")
        classifies = any(str(name).endswith("ForSequenceClassification") for name in config.get("architectures") or ())
        if not classifies:
            return cls(path, "torch", "intent", (), token_limit(path))
        labels = config.get("id2label") or {"0": "LABEL_0", "1": "LABEL_1"}  # transformers leaves out its default
        intents = tuple(labels[key] for key in sorted(labels, key=int))
        task = "intents" if config.get("problem_type") == "multi_label_classification" else "intent"
        return cls(path, "transformers", task, intents, token_limit(path))

    def encode(self, texts: Sequence[str]) -> list[list[int]]:
        """Give the token ids of each text, special tokens included, cut to `max_length`.

        Args:
            texts: normalized ones, without the prefix: rows of a dataset, or what `Predictor.compute` is given. Other
                texts go through `host.normalizer(model.normalization)` first.
        """
        encodings = self._tokenizer.encode_batch_fast([self.prefix + text for text in texts])  # without offsets
        return [encoding.ids for encoding in encodings]

    @property
    def pad_id(self) -> int:
        """What fills the shorter rows of a batch, behind the attention mask: the padding token, else 0."""
        known = (self._tokenizer.token_to_id(token) for token in PADDING)
        return next((number for number in known if number is not None), 0)

    @cached_property
    def _tokenizer(self) -> Any:
        from tokenizers import Tokenizer

        path = self.path / TOKENIZER
        if not path.is_file():
            raise WorkbenchError("is missing", where=path, remedy="The folder is incomplete: make or copy it again")
        try:
            tokenizer = Tokenizer.from_file(str(path))
        except Exception as error:  # the library raises nothing more special
            raise WorkbenchError(f"is no tokenizer ({error})", where=path, remedy="Copy or make it again") from error
        tokenizer.no_padding()
        tokenizer.enable_truncation(self.max_length)
        return tokenizer


def _check_values(about: Mapping[str, Any], where: Path) -> None:
    """Raise where a value has the right kind and yet makes no sense."""
    for intent in about["intents"]:
        names = intent if isinstance(intent, list) else [intent]
        if not names or not all(isinstance(name, str) for name in names):
            raise WorkbenchError(f"'intents' has {intent!r}, which is no name", where=where)
    rules = {
        "intents": len({str(intent) for intent in about["intents"]}) == len(about["intents"]),
        "max_length": 1 <= about["max_length"] <= MOST_TOKENS,
        "rows_per_call": about["rows_per_call"] is None or about["rows_per_call"] >= 1,
        "pooling": about["pooling"] in ("mean", "cls"),
        "normalization": all(isinstance(name, str) and name for name in about["normalization"]),
        "prefix": well_formed(about["prefix"]) == about["prefix"],
    }
    for key, holds in rules.items():
        if not holds:
            raise WorkbenchError(
                f"{key!r} is {about[key]!r}, which makes no sense here",
                where=where,
                remedy="Copy or make it again, or upgrade intent-workbench",
            )
