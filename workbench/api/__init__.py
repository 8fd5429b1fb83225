"""The public interface for plugins: every name of the host that a plugin may import.

This package exports data types, components, options and errors. Its modules export the rest by subject: `io` (files),
`text`, `machine`, `engine` (recipes and runs), `cli`, `report` and `serving`. `quality` has parity and invariance,
`review` has votes and texts to review, `torch` has encoders. A name that is in no `__all__` of this package may change
without notice.
"""

from __future__ import annotations

from workbench import __version__
from workbench.component import Component, resolve
from workbench.components import (
    Agreement,
    Augmenter,
    Budget,
    Cleaner,
    Consolidation,
    Encoder,
    Executor,
    Metric,
    Mount,
    Normalization,
    Pass,
    Reader,
    Role,
    Runtime,
    Selector,
    Trainer,
)
from workbench.context import Context, Log, silent
from workbench.encoders import check_folder, find_encoder, locate_encoder, token_limit
from workbench.errors import DISTRIBUTION, GateRefused, MissingExtra, UsageProblem, WorkbenchError, unknown
from workbench.hookspecs import hookimpl
from workbench.host import Host, build_host
from workbench.nouns.bundle import MANIFEST as BUNDLE_FILE
from workbench.nouns.bundle import Bundle
from workbench.nouns.dataset import Dataset
from workbench.nouns.head import FILE as HEAD_FILE
from workbench.nouns.head import Head
from workbench.nouns.history import history_step
from workbench.nouns.model import ABOUT as MODEL_FILE
from workbench.nouns.model import TOKENIZER as TOKENIZER_FILE
from workbench.nouns.model import Model
from workbench.nouns.predictor import Floats, Prediction, Predictor, PredictorOptions, decide, probabilities
from workbench.nouns.recognition import Recognition
from workbench.nouns.report import Figure, Measurement, Report, Scored
from workbench.nouns.splits import check_shares
from workbench.nouns.utterance import SPLIT_NAMES, SPLITS, Intent, Utterance, split_named
from workbench.options import NoOptions, OptionField, as_json, file_digests, option, option_fields, parse_options
from workbench.search_space import Axis

__all__ = [
    "BUNDLE_FILE",
    "DISTRIBUTION",
    "HEAD_FILE",
    "MODEL_FILE",
    "SPLITS",
    "SPLIT_NAMES",
    "TOKENIZER_FILE",
    "Agreement",
    "Augmenter",
    "Axis",
    "Budget",
    "Bundle",
    "Cleaner",
    "Component",
    "Consolidation",
    "Context",
    "Dataset",
    "Encoder",
    "Executor",
    "Figure",
    "Floats",
    "GateRefused",
    "Head",
    "Host",
    "Intent",
    "Log",
    "Measurement",
    "Metric",
    "MissingExtra",
    "Model",
    "Mount",
    "NoOptions",
    "Normalization",
    "OptionField",
    "Pass",
    "Prediction",
    "Predictor",
    "PredictorOptions",
    "Reader",
    "Recognition",
    "Report",
    "Role",
    "Runtime",
    "Scored",
    "Selector",
    "Trainer",
    "UsageProblem",
    "Utterance",
    "WorkbenchError",
    "__version__",
    "as_json",
    "build_host",
    "check_folder",
    "check_shares",
    "decide",
    "file_digests",
    "find_encoder",
    "history_step",
    "hookimpl",
    "locate_encoder",
    "option",
    "option_fields",
    "parse_options",
    "probabilities",
    "resolve",
    "silent",
    "split_named",
    "token_limit",
    "unknown",
]
