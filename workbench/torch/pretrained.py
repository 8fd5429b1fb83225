"""Open Hugging Face folders with transformers: quietly, without running their code, and never with random weights."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from workbench.errors import WorkbenchError

NAMED = 3
ALONE = "Choose an encoder alone, such as BERT or RoBERTa"


def open_encoder(folder: Path, **arguments: Any) -> Any:
    """What `AutoModel` opens, in float32 and for inference; further `arguments` are those of `from_pretrained`.

    Its pooler may lack weights, as it does in many folders: nobody here asks it.

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
            remedy=ALONE,
        )
    token = torch.zeros(1, 1, dtype=torch.long)
    try:
        with torch.no_grad():
            _ = encoder(input_ids=token, attention_mask=token + 1).last_hidden_state
    except Exception as error:  # what a configuration says in vain is found out here
        raise WorkbenchError(f"is no encoder of texts ({told(error)})", where=folder, remedy=ALONE) from error
    return encoder


def open_classifier(folder: Path) -> Any:
    """What `AutoModelForSequenceClassification` opens, in float32 and for inference.

    Raises:
        WorkbenchError: as `open_encoder` does; a pooler is needed here.
    """
    return _open("AutoModelForSequenceClassification", folder)


def open_tokenizer(folder: Path) -> Any:
    """What `AutoTokenizer` opens, which has `tokenizer.json` as its `backend_tokenizer`.

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
            f"has a tokenizer that cannot be opened ({told(error)})",
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


def pool(states: Any, mask: Any, pooling: str) -> Any:
    """Vectors of length 1, float32 tensor [n, d]: the `mean` of the states under the mask, or the first one (`cls`).

    Args:
        states: last hidden states [n, tokens, d] of a torch encoder.
        mask: its attention mask, int64 [n, tokens].
        pooling: `mean` or `cls`.
    """
    states = states.float()
    if pooling == "cls":
        pooled = states[:, 0]
    else:
        weights = mask.unsqueeze(-1).float()
        pooled = (states * weights).sum(1) / weights.sum(1).clamp(min=1.0)
    return pooled / pooled.norm(dim=-1, keepdim=True).clamp(min=1e-12)


def told(error: Exception) -> str:
    """What an error of a library says, in one line."""
    line = str(error).strip().partition("\n")[0].rstrip(".")
    return line if " " in line else f"{type(error).__name__} {line}".rstrip()


@contextmanager
def quiet() -> Iterator[None]:
    """Keep transformers' warnings and progress bars from stderr: what they say of weights is checked here."""
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
            f"cannot be opened ({told(error)})", where=folder, remedy="Copy or make the folder again"
        ) from error
    if missing := sorted(name for name in loading["missing_keys"] if unused not in name.split(".")):
        names = ", ".join(missing[:NAMED]) + (" …" if len(missing) > NAMED else "")
        raise WorkbenchError(
            f"lacks {len(missing)} of the {len(network.state_dict())} weights that its config.json asks for ({names})",
            where=folder,
            remedy="They would be random: copy or make the folder again",
        )
    return network.float().eval()
