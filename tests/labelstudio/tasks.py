"""Label Studio tasks as its JSON export writes them, for tests."""

from __future__ import annotations

import itertools
import json

from workbench.options import parse_options

NUMBERS = itertools.count(1000)


def answer(value, control="intent", kind="choices"):
    values = value if isinstance(value, list) else [value]
    return {"from_name": control, "to_name": "t", "type": kind, "value": {kind: values}}


def annotation(*results, by=1, **more):
    """An annotation whose results are intents, or whole results."""
    made = [result if isinstance(result, dict) else answer(result) for result in results]
    number = next(NUMBERS)
    return {
        "id": number,
        "completed_by": by,
        "result": made,
        "was_cancelled": False,
        "ground_truth": False,
        "created_at": f"2026-11-24T02:54:{number % 60:02}.5Z",
        "updated_at": "2026-11-24T03:00:00.5Z",
        **more,
    }


def task(number, *annotations, text="where is my parcel", **more):
    return {
        "id": number,
        "data": {"text": text},
        "annotations": list(annotations),
        "drafts": [],
        "predictions": [],
        "meta": {},
        **more,
    }


def reading(host, context, path):
    """Write tasks, or any text or bytes, to `path` and read them through the host."""
    reader = host.registry("readers")["labelstudio-export"]

    def read(content=None, **options):
        if isinstance(content, bytes):
            path.write_bytes(content)
        elif content is not None:
            path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
        return reader(str(path), context.work.parent / "out", parse_options(reader.options, options, "import"), context)

    return read
