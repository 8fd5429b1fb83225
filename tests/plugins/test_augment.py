"""The augmenters, as a stage uses them."""

from __future__ import annotations

import random
import re
import time
import unicodedata
from collections import Counter

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from workbench.errors import UsageProblem
from workbench.text.normalization import text_key

BOTH = pytest.mark.parametrize("name", ["typos", "typos-zh"])
ALL = pytest.mark.parametrize("name", ["typos", "typos-zh", "words"])
MIXED = [
    "Where is my order AB-1234? I want a refund",
    "我的快递SF123456到哪了，VIP客户，谢谢!",
    "my 快递 is late 了",
    "see https://shop.example/track?id=abc",
    "发到joe@example.com或者www.shop.cn吧",
    "hi",
    "好",
    "Ça va très mal",
]


def english(count):
    return [f"please send order number {n} to my new address" for n in range(count)]


def chinese(count):
    return [f"请把第{n}号订单寄到我的新地址" for n in range(count)]


# what holds for both


@ALL
def test_neither_order_nor_company_changes_a_copy(augment, name):
    texts = [*MIXED, *english(40), *chinese(40)]
    shuffled = random.Random(0).sample(texts, len(texts))
    whole = augment(name, texts, copies=3, rate=0.7)
    assert sorted(augment(name, shuffled, copies=3, rate=0.7)) == sorted(whole)
    assert augment(name, texts[:20], copies=3, rate=0.7) + augment(name, texts[20:], copies=3, rate=0.7) == whole


@ALL
def test_the_seed_decides(augment, name):
    texts = english(20) if name == "typos" else chinese(20)
    assert augment(name, texts) == augment(name, texts)
    assert augment(name, texts) != augment(name, texts, seed=14)


@BOTH
def test_rate_is_the_share_of_utterances_that_get_copies(augment, name):
    texts = english(2000) if name == "typos" else chinese(2000)
    assert augment(name, texts, rate=0.0) == []
    parents = Counter(parent for parent, _ in augment(name, texts, rate=0.3, copies=2))
    assert 0.25 < len(parents) / len(texts) < 0.35
    assert set(parents.values()) == {2}
    assert len(augment(name, texts)) == len(texts)


@BOTH
def test_defaults_are_one_copy_of_a_share(host, augment, name):
    default = host.registry("augmenters")[name].options()
    assert (default.copies, default.rate) == (1, 0.3)


@BOTH
@pytest.mark.parametrize(("option", "value"), [("copies", 0), ("rate", 1.5), ("rate", -0.1), ("errors", 2.0)])
def test_options_out_of_range_are_refused(augment, name, option, value):
    with pytest.raises(UsageProblem, match=rf"{name}\.{option}: is {value}"):
        augment(name, ["refund"], **{option: value})


@BOTH
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    text=st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from("ab no你不好A1?@. "), max_size=25),
    errors=st.floats(0, 1),
)
def test_a_copy_is_new_and_says_something(augment, name, text, errors):
    keys = [text_key(made) for _, made in augment(name, [text], copies=5, errors=errors)]
    assert len({*keys, text_key(text), ""}) == len(keys) + (2 if text_key(text) else 1)


@BOTH
@pytest.mark.parametrize("text", ["", "  ", "12345", "?!...", "😡👨‍👩‍👧", "мой заказ", "まだですか", "주문"])
def test_a_text_without_a_letter_of_the_script_brings_nothing(augment, name, text):
    assert augment(name, [text], copies=3) == []


def test_each_leaves_the_texts_of_the_other_alone(augment):
    assert augment("typos", chinese(20)) == []
    assert augment("typos-zh", english(20)) == []


@ALL
def test_time_grows_with_the_length_and_no_faster(augment, name):
    def seconds(text):
        start = time.thread_time()
        augment(name, [text], copies=8)  # enough that each kind of slip is among them
        return time.thread_time() - start

    for piece in ("refund now 退款吧 ", "<a>>", ">", "a.", "[a", "www.", "ab-"):
        short, four_times = (min(seconds(f"退 refund <ab{piece * n}x") for _ in range(3)) for n in (1_000, 4_000))
        assert four_times < 9 * short, piece


# typos


def test_typos_keep_what_must_stay_exact(augment):
    kept = [
        "AB-1234",
        "#99x",
        "joe.bloggs+x@mail.example.co.uk",
        "https://shop.example/Track?id=abc",
        "www.shop.example",
        "www.例子.中国",
        "shop.example/help",
        "joe@localhost",
        "<PHONE>",
        "{{name}}",
        "[ORDER]",
        "12:30pm",
        "£5.99",
    ]
    text = "Where is " + ", and ".join(f"{word} please" for word in kept)
    for _, made in augment("typos", [text], copies=200, errors=1.0):
        assert [word for word in kept if word not in made] == []


def test_typos_touch_only_latin_letters(augment):
    def rest(text):
        return re.sub("[A-Za-zÀ-ÿ]", "", text)

    made = augment("typos", MIXED, copies=20, errors=1.0)
    assert {parent for parent, _ in made} == {MIXED[n] for n in (0, 1, 2, 3, 5, 7)}
    assert all(rest(parent) == rest(text) for parent, text in made)


@pytest.mark.parametrize(("errors", "touched"), [(0.0, 1), (0.25, 2), (0.5, 4), (1.0, 8)])
def test_errors_is_the_share_of_words_that_are_touched(augment, errors, touched):
    text = "please refund money because parcel never reached London"
    changed = [
        sum(one != other for one, other in zip(text.split(), made.split(), strict=True))
        for _, made in augment("typos", [text], copies=50, errors=errors)
    ]
    assert max(changed) == touched
    assert min(changed) >= touched - (touched > 1) * 3, "a swap of equal letters is no change"


def kind(word, made):
    """Which slip turned the word into what was made of it."""
    if len(made) == len(word) - 1:
        return "drop" if any(word[:n] + word[n + 1 :] == made for n in range(len(word))) else None
    if len(made) == len(word) + 1:
        return "double" if any(word[:n] + word[n] + word[n:] == made for n in range(len(word))) else None
    places = [n for n in range(len(word)) if word[n] != made[n]]
    if len(places) == 1:
        return "neighbour"
    swapped = len(places) == 2 and places[1] == places[0] + 1 and sorted(word) == sorted(made)
    return "swap" if swapped else None


def test_all_four_slips_happen_about_as_often(augment):
    words = ["".join(random.Random(n).sample("qwertyuiopasdfghjklzxcvbnm", 9)) for n in range(2000)]
    kinds = Counter(kind(parent, made) for parent, made in augment("typos", words))
    assert set(kinds) == {"neighbour", "swap", "drop", "double"}
    assert min(kinds.values()) > 400


def test_a_wrong_key_is_a_neighbour_in_the_same_case(augment):
    made = [text for _, text in augment("typos", ["Gg"], copies=12) if len(text) == 2 and text != "gG"]
    assert len(made) >= 8
    wrong = {letter for text in made for letter in text} - {"G", "g"}
    assert {letter.lower() for letter in wrong} <= set("tyfhvb")
    assert all(text[0].isupper() and text[1].islower() for text in made)


def test_letters_with_accents_get_slips_too(augment):
    assert {text for _, text in augment("typos", ["éà"], copies=5)} == {"é", "à", "ééà", "éàà", "àé"}


# typos-zh


def test_chinese_slips_keep_the_rest(augment):
    for parent, made in augment("typos-zh", MIXED, copies=20, errors=0.5):
        rest = [re.sub("[一-鿿]", "", unicodedata.normalize("NFKC", text)) for text in (parent, made)]
        assert rest[0] == rest[1]


def test_all_three_chinese_slips_happen_about_as_often(augment):
    texts = ["".join(random.Random(n).sample("我的快递到哪了请问退款怎么办理呢", 9)) for n in range(1500)]
    lengths = Counter(len(made) for _, made in augment("typos-zh", texts))
    assert set(lengths) == {8, 9, 10}
    assert min(lengths.values()) > 350


def test_full_width_forms_come_on_top_of_a_slip(augment):
    made = [text for _, text in augment("typos-zh", ["我的VIP卡号12345呢?"], copies=40, errors=0.2)]
    wide = [text for text in made if re.search("[！-～]", text)]
    assert 0.25 < len(wide) / len(made) < 0.75
    assert {"ＶＩＰ", "１２３４５", "？"} <= {run for text in wide for run in re.findall("[！-～]+", text)}
    assert all(unicodedata.normalize("NFKC", text) != "我的VIP卡号12345呢?" for text in made)


def test_addresses_never_turn_full_width(augment):
    text = "请看https://shop.example/track?id=abc 或者写信到 joe@example.com 谢谢"
    made = [text for _, text in augment("typos-zh", [text], copies=40)]
    assert len(made) > 20
    assert all("https://shop.example/track?id=abc" in text and "joe@example.com" in text for text in made)


def test_a_negation_is_never_dropped(augment):
    made = [text for _, text in augment("typos-zh", ["我不要退款，没收到"], copies=60, errors=0.5)]
    assert len(made) > 40
    assert all("不" in text and "没" in text for text in made)


def test_a_lone_character_can_only_be_repeated(augment):
    assert augment("typos-zh", ["退?", "好"], copies=5, errors=1.0) in (
        [("退?", "退退?"), ("好", "好好")],
        [("退?", "退退？"), ("好", "好好")],
    )


def test_errors_is_the_share_of_characters_that_are_touched(augment):
    text = "请问我的快递到哪了啊怎么还没有收到货物呢"
    few, many = ([made for _, made in augment("typos-zh", [text], copies=100, errors=errors)] for errors in (0.0, 0.5))
    assert all(abs(len(made) - len(text)) <= 1 for made in few)
    assert any(abs(len(made) - len(text)) >= 3 for made in many)
