"""Settings in the forms of other tools: bias lists, words of a driver, netlists, the vendor's configurations."""

from __future__ import annotations

from arcana.interop.checks import BrokenRulesWarning, NotHeldWarning
from arcana.interop.convert import FORMS, export_config, import_config, left_out
from arcana.interop.script import apply_script
from arcana.interop.to_samna import SamnaMissing, to_samna

__all__ = [
    "FORMS",
    "BrokenRulesWarning",
    "NotHeldWarning",
    "SamnaMissing",
    "apply_script",
    "export_config",
    "import_config",
    "left_out",
    "to_samna",
]
