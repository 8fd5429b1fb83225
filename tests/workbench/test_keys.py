"""What is in a stage's key: whatever can change its output, and nothing else."""

from __future__ import annotations

import ast
import dataclasses
from dataclasses import dataclass
from pathlib import Path

import pytest

import workbench
from workbench.api import build_host, hookimpl
from workbench.components import Cleaner, Encoder
from workbench.encoders import find_encoder
from workbench.engine import stage
from workbench.engine.sections import ComponentConfig, resolve_paths
from workbench.engine.stage import Stage
from workbench.options import option
from workbench.stages.bundle import bundle_stage, gate_stage
from workbench.stages.calibration import calibrate_stage
from workbench.stages.compression import compress_stages


@dataclass(frozen=True)
class Options:
    words: str | None = option(None, "a list", kind="path")
    teachers: tuple[str, ...] = option((), "encoders", kind="encoder")
    threads: int = option(1, "cores", affects_output=False)
    most: float = option(1.0, "a budget", affects_cache=False)


SWEEP = Cleaner(run=lambda *_: None, summary="", options=Options)


class Plugin:
    @hookimpl
    def cleaners(self):
        return {"sweep": SWEEP}

    @hookimpl
    def encoders(self):
        return {
            "first": Encoder(
                hub="nobody/bge-first", licence="MIT", languages=("en",), pooling="cls", package="first_pkg/m"
            )
        }


@pytest.fixture
def host():
    host = build_host([])
    host.register(Plugin(), "plugin")
    return host


def encoder(folder, weights=b"x"):
    folder.mkdir(parents=True)
    (folder / "config.json").write_text("{}")
    (folder / "model.safetensors").write_bytes(weights)
    return folder


def key(host, *, work_only=False, **options):
    step = ComponentConfig("cleaners", "sweep", SWEEP, Options(**options))
    return Stage("clean", "clean", lambda *_: {}, steps=(step,)).key(host, 13, {}, work_only=work_only)


def test_a_file_counts_by_its_content_wherever_it_is(host, tmp_path):
    for name in ("one", "two", "three"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "words.txt").write_text("other" if name == "three" else "same")
    one, two, three = (key(host, words=str(tmp_path / name / "words.txt")) for name in ("one", "two", "three"))
    assert one == two != three


def test_several_encoders_count_by_their_content(host, tmp_path):
    a, b, c = encoder(tmp_path / "1/e"), encoder(tmp_path / "2/e"), encoder(tmp_path / "3/e", b"y")
    assert key(host, teachers=(str(a),)) == key(host, teachers=(str(b),)) != key(host, teachers=(str(c),))
    (a / "README.md").write_text("not part of the model")
    assert key(host, teachers=(str(a),)) == key(host, teachers=(str(b),))


def test_a_budget_changes_the_result_but_not_what_was_put_aside_on_the_way(host):
    assert key(host, most=2.0) != key(host)
    assert key(host, most=2.0, work_only=True) == key(host, work_only=True) != key(host, words="w", work_only=True)


def test_what_cannot_change_a_result_does_not_count(host):
    assert key(host, threads=1) == key(host, threads=2)


def test_a_stage_that_asks_predictors_depends_on_the_code_behind_them(host):
    class Normalizes:
        @hookimpl
        def normalizations(self):
            return {}

    asks, does_not = (Stage("x", "evaluate", lambda *_: {}, calls=calls) for calls in (("runtimes",), ()))
    keys, unchanged = [asks.key(host, 13, {})], does_not.key(host, 13, {})
    for plugin in (Opens(), Normalizes()):
        host.register(plugin, type(plugin).__name__)
        keys.append(asks.key(host, 13, {}))
    assert len(set(keys)) == 3
    assert does_not.key(host, 13, {}) == unchanged


class Opens:
    @hookimpl
    def runtimes(self):
        return {}


def test_a_bundle_depends_on_the_code_that_says_what_it_holds(host):
    stages = bundle_stage("train"), gate_stage({}, host)
    before = [stage.key(host, 13, {}) for stage in stages]
    host.register(Opens(), "opens")
    after = [stage.key(host, 13, {}) for stage in stages]
    assert all(one != other for one, other in zip(before, after, strict=True))


@pytest.mark.parametrize("name", ["onnx", "fuse", "int8", "fp16-weights"])
def test_a_pass_that_asks_predictors_depends_on_the_code_behind_them(name):
    host = build_host()
    made = host.registry("passes")[name]
    (stage,) = compress_stages((ComponentConfig("passes", name, made, made.options()),), "train", None)
    before = stage.key(host, 13, {})
    host.register(Opens(), "opens")
    assert stage.key(host, 13, {}) != before


def test_what_depends_on_the_machine_depends_on_whether_it_multiplies_bfloat16(host, monkeypatch):
    def keys(flags):
        monkeypatch.setattr("workbench.machine._cpuinfo", lambda: ["model name : CPU", f"flags : {flags}"])
        steps = [
            ComponentConfig("cleaners", "sweep", dataclasses.replace(SWEEP, machine=on), Options())
            for on in (True, False)
        ]
        return [Stage("x", "clean", lambda *_: {}, steps=(step,)).key(host, 13, {}) for step in steps]

    one, other = keys("avx2"), keys("avx2 avx512_bf16")
    assert one[0] != other[0]
    assert one[1] == other[1]


def test_a_temperature_depends_on_the_machine_whose_int8_it_is_fitted_on(host, monkeypatch):
    def of(cpu):
        monkeypatch.setattr("workbench.machine._cpuinfo", lambda: [f"model name : {cpu}"])
        return calibrate_stage("model", "baseline", "data").key(host, 13, {})

    assert of("one") == of("one") != of("other")


def test_relative_files_and_encoders_are_those_beside_the_recipe(host, tmp_path):
    encoder(tmp_path / "mine")
    encoder(tmp_path / "first")
    (tmp_path / "words.txt").write_text("x")
    options = resolve_paths(Options("words.txt", ("mine", "first", "org/on-hub")), tmp_path, host)
    assert options.words == str(tmp_path / "words.txt")
    assert options.teachers == (str(tmp_path / "mine"), "first", "org/on-hub")


def test_habits_of_an_encoder_are_known_by_short_hub_and_folder_name(host, tmp_path):
    known = host.registry("encoders")
    assert find_encoder(str(encoder(tmp_path / "bge-first")), known).pooling == "cls"
    assert find_encoder(str(encoder(tmp_path / "multilingual-e5-base")), known).prefix == "query: "
    noted = encoder(tmp_path / "noted")
    (noted / "1_Pooling").mkdir()
    (noted / "1_Pooling/config.json").write_text('{"pooling_mode_cls_token": true}')
    assert find_encoder(str(noted), known).pooling == "cls"


def test_a_folder_of_the_same_name_does_not_hide_a_short_name(host, tmp_path, monkeypatch):
    (tmp_path / "first").mkdir()
    (tmp_path / "first_pkg").mkdir()
    (tmp_path / "first_pkg/__init__.py").write_text("")
    encoder(tmp_path / "first_pkg/m")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    assert find_encoder("first", host.registry("encoders")).path == tmp_path / "first_pkg/m"


def test_the_digest_of_the_host_covers_every_module_that_a_stage_imports(monkeypatch):
    covered = set()
    monkeypatch.setattr(stage, "digest_file", lambda path: covered.add(path) or "")
    monkeypatch.setattr(stage, "digest_sources", lambda folder: covered.update(folder.rglob("*.py")) or "")
    stage.host_digest.__wrapped__()
    root = Path(workbench.__file__).parent
    imported = set()
    for path in (root / "stages").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("workbench."):
                imported.add(root.parent / f"{node.module.replace('.', '/')}.py")
    imported.discard(root / "report" / "page.py")  # report.html is written after every run, and is in no stage
    assert {path for path in imported if path.is_file()} <= covered
