"""Odd contents, damaged local copies, and the reader `labelstudio` as the import verb uses it."""

from __future__ import annotations

import json
import secrets
from contextlib import closing
from pathlib import Path

import pytest

from tests.label_studio import TOKEN
from tests.labelstudio.harm import answer
from tests.labelstudio.proxy import Proxy
from tests.labelstudio.pulling import pull
from tests.labelstudio.rig import CONFIG, add_tasks, annotate, exported, mirrored
from workbench.errors import WorkbenchError
from workbench_labelstudio.http import connection, listing
from workbench_labelstudio.pull.mirror import Mirror
from workbench_labelstudio.pull.sync_state import IDENTITY

ODD = {
    "text": "行\u2028分隔 \x00 😀 \u202eABC",
    "键 一": {"嵌套": [None, True, 1, 1.0, -0.0]},
    "large": 12345678901234567890123,
    "small": 1e-7,
    "": "",
}


@pytest.fixture
def project(label_studio):
    """Four labelled tasks."""
    project = label_studio.project(CONFIG, title=f"项目 / {secrets.token_hex(4)}")
    with label_studio.http() as http:
        for task, intent in zip(add_tasks(http, project, "abcd"), ("delivery", "退款") * 2, strict=True):
            annotate(http, task, intent)
    return project


@pytest.fixture
def import_(workbench_cli, label_studio, monkeypatch):
    """Runs `import --reader labelstudio`."""
    monkeypatch.setenv("LABEL_STUDIO_URL", label_studio.url)
    monkeypatch.setenv("LABEL_STUDIO_API_KEY", TOKEN)
    return lambda *words: workbench_cli("import", "--reader", "labelstudio", *words)


def rows(folder):
    mirror = Mirror(folder)
    try:
        return [json.dumps(task) for task in mirror.tasks()]
    finally:
        mirror.close()


def test_a_snapshot_and_pages_leave_the_same(label_studio, project, tmp_path):
    with label_studio.http() as http, Proxy(label_studio.url) as proxy:
        http.post(f"/api/projects/{project}/import", json=[{"data": ODD, "meta": ODD}]).raise_for_status()
        assert pull(label_studio.url, project, tmp_path / "snapshot").how == "snapshot"
        proxy.harm(answer(403), "POST", "/exports/", times=None)
        assert pull(proxy.url, project, tmp_path / "pages").how == "pages"
    read = rows(tmp_path / "snapshot")
    assert rows(tmp_path / "pages") == read
    assert json.dumps(json.loads(read[-1])["data"], sort_keys=True) == json.dumps(ODD, sort_keys=True)


def test_a_value_that_is_equal_in_python_alone_is_a_change(label_studio, project, tmp_path):
    with label_studio.http() as http:
        (task,) = add_tasks(http, project, ["x"])
        for value in (1, True, 1.0):
            http.patch(f"/api/tasks/{task}/", json={"data": {"text": "x", "n": value}}).raise_for_status()
            pull(label_studio.url, project, tmp_path)
            assert repr(mirrored(tmp_path)[task]["data"]["n"]) == repr(value)


def test_a_task_that_the_server_cannot_send_is_named(label_studio, project, tmp_path, monkeypatch):
    """Half a surrogate pair can be imported, but Label Studio answers 500 to every request that would show it."""
    monkeypatch.setattr(connection, "LONGEST_WAIT", 0.3)
    monkeypatch.setitem(listing.list_tasks.__kwdefaults__, "page", 4)
    with label_studio.http() as http:
        before = max(exported(http, project))
        broken = json.dumps([{"data": {"text": "half \ud83d"}}])
        headers = {"content-type": "application/json"}
        http.post(f"/api/projects/{project}/import", content=broken, headers=headers).raise_for_status()
    with pytest.raises(WorkbenchError, match=f"cannot send the first task with an id above {before}"):
        pull(label_studio.url, project, tmp_path)
    with label_studio.http() as http:
        http.delete(f"/api/tasks/{before + 1}/").raise_for_status()
    assert pull(label_studio.url, project, tmp_path).project.tasks == 4
    with label_studio.http() as http:
        assert mirrored(tmp_path) == exported(http, project)


def test_another_project_behind_the_id_is_refused(label_studio, project, tmp_path):
    pull(label_studio.url, project, tmp_path)
    before = mirrored(tmp_path)
    with closing(Mirror(tmp_path)) as mirror:
        mirror.note(IDENTITY, {**mirror.noted(IDENTITY), "created_at": "2020-01-01T00:00:00Z"})
    with pytest.raises(
        WorkbenchError, match=f"is of project {project}, made at 2020-01-01T00:00:00Z, not of"
    ) as caught:
        pull(label_studio.url, project, tmp_path)
    assert "remove this folder" in str(caught.value)
    assert mirrored(tmp_path) == before


def test_a_local_copy_that_is_damaged_is_one_line(import_, project, tmp_path):
    mirror = tmp_path / "mirror"
    mirror.mkdir()
    (mirror / "tasks.sqlite3").write_bytes(b"no database" * 1000)
    done = import_(project, "-o", tmp_path / "out", "--mirror", mirror)
    assert done.exit_code == 1
    assert str(mirror) in str(done.output) + str(done.exception)
    assert "tasks.sqlite3" in str(done.output) + str(done.exception)


def test_a_project_is_imported_by_its_address_its_title_and_its_id(label_studio, import_, project, tmp_path):
    with label_studio.http() as http:
        title = http.get(f"/api/projects/{project}").json()["title"]
    for number, source in enumerate((f"{label_studio.url}/projects/{project}/data?tab=1", title, str(project))):
        out = tmp_path / f"out-{number}"
        done = import_(source, "-o", out, "--mirror", tmp_path / f"mirror-{number}")
        assert done.exit_code == 0, done.output
    first, *others = (contents(tmp_path / f"out-{number}") for number in range(3))
    assert all(other == first for other in others)
    assert len(first["utterances.jsonl"].splitlines()) == 4
    for name, content in first.items():
        for hidden in (TOKEN, str(label_studio.port), str(tmp_path)):
            assert hidden not in content.decode(), name


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
