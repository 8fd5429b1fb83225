"""A fourth of BANKING77's 10,126 tasks on a real server, pulled: the server's own export, and what was imported."""

from __future__ import annotations

import gzip
import json

from tests.label_studio import TOKEN
from tests.labelstudio.big import import_all
from tests.labelstudio.pulling import pull
from tests.labelstudio.tasks import reading
from workbench.options import parse_options

PLANTED = ("tasks", "skipped", "empty", "unlabelled", "blank", "disagreement")  # see its manifest
OFFSET, PART = 0, 4  # of which a task without a text is one
SAID = ("annotator", "answers", "skipped", "ground_truth", "lead_time")


def test_a_big_project_arrives_as_it_stands_on_the_server(label_studio, shared, host, context, tmp_path, monkeypatch):
    manifest = json.loads((shared / "label-studio" / "banking77.manifest.json").read_text())
    everything = json.loads(gzip.decompress((shared / "label-studio" / "banking77.json.gz").read_bytes()))
    original = tmp_path / "original.json.gz"
    original.write_bytes(gzip.compress(json.dumps(everything[OFFSET::PART], ensure_ascii=False).encode()))
    assert label_studio.second  # whose annotations there are
    project = label_studio.project(manifest["label_config"])
    export = tmp_path / "exported" / "export.json"
    export.parent.mkdir()
    with label_studio.http() as http:
        import_all(http, project, everything[OFFSET::PART])
        whole = {"exportType": "JSON", "download_all_tasks": "true"}
        export.write_bytes(http.get(f"/api/projects/{project}/export", params=whole).raise_for_status().content)

    monkeypatch.setenv("LABEL_STUDIO_URL", label_studio.url)
    monkeypatch.setenv("LABEL_STUDIO_API_KEY", TOKEN)
    reader = host.registry("readers")["labelstudio"]
    options = {"url": label_studio.url, "mirror": str(tmp_path / "mirror"), "control": "intent"}
    out = tmp_path / "pulled"
    pulled = reader(str(project), out, parse_options(reader.options, options, "import"), context)
    pulled.save(out / "dataset")

    # which the next pull finds in step
    again = pull(label_studio.url, project, tmp_path / "mirror")
    assert (again.how, again.added, again.changed, again.removed) == ("changes", 0, 0, 0)
    assert again.requests <= 4  # and one to find the project

    # as the server exports it, byte for byte
    read = reading(host, context, export)(control="intent")
    read.save(export.parent / "dataset")
    assert rows(out) == rows(export.parent)
    assert said(out) == said(tmp_path / "out", "export")
    assert pulled.intents == read.intents

    # something of all that was planted is in it
    (counts,) = pulled.counts.values()
    assert all(counts[reason] for reason in PLANTED)
    assert counts["kept"] == len(pulled)

    # as it was imported, but for ids and times
    first = reading(host, context, original)(control="intent")
    assert list(first.counts.values()) == [counts]
    assert [without_id(row) for row in pulled] == [without_id(row) for row in first]
    imported, arrived = (
        map(json.loads, said(*place).splitlines()) for place in ((tmp_path / "out", "original"), (out,))
    )
    assert [[line[key] for key in SAID] for line in arrived] == [[line[key] for key in SAID] for line in imported]


def rows(place):
    return (place / "dataset" / "utterances.jsonl").read_bytes()


def said(place, source="*"):
    (path,) = place.glob(f"labelstudio/{source}/annotations.jsonl")
    return path.read_bytes()


def without_id(row):
    return {key: value for key, value in row.to_json().items() if key != "id"}
