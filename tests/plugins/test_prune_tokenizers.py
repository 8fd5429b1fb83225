"""The pass trim-vocab on tokenizers with habits: no unknown token, bytes for what is unknown, other numbers, damage."""

from __future__ import annotations

import dataclasses
import json

import pytest
from tokenizers import Tokenizer, normalizers, pre_tokenizers
from tokenizers import models as m
from transformers import AutoModel

from workbench.context import Context
from workbench.errors import WorkbenchError
from workbench.nouns.model import Model
from workbench.testing.models import write_model

BYTES = [f"<0x{number:02X}>" for number in range(256)]


@pytest.fixture
def trim(host, tmp_path, small_dataset):
    """`trim(tokenizer, texts, family)` → a model with that tokenizer before and after, by train rows of those texts."""

    def run(tokenizer, texts, family="bert", *, change=None) -> tuple[Model, Model]:
        model = write_model(tmp_path / "whole", family)
        tokenizer.save(str(model.path / "tokenizer.json"))
        if change is not None:
            change(model.path)
        row = small_dataset.labelled("train")[0]
        rows = [dataclasses.replace(row, id=str(n), text=text) for n, text in enumerate(texts)]
        (tmp_path / "work").mkdir()
        context = Context(host, 13, tmp_path / "work", dataset=small_dataset.with_rows(rows))
        component = host.registry("passes")["trim-vocab"]
        return model, component(model, tmp_path / "trimmed", component.options(), context)

    return run


def pieces(model):
    return Tokenizer.from_file(str(model.path / "tokenizer.json")).get_vocab().keys()


def cut(model, text):
    return Tokenizer.from_file(str(model.path / "tokenizer.json")).encode(text).tokens


def unigram(extra=(), **options):
    letters = [(letter, -5.0) for letter in "▁parcelgt私где我的"]
    words = [("▁parcel", -2.0), ("▁где", -2.5), *extra]
    made = Tokenizer(m.Unigram([("<unk>", 0.0), *letters, *words], **options))
    made.pre_tokenizer = pre_tokenizers.Metaspace()
    return made


def test_without_an_unknown_token_every_letter_stays(trim):
    """Unigram raises at a letter that it lacks, so none may go, whatever the data is written in."""
    _, made = trim(unigram(), ["parcel"])
    assert {"г", "私"} <= pieces(made)
    assert cut(made, "где 我的") == ["▁", "г", "д", "е", "▁", "我", "的"]


def test_with_an_unknown_token_letters_of_other_scripts_become_it(trim):
    whole, made = trim(unigram(unk_id=0), ["parcel"])
    assert not {"г", "私"} & pieces(made)
    assert made.encode(["где"])[0].count(0) == 1  # a row of unknown letters is one
    assert whole.encode(["parcel"]) != made.encode(["parcel"])
    assert cut(made, "parcel") == cut(whole, "parcel")


def test_the_least_likely_piece_stays(trim):
    """An unknown letter counts less than it does. Without it `☃` and `xy` would be likelier than `☃x` and `y`."""
    scores = {"<unk>": 0.0, "☃x": -20.0, "y": -20.0, "xy": -1.0, "zzz": -45.0, "qqq": -3.0}
    whole, made = trim(Tokenizer(m.Unigram(list(scores.items()), unk_id=0)), ["☃xy", "xy"])
    assert cut(made, "☃xy") == cut(whole, "☃xy") == ["☃x", "y"]
    assert pieces(made) == scores.keys() - {"qqq"}


def test_bytes_stand_for_letters_that_go(trim):
    made = unigram([(piece, -9.0) for piece in BYTES], unk_id=0, byte_fallback=True)
    _, trimmed = trim(made, ["parcel"])
    assert set(BYTES) <= pieces(trimmed)
    assert cut(trimmed, "г") == ["▁", "<0xD0>", "<0xB3>"]


def test_plain_bpe_without_an_unknown_token_keeps_every_letter(trim):
    """It leaves a letter that it lacks out."""
    vocabulary = {piece: n for n, piece in enumerate(["p", "a", "r", "г", "д", "pa", "par", "гд"])}
    made = Tokenizer(m.BPE(vocabulary, [("p", "a"), ("pa", "r"), ("г", "д")]))
    whole, trimmed = trim(made, ["par"])
    assert pieces(trimmed) == pieces(whole) - {"гд"}
    assert cut(trimmed, "гд") == ["г", "д"]


def test_the_script_is_that_of_the_normalised_text(trim):
    """Half-width katakana are made full-width ones before they are looked up."""
    made = unigram([("カ", -4.0), ("キ", -4.0)], unk_id=0)
    made.normalizer = normalizers.NFKC()
    _, trimmed = trim(made, ["ｶ"])
    assert {"カ", "キ"} <= pieces(trimmed)


def padded_second(letters="abcdefg"):
    """The padding token is the third; what stands before it is seldom used."""
    made = Tokenizer(m.WordPiece({p: n for n, p in enumerate(["zz", "yy", "<pad>", "[UNK]", *letters])}))
    made.add_special_tokens(["<pad>", "[UNK]"])
    made.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    return made


def third(folder):
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"pad_token_id": 2}))


def test_tokens_before_robertas_padding_token_stay(trim):
    _, made = trim(padded_second(), ["a", "b b"], "roberta", change=third)
    assert AutoModel.from_pretrained(made.path).config.pad_token_id == 2


def test_an_encoder_that_answers_otherwise_is_refused(trim, monkeypatch):
    """RoBERTa, if nobody knew that it counts positions from its padding token."""
    monkeypatch.setattr("workbench_prune.vocabulary.embeddings.LIKE_ROBERTA", ())
    with pytest.raises(WorkbenchError, match=r"answers otherwise with fewer tokens .* cannot be trimmed"):
        trim(padded_second(), ["a", "b b"], "roberta", change=third)


def test_more_tokens_than_embeddings_are_refused(trim):
    many = unigram([(f"piece{n}", -7.0) for n in range(400)] + [("▁xyz", -1.0)], unk_id=0)
    with pytest.raises(WorkbenchError, match=r"has a token \d+, and the encoder 400 embeddings.*do not belong"):
        trim(many, ["xyz"])


def test_a_decoder_table_of_other_tokens_is_mended(trim):
    def change(folder):
        known = {"3": {"content": "[UNK]", "special": True}, "777": {"content": "gone", "special": True}}
        (folder / "tokenizer_config.json").write_text(json.dumps({"added_tokens_decoder": known}))

    _, made = trim(padded_second(), ["a"], change=change)
    kept = json.loads((made.path / "tokenizer_config.json").read_text())["added_tokens_decoder"]
    assert [entry["content"] for entry in kept.values()] == ["[UNK]"]


@pytest.mark.parametrize("content", ["{}", "not json", '{"model": 3}'])
def test_a_damaged_tokenizer_is_one_line(trim, content):
    with pytest.raises(WorkbenchError, match=r"tokenizer\.json: is not a valid tokenizer"):
        trim(padded_second(), ["a"], change=lambda folder: (folder / "tokenizer.json").write_text(content))
