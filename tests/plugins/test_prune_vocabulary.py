"""The pass trim-vocab: the same tokens on the texts at hand, smaller pieces on others, for three kinds of tokenizer."""

from __future__ import annotations

import dataclasses
import json
import logging

import pytest
from tokenizers import Tokenizer
from transformers import AutoModel, AutoTokenizer

from workbench.context import Context
from workbench.errors import WorkbenchError
from workbench.io.digests import digest_folder
from workbench.nouns.dataset import Dataset
from workbench.nouns.model import Model
from workbench.options import parse_options
from workbench.testing.models import FAMILIES, write_model
from workbench.testing.models import random_encoder as encoder

KINDS = ("wordpiece", "bpe", "unigram")
CORPUS = [
    "where is parcel {n}",
    "please refund order {n}",
    "I want my money back",
    "the delivery of {n} is late again",
    "我的快递{n}到哪了",
    "包裹{n}什么时候到",
    "cancelled subscriptions are refundable",
    "привет, где посылка {n}?",
    "café naïve",
]
SPECIAL = {
    "wordpiece": ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"],
    "bpe": ["<s>", "<pad>", "</s>", "<unk>", "<mask>"],
}


def make_tokenizer(kind):
    """As BERT's, RoBERTa's and XLM-R's are, the last with `<mask>` at its end; trained on 9 patterns × 40 numbers."""
    from tokenizers import decoders, models, normalizers, pre_tokenizers, processors, trainers

    texts = [text.format(n=number) for text in CORPUS for number in range(100, 140)]
    special = SPECIAL.get(kind, ["<s>", "<pad>", "</s>", "<unk>"])
    if kind == "wordpiece":
        made = Tokenizer(models.WordPiece(unk_token="[UNK]"))
        made.normalizer, made.pre_tokenizer = (
            normalizers.BertNormalizer(lowercase=True),
            pre_tokenizers.BertPreTokenizer(),
        )
        trainer = trainers.WordPieceTrainer(vocab_size=400, special_tokens=special, show_progress=False)
        made.train_from_iterator(texts, trainer)
        made.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    elif kind == "bpe":
        made = Tokenizer(models.BPE())
        made.pre_tokenizer, made.decoder = pre_tokenizers.ByteLevel(add_prefix_space=False), decoders.ByteLevel()
        alphabet = pre_tokenizers.ByteLevel.alphabet()
        trainer = trainers.BpeTrainer(
            vocab_size=400, special_tokens=special, initial_alphabet=alphabet, show_progress=False
        )
        made.train_from_iterator(texts, trainer)
        made.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0))
    else:
        made = Tokenizer(models.Unigram())
        made.normalizer, made.pre_tokenizer = normalizers.NFKC(), pre_tokenizers.Metaspace()
        trainer = trainers.UnigramTrainer(
            vocab_size=300, special_tokens=special, unk_token="<unk>", show_progress=False
        )
        made.train_from_iterator(texts, trainer)
        made.add_special_tokens(["<mask>"])
        ends = [("<s>", 0), ("</s>", 2)]
        made.post_processor = processors.TemplateProcessing(single="<s> $A </s>", special_tokens=ends)
    return made


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """A model with each kind of tokenizer; not to be changed."""
    root = tmp_path_factory.mktemp("models")
    made = {}
    for kind, family in zip(KINDS, ("bert", "roberta", "xlm-roberta"), strict=True):
        made[kind] = write_model(root / kind, family)
        make_tokenizer(kind).save(str(root / kind / "tokenizer.json"))
    return made


@pytest.fixture
def trim(host, context, tmp_path, small_dataset):
    """`trim(model, **options)` → the trimmed model."""
    numbers = iter(range(1000))

    def run(model, *, dataset=small_dataset, **options) -> Model:
        component = host.registry("passes")["trim-vocab"]
        around = dataclasses.replace(context, dataset=dataset)
        return component(
            model, tmp_path / f"trimmed-{next(numbers)}", parse_options(component.options, options, "compress"), around
        )

    return run


def tokens(model, texts):
    tokenizer = Tokenizer.from_file(str(model.path / "tokenizer.json"))
    return [encoding.tokens for encoding in tokenizer.encode_batch(list(texts))]


def unknown(model, texts):
    """How many tokens are the unknown one; Unigram shows the text in its place."""
    name = next(
        name for name in ("[UNK]", "<unk>") if Tokenizer.from_file(str(model.path / "tokenizer.json")).token_to_id(name)
    )
    number = Tokenizer.from_file(str(model.path / "tokenizer.json")).token_to_id(name)
    return sum(ids.count(number) for ids in model.encode(texts))


@pytest.mark.parametrize("kind", KINDS)
def test_known_texts_keep_their_tokens_and_answers(host, models, trim, small_dataset, kind):
    model, made = models[kind], Model.load(trim(models[kind]).path)
    texts = [row.text for row in small_dataset if row.split != "test"]
    assert tokens(made, texts) == tokens(model, texts)
    assert made.encode(texts) != model.encode(texts)
    both = [host.open_predictor(each).logits(texts) for each in (model, made)]
    assert abs(both[0] - both[1]).max() < 1e-5


@pytest.mark.parametrize("kind", KINDS)
def test_table_configuration_and_tokenizer_agree(models, trim, kind):
    made = trim(models[kind])
    network, size = (
        AutoModel.from_pretrained(made.path),
        Tokenizer.from_file(str(made.path / "tokenizer.json")).get_vocab_size(),
    )
    assert network.config.vocab_size == network.get_input_embeddings().num_embeddings == size
    assert size < Tokenizer.from_file(str(models[kind].path / "tokenizer.json")).get_vocab_size()
    opened = AutoTokenizer.from_pretrained(made.path)
    assert opened("parcel 105")["input_ids"] == made.encode(["parcel 105"])[0]
    assert sorted(Tokenizer.from_file(str(made.path / "tokenizer.json")).get_vocab().values()) == list(range(size))
    assert made.history[-1]["tokens"] == size


@pytest.mark.parametrize("kind", KINDS)
def test_other_texts_are_cut_smaller_and_never_lost(models, trim, kind):
    """What goes is not in the data; what it was made of is."""
    texts = ["cancelled subscriptions", "refundable, again?", "subscriptions!", "café", "到了吗", "ab12#%"]
    before, after = tokens(models[kind], texts), tokens(trim(models[kind], characters="all"), texts)
    assert sum(map(len, after)) > sum(map(len, before))
    assert unknown(trim(models[kind], characters="all"), texts) == unknown(models[kind], texts)
    for old, new in zip(before, after, strict=True):
        assert "".join(new).replace("#", "") == "".join(old).replace("#", "")


@pytest.mark.parametrize("kind", ["wordpiece", "unigram"])
def test_letters_of_scripts_that_the_data_lacks_go_unless_all_are_wanted(models, trim, kind):
    by_script, everything = trim(models[kind]), trim(models[kind], characters="all")
    assert unknown(by_script, ["привет", "где"])
    assert not unknown(everything, ["привет", "где"])
    assert not unknown(by_script, ["0123456789 ,?"])


def test_bytes_stay_whatever_the_script(models, trim):
    made = trim(models["bpe"])
    tokenizer = Tokenizer.from_file(str(made.path / "tokenizer.json"))
    for text in ("привет", "안녕 😀", "\x00\x7f"):
        assert tokenizer.decode(tokenizer.encode(text).ids) == text


@pytest.mark.parametrize("kind", KINDS)
def test_trimming_twice_changes_nothing_more(models, trim, kind):
    once = trim(models[kind])
    twice = trim(once)
    assert json.loads((twice.path / "tokenizer.json").read_text()) == json.loads(
        (once.path / "tokenizer.json").read_text()
    )
    assert [step["before"] for step in twice.history] == [
        AutoModel.from_pretrained(models[kind].path).config.vocab_size,
        once.history[-1]["tokens"],
    ]


@pytest.mark.parametrize("kind", KINDS)
def test_test_texts_say_nothing(models, trim, small_dataset, kind):
    """The vocabulary is the same whatever stands in the test split."""
    other = small_dataset.with_rows(
        dataclasses.replace(row, text="cancelled subscriptions are refundable") if row.split == "test" else row
        for row in small_dataset
    )
    assert digest_folder(trim(models[kind]).path) == digest_folder(trim(models[kind], dataset=other).path)


def test_a_background_list_and_the_common_tokens_stay(models, trim, tmp_path):
    (tmp_path / "words.txt").write_text("cancelled subscriptions\nрефунд\n", encoding="utf-8")
    made = trim(models["wordpiece"], background=str(tmp_path / "words.txt"))
    assert tokens(made, ["cancelled subscriptions"]) == tokens(models["wordpiece"], ["cancelled subscriptions"])
    assert len(made.history[-1]["background_sha256"]) == 64
    assert made.history[-1]["options"]["background"] == "words.txt"
    whole = Tokenizer.from_file(str(models["wordpiece"].path / "tokenizer.json")).get_vocab_size()
    sizes = [trim(models["wordpiece"], common=common).history[-1]["tokens"] for common in (0, whole - 9, 10_000)]
    assert sizes[0] < sizes[1] < sizes[2] == whole


def test_an_unknown_word_stays_unknown(tmp_path, trim, small_dataset):
    """`abc☃` is unknown, for nothing follows `abc`; without `abc`, `ab` and `##c☃` would make it known."""
    from tokenizers import models as m
    from tokenizers import pre_tokenizers

    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "a", "b", "c", "##b", "##c", "ab", "abc", "##c☃"]
    made = Tokenizer(m.WordPiece({piece: n for n, piece in enumerate(pieces)}, unk_token="[UNK]"))
    made.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    model = write_model(tmp_path / "odd", "bert")
    made.save(str(model.path / "tokenizer.json"))
    dataset = small_dataset.with_rows(
        [dataclasses.replace(small_dataset.utterances[0], text=text) for text in ("abc☃", "ab", "##c☃")]
    )
    assert tokens(trim(model, dataset=dataset), ["abc☃"]) == [["[UNK]"]]


@pytest.mark.parametrize("kind", KINDS)
def test_the_export_takes_it(host, models, trim, tmp_path, kind):
    made = trim(models[kind])
    context = Context(host=host, seed=13, work=tmp_path)
    onnx, int8 = (host.registry("passes")[name] for name in ("onnx", "int8"))
    small = int8(onnx(made, tmp_path / "onnx", onnx.options(), context), tmp_path / "int8", int8.options(), context)
    assert small.encode(["parcel 105"]) == made.encode(["parcel 105"])


@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_can_be_trimmed(host, trim, tmp_path, family, small_dataset):
    model = write_model(tmp_path / family, family)
    texts = [row.text for row in small_dataset.split("dev")]
    both = [host.open_predictor(each).logits(texts) for each in (model, trim(model))]
    assert abs(both[0] - both[1]).max() < 1e-5


def test_chinese_characters_behind_others_are_not_kept(models, trim, tmp_path):
    """BERT's splitter stands every Chinese character alone, so `##物` is never asked for."""
    about = json.loads((models["wordpiece"].path / "tokenizer.json").read_text())
    vocab = about["model"]["vocab"]
    for piece in ("##物", "##流", "##q"):
        vocab.setdefault(piece, len(vocab))
    model = write_model(tmp_path / "chinese", "bert")
    (model.path / "tokenizer.json").write_text(json.dumps(about))
    kept = Tokenizer.from_file(str(trim(model).path / "tokenizer.json")).get_vocab()
    assert "##q" in kept
    assert not {"##物", "##流"} & kept.keys()


def test_files_that_would_contradict_are_left_out(models, trim, tmp_path, tiny_encoder, host, context, small_dataset):
    from tests.model_folders import run_trainer

    model = run_trainer(context, "probe", small_dataset, tmp_path / "probe", encoder=str(tiny_encoder))
    assert (model.path / "vocab.txt").is_file()
    made = trim(model)
    names = {path.name for path in made.path.iterdir()}
    assert names == {path.name for path in model.path.iterdir()} - {"vocab.txt"}
    config = json.loads((made.path / "tokenizer_config.json").read_text())["added_tokens_decoder"]
    opened = AutoTokenizer.from_pretrained(made.path)
    assert {int(key): value["content"] for key, value in config.items()} == {
        opened.convert_tokens_to_ids(value["content"]): value["content"] for value in config.values()
    }
    assert opened.pad_token_id == made.pad_id


def test_one_line_says_what_was_done(models, trim, caplog):
    with caplog.at_level(logging.INFO, "workbench_prune"):
        made = trim(models["bpe"])
    step = made.history[-1]
    assert f"{step['tokens']} of 400 tokens stay" in caplog.text
    assert step["texts"] == 54
    assert "54 texts tell little" in caplog.text


def test_a_tokenizer_of_another_kind_is_named(tmp_path, trim):
    from tokenizers import models as m

    model = write_model(tmp_path / "words", "bert")
    Tokenizer(m.WordLevel({"[UNK]": 0, "parcel": 1}, unk_token="[UNK]")).save(str(model.path / "tokenizer.json"))
    with pytest.raises(
        WorkbenchError, match=r"tokenizer.json: is a tokenizer of the kind 'WordLevel', which cannot be trimmed"
    ):
        trim(model)


def test_a_background_list_that_is_none_is_refused(models, trim, tmp_path):
    (tmp_path / "binary").write_bytes(b"\xff\xfe\xff")
    (tmp_path / "blank").write_text("\n \n")
    for name, said in (("missing", "cannot be read"), ("binary", "not UTF-8"), ("blank", "has no text")):
        with pytest.raises(WorkbenchError, match=f"{name}: .*{said}"):
            trim(models["bpe"], background=str(tmp_path / name))


def test_a_dataset_without_texts_is_refused(models, trim, small_dataset):
    with pytest.raises(WorkbenchError, match="needs texts of train or dev"):
        trim(models["bpe"], dataset=Dataset("intent", small_dataset.intents, tuple(small_dataset.split("test"))))


def test_roberta_counts_positions_from_the_same_padding_token(models, trim):
    assert AutoModel.from_pretrained(trim(models["bpe"]).path).config.pad_token_id == 1
    assert encoder("roberta").config.pad_token_id == 1
