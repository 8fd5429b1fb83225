"""The house rules that a machine can check."""

from __future__ import annotations

import ast
import inspect
import re
import subprocess
import sys
import typing
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from workbench import hookspecs
from workbench.cli.plugin_verbs.api_page import api_page
from workbench.cli.plugin_verbs.command_line_page import command_line_page
from workbench.cli.plugin_verbs.hooks_page import hooks_page
from workbench.cli.plugin_verbs.options_page import options_page
from workbench.cli.root import build_cli
from workbench.components import Role

ROOT = Path(__file__).resolve().parents[2]
HOST = sorted((ROOT / "workbench").rglob("*.py"))
PLUGINS = sorted((ROOT / "plugins").rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))
TORCH = ROOT / "workbench/torch"
REFERENCE = ROOT / "docs/en/reference"
DOORS = sorted((ROOT / "plugins").glob("*/__init__.py"))
HEAVY = {
    "torch",
    "transformers",
    "onnxruntime",
    "numpy",
    "optimum",
    "onnx",
    "datasets",
    "pyarrow",
    "sklearn",
    "scipy",
    "matplotlib",
    "fastapi",
    "uvicorn",
    "jinja2",
    "ftfy",
    "tokenizers",
    "huggingface_hub",
}
NAMED = {  # components of other plugins that a plugin may name
    *(
        ("workbench_quickstart", name)
        for name in ("repair", "conflicts", "exact-duplicates", "finetune", "probe", "int8")
    ),
    *(("workbench_evaluate", name) for name in ("int8", "fp16-weights")),  # what the report calls each pass
    *(("workbench_evaluate", name) for name in ("names", "probe", "finetune")),  # and each trainer
    *(("workbench_labelstudio", name) for name in ("words", "votes", "json")),  # keys of its own files and requests
    ("workbench_serve", "json"),
}
HOOKS = [name for name, value in vars(hookspecs).items() if hasattr(value, "workbench_spec")]


def modules(path: Path, *, top_only: bool = False) -> set[str]:
    """The names of the modules that a file imports, or takes names from."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    found = set()
    for node in tree.body if top_only else ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


def roots(names: Iterable[str]) -> set[str]:
    return {name.partition(".")[0] for name in names}


def offenders(paths: Iterable[Path], fault: Callable[[Path], object]) -> dict[str, object]:
    """The files that break a rule, and what is wrong with each."""
    return {str(path.relative_to(ROOT)): wrong for path in paths if (wrong := fault(path))}


def read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def test_files_are_short():
    assert not offenders(HOST + PLUGINS + TESTS, lambda path: (n := len(read(path).splitlines())) >= 300 and n)


def test_the_host_names_no_plugin():
    named = re.compile(rf"\b(?:{'|'.join(path.parent.name for path in DOORS)})\b")
    assert not offenders(HOST, lambda path: named.findall(read(path)))


def test_plugins_import_no_other_plugin():
    def others(path: Path) -> set[str]:
        own = path.relative_to(ROOT / "plugins").parts[0]
        return {name for name in roots(modules(path)) if name.startswith("workbench_")} - {own}

    assert not offenders(PLUGINS, others)


def test_plugins_import_of_the_host_only_the_api():
    def inner(path: Path) -> set[str]:
        host = {name for name in modules(path) if name.partition(".")[0] == "workbench"}
        return {name for name in host if not re.match(r"workbench\.(api|testing)(\.|$)", name)}

    assert not offenders(PLUGINS, inner)


def test_no_test_imports_from_another_test():
    """What two tests need stands in a module with a name of its own."""
    assert not offenders(TESTS, lambda path: {name for name in modules(path) if re.search(r"(^|\.)test_", name)})


def component_names(host) -> dict[str, set[str]]:
    """Component -> the plugins that register it; formats and roles are words that all plugins share."""
    owners: dict[str, set[str]] = {}
    for hook in ("augmenters", "cleaners", "executors", "passes", "readers", "trainers"):
        for name, owner in host.registry(hook).owners.items():
            owners.setdefault(name, set()).add(owner)
    shared = {*host.registry("runtimes"), *typing.get_args(Role)}
    return {name: plugins for name, plugins in owners.items() if name not in shared}


def test_no_plugin_names_another_plugins_component(host):
    """Components are found by what they declare, or by an option of the user."""
    owners, found = component_names(host), set()
    for path in PLUGINS:
        own = path.relative_to(ROOT / "plugins").parts[0]
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                others = owners.get(node.value, set())
                found |= {(own, node.value)} if others and own not in others else set()
    assert found - NAMED == set()
    assert {name for name in NAMED - found if name[0] in host.versions} == set(), "no longer needed"


def test_no_public_class_name_stands_for_two_things():
    places: dict[str, list[str]] = {}
    for path in HOST + PLUGINS:
        for node in ast.walk(ast.parse(read(path))):
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                places.setdefault(node.name, []).append(str(path.relative_to(ROOT)))
    assert not {name: found for name, found in places.items() if len(found) > 1}


def test_no_module_hides_a_hook_of_its_door():
    """Importing `plugin.readers` would put the module in the place of the door's function `readers`."""
    assert not [path for path in PLUGINS if path.stem in HOOKS]


def test_doors_and_host_import_nothing_heavy_at_the_top():
    def heavy(path: Path) -> set[str]:
        return roots(modules(path, top_only=True)) & HEAVY - ({"torch", "numpy"} if path.parent == TORCH else set())

    assert not offenders(HOST + DOORS, heavy)


def test_the_torch_room_is_imported_late():
    def early(path: Path) -> set[str]:
        return {name for name in modules(path, top_only=True) if re.match(r"workbench\.(api\.)?torch\b", name)}

    inside = [ROOT / "workbench/api/torch.py", *TORCH.glob("*.py")]
    assert not offenders([path for path in HOST + DOORS if path not in inside], early)


def test_help_imports_nothing_heavy():
    code = (
        "import sys; sys.argv = ['workbench', '--help']\n"
        "import workbench.cli.root as root\n"
        "try: root.main()\nexcept SystemExit: pass\n"
        f"print(sorted({HEAVY!r} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_every_hook_is_documented():
    page = read(REFERENCE / "hooks.md")
    assert not [hook for hook in HOOKS if not inspect.getdoc(getattr(hookspecs, hook)) or f"`{hook}(" not in page]


def test_every_hook_is_implemented_by_a_plugin_in_some_test():
    texts = [read(path) for path in TESTS if path != Path(__file__)]
    assert not [hook for hook in HOOKS if not any(re.search(rf"def {hook}\(", text) for text in texts)]


def test_the_generated_pages_are_current(host):
    pages = {
        "api": api_page(),
        "command-line": command_line_page(build_cli(host)),
        "hooks": hooks_page(),
        "options": options_page(host),
    }
    for name, page in pages.items():
        assert read(REFERENCE / f"{name}.md") == page, "nox -s docs"


def test_console_blocks_of_both_readmes_are_the_same():
    blocks = [re.findall(r"```console\n(.*?)```", read(ROOT / name), re.S) for name in ("README.md", "README.zh-CN.md")]
    assert blocks[0] == blocks[1]
    assert len(blocks[0]) > 3


def test_no_placeholder_stands_in_the_documents():
    pages = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    assert not offenders(pages, lambda path: re.findall(r"^(?:FIGURES|TODO|TBD).*", read(path), re.M))


def test_no_absolute_path_or_private_name_is_in_a_tracked_file():
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode:
        pytest.skip("this is no git checkout")
    for name in listed.stdout.splitlines():
        path = ROOT / name
        if path.is_file() and path.suffix in (".py", ".md", ".toml", ".j2", ".csv", "") and path != Path(__file__):
            assert str(ROOT.parent) + "/" not in read(path), name


def test_nothing_executable_is_loaded_from_data():
    forbidden = re.compile(
        r"\bpickle\b(?! )|torch\.load\(|joblib\.load|trust_remote_code\s*=\s*True|yaml\.load\(|allow_pickle\s*=\s*True"
    )
    assert not offenders(HOST + PLUGINS, lambda path: forbidden.findall(read(path)))


def test_no_two_test_files_make_projects_of_the_same_title():
    """All tests share one Label Studio server, where `create` continues a project that has the title already."""
    owners: dict[str, Path] = {}
    for path in TESTS:
        for title in re.findall(r'"--title", "([^"]+)"', read(path)):
            assert owners.setdefault(title, path) == path, f"{title}: {path} and {owners[title]}"
