"""Open Hugging Face folders with transformers: without their log lines, their code, or random weights."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from workbench.errors import WorkbenchError

SHOWN_NAMES = 3
OTHER_ENCODER = "Choose an encoder-only model, such as BERT or RoBERTa"


def open_encoder(folder: Path, **arguments: Any) -> Any:
    """Open an encoder with `AutoModel`, in float32 and for inference.

    The pooler's weights may be missing, because the pooler is not used.

    Args:
        folder: folder with config.json and safetensors weights.
        arguments: other arguments of `from_pretrained`.

    Raises:
        WorkbenchError: configuration or weights are damaged, do not match, need remote code, or are not an encoder of
            texts.
    """
    import torch

    encoder = _open("AutoModel", folder, unused="pooler", **arguments)
    if encoder.config.is_encoder_decoder:
        raise WorkbenchError(
            f"is an encoder-decoder model ({encoder.config.model_type}), but only encoders can be used",
            where=folder,
            remedy=OTHER_ENCODER,
        )
    token = torch.zeros(1, 1, dtype=torch.long)
    try:
        with torch.no_grad():
            _ = encoder(input_ids=token, attention_mask=token + 1).last_hidden_state
    except Exception as error:  # models for other inputs, such as images, raise any exception
        raise WorkbenchError(
            f"is not an encoder of texts ({error_line(error)})", where=folder, remedy=OTHER_ENCODER
        ) from error
    return encoder


def open_classifier(folder: Path) -> Any:
    """Open a classifier with `AutoModelForSequenceClassification`, in float32 and for inference.

    Raises:
        WorkbenchError: configuration or weights are damaged, do not match, or need remote code. The pooler's weights
            must not be missing.
    """
    return _open("AutoModelForSequenceClassification", folder)


def open_tokenizer(folder: Path) -> Any:
    """Open a tokenizer with `AutoTokenizer`; its `backend_tokenizer` is `tokenizer.json`.

    Raises:
        WorkbenchError: the tokenizer is damaged, or cannot be converted to `tokenizer.json`.
    """
    from transformers import AutoTokenizer

    opener: Any = AutoTokenizer
    try:
        with quiet():
            tokenizer = opener.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    except Exception as error:  # tokenizers has no narrower exception
        raise WorkbenchError(
            f"has a tokenizer that cannot be opened ({error_line(error)})",
            where=folder,
            remedy="Copy the encoder's folder again",
        ) from error
    if not tokenizer.is_fast:
        raise WorkbenchError(
            "has a tokenizer that cannot be converted to tokenizer.json",
            where=folder,
            remedy="Choose an encoder with a fast tokenizer",
        )
    return tokenizer


def error_line(error: Exception) -> str:
    """Shorten the message of a library's error to one line."""
    line = str(error).strip().partition("\n")[0].rstrip(".")
    return line if " " in line else f"{type(error).__name__} {line}".rstrip()


@contextmanager
def quiet() -> Iterator[None]:
    """Hide the warnings and progress bars of transformers; this module checks for missing weights itself."""
    from transformers import utils

    logging: Any = utils.logging
    verbosity, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(verbosity)
        if bars:
            logging.enable_progress_bar()


def _open(kind: str, folder: Path, unused: str | None = None, **arguments: Any) -> Any:
    import transformers

    safe = {"local_files_only": True, "trust_remote_code": False, "use_safetensors": True}
    try:
        with quiet():
            opener = getattr(transformers, kind)
            network, loading = opener.from_pretrained(folder, output_loading_info=True, **safe, **arguments)
    except Exception as error:  # a damaged configuration can raise anything
        raise WorkbenchError(
            f"cannot be opened ({error_line(error)})",
            where=folder,
            remedy="Copy the folder again, or train a new model",
        ) from error
    if missing := sorted(name for name in loading["missing_keys"] if unused not in name.split(".")):
        names = ", ".join(missing[:SHOWN_NAMES]) + (" …" if len(missing) > SHOWN_NAMES else "")
        raise WorkbenchError(
            f"lacks {len(missing)} of the {len(network.state_dict())} weights that config.json requires ({names})",
            where=folder,
            remedy="Copy the folder again, or train a new model: missing weights would be random",
        )
    return network.float().eval()
