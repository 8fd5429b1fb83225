"""Options of the reader `labelstudio` on a real server: what counts as an intent, whose vote weighs what, whose token
goes where."""
# ruff: noqa: F401, F811 - fixtures are imported

from __future__ import annotations

import json

import pytest

from tests.label_studio import ADMIN, TOKEN
from tests.labelstudio.proxy import Proxy
from tests.labelstudio.pulls import command, project, pull
from tests.labelstudio.rig import CONFIG, add_tasks, annotate, result
from workbench.nouns.dataset import Dataset
from workbench.nouns.utterance import Utterance
from workbench_labelstudio.http.credentials import Credentials, store


def submit(http, task, given, **more):
    http.post(f"/api/tasks/{task}/annotations/", json={"result": given, **more}).raise_for_status()


def said(folder):
    return {row.text: row.intents for row in Dataset.load(folder)}


def test_a_ground_truth_without_an_intent_is_not_overruled(label_studio, pull, tmp_path):
    project = label_studio.project(CONFIG)
    with label_studio.http() as http:
        doubtful, *others = add_tasks(http, project, ["doubtful", "one", "other"])
        for task, intent in ((doubtful, "delivery"), *zip(others, ("delivery", "退款"), strict=True)):
            submit(http, task, result(intent))
        submit(http, doubtful, [], ground_truth=True)
    told = pull(project, "-o", tmp_path / "truth")
    assert [counts["empty"] for counts in told["counts"].values() if "empty" in counts] == [1]
    assert set(said(tmp_path / "truth")) == {"one", "other"}
    pull(project, "-o", tmp_path / "majority", "--policy", "majority")
    assert said(tmp_path / "majority")["doubtful"] == ("delivery",)
    pull(project, "-o", tmp_path / "outside", "--empty", "out-of-scope")
    assert said(tmp_path / "outside")["doubtful"] == ()


def test_texts_out_of_scope_come_back_as_they_were_sent(label_studio, pull, workbench_cli, tmp_path):
    rows = [
        Utterance("a", "where", "where", ("delivery",), language="en"),
        Utterance("b", "退款吧", "退款吧", ("退款",), language="zh"),
        Utterance("c", "nice weather", "nice weather", ()),
    ]
    Dataset("intent", ("delivery", "退款"), tuple(rows)).save(tmp_path / "sent")
    done = workbench_cli("labelstudio", "create", tmp_path / "sent", "--title", "out of scope and back", "--json")
    assert done.exit_code == 0, done.output
    project = json.loads(done.stdout)["project"]
    pull(project, "-o", tmp_path / "plain")
    assert {row.language for row in Dataset.load(tmp_path / "plain")} == {None}
    assert "nice weather" not in said(tmp_path / "plain")
    words = ("--empty", "out-of-scope", "--language-key", "language", "--language", "fr")
    pull(project, "-o", tmp_path / "back", *words)
    back = {row.text: (row.intents, row.language) for row in Dataset.load(tmp_path / "back")}
    assert back == {"where": (("delivery",), "en"), "退款吧": (("退款",), "zh"), "nice weather": ((), "fr")}
    assert Dataset.load(tmp_path / "back").intents == ("delivery", "退款")


def test_annotators_who_disagree_on_the_scope(label_studio, pull, tmp_path):
    project = label_studio.project(CONFIG)
    with label_studio.http() as http, label_studio.http(label_studio.second) as other:
        outside, tied, *rest = add_tasks(http, project, ["outside", "tied", "one", "other"])
        for browser in (http, other):
            submit(browser, outside, [])
        submit(http, tied, [])
        submit(other, tied, result("delivery"))
        for task, intent in zip(rest, ("delivery", "退款"), strict=True):
            submit(http, task, result(intent))
    told = pull(project, "-o", tmp_path / "out", "--empty", "out-of-scope")
    assert said(tmp_path / "out")["outside"] == ()
    assert "tied" not in said(tmp_path / "out")
    assert [counts["disagreement"] for counts in told["counts"].values() if "disagreement" in counts] == [1]
    (file,) = (tmp_path / "out").glob("labelstudio/*/disagreements.jsonl")
    (line,) = map(json.loads, file.read_text().splitlines())
    assert sorted(vote["intents"] for vote in line["votes"]) == [[], ["delivery"]]


def test_annotators_weigh_by_their_email_addresses(label_studio, pull, command, tmp_path):
    project = label_studio.project(CONFIG)
    with label_studio.http() as http, label_studio.http(label_studio.second) as other:
        for number, task in enumerate(add_tasks(http, project, "abcd")):
            annotate(http, task, ("delivery", "退款")[number % 2])
            annotate(other, task, "delivery")
    words = ("--policy", "weighted", "--weights")
    pull(project, "-o", tmp_path / "out", *words, f"{ADMIN}=3")
    assert said(tmp_path / "out") == dict(zip("abcd", [("delivery",), ("退款",)] * 2, strict=True))
    refused = command(project, "-o", tmp_path / "none", *words, "nobody@example.com=3")
    assert refused.exit_code == 2
    assert "nobody@example.com" in refused.output


@pytest.fixture
def run(workbench_cli, project, tmp_path, monkeypatch):
    """Import with a recipe's `url`, where only a token is set in the environment."""
    monkeypatch.setenv("LABEL_STUDIO_API_KEY", TOKEN)
    monkeypatch.delenv("LABEL_STUDIO_URL", raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))

    def run(url):
        recipe = tmp_path / "recipe.toml"
        recipe.write_text(
            f'[[import]]\nreader = "labelstudio"\nsource = "{project}"\nurl = "{url}"\n'
            f'mirror = "{tmp_path / "mirror"}"\n[train]\nuse = "probe"\nencoder = "nowhere"\n'
        )
        return workbench_cli("run", recipe, "-o", tmp_path / "run")

    return run


def test_a_recipe_does_not_say_where_the_token_of_the_environment_goes(label_studio, run, tmp_path, monkeypatch):
    with Proxy(label_studio.url) as proxy:
        refused = run(proxy.url)
        assert proxy.requests == []
        assert refused.exit_code == 1
        assert "there is no token for this server" in refused.output
        assert f"workbench labelstudio connect {proxy.url}" in refused.output
        assert "LABEL_STUDIO_API_KEY and LABEL_STUDIO_URL" in refused.output
        monkeypatch.setenv("LABEL_STUDIO_URL", proxy.url)
        run(proxy.url)
        assert proxy.seen("GET", "/api/projects")
        monkeypatch.delenv("LABEL_STUDIO_URL")
        proxy.requests.clear()
        store(Credentials(proxy.url, TOKEN))
        run(proxy.url)
        assert proxy.seen("GET", "/api/projects")
