"""The host: loads plugins, merges their components, and reports broken plugins by name.

Every `build_host()` returns a new host; there is no global plugin manager.
"""

from __future__ import annotations

import dataclasses
import difflib
import importlib.metadata
import inspect
import logging
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

import pluggy

import workbench.hookspecs as hookspecs
from workbench.component import Component
from workbench.components import Runtime
from workbench.errors import DISTRIBUTION, WorkbenchError, unknown
from workbench.io.digests import digest_file, digest_json, digest_sources
from workbench.nouns.model import Model
from workbench.nouns.predictor import Predictor, PredictorOptions
from workbench.registry import Registry
from workbench.text.normalization import well_formed

GROUP = "workbench"
ALLOW = "WORKBENCH_PLUGINS"
logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class BrokenPlugin:
    """A plugin that failed to load."""

    name: str
    why: str


@dataclass
class Host:
    """The loaded plugins.

    Args:
        manager: pluggy's manager, with every plugin registered.
        versions: plugin name -> version of the plugin's distribution.
        distributions: plugin name -> name of the plugin's distribution.
        broken: plugins that failed to load, by name.
    """

    manager: pluggy.PluginManager
    versions: dict[str, str] = field(default_factory=dict)
    distributions: dict[str, str] = field(default_factory=dict)
    broken: dict[str, BrokenPlugin] = field(default_factory=dict)
    _registries: dict[str, Registry] = field(default_factory=dict)

    @property
    def hook(self) -> Any:
        """The hooks, called as `host.hook.name(argument=...)`."""
        return self.manager.hook

    def register(self, plugin: object, name: str, version: str = "0", distribution: str = DISTRIBUTION) -> None:
        """Add a plugin; a plugin with a misspelt hook is removed again.

        Args:
            plugin: a module or an object with hook implementations.
            name: name of the plugin.
            version: version of the plugin's distribution.
            distribution: the distribution to install if a library of a component is missing.

        Raises:
            WorkbenchError: the plugin implements an unknown hook, or a known hook with a wrong argument.
        """
        try:
            self.manager.register(plugin, name)
            self.manager.check_pending()
        except (pluggy.PluginValidationError, ValueError) as error:
            if self.manager.has_plugin(name):
                self.manager.unregister(name=name)
            message = " ".join(str(error).split())
            raise WorkbenchError(f"plugin {name} is refused: {message}", remedy=_suggest_hooks(error)) from error
        self.versions[name], self.distributions[name] = version, distribution
        self._registries.clear()

    def leave_out(self, name: str, error: Exception) -> None:
        """Record a plugin that cannot be used, and log a warning."""
        why = str(error) if isinstance(error, WorkbenchError) else f"{type(error).__name__}: {error}"
        self.broken[name] = BrokenPlugin(name, why)
        logger.warning("plugin %s is not loaded: %s", name, why)

    def registry(self, hook: str) -> Registry:
        """Return the components of a named hook from all plugins.

        Raises:
            WorkbenchError: two plugins register the same name, or one plugin returns no mapping.
        """
        if hook not in self._registries:
            merged = Registry(hook)
            for owner, call in self.calls(hook):
                for name, component in _mapping(owner, hook, call).items():
                    if name in merged:
                        raise WorkbenchError(
                            f"{hook}: {name!r} is registered by {merged.owners[name]} and by {owner}",
                            remedy=f"Uninstall one of them, or list the plugins to load: {ALLOW}=a,b",
                        )
                    merged[name], merged.owners[name] = self._with_distribution(component, owner), owner
            self._registries[hook] = merged
        return self._registries[hook]

    def _with_distribution(self, component: Any, owner: str) -> Any:
        """Set the distribution of a component that names none to the distribution of the component's plugin."""
        if not isinstance(component, Component) or component.distribution:
            return component
        return dataclasses.replace(component, distribution=self.distributions.get(owner, DISTRIBUTION))

    def calls(self, hook: str, **arguments: Any) -> Iterator[tuple[str, Callable[[], Any]]]:
        """Yield (plugin name, call) for each implementation of a hook, so that one failure does not stop the others."""
        for implementation in getattr(self.hook, hook).get_hookimpls():
            known = {name: arguments[name] for name in implementation.argnames}
            yield implementation.plugin_name, partial(implementation.function, **known)

    def observe(self, hook: str, **arguments: Any) -> None:
        """Call every implementation of an observing hook; an exception is logged and has no other effect."""
        for plugin, call in self.calls(hook, **arguments):
            try:
                call()
            except Exception:
                logger.exception("plugin %s failed in %s", plugin, hook)

    def runtime(self, format: str, where: object = None) -> Runtime:
        """Return the runtime of a model format.

        Raises:
            WorkbenchError: no plugin registers a runtime for this format.
        """
        known: Registry = self.registry("runtimes")
        if format in known:
            return known[format]  # type: ignore[no-any-return]
        raise self._missing_component("model format", format, known, where)

    def open_predictor(self, model: Model, options: PredictorOptions | None = None) -> Predictor:
        """Open a model of any format that has a runtime; the predictor normalizes texts as in training.

        Raises:
            WorkbenchError: no plugin registers the model's format, or one of its normalizations.
        """
        runtime, normalize = self.runtime(model.format, model.path), self.normalizer(model.normalization, model.path)
        predictor: Predictor = runtime(model, options or PredictorOptions())
        predictor.normalize = normalize
        return predictor

    def normalizer(self, names: Sequence[str], where: object = None) -> Callable[[str], str]:
        """Return a function that makes a text well-formed and then applies the normalizations in order.

        Raises:
            WorkbenchError: a normalization is unknown.
        """
        known, functions = self.registry("normalizations"), [well_formed]
        for name in names:
            if name not in known:
                raise self._missing_component("text normalization", name, known, where)
            functions.append(known[name].function(known[name].run))
        return partial(_apply_all, tuple(functions))

    def _missing_component(self, kind: str, name: str, known: Registry, where: object) -> WorkbenchError:
        """Return the error for a component that a model or bundle names and no plugin registers."""
        error = unknown(kind, name, known, where=where)
        failed = f"; failed to load: {', '.join(sorted(self.broken))}" if self.broken else ""
        remedy = f"Install the plugin that registers {name!r} under the hook {known.hook}{failed}. {error.remedy}"
        return WorkbenchError(error.what, where=where, remedy=remedy)

    def require(self, plugins: Sequence[str], where: str) -> None:
        """Check that the plugins which a recipe requires are loaded.

        Raises:
            WorkbenchError: a plugin is missing, or failed to load.
        """
        for name in plugins:
            if name in self.broken:
                raise WorkbenchError(
                    f"requires the plugin {name}, which failed to load: {self.broken[name].why}",
                    where=where,
                    remedy="Fix the plugin, then check it: workbench plugins --check",
                )
            if not self.manager.has_plugin(name):
                raise unknown("plugin", name, self.versions, where=where)

    def plugin_digest(self, name: str) -> str:
        """Return a sha256 over a plugin's version and source files, which is part of the keys of its stages."""
        plugin = self.manager.get_plugin(name)
        return digest_json([self.versions.get(name), _sources(plugin)])

    def hook_digest(self, hook: str) -> str:
        """Return a sha256 over all plugins that implement a hook; part of the key of stages that call the hook."""
        owners = [implementation.plugin_name for implementation in getattr(self.hook, hook).get_hookimpls()]
        return digest_json({name: self.plugin_digest(name) for name in owners})


def _apply_all(functions: tuple[Callable[[str], str], ...], text: str) -> str:
    for function in functions:
        text = function(text)
    return text


def _mapping(owner: str, hook: str, call: Callable[[], Any]) -> Mapping[str, Any]:
    try:
        components = call()
    except Exception as error:
        components = error
    if not isinstance(components, Mapping):
        raise WorkbenchError(
            f"plugin {owner} failed in {hook}: expected a mapping of names, got {components!r}",
            remedy=f"Fix the plugin, or list the plugins to load: {ALLOW}=a,b",
        )
    return components


def _sources(plugin: object) -> str | None:
    module = plugin if isinstance(plugin, ModuleType) else inspect.getmodule(type(plugin))
    if (file := getattr(module, "__file__", None)) is None:
        return None
    path = Path(file)
    return digest_sources(path.parent) if path.name == "__init__.py" else digest_file(path)


def build_host(plugins: Sequence[str] | None = None) -> Host:
    """Build a host with the installed plugins.

    Args:
        plugins: names of the plugins to load; None reads the environment variable WORKBENCH_PLUGINS=a,b. Without this
            variable the host loads all installed plugins.
    """
    manager = pluggy.PluginManager(GROUP)
    manager.add_hookspecs(hookspecs)
    host = Host(manager)
    if plugins is None and ALLOW in os.environ:
        plugins = [name.strip() for name in os.environ[ALLOW].split(",") if name.strip()]
    entries = {entry.name: entry for entry in importlib.metadata.entry_points(group=GROUP)}
    for name in sorted(entries if plugins is None else plugins):
        try:
            if name not in entries:
                raise unknown("plugin", name, entries, where=ALLOW)
            entry = entries[name]
            about = (entry.dist.version, entry.dist.name) if entry.dist else ()
            host.register(entry.load(), name, *about)
        except Exception as error:
            host.leave_out(name, error)
    return host


def _suggest_hooks(error: Exception) -> str:
    hooks = [name for name, value in vars(hookspecs).items() if hasattr(value, "workbench_spec")]
    words = [word.strip("'\"") for word in str(error).split()]
    near = [match for word in words if word not in hooks for match in difflib.get_close_matches(word, hooks, 1, 0.7)]
    return f"{f'Did you mean {near[0]!r}? ' if near else ''}Hooks: {', '.join(hooks)}"
