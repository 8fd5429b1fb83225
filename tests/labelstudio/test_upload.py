"""The texts of a dataset on a real server: each once, with its split, whatever happens on the way."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections import Counter

import pytest

from tests.label_studio import TOKEN
from tests.labelstudio.harm import Held, answer, closed, delayed, halved, lost
from tests.labelstudio.maker import create as create
from tests.labelstudio.proxy import Proxy
from tests.labelstudio.rig import exported, sign_up
from tests.labelstudio.tasks import reading
from workbench.nouns.dataset import Dataset
from workbench.nouns.utterance import Utterance
from workbench_labelstudio.http import write_outcome as looking
from workbench_labelstudio.push import upload as module


@pytest.fixture(autouse=True)
def known(label_studio, monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "share"))
    monkeypatch.setenv("LABEL_STUDIO_URL", label_studio.url)
    monkeypatch.setenv("LABEL_STUDIO_API_KEY", TOKEN)


@pytest.fixture
def small_chunks(monkeypatch):
    monkeypatch.setattr(module, "CHUNK_TASKS", 10)
    monkeypatch.setattr(looking, "LOOKS", (0.0, 0.2))


@pytest.fixture
def proxy(label_studio, monkeypatch):
    with Proxy(label_studio.url) as proxy:
        monkeypatch.setenv("LABEL_STUDIO_URL", proxy.url)
        yield proxy


@pytest.fixture
def tasks(label_studio):
    def ask(project):
        with label_studio.http() as http:
            return list(exported(http, project).values())

    return ask


def rows(count, start=0):
    return [
        Utterance(
            f"r{n}",
            f"我的快递 {n} 到哪了",
            f"我的快递 {n} 到哪了",
            None if n % 5 == 4 else ("退款" if n % 2 else "delivery",),
            split=("train", "train", "dev", "test")[n % 4],
            group=f"g{n // 2}" if n % 3 else None,
            language="zh",
        )
        for n in range(start, start + count)
    ]


def save(folder, utterances, task="intent"):
    Dataset(task, ("delivery", "退款"), tuple(utterances)).save(folder)
    return folder


def texts(tasks):
    return Counter(task["data"]["text"] for task in tasks)


def test_texts_come_back_with_their_labels_splits_and_groups(create, tasks, tmp_path, host, context, label_studio):
    utterances = rows(40)
    made = create(save(tmp_path / "data", utterances), "--title", "there and back")
    assert (made["uploaded"], made["labelled"]) == (40, 32)
    there = tasks(made["project"])
    annotations = [one for task in there for one in task["annotations"].values()]
    assert len(annotations) == 32
    assert not any(one["ground_truth"] or one["was_cancelled"] for one in annotations)
    assert [task["meta"]["id"] for task in there] == [row.id for row in utterances]
    with label_studio.http() as http:
        path = tmp_path / "export.json"
        path.write_bytes(http.get(f"/api/projects/{made['project']}/export", params={"exportType": "JSON"}).content)
    read = reading(host, context, path)(split_key="split", group_key="group", language="zh")
    labelled = [row for row in utterances if row.intents]
    assert [(row.text, row.intents, row.split, row.group) for row in read] == [
        (row.text, row.intents, row.split, row.group) for row in labelled
    ]


def test_each_text_once_and_every_row_accounted_for(create, tasks, tmp_path):
    def row(number, text, intents=None, split=None, raw=None, origin="import"):
        return Utterance(number, text, raw or text, intents, split=split, origin=origin)

    utterances = [
        row("1", "Where is it", ("delivery",), "train"),
        row("2", "where  is IT", ("delivery",), "test"),
        row("3", "ｗｈｅｒｅ is it", None, "dev"),
        row("4", "my money", ("delivery",)),
        row("5", "MY MONEY", ("退款",)),
        row("6", "unlabelled"),
        row("7", "Unlabelled", ("退款",)),
        row("8", " \u200b", ("退款",)),
        row("9", "made up", ("退款",), "train", origin="augment:typos"),
        row("10", "cleaned", ("退款",), raw="<b>cleaned</b>"),
    ]
    made = create(save(tmp_path / "data", utterances), "--title", "account")
    expected = {"rows": 10, "augmented": 1, "blank": 1, "duplicate": 4, "conflicting": 1, "uploaded": 4, "there": 0}
    assert {name: made[name] for name in expected} == expected
    assert made["rows"] == made["uploaded"] + made["duplicate"] + made["blank"] + made["augmented"]
    there = {task["meta"]["id"]: task for task in tasks(made["project"])}
    assert set(there) == {"2", "4", "6", "10"}  # of several rows the one that is held out
    assert there["2"]["meta"]["split"] == "test"
    assert len(there["2"]["annotations"]) == len(there["6"]["annotations"]) == 1
    assert not there["4"]["annotations"]


def test_a_text_that_the_project_holds_as_it_was_imported_is_there(create, label_studio, tasks, tmp_path):
    config = """<View><Text name="t" value="$text"/><Choices name="intent" toName="t"><Choice value="delivery"/>
    <Choice value="退款"/></Choices></View>"""
    number = label_studio.project(config, "held")
    with label_studio.http() as http:
        http.post(f"/api/projects/{number}/import", json=[{"text": "<b>Hi</b>"}, {"text": "HELLO"}]).raise_for_status()
    cleaned = [Utterance("1", "Hi", "<b>Hi</b>"), Utterance("2", "hello", "hello"), Utterance("3", "new", "new")]
    said = create(save(tmp_path / "data", cleaned), "--title", "held")
    assert (said["there"], said["uploaded"]) == (2, 1)
    assert texts(tasks(number)) == Counter(["<b>Hi</b>", "HELLO", "new"])


def test_two_datasets_share_a_project(create, tasks, tmp_path):
    made = create(save(tmp_path / "one", rows(20)), "--title", "shared")
    said = create(save(tmp_path / "two", rows(20, start=10)), "--title", "shared")
    assert (said["there"], said["uploaded"]) == (10, 10)
    assert texts(tasks(made["project"])) == Counter(row.text for row in rows(30))


FAULTS = [answer(500), answer(500, done=True), answer(502, done=True), answer(429, after=0), closed, lost, halved]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_no_text_is_lost_or_doubled_when_answers_are(create, tasks, tmp_path, proxy, small_chunks, fault):
    proxy.harm(fault, "POST", "/import$", times=2, skip=1)
    made = create(save(tmp_path / "data", rows(35)), "--title", f"harm {fault.__name__}")
    assert texts(tasks(made["project"])) == Counter(row.text for row in rows(35))
    assert sum(len(task["annotations"]) for task in tasks(made["project"])) == 28
    done = fault in (lost, halved) or "after" in fault.__name__
    assert proxy.seen("POST", "/import$") == (4 if done and "429" not in fault.__name__ else 6)


def test_a_server_that_does_late_what_it_seemed_not_to_do_is_looked_at_again(
    create, tasks, tmp_path, proxy, monkeypatch, small_chunks
):
    """The answer is given up before the server has begun; it is done a moment later."""
    monkeypatch.setattr(module, "IMPORT_TIMEOUT", 0.5)
    monkeypatch.setattr(looking, "LOOKS", (0.0, 0.5, 1.5))
    proxy.harm(delayed(1.0), "POST", "/import$")
    made = create(save(tmp_path / "data", rows(8)), "--title", "done late")
    assert texts(tasks(made["project"])) == Counter(row.text for row in rows(8))
    assert proxy.seen("POST", "/import$") == 1


def test_a_text_that_stands_twice_after_all_is_told(workbench, tmp_path, proxy, monkeypatch, small_chunks):
    """What was given up is done just before it is done again."""
    monkeypatch.setattr(module, "IMPORT_TIMEOUT", 2.0)
    monkeypatch.setattr(looking, "LOOKS", (0.0,))
    again, done = threading.Event(), threading.Event()

    def first(exchange):
        again.wait(60)
        exchange.forward()
        done.set()

    def second(exchange):
        again.set()
        done.wait(60)
        exchange.send(*exchange.forward())

    proxy.harm(first, "POST", "/import$")
    proxy.harm(second, "POST", "/import$")
    result = workbench("labelstudio", "create", save(tmp_path / "data", rows(4)), "--title", "twice")
    assert result.exit_code == 1
    assert "4 texts stand twice" in result.stderr.splitlines()[-1]


def test_an_upload_that_fails_goes_on_from_there(workbench, create, tasks, tmp_path, proxy, small_chunks):
    folder = save(tmp_path / "data", rows(35))
    proxy.harm(answer(503), "POST", "/import$", times=None, skip=2)
    result = workbench("labelstudio", "create", folder, "--title", "fails")
    assert result.exit_code == 1
    assert "it writes only what is missing" in result.stderr.splitlines()[-1]
    proxy.heal()
    made = create(folder, "--title", "fails")
    assert (made["made"], made["there"], made["uploaded"]) == (False, 20, 15)
    assert texts(tasks(made["project"])) == Counter(row.text for row in rows(35))


@pytest.mark.parametrize("done", [False, True])
def test_an_upload_that_is_killed_goes_on_from_there(create, tasks, tmp_path, proxy, done):
    """In the middle of its second chunk, before the server has it and after."""
    held = Held(closed)

    def second(exchange):
        if done:
            exchange.forward()
        held(exchange)

    folder = save(tmp_path / "data", rows(1300))
    proxy.harm(second, "POST", "/import$", skip=1)
    command = [sys.executable, "-m", "workbench", "labelstudio", "create", str(folder), "--title", f"killed {done}"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        assert held.begun.wait(60)
    finally:
        process.kill()
        process.wait()
        held.go.set()
    made = create(folder, "--title", f"killed {done}")
    assert (made["there"], made["uploaded"]) == ((1000, 300) if done else (500, 800))
    assert texts(tasks(made["project"])) == Counter(row.text for row in rows(1300))


def test_two_uploads_into_one_project_at_a_time_are_refused(workbench, create, tasks, tmp_path, proxy):
    folder, held = save(tmp_path / "data", rows(20)), Held()
    proxy.harm(held, "POST", "/import$")
    words = ["labelstudio", "create", str(folder), "--title", "at one time"]
    process = subprocess.Popen([sys.executable, "-m", "workbench", *words], stdout=subprocess.DEVNULL)
    try:
        assert held.begun.wait(60)
        done = workbench(*words)
    finally:
        held.go.set()
        process.wait(60)
    assert done.exit_code == 1
    assert f"project 'at one time': is in use by process {process.pid}" in done.stderr
    assert process.returncode == 0
    made = create(folder, "--title", "at one time")
    assert (made["there"], made["uploaded"]) == (20, 0)
    assert texts(tasks(made["project"])) == Counter(row.text for row in rows(20))


def test_chunks_are_bounded_in_bytes_and_a_long_text_goes_alone(create, tasks, tmp_path, proxy):
    sizes = []

    def measured(exchange):
        sizes.append(len(exchange.body))
        exchange.send(*exchange.forward())

    proxy.harm(measured, "POST", "/import$", times=None)
    long = [Utterance(f"l{n}", f"{n} " + "长" * 50_000, "") for n in range(8)]
    huge = Utterance("huge", "x" * 5_000_000, "")
    made = create(save(tmp_path / "data", [*long[:4], huge, *long[4:]]), "--title", "long")
    assert made["uploaded"] == 9
    assert sorted(sizes)[-1] < 5_000_500
    assert sorted(sizes)[-2] <= module.CHUNK_BYTES + 10
    assert {len(task["data"]["text"]) for task in tasks(made["project"])} == {50_002, 5_000_000}


def test_an_upload_needs_few_requests(create, tmp_path, proxy):
    """Nothing is listed of a new project, and a run that has nothing to do writes nothing."""
    folder = save(tmp_path / "data", rows(30))
    create(folder, "--title", "few")
    assert proxy.seen() <= 10
    proxy.requests.clear()
    assert create(folder, "--title", "few")["uploaded"] == 0
    assert proxy.seen("POST", "/import") == proxy.seen("PATCH") == 0


def test_a_personal_token_that_expires_under_way_is_renewed(
    label_studio, create, tasks, tmp_path, proxy, small_chunks, monkeypatch
):
    monkeypatch.setenv("LABEL_STUDIO_API_KEY", label_studio.personal_token(sign_up(label_studio, "renewed")))

    def spoilt(exchange):
        exchange.send(401, [("Content-Type", "application/json")], b'{"detail": "token not valid"}')

    proxy.harm(spoilt, "POST", "/import$", skip=1)
    made = create(save(tmp_path / "data", rows(35)), "--title", "renewed")
    assert texts(tasks(made["project"])) == Counter(row.text for row in rows(35))
    assert proxy.seen("POST", "/api/token/refresh/") == 2
