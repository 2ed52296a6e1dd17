"""The design-rule check: everything in a settings file that a chip cannot do, from the file and the profile alone.

It shares no code with the mapper, so it can be asked about anybody's file.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from arcana.config import ChipConfig
from arcana.errors import BadInput, Problem
from arcana.hardware.defects import DefectMap
from arcana.hardware.profile import HardwareProfile
from arcana.mapping.rules.board import Board
from arcana.mapping.rules.broken import check_defects
from arcana.mapping.rules.delivery import check_deliveries
from arcana.mapping.rules.input_words import check_input_words
from arcana.mapping.rules.lines import check_inputs, check_outputs
from arcana.mapping.rules.output_words import check_output_words
from arcana.mapping.rules.places import check_places
from arcana.mapping.rules.settings import check_cores, check_identity, check_second_leaks
from arcana.mapping.rules.tables import Tables
from arcana.mapping.rules.violation import DesignRuleViolation

__all__ = ["DesignRuleError", "DesignRuleViolation", "check", "require"]


class DesignRuleError(BadInput):
    """Settings that no chip can take; ``violations`` lists every error."""

    def __init__(self, violations: Iterable[DesignRuleViolation]) -> None:
        self.violations = tuple(violations)
        super().__init__(_Broken(v.place, v.used, str(v.limit), sentence=v.sentence) for v in self.violations)


@dataclass(frozen=True)
class _Broken(Problem):
    """A violation among problems; it has a sentence of its own."""

    sentence: str = ""

    def __str__(self) -> str:
        return self.sentence


def check(
    config: ChipConfig, profile: HardwareProfile, defects: DefectMap | None = None, *, for_chip: bool = False
) -> tuple[DesignRuleViolation, ...]:
    """All violations, errors first, then warnings; the order does not depend on the order in the file.

    Args:
        config: The settings.
        profile: The chip.
        defects: What does not work on the board.
        for_chip: The file is meant for a chip: exact currents are errors, not warnings.

    Raises:
        BadInput: for a profile without routing tables (``ideal``, ``*-relaxed``), or without chip positions, and
            for defects that are no ``DefectMap``.
    """
    if not isinstance(defects, DefectMap | None):
        raise BadInput.one(
            "defects", defects, "None, or a DefectMap", hint="DefectMap.read(path, profile) reads one"
        )
    found = _all(config, profile, Board.of(profile), defects, for_chip)
    return tuple(sorted(found, key=lambda violation: violation.severity))


def require(
    config: ChipConfig, profile: HardwareProfile, defects: DefectMap | None = None, *, for_chip: bool = False
) -> None:
    """Refuse settings with errors; warnings pass. Arguments are those of ``check``.

    Raises:
        DesignRuleError: listing all errors.
        BadInput: as ``check``.
    """
    errors = [v for v in check(config, profile, defects, for_chip=for_chip) if v.severity == "error"]
    if errors:
        raise DesignRuleError(errors)


def _all(
    config: ChipConfig, profile: HardwareProfile, board: Board, defects: DefectMap | None, for_chip: bool
) -> Iterator[DesignRuleViolation]:
    tables = Tables(config, board)
    yield from check_identity(config, profile)
    yield from check_places(tables, config)
    yield from check_cores(config, profile, for_chip)
    yield from check_second_leaks(tables, config)
    yield from check_input_words(tables)
    yield from check_output_words(tables)
    yield from check_inputs(tables)
    yield from check_outputs(tables, config)
    yield from check_deliveries(tables)
    if defects is not None:
        yield from check_defects(tables, defects)
