"""Recipes, and runs with their stages on disk."""

from __future__ import annotations

from workbench.engine.progress import Progress
from workbench.engine.random_streams import stream
from workbench.engine.recipe import check_recipe, load_recipe
from workbench.engine.run import RUN as RUN_FILE
from workbench.engine.run import Run, StageRecord
from workbench.engine.sections import ComponentConfig, EvaluateOptions, ImportOptions, Recipe, RecipeOptions
from workbench.engine.stage import version
from workbench.engine.store import open_store
from workbench.engine.summary import Summary
from workbench.stages.pipeline import run_recipe

__all__ = [
    "RUN_FILE",
    "ComponentConfig",
    "EvaluateOptions",
    "ImportOptions",
    "Progress",
    "Recipe",
    "RecipeOptions",
    "Run",
    "StageRecord",
    "Summary",
    "check_recipe",
    "load_recipe",
    "open_store",
    "run_recipe",
    "stream",
    "version",
]
