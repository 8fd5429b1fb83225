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
OTHER_FOLDERS = {"bundle.json": "a bundle", "run.json": "a run folder"}
PADDING = ("[PAD]", "<pad>")  # the first of WordPiece, the second of BPE and SentencePiece
MAX_TOKENS = 1_000_000
REMEDY = "Copy the model folder again, or train a new model"
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
    """A model folder and the values of its `workbench.json`.

    Args:
        path: the model folder.
        format: name of the runtime that opens the model.
        task: as in `Dataset`.
        intents: the order of the logits; () for a bare encoder.
        max_length: largest number of tokens, including special tokens; longer texts are truncated.
        prefix: string that is put before every text after normalization.
        normalization: names of the text normalizations of training, in their order.
        pooling: `mean` or `cls`.
        rows_per_call: largest batch size. 1 for a model that is not batch-invariant, such as dynamic int8; None = any.
        history: the steps that made the model, oldest first: name, options, library versions, figures.
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
        """Content of `workbench.json`: all fields except the path."""
        fields = {field.name: getattr(self, field.name) for field in dataclasses.fields(self) if field.name != "path"}
        return {**fields, "format_number": FORMAT}

    def save(self) -> Model:
        """Write `workbench.json` into the model folder."""
        write_json(self.path / ABOUT, self.about())
        return self

    def derive(self, path: Path, step: Mapping[str, Any], **changes: Any) -> Model:
        """Write `workbench.json` of a model that was made from this model, with one more history entry.

        Args:
            path: the folder that holds the other files of the new model.
            step: the new history entry, see `history_step`.
            changes: new values of other fields, such as `format`.
        """
        return dataclasses.replace(self, path=path, history=(*self.history, step), **changes).save()

    def copy_tokenizer(self, out: Path) -> None:
        """Copy `tokenizer.json` into the folder `out`; create the folder if necessary."""
        out.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(self.path / TOKENIZER, out / TOKENIZER)

    @classmethod
    def load(cls, path: Path) -> Model:
        """Read a model folder, or a Hugging Face folder with a classifier or an encoder.

        Raises:
            WorkbenchError: the folder is neither, or `workbench.json` is invalid or has a newer format.
        """
        if not (path / ABOUT).is_file() and (path / "config.json").is_file():
            return cls.from_plain(path)
        for file, kind in OTHER_FOLDERS.items():
            if (path / file).is_file():
                raise WorkbenchError(
                    f"is {kind}, but a model folder is needed here",
                    where=path,
                    remedy="Use the output of workbench train, or RUN/stages/train-.../out of a run folder",
                )
        if not (path / ABOUT).is_file():
            raise WorkbenchError(
                f"is not a model folder: {ABOUT} is missing", where=path, remedy="Train a model with: workbench train"
            )
        return cls.from_about(path, read_json(path / ABOUT))

    @classmethod
    def from_about(cls, path: Path, about: Mapping[str, Any], *, where: Path | None = None) -> Model:
        """Build a model from the content of `workbench.json`.

        Args:
            path: the model folder.
            about: the content of `workbench.json`.
            where: the file that `about` was read from, for errors; None = `workbench.json` in `path`.

        Raises:
            WorkbenchError: a value is missing or has another type, or the format is newer than this program.
        """
        where = where or path / ABOUT
        check_shape(about, {"format_number": int}, where)
        if about["format_number"] > FORMAT:
            raise WorkbenchError(
                f"has model format {about['format_number']}; this program reads formats up to {FORMAT}",
                where=path,
                remedy="Upgrade with: pip install -U intent-workbench",
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
        """Build a model from a Hugging Face folder without `workbench.json`.

        A sequence classifier gets the format `transformers` and the intents of its `id2label`. Any other folder is read
        as an encoder of format `torch` with mean pooling.
        """
        config = read_json(path / "config.json")
        check_shape(config, {}, path / "config.json")
        classifies = any(str(name).endswith("ForSequenceClassification") for name in config.get("architectures") or ())
        if not classifies:
            return cls(path, "torch", "intent", (), token_limit(path))
        labels = config.get("id2label") or {"0": "LABEL_0", "1": "LABEL_1"}  # transformers does not save its default
        intents = tuple(labels[key] for key in sorted(labels, key=int))
        task = "intents" if config.get("problem_type") == "multi_label_classification" else "intent"
        return cls(path, "transformers", task, intents, token_limit(path))

    def encode(self, texts: Sequence[str]) -> list[list[int]]:
        """Return the token ids of each text, including special tokens, truncated to `max_length`.

        Args:
            texts: normalized texts without the prefix, such as rows of a dataset or the argument of
                `Predictor.compute`. Other texts must go through `host.normalizer(model.normalization)` first.
        """
        # the fast variant computes no offsets
        encodings = self._tokenizer.encode_batch_fast([self.prefix + text for text in texts])
        return [encoding.ids for encoding in encodings]

    @property
    def pad_id(self) -> int:
        """Id of the padding token; 0 if the tokenizer has none, because the attention mask hides padding."""
        known = (self._tokenizer.token_to_id(token) for token in PADDING)
        return next((number for number in known if number is not None), 0)

    @cached_property
    def _tokenizer(self) -> Any:
        from tokenizers import Tokenizer

        path = self.path / TOKENIZER
        if not path.is_file():
            raise WorkbenchError("is missing", where=path, remedy=REMEDY)
        try:
            tokenizer = Tokenizer.from_file(str(path))
        except Exception as error:  # the library has no narrower exception
            raise WorkbenchError(f"is not a valid tokenizer ({error})", where=path, remedy=REMEDY) from error
        tokenizer.no_padding()
        tokenizer.enable_truncation(self.max_length)
        return tokenizer


def _check_values(about: Mapping[str, Any], where: Path) -> None:
    """Raise if a value has the right type but is out of range."""
    for intent in about["intents"]:
        names = intent if isinstance(intent, list) else [intent]
        if not names or not all(isinstance(name, str) for name in names):
            raise WorkbenchError(f"'intents' has {intent!r}, which is not a name", where=where, remedy=REMEDY)
    rules = {
        "intents": len({str(intent) for intent in about["intents"]}) == len(about["intents"]),
        "max_length": 1 <= about["max_length"] <= MAX_TOKENS,
        "rows_per_call": about["rows_per_call"] is None or about["rows_per_call"] >= 1,
        "pooling": about["pooling"] in ("mean", "cls"),
        "normalization": all(isinstance(name, str) and name for name in about["normalization"]),
        "prefix": well_formed(about["prefix"]) == about["prefix"],
    }
    for key, holds in rules.items():
        if not holds:
            raise WorkbenchError(
                f"{key!r} is {about[key]!r}, which is not a valid value",
                where=where,
                remedy=f"{REMEDY}, or upgrade with: pip install -U intent-workbench",
            )
