"""The pass trim-vocab with characters = seen: the data's own letters stay, some common ones, and no others."""

from __future__ import annotations

import dataclasses

import pytest
from tokenizers import Tokenizer, normalizers, pre_tokenizers
from tokenizers import models as m

from workbench.context import Context
from workbench.errors import UsageProblem
from workbench.nouns.model import Model
from workbench.options import parse_options
from workbench.testing.models import write_model

TEXTS = ["我的快递到哪了", "包裹到哪了?", "快递 abc"]
LETTERS = "我的快递到哪了包裹什么时候请问客服退款abcé☃。、"  # the common ones first
BYTES = [f"<0x{number:02X}>" for number in range(256)]


def wordpiece():
    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", *LETTERS, "?", "0", *(f"##{letter}" for letter in "abcé"), "ab"]
    made = Tokenizer(m.WordPiece({piece: n for n, piece in enumerate(pieces)}, unk_token="[UNK]"))
    made.normalizer = normalizers.BertNormalizer(lowercase=True, strip_accents=False)
    made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    return made


def unigram(extra=(), **more):
    words = [(word, -2.0) for word in ("▁我的", "快递", "包裹", "请问", "客服")]
    letters = [(letter, -5.0 - n / 100) for n, letter in enumerate("▁" + LETTERS + "?0")]
    made = Tokenizer(m.Unigram([("<unk>", 0.0), *words, *letters, *extra], unk_id=0, **more))
    made.pre_tokenizer = pre_tokenizers.Metaspace()
    return made


MAKERS = {"wordpiece": wordpiece, "unigram": unigram}


@pytest.fixture
def trim(host, tmp_path, small_dataset):
    """`trim(tokenizer, **options)` → the model with that tokenizer, before and after."""

    def run(tokenizer, **options) -> tuple[Model, Model]:
        model = write_model(tmp_path / "whole", "bert")
        tokenizer.save(str(model.path / "tokenizer.json"))
        row = small_dataset.labelled("train")[0]
        rows = [dataclasses.replace(row, id=str(n), text=text) for n, text in enumerate(TEXTS)]
        (tmp_path / "work").mkdir()
        context = Context(host, 13, tmp_path / "work", dataset=small_dataset.with_rows(rows))
        component = host.registry("passes")["trim-vocab"]
        parsed = parse_options(component.options, {"characters": "seen", **options}, "trim-vocab")
        return model, component(model, tmp_path / "trimmed", parsed, context)

    return run


def opened(model):
    return Tokenizer.from_file(str(model.path / "tokenizer.json"))


def unknown(model, text):
    name = next(name for name in ("[UNK]", "<unk>") if opened(model).token_to_id(name) is not None)
    return opened(model).encode(text).ids.count(opened(model).token_to_id(name))


@pytest.mark.parametrize("kind", MAKERS)
def test_texts_at_hand_are_cut_and_answered_as_before(host, trim, kind):
    model, made = trim(MAKERS[kind](), common_characters=0)
    assert [opened(made).encode(text).tokens for text in TEXTS] == [opened(model).encode(text).tokens for text in TEXTS]
    both = [host.open_predictor(each).logits(TEXTS) for each in (model, made)]
    assert abs(both[0] - both[1]).max() < 1e-5


@pytest.mark.parametrize("kind", MAKERS)
def test_letters_of_the_data_are_known_in_other_words_too(trim, kind):
    _, made = trim(MAKERS[kind](), common_characters=0)
    assert not unknown(made, "裹了包递快哪 cba")


@pytest.mark.parametrize("kind", MAKERS)
def test_other_letters_become_the_unknown_token(trim, kind):
    model, made = trim(MAKERS[kind](), common_characters=0)
    for text in ("服款", "é", "快递☃"):
        assert not unknown(model, text)
        assert unknown(made, text)
    assert not {"服", "款", "é", "☃"} & opened(made).get_vocab().keys()
    assert made.encode(["服款退 é☃", "请问"])


@pytest.mark.parametrize("kind", MAKERS)
def test_punctuation_and_ascii_stay_unseen(trim, kind):
    _, made = trim(MAKERS[kind](), common_characters=0)
    assert {"。", "、", "0"} <= opened(made).get_vocab().keys()


@pytest.mark.parametrize("kind", MAKERS)
def test_the_first_other_letters_stay(trim, kind):
    _, made = trim(MAKERS[kind](), common_characters=4)
    assert {"什", "么", "时", "候"} <= opened(made).get_vocab().keys()
    assert not {"请", "款", "é"} & opened(made).get_vocab().keys()


def test_enough_common_letters_are_all_of_the_scripts_but_no_symbols(trim):
    _, made = trim(wordpiece(), common_characters=9999)
    assert opened(made).get_vocab().keys() == set(wordpiece().get_vocab()) - {"☃", "[CLS]", "[SEP]"}


def test_bytes_stand_for_letters_that_go(trim):
    _, made = trim(unigram([(piece, -9.0) for piece in BYTES], byte_fallback=True), common_characters=0)
    assert set(BYTES) <= opened(made).get_vocab().keys()
    assert opened(made).encode("款").tokens == ["▁", "<0xE6>", "<0xAC>", "<0xBE>"]


def test_bytes_of_a_byte_tokenizer_all_stay(trim):
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    made = Tokenizer(m.BPE({letter: n for n, letter in enumerate(["<unk>", *alphabet])}, [], unk_token="<unk>"))
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    _, trimmed = trim(made, common_characters=0)
    assert set(alphabet) <= opened(trimmed).get_vocab().keys()


def test_without_an_unknown_token_every_letter_stays(trim):
    """Unigram raises at a letter that it lacks."""
    made = Tokenizer(m.Unigram([("<unk>", 0.0), *((letter, -5.0) for letter in "▁" + LETTERS + "?")]))
    made.pre_tokenizer = pre_tokenizers.Metaspace()
    _, trimmed = trim(made, common_characters=0)
    assert set(LETTERS) <= opened(trimmed).get_vocab().keys()
    assert opened(trimmed).encode("退款é").tokens == ["▁", "退", "款", "é"]


def test_less_than_none_is_refused(trim):
    with pytest.raises(UsageProblem, match="common_characters"):
        trim(wordpiece(), common_characters=-1)
