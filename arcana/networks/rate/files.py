"""Configurations from YAML or JSON files, tables, and overrides."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import torch
import yaml
from pydantic import ValidationError

from arcana.errors import BadFile, BadInput, Problem, Problems
from arcana.files import read_text
from arcana.hardware.model import problems_of
from arcana.networks.rate.config import RateConfig
from arcana.networks.rate.upstream import NAMES, by_our_names, is_upstream, name_of, told

SHIPPED = ("two_populations.yml",)
# In the place of a field that is wrong by itself, so that the others can be held against each other
_STAND_IN = {name: field.default for name, field in RateConfig.model_fields.items() if not field.is_required()} | {
    "neurons": 10_000_000, "in_degree": 1, "dt_s": 1e-6, "tau_s": 1.0, "strength_in": 1.0, "duration_s": 1.0,
    "window_s": 1e-3,
}  # fmt: skip


def read_config(given: str | Path | Mapping[str, Any] | RateConfig, **overrides: Any) -> RateConfig:
    """A configuration, from a file (YAML, of which JSON is a part), a table, or another one.

    Args:
        given: Path, the name of a shipped one (``two_populations.yml``), a table, or a configuration. Field names
            are those of ``RateConfig``, or those of the NeuroTorch programs.
        **overrides: Fields that are to differ, by either name.

    Raises:
        BadInput: listing unknown fields with the nearest known one, and every value that cannot be (``BadFile`` for
            a file).
    """
    path = given if isinstance(given, (str, Path)) else None
    data = given.model_dump() if isinstance(given, RateConfig) else given
    data = _read(path) if path is not None else data
    if not isinstance(data, Mapping):
        raise BadInput.one("config", type(given).__name__, "a path, a table of fields, or a RateConfig")
    problems = Problems()
    for source in (data, overrides):
        _check_names(source, problems)
    merged = _merged(data, overrides)
    upstream = is_upstream(data or overrides)
    merged = by_our_names(merged, upstream, problems, overrides)
    found = _validated(merged)
    if isinstance(found, RateConfig) and not problems:
        return found
    if not isinstance(found, RateConfig):
        problems.extend(replace(p, field=told(p.field)) if upstream else p for p in found)
    raise BadInput(problems) if path is None else BadFile(path, problems)


def _validated(fields: Mapping[str, Any]) -> RateConfig | list[Problem]:
    """The configuration, or all that is wrong: fields by themselves, and then the others with each other."""
    try:
        return RateConfig.model_validate(fields)
    except ValidationError as error:
        problems = problems_of(error)
    wrong = {name_of(problem.field) for problem in problems}
    stand_in = {name: _STAND_IN[name] for name in wrong if name in _STAND_IN}
    rows = fields.get("strength")
    if "fractions" in wrong and isinstance(rows, (list, tuple)) and rows:
        stand_in["fractions"] = (1 / len(rows),) * len(rows)
    try:
        RateConfig.model_validate({**fields, **stand_in})
    except ValidationError as error:
        told_already = {str(problem) for problem in problems}
        problems += [p for p in problems_of(error) if name_of(p.field) not in wrong and str(p) not in told_already]
    return problems


def _check_names(source: Mapping[str, Any], problems: Problems) -> None:
    """Note fields that one source gives by both of their names."""
    for theirs, ours in NAMES.items():
        if theirs in source and ours in source:
            values = (source[theirs], source[ours])
            problems.note(f"{theirs}, {ours}", values, "one of them: they are names of the same field")


def _merged(data: Mapping[str, Any], overrides: Mapping[str, Any]) -> dict[str, Any]:
    """The table with overrides by whichever names; an override takes the place of the other name's value."""
    back = {ours: theirs for theirs, ours in NAMES.items()}
    merged = {str(name): _plain(value) for name, value in data.items()}
    for name, value in overrides.items():
        for other in (NAMES.get(name, ""), back.get(name, "")):
            merged.pop(other, None)
        merged[name] = _plain(value)
    return merged


def _plain(value: Any) -> Any:
    """Numbers of NumPy and torch as those of Python."""
    if isinstance(value, (np.generic, np.ndarray, torch.Tensor)):
        return value.tolist()
    return type(value)(map(_plain, value)) if type(value) in (list, tuple) else value


def _read(path: str | Path) -> Any:
    if str(path) in SHIPPED and not Path(path).exists():
        text = files(__package__).joinpath(str(path)).read_text(encoding="utf-8")
    else:
        text = read_text(path)
    try:
        data = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = "file" if mark is None else f"line {mark.line + 1}"
        reason = str(getattr(error, "problem", None) or error)
        raise BadFile(path, Problem(where, reason, "YAML")) from error
    if not isinstance(data, dict):
        given = "empty" if data is None else type(data).__name__
        raise BadFile(path, Problem("file", given, "a table of fields"))
    return data
