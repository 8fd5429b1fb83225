"""Which common tokens stay beside those of the data: of each script as many as the data has use for."""

from __future__ import annotations

import dataclasses
import json

import pytest
from tokenizers import Tokenizer, pre_tokenizers
from tokenizers import models as m

from workbench.options import parse_options
from workbench.testing.models import write_model
from workbench_prune.vocabulary.common_tokens import common_tokens
from workbench_prune.vocabulary.tokenizer import Vocabulary

LATIN = [f"word{letter}" for letter in "abcdefghijkl"]
CYRILLIC = [f"слово{letter}" for letter in "абвгдежзиклм"]
CHINESE = ["我的", "快递", "包裹", "退款", "客服", "请问"]
DIGITS = ["1", "2", "3"]


@pytest.fixture
def vocabulary(tmp_path):
    """Two Latin and two Cyrillic tokens come before each Chinese one, as in one for many languages."""

    def make(splitter=None) -> Vocabulary:
        tokens = ["[UNK]"]
        for n, chinese in enumerate(CHINESE):
            tokens += [*LATIN[2 * n : 2 * n + 2], *CYRILLIC[2 * n : 2 * n + 2], chinese]
        made = Tokenizer(m.WordPiece({token: n for n, token in enumerate([*tokens, *DIGITS])}, unk_token="[UNK]"))
        made.pre_tokenizer = splitter or pre_tokenizers.WhitespaceSplit()
        made.save(str(tmp_path / "tokenizer.json"))
        return Vocabulary.load(tmp_path / "tokenizer.json")

    return make


def test_a_script_gets_the_share_that_it_has_in_the_data(vocabulary):
    kept = common_tokens(vocabulary(), {"快递", "退款", "请问", "worda"}, 8)
    assert kept == {*CHINESE, "[UNK]", "worda"}  # "UNK" is Latin too


def test_in_data_of_two_scripts_each_stays_by_its_share(vocabulary):
    kept = common_tokens(vocabulary(), {"快递", "wordb"}, 6)
    assert kept == {*CHINESE[:3], "[UNK]", *LATIN[:2]}


def test_where_a_script_has_no_more_others_fill_up_and_strange_ones_come_last(vocabulary):
    whole = vocabulary()
    known = {*CHINESE, *LATIN, "[UNK]"}
    assert common_tokens(whole, {"快递", "退款", "worda"}, len(known)) == known
    assert common_tokens(whole, {"快递", "退款", "worda"}, len(known) + 2) == known | set(CYRILLIC[:2])
    assert common_tokens(whole, {"快递"}, 9999) == set(whole.numbers)


def test_tokens_without_letters_have_a_share_of_their_own(vocabulary):
    assert common_tokens(vocabulary(), {"快递", "1"}, 4) == {*CHINESE[:2], *DIGITS[:2]}


def test_none_are_asked_for(vocabulary):
    assert common_tokens(vocabulary(), {"快递"}, 0) == set()


def test_tokens_of_bytes_have_no_scripts(vocabulary):
    whole = vocabulary(pre_tokenizers.ByteLevel(add_prefix_space=False))
    assert json.loads(whole.where.read_text("utf-8"))["pre_tokenizer"]["type"] == "ByteLevel"
    assert common_tokens(whole, {"快递"}, 4) == {"[UNK]", *LATIN[:2], CYRILLIC[0]}


def test_the_pass_keeps_tokens_of_the_scripts_of_the_data(vocabulary, host, context, tmp_path, small_dataset):
    """Not those that stand first."""
    model, whole = write_model(tmp_path / "whole", "bert"), vocabulary()
    (model.path / "tokenizer.json").write_bytes(whole.where.read_bytes())
    rows = [dataclasses.replace(row, text="快递 worda 1") for row in small_dataset]
    component = host.registry("passes")["trim-vocab"]
    options = parse_options(component.options, {"common": len(whole.numbers) - len(CYRILLIC)}, "trim-vocab")
    made = component(
        model, tmp_path / "out", options, dataclasses.replace(context, dataset=small_dataset.with_rows(rows))
    )
    assert Vocabulary.load(made.path / "tokenizer.json").numbers.keys() == whole.numbers.keys() - set(CYRILLIC)
