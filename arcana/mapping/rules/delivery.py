"""Rules about what arrives: each core tells its senders apart, and listens to what comes."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from arcana.mapping.rules.board import Ints
from arcana.mapping.rules.common import some, where
from arcana.mapping.rules.tables import Tables
from arcana.mapping.rules.violation import (
    DeliveredTwice,
    DeliveryUnheard,
    DesignRuleViolation,
    TagAliased,
    WordDangling,
)


def check_deliveries(tables: Tables) -> Iterator[DesignRuleViolation]:
    """Senders that share a tag in a core that listens to it, events that come twice, words and events in vain.

    A sender whose events reach a core twice under one tag is not an alias: the core takes the right events, twice.
    """
    sent, words = tables.deliveries, tables.inputs
    neurons, tags = words.neuron[tables.listens], words.tag[tables.listens]
    held = _key(tables, tables.home[neurons], tags)
    offered = _key(tables, sent.core, sent.tag)
    pairs, count = np.unique(np.stack([offered, sent.sender]), axis=1, return_counts=True)
    heard = np.isin(pairs[0], held)
    yield from _check_aliases(tables, pairs[:, heard], count[heard])
    waiting = ~np.isin(held, offered)
    ears, words_each = np.unique(np.stack([neurons[waiting], tags[waiting]]), axis=1, return_counts=True)
    for (neuron, tag), number in zip(ears.T.tolist(), words_each.tolist(), strict=True):
        yield WordDangling(tables.place(neuron), number, "nothing", f"tag {tag}")
    for key, sender in pairs[:, ~heard].T.tolist():
        yield DeliveryUnheard(tables.sender(sender), 0, "one or more", _where(tables, key))


def _check_aliases(tables: Tables, pairs: Ints, count: Ints) -> Iterator[DesignRuleViolation]:
    """``pairs`` is (2, n): core and tag as one key in rising order, and sender."""
    for k in where(count > 1):
        key, sender = pairs[:, k].tolist()
        yield DeliveredTwice(tables.sender(sender), int(count[k]), "once", _where(tables, key))
    keys, first, senders = np.unique(pairs[0], return_index=True, return_counts=True)
    for k in where(senders > 1):
        names = [tables.sender(s) for s in pairs[1, first[k] : first[k] + senders[k]].tolist()]
        core, tag = divmod(int(keys[k]), tables.board.tags)
        yield TagAliased(tables.core_name(core), some(names), "one sender", f"tag {tag}")


def _key(tables: Tables, core: Ints, tag: Ints) -> Ints:
    return core * tables.board.tags + tag


def _where(tables: Tables, key: int) -> str:
    core, tag = divmod(key, tables.board.tags)
    return f"tag {tag} to {tables.core_name(core)}"
