"""A project with odd content, both ways: a huge text, Chinese keys, a label that is removed while it is used."""

from __future__ import annotations

import json

import pytest

from tests.label_studio import TOKEN
from tests.labelstudio.harm import answer
from tests.labelstudio.proxy import Proxy
from tests.labelstudio.rig import CONFIG, add_tasks, annotate, exported, mirrored
from workbench.nouns.dataset import Dataset
from workbench.nouns.utterance import Utterance

HUGE = "where is my parcel 快递 " + "x" * 5_000_000
CHINESE = """<View><Text name="文本" value="$文本"/><Choices name="意图" toName="文本" choice="single">
<Choice value="delivery"/><Choice value="退款"/></Choices></View>"""


@pytest.fixture
def run(workbench, label_studio, monkeypatch, tmp_path):
    """A verb that must succeed; its JSON."""
    monkeypatch.setenv("LABEL_STUDIO_API_KEY", TOKEN)
    monkeypatch.setenv("LABEL_STUDIO_URL", label_studio.url)

    def run(*words):
        done = workbench("labelstudio", *words, "--json")
        assert done.exit_code == 0, done.stderr
        return json.loads(done.stdout)

    return run


def dataset(folder, *texts):
    rows = [Utterance(str(n), text, text, (("delivery", "退款")[n % 2],)) for n, text in enumerate(texts)]
    Dataset("intent", ("delivery", "退款"), tuple(rows)).save(folder)
    return folder


def test_five_megabytes_of_text_go_both_ways(label_studio, run, bundle, tmp_path):
    assert len(HUGE.encode()) > 5_000_000
    mirror = ("--mirror", tmp_path / "mirror")
    made = run(
        "create", dataset(tmp_path / "dataset", HUGE, "钱", "nothing of the kind"), "--title", "huge", "--no-labels"
    )
    run("pull", made["project"], *mirror)
    pushed = run("push", bundle.path, made["project"], *mirror)
    assert pushed["written"] == 3
    run("queue", bundle.path, made["project"], *mirror)
    with label_studio.http() as http:
        tasks = exported(http, made["project"])
        assert mirrored(tmp_path / "mirror") == tasks
        assert HUGE.strip() in {task["data"]["text"].strip() for task in tasks.values()}
        served = http.get(f"/api/projects/{made['project']}/next").raise_for_status().json()
        assert served["data"]["text"] == "nothing of the kind"


def test_a_text_that_a_proxy_finds_too_large_is_one_line(label_studio, workbench, monkeypatch, tmp_path):
    monkeypatch.setenv("LABEL_STUDIO_API_KEY", TOKEN)
    with Proxy(label_studio.url) as proxy:
        proxy.harm(answer(413), "POST", "/import", times=None)
        folder = dataset(tmp_path / "dataset", "short", HUGE)
        done = workbench("labelstudio", "create", folder, "--title", "too large", "--url", proxy.url)
    assert done.exit_code == 1
    (said,) = (line for line in done.stderr.splitlines() if line.startswith("Error:"))
    assert "413" in said


def test_chinese_keys_and_controls_go_both_ways(label_studio, run, bundle, tmp_path):
    project, mirror = label_studio.project(CHINESE, "中文项目"), ("--mirror", tmp_path / "mirror")
    with label_studio.http() as http:
        body = [{"文本": "我的快递到哪", "渠道": "微信"}, {"文本": "退款", "渠道": "电话"}]
        tasks = http.post(f"/api/projects/{project}/import?return_task_ids=true", json=body).json()["task_ids"]
        result = {"from_name": "意图", "to_name": "文本", "type": "choices", "value": {"choices": ["退款"]}}
        http.post(f"/api/tasks/{tasks[1]}/annotations/", json={"result": [result]}).raise_for_status()
        run("create", dataset(tmp_path / "more", "钱 退", "我的快递到哪"), "--title", "中文项目")
        run("pull", "中文项目", *mirror, "-o", tmp_path / "dataset", "--text", "文本", "--group-key", "渠道")
        rows = {row.text: row for row in Dataset.load(tmp_path / "dataset")}
        assert rows["退款"].intents == ("退款",)
        assert rows["退款"].group == "电话"
        assert mirrored(tmp_path / "mirror") == exported(http, project)
        run("push", bundle.path, project, *mirror, "--version", "词")
        found = http.get("/api/predictions", params={"project": project}).json()
        said = {one["task"]: one["result"][0]["value"]["choices"] for one in found}
        assert said[tasks[0]] == ["delivery"]
        assert said[tasks[1]] == ["退款"]
        assert len(found) == 3


def test_a_label_that_is_removed_while_it_is_used_is_pulled_and_named(label_studio, run, workbench, tmp_path):
    """Label Studio keeps such annotations."""
    project, mirror = label_studio.project(CONFIG), ("--mirror", tmp_path / "mirror")
    with label_studio.http() as http:
        tasks = add_tasks(http, project, ["where is my parcel", "钱"])
        annotate(http, tasks[0], "delivery")
        annotate(http, tasks[1], "退款")
        run("pull", project, *mirror)
        config = CONFIG.replace('<Choice value="退款"/>', '<Choice value="other"/>')
        http.patch(f"/api/projects/{project}", json={"label_config": config}).raise_for_status()
        done = workbench("labelstudio", "pull", project, *mirror, "-o", tmp_path / "dataset")
        assert mirrored(tmp_path / "mirror") == exported(http, project)
    assert done.exit_code == 0, done.stderr
    assert "退款" in done.stderr
    assert {row.text: row.intents for row in Dataset.load(tmp_path / "dataset")}["钱"] == ("退款",)
