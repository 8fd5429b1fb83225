"""Encoders and classifiers that are damaged or of another kind: one clear line, never random weights."""

from __future__ import annotations

import json
import shutil

import pytest

from tests.model_folders import run_trainer, spoil
from workbench.errors import WorkbenchError
from workbench.nouns.model import Model


@pytest.fixture
def train(context, small_dataset, tmp_path):
    """`train(encoder)` → the probe of it."""
    return lambda encoder: run_trainer(context, "probe", small_dataset, tmp_path / "out", encoder=str(encoder))


@pytest.fixture
def refused(train, tmp_path):
    """`refused(encoder, message)`: training says so in one line that names the folder, and leaves nothing."""

    def check(encoder, message):
        with pytest.raises(WorkbenchError, match=message) as caught:
            train(encoder)
        assert str(encoder) in str(caught.value)
        assert "\n" not in str(caught.value)
        assert not (tmp_path / "out" / "workbench.json").exists()

    return check


def renamed(tensors):
    return {f"wrapped.{name}": tensor for name, tensor in tensors.items()}


def without(part):
    return lambda tensors: {name: tensor for name, tensor in tensors.items() if part not in name}


def test_an_unknown_encoder_says_what_to_copy(train):
    with pytest.raises(WorkbenchError, match=r"not on this machine.*Copy config\.json, model\.safetensors"):
        train("bge-small-zh")


def test_an_encoder_without_weights_or_tokenizer_is_refused(refused, tiny_encoder, tmp_path):
    bare = shutil.copytree(tiny_encoder, tmp_path / "bare", ignore=shutil.ignore_patterns("model.safetensors"))
    refused(bare, "has no weights")
    mute = shutil.copytree(tiny_encoder, tmp_path / "mute", ignore=shutil.ignore_patterns("tok*", "vocab*"))
    refused(mute, "has no tokenizer")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("model.safetensors", b"\x00" * 3000, "cannot be opened"),
        ("config.json", b"{", "cannot be opened .*not a valid JSON file"),
        ("config.json", b"[]", "cannot be opened"),
        ("tokenizer.json", b"{}", "has a tokenizer that cannot be opened"),
    ],
)
def test_a_damaged_encoder_is_one_line(refused, tiny_encoder, tmp_path, name, content, message):
    damaged = shutil.copytree(tiny_encoder, tmp_path / "damaged")
    (damaged / name).write_bytes(content)
    refused(damaged, message)


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        (renamed, r"lacks 37 of the 39 weights that config\.json requires \(embeddings\.LayerNorm\.bias, .* …\)"),
        (without("layer.1."), r"lacks 16 of the 39 weights .*\(encoder\.layer\.1\."),
        (without("word_embeddings"), r"lacks 1 of the 39 weights .*\(embeddings\.word_embeddings\.weight\)"),
    ],
    ids=["renamed", "one layer", "one table"],
)
def test_missing_weights_are_named_and_never_random(refused, tiny_encoder, tmp_path, weights, message):
    refused(spoil(tiny_encoder, tmp_path / "holes", weights), message)


def test_the_pooler_may_be_missing(train, tiny_encoder, tmp_path):
    whole = train(tiny_encoder)
    head = (whole.path / "head.safetensors").read_bytes()
    shutil.rmtree(whole.path)
    assert (
        train(spoil(tiny_encoder, tmp_path / "open", without("pooler"))).path / "head.safetensors"
    ).read_bytes() == head


ODD = {
    "hidden_size": ("x", "cannot be opened"),
    "hidden_act": ("nonsense", "cannot be opened .*nonsense"),
    "num_attention_heads": (0, "cannot be opened .*ZeroDivisionError|cannot be opened .*zero"),
    "layer_norm_eps": ("x", "cannot be opened|is not an encoder of texts"),
    "intermediate_size": (48, "cannot be opened"),
    "model_type": ("unheard-of", "cannot be opened"),
    "is_encoder_decoder": (True, r"is an encoder-decoder model \(bert\).*Choose an encoder-only model"),
}


@pytest.mark.parametrize("key", ODD)
def test_an_odd_configuration_is_one_line(refused, tiny_encoder, tmp_path, key):
    value, message = ODD[key]
    refused(spoil(tiny_encoder, tmp_path / "odd", **{key: value}), message)


def test_the_padding_token_is_the_tokenizers_whatever_the_configuration_says(train, tiny_encoder, tmp_path):
    whole = (train(tiny_encoder).path / "head.safetensors").read_bytes()
    odd = train(spoil(tiny_encoder, tmp_path / "odd", pad_token_id=-1))
    assert (odd.path / "head.safetensors").read_bytes() == whole


def test_an_encoder_with_a_decoder_is_refused(refused, tiny_encoder, tmp_path):
    from transformers import AutoTokenizer, T5Config, T5Model

    sizes = {"d_model": 32, "d_kv": 16, "d_ff": 64, "num_layers": 1, "num_heads": 2, "vocab_size": 400}
    T5Model(T5Config(**sizes)).save_pretrained(tmp_path / "t5")
    AutoTokenizer.from_pretrained(tiny_encoder).save_pretrained(tmp_path / "t5")
    refused(tmp_path / "t5", r"is an encoder-decoder model \(t5\)")


def test_a_model_of_images_is_refused(refused, tmp_path):
    from transformers import ViTConfig, ViTModel

    sizes = {"hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 64}
    ViTModel(ViTConfig(**sizes, image_size=16, patch_size=8)).save_pretrained(tmp_path / "vit")
    refused(tmp_path / "vit", "is not an encoder of texts")


def longer(folder):
    """One more token in the vocabulary, far from the others."""
    path = folder / "tokenizer.json"
    tokenizer = json.loads(path.read_text(encoding="utf-8"))
    tokenizer["model"]["vocab"]["parcel"] = 5000
    path.write_text(json.dumps(tokenizer), encoding="utf-8")
    return folder


def test_a_tokenizer_with_more_tokens_than_the_encoder_has_embeddings_is_refused(refused, tiny_encoder, tmp_path):
    folder = longer(shutil.copytree(tiny_encoder, tmp_path / "longer"))
    refused(folder, r"has a tokenizer with 5001 tokens, but an encoder with \d+ embeddings\. Copy tokenizer")


def test_a_predictor_with_another_models_tokenizer_says_so(host, train, tiny_encoder):
    model = train(tiny_encoder)
    longer(model.path)
    with pytest.raises(WorkbenchError, match="the network cannot take the tokenizer's tokens") as caught:
        host.open_predictor(Model.load(model.path)).logits(["where is my parcel"])
    assert str(model.path) in str(caught.value)


def test_a_trained_model_without_a_layer_is_not_opened(host, train, tiny_encoder, tmp_path):
    holes = spoil(train(tiny_encoder).path, tmp_path / "holes", without("layer.0."))
    with pytest.raises(WorkbenchError, match="lacks 16 of the 39 weights"):
        host.open_predictor(Model.load(holes))


@pytest.mark.parametrize("part", ["classifier.", "pooler"])
def test_a_plain_classifier_without_its_last_layers_is_not_opened(host, tiny_encoder, tmp_path, part):
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    opener = AutoModelForSequenceClassification
    opener.from_pretrained(tiny_encoder, num_labels=3).save_pretrained(tmp_path / "plain")
    AutoTokenizer.from_pretrained(tiny_encoder).save_pretrained(tmp_path / "plain")
    host.open_predictor(Model.load(tmp_path / "plain"))
    holes = spoil(tmp_path / "plain", tmp_path / "holes", without(part))
    with pytest.raises(WorkbenchError, match=rf"lacks 2 of the 41 weights .*{part}"):
        host.open_predictor(Model.load(holes))
