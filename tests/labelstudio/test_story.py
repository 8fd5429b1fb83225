"""Label Studio and the workbench from the first text to the retrained model: `labelstudio_story`, with 200 texts."""

from __future__ import annotations

import pytest

from tests.labelstudio.story import tell
from workbench.nouns.utterance import Utterance

SIZE = 200


@pytest.mark.timeout(900)
def test_the_whole_story(label_studio, host, context, tmp_path, record_property):
    rows: list[Utterance] = []
    for language in ("en", "zh"):
        found = host.registry("readers")["quickstart"](language, tmp_path / language, None, context).utterances
        rows += found[:: len(found) // (SIZE // 2)][: SIZE // 2]
    record_property("seconds", tell(label_studio, tmp_path, rows, "The story of customer service 客服"))
