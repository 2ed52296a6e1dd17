"""Rules about input words (CAM): they exist, are written once, and hold what the chip knows."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from arcana.mapping.rules.common import repeated, some, where
from arcana.mapping.rules.tables import Tables
from arcana.mapping.rules.violation import (
    DesignRuleViolation,
    FanInExceeded,
    FlagsWrong,
    InputWordMissing,
    InputWordTwice,
    ReceptorUnknown,
    ReservedTagHeard,
    SwitchesWrong,
    TagOutOfRange,
)


def check_input_words(tables: Tables) -> Iterator[DesignRuleViolation]:
    """Numbers of words, their count, and their tags, receptors, switches and flags."""
    words, board = tables.inputs, tables.board

    def at(k: int) -> tuple[str, str]:
        return tables.place(int(words.neuron[k])), f"input word {words.word[k]}"

    for k in where((words.word < 0) | (words.word >= board.words)):
        yield InputWordMissing(at(k)[0], int(words.word[k]), board.words - 1, at(k)[1])
    for neuron, word, count in repeated(words.neuron, words.word):
        yield InputWordTwice(tables.place(neuron), count, 1, f"input word {word}")
    fan_in = np.bincount(words.neuron[tables.used], minlength=len(tables.neurons))
    for neuron in where(fan_in > board.words):
        yield FanInExceeded(tables.place(neuron), int(fan_in[neuron]), board.words)
    for k in where((words.tag < 0) | (words.tag >= board.tags)):
        yield TagOutOfRange(at(k)[0], int(words.tag[k]), board.tags - 1, at(k)[1])
    for k in where(np.isin(words.tag, board.reserved)):
        yield ReservedTagHeard(at(k)[0], int(words.tag[k]), "core 0, neuron 0", at(k)[1])
    for k in where(tables.used & ~np.isin(words.receptor, board.receptors)):
        yield ReceptorUnknown(at(k)[0], int(words.receptor[k]), some(list(map(str, board.receptors))), at(k)[1])
    yield from _check_options(tables)


def _check_options(tables: Tables) -> Iterator[DesignRuleViolation]:
    """Weight switches and flags; a word that is used needs a switch where there are any."""
    words, board = tables.inputs, tables.board
    most = (1 << board.profile.synapse.weight_bits) - 1
    allowed = f"1 to {most}" if most else "0: these words have no switches"
    unset = tables.used & (words.switches == 0) & (most > 0)
    for k in where((words.switches < 0) | (words.switches > most) | unset):
        place, what = tables.place(int(words.neuron[k])), f"input word {words.word[k]}"
        yield SwitchesWrong(place, int(words.switches[k]), allowed, what)
    allowed = f"sums of the bits of {board.flags}" if board.flags else "0: these words have no flags"
    for k in where((words.flags < 0) | ((words.flags & ~board.flags) != 0)):
        place, what = tables.place(int(words.neuron[k])), f"input word {words.word[k]}"
        yield FlagsWrong(place, int(words.flags[k]), allowed, what)
