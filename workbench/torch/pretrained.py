"""Open Hugging Face folders with transformers: quietly, without running their code, and never with random weights."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from workbench.errors import WorkbenchError

SHOWN_NAMES = 3
ENCODER_ALONE = "Choose an encoder alone, such as BERT or RoBERTa"


def open_encoder(folder: Path, **arguments: Any) -> Any:
    """Open an encoder with `AutoModel`, in float32 and for inference.

    Its pooler may lack weights, as in many folders: the pooler is not used.

    Args:
        folder: with config.json and safetensors weights.
        arguments: further ones of `from_pretrained`.

    Raises:
        WorkbenchError: configuration or weights are damaged, do not fit each other, need code of their own, or make
            no encoder of texts.
    """
    import torch

    encoder = _open("AutoModel", folder, unused="pooler", **arguments)
    if encoder.config.is_encoder_decoder:
        raise WorkbenchError(
            f"is an encoder with a decoder ({encoder.config.model_type}), which cannot be trained here",
            where=folder,
            remedy=ENCODER_ALONE,
        )
    token = torch.zeros(1, 1, dtype=torch.long)
    try:
        with torch.no_grad():
            _ = encoder(input_ids=token, attention_mask=token + 1).last_hidden_state
    except Exception as error:  # a configuration that fits no encoder of texts can raise anything
        raise WorkbenchError(
            f"is no encoder of texts ({error_line(error)})", where=folder, remedy=ENCODER_ALONE
        ) from error
    return encoder


def open_classifier(folder: Path) -> Any:
    """Open a classifier with `AutoModelForSequenceClassification`, in float32 and for inference.

    Raises:
        WorkbenchError: as `open_encoder` does; a pooler is needed here.
    """
    return _open("AutoModelForSequenceClassification", folder)


def open_tokenizer(folder: Path) -> Any:
    """Open a tokenizer with `AutoTokenizer`; its `backend_tokenizer` is `tokenizer.json`.

    Raises:
        WorkbenchError: it is damaged, or cannot be converted to `tokenizer.json`.
    """
    from transformers import AutoTokenizer

    opener: Any = AutoTokenizer
    try:
        with quiet():
            tokenizer = opener.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    except Exception as error:  # tokenizers raises nothing more special
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
    """The message of a library's error, in one line."""
    line = str(error).strip().partition("\n")[0].rstrip(".")
    return line if " " in line else f"{type(error).__name__} {line}".rstrip()


@contextmanager
def quiet() -> Iterator[None]:
    """Keep transformers' warnings and progress bars from stderr; missing weights are checked in this module."""
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
            f"cannot be opened ({error_line(error)})", where=folder, remedy="Copy or make the folder again"
        ) from error
    if missing := sorted(name for name in loading["missing_keys"] if unused not in name.split(".")):
        names = ", ".join(missing[:SHOWN_NAMES]) + (" …" if len(missing) > SHOWN_NAMES else "")
        raise WorkbenchError(
            f"lacks {len(missing)} of the {len(network.state_dict())} weights that its config.json asks for ({names})",
            where=folder,
            remedy="They would be random: copy or make the folder again",
        )
    return network.float().eval()
