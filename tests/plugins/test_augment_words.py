"""The augmenter `words`: what is left out and swapped, and what stays."""

from __future__ import annotations

import itertools

import pytest


def test_words_are_left_out_and_swapped_and_nothing_else(augment):
    texts = [f"alpha bravo charlie delta echo foxtrot golf hotel number{n}" for n in range(300)]
    made = augment("words", texts)
    assert len(made) > 290
    swapped = 0
    for parent, text in made:
        places = [parent.split().index(word) for word in text.split()]
        assert len(places) == len(set(places)) >= 2
        turned = [n for n, (one, two) in enumerate(itertools.pairwise(places)) if one > two]
        assert len(turned) <= 1
        swapped += len(turned)
    assert 0.4 < swapped / len(made) < 0.6
    kept = sum(len(text.split()) for _, text in made) / sum(len(parent.split()) for parent, _ in made)
    assert kept == pytest.approx(0.825, abs=0.02)  # what left nothing out and swapped nothing is tried again


@pytest.mark.parametrize(
    "text",
    [
        "I do not want a refund now",
        "you never sent it to me",
        "it doesn't work at all",
        "我不要退款了谢谢",
        "别取消我的订单吧",
    ],
)
def test_what_negates_is_never_left_out(augment, text):
    marks = [mark for mark in ("not", "never", "n't", "不", "别") if mark in text]
    made = [copy for _, copy in augment("words", [text], copies=40, errors=0.6)]
    assert len(made) > 3
    assert all(mark in copy for copy in made for mark in marks)


def test_chinese_characters_count_as_words(augment):
    text = "请把订单寄到我的新地址"
    made = [copy for _, copy in augment("words", [text], copies=30, errors=0.3)]
    assert len(made) == 30
    assert all(set(copy) <= set(text) and 2 <= len(copy) <= len(text) for copy in made)


def test_a_text_of_one_word_brings_no_shorter_one(augment):
    assert augment("words", ["hi", "好", "refund!"]) == []
