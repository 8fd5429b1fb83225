"""Label Studio and the workbench from the first text to the retrained model: `labelstudio_story`, with few.

The encoder is a tiny one: the guide, which is run beside this, trains with the packaged one.
"""

from __future__ import annotations

import pytest

from tests.labelstudio.story import tell
from workbench.nouns.utterance import Utterance

SIZE = 200


@pytest.mark.timeout(900)
def test_the_whole_story(label_studio, host, context, tiny_encoder, tmp_path, record_property):
    rows: list[Utterance] = []
    for language in ("en", "zh"):
        found = host.registry("readers")["quickstart"](language, tmp_path / language, None, context).utterances
        rows += found[:: len(found) // (SIZE // 2)][: SIZE // 2]
    title = "The story of customer service 客服"
    record_property("seconds", tell(label_studio, tmp_path, rows, title, str(tiny_encoder)))
