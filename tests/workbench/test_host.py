"""The host: what it loads, what it refuses, and that it says who is to blame."""

from __future__ import annotations

import pytest

from workbench.api import build_host, hookimpl
from workbench.components import Cleaner
from workbench.errors import MissingExtra, WorkbenchError
from workbench.nouns.model import Model

NOTHING = Cleaner(run=lambda *_: None, summary="does nothing")


class First:
    @hookimpl
    def cleaners(self):
        return {"sweep": NOTHING}


class Second:
    @hookimpl
    def cleaners(self):
        return {"sweep": NOTHING}


def test_two_hosts_share_nothing():
    one, two = build_host(), build_host()
    one.register(First(), "first")
    assert "sweep" in one.registry("cleaners")
    assert "sweep" not in two.registry("cleaners")


def test_the_allow_list_of_the_environment_is_kept_to(monkeypatch):
    monkeypatch.setenv("WORKBENCH_PLUGINS", "workbench_local, workbench_journal")
    assert set(build_host().versions) == {"workbench_local", "workbench_journal"}
    monkeypatch.setenv("WORKBENCH_PLUGINS", "")
    assert build_host().versions == {}


def test_a_name_that_two_plugins_claim_is_an_error_that_names_both():
    host = build_host([])
    host.register(First(), "first")
    host.register(Second(), "second")
    with pytest.raises(
        WorkbenchError, match=r"cleaners: 'sweep' is registered by (first|second) and by (first|second)"
    ):
        host.registry("cleaners")


def test_a_misspelt_hook_is_refused_with_the_nearest():
    class Misspelt:
        @hookimpl
        def cleanerz(self):
            return {}

    host = build_host([])
    with pytest.raises(WorkbenchError, match=r"misspelt.*cleanerz.*Did you mean 'cleaners'"):
        host.register(Misspelt(), "misspelt")
    assert "misspelt" not in host.versions
    host.register(First(), "first")


def test_a_hook_with_an_argument_that_it_does_not_have_is_refused():
    class Wrong:
        @hookimpl
        def stage_finished(self, stag):
            pass

    with pytest.raises(WorkbenchError, match=r"wrong.*stag"):
        build_host([]).register(Wrong(), "wrong")


def test_an_unknown_name_lists_the_nearest(host):
    with pytest.raises(WorkbenchError, match=r"unknown cleaner 'repare'. Did you mean 'repair'\? Known: "):
        host.registry("cleaners")["repare"]


def test_required_plugins_must_be_there(host):
    host.require(["workbench_local"], "recipe.toml")
    with pytest.raises(
        WorkbenchError, match=r"recipe.toml: unknown plugin 'workbench_lokal'. Did you mean 'workbench_local'"
    ):
        host.require(["workbench_lokal"], "recipe.toml")


def test_a_library_that_is_missing_names_the_extra(tmp_path, monkeypatch):
    (tmp_path / "wanting.py").write_text("import library_that_nobody_has.part\n")
    monkeypatch.syspath_prepend(tmp_path)
    component = Cleaner(run="wanting:clean", summary="", extra="train")
    with pytest.raises(
        MissingExtra, match=r'library_that_nobody_has is not installed. Run: pip install "intent-workbench\[train\]"'
    ):
        component(None, None, None, None)


def test_a_third_partys_missing_library_names_its_own_distribution(tmp_path, monkeypatch):
    about = tmp_path / "mask_numbers-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: mask-numbers\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text("[workbench]\nmask_numbers = mask_numbers\n")
    (tmp_path / "mask_numbers.py").write_text(
        "from workbench.api import Cleaner, Reader, hookimpl\n\nABOUT = {'run': 'masking:mask', 'summary': ''}\n\n\n"
        "@hookimpl\ndef cleaners():\n"
        "    return {'mask': Cleaner(**ABOUT), 'mask-fast': Cleaner(**ABOUT, extra='gpu'),\n"
        "            'mask-deep': Cleaner(**ABOUT, extra='train', distribution='intent-workbench')}\n\n\n"
        "@hookimpl\ndef readers():\n"
        "    return {'tickets': Reader(**ABOUT, votes='masking:votes', extra='tickets')}\n"
    )
    (tmp_path / "masking.py").write_text("import library_that_nobody_has\n")
    monkeypatch.syspath_prepend(tmp_path)
    host = build_host(["mask_numbers"])
    assert host.versions == {"mask_numbers": "1.0"}
    for name, line in (
        ("mask", "pip install mask-numbers"),
        ("mask-fast", r'pip install "mask-numbers\[gpu\]"'),
        ("mask-deep", r'pip install "intent-workbench\[train\]"'),
    ):
        with pytest.raises(MissingExtra, match=rf"library_that_nobody_has is not installed\. Run: {line}\."):
            host.registry("cleaners")[name](None, None, None, None)
    with pytest.raises(MissingExtra, match=r'pip install "mask-numbers\[tickets\]"'):
        host.registry("readers")["tickets"].read_votes("tickets.csv", None, None)


def test_a_format_that_nobody_knows_is_an_error(host, tmp_path):
    with pytest.raises(
        WorkbenchError,
        match=r"unknown model format 'gguf'. Install the plugin .* runtimes.* Known: onnx, torch, transformers",
    ):
        host.open_predictor(Model(tmp_path, "gguf", "intent", ("a", "b"), 8))


def test_the_sources_of_a_plugin_are_in_its_digest(tmp_path, monkeypatch):
    package = tmp_path / "grown"
    package.mkdir()
    (package / "__init__.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path)
    import grown

    host = build_host([])
    host.register(grown, "grown", "1.0")
    before = host.plugin_digest("grown")
    (package / "work.py").write_text("x = 1\n")
    assert host.plugin_digest("grown") != before


def test_the_fixtures_for_plugin_authors_work(workbench_plugin, workbench_cli, workbench_host):
    assert "workbench_clean" in workbench_host.versions
    from workbench.nouns.dataset import Dataset
    from workbench.nouns.utterance import Utterance

    rows = [Utterance("1", "a  b", "a  b", ("x",), split="train"), Utterance("2", "c", "c", ("y",), split="train")]
    cleaned = workbench_plugin("workbench_clean", "cleaners", "repair")(Dataset("intent", ("x", "y"), tuple(rows)))
    assert cleaned.utterances[0].text == "a b"
    assert workbench_cli("plugins", "--json").exit_code == 0


def test_an_allowed_plugin_that_is_not_installed_is_said(monkeypatch):
    monkeypatch.setenv("WORKBENCH_PLUGINS", "workbench_local,workbench_jurnal")
    host = build_host()
    assert set(host.versions) == {"workbench_local"}
    assert "Did you mean 'workbench_journal'" in host.broken["workbench_jurnal"].why


@pytest.mark.parametrize("gives", [None, RuntimeError("boom")])
def test_a_named_hook_that_fails_is_blamed_on_its_plugin(gives):
    class Odd:
        @hookimpl
        def cleaners(self):
            if gives:
                raise gives

    host = build_host([])
    host.register(Odd(), "odd")
    with pytest.raises(WorkbenchError, match="plugin odd failed in cleaners"):
        host.registry("cleaners")


def test_a_plugin_whose_verbs_fail_is_left_out_and_the_rest_works():
    from click.testing import CliRunner

    from workbench.cli.root import build_cli

    class Bad:
        @hookimpl
        def register_commands(self, cli, host):
            raise RuntimeError("boom")

    host = build_host()
    host.register(Bad(), "bad")
    assert CliRunner().invoke(build_cli(host), ["doctor", "--json"]).exit_code == 0
    assert host.broken["bad"].why == "RuntimeError: boom"
