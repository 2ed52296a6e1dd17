"""Single faults that are put into legal settings, and the rules that have to find each of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from drc_boards import core, exact_core, find, first_word, rows, tag

from arcana.hardware.defects import DefectMap

BOTH, SE1, SE2 = ("dynapse1", "dynapse2"), ("dynapse1",), ("dynapse2",)


@dataclass(frozen=True)
class Fault:
    """``put(data, chip)`` spoils the data; then just ``rules`` are reported, at ``place`` among others."""

    name: str
    rules: set[str]
    place: str
    put: Callable[[dict, object], None]
    chips: tuple[str, ...] = BOTH
    defects: tuple[tuple[int | None, ...], ...] = ()

    @property
    def board(self):
        return DefectMap.of(self.defects) if self.defects else None


def _nothing(data, chip):
    pass


def _move(number, core_, neuron, population="spare"):
    def put(data, chip):
        find(data, population, 0).update(chip=number, core=core_, neuron=neuron)
        if not any((c["chip"], c["core"]) == (number, core_) for c in data["cores"]):
            data["cores"].append(core(chip, number, core_))

    return put


def _same_place(data, chip):
    find(data, "spare", 1)["neuron"] = 0


def _cam(position, field, value):
    def put(data, chip):
        find(data, "hidden", 0)["cams"][position][field] = value(chip) if callable(value) else value

    return put


def _more_cams(*numbers):
    def put(data, chip):
        cams = find(data, "hidden", 0)["cams"]
        cams += [[number, *cams[0][1:]] for number in numbers]

    return put


def _65_words(data, chip):
    cams = find(data, "hidden", 0)["cams"]
    taken = {row[0] for row in cams}
    cams += [[number, *cams[0][1:]] for number in range(65) if number not in taken]


def _sram(position, field, value):
    def put(data, chip):
        find(data, "hidden", 0)["srams"][position][field] = value(chip) if callable(value) else value

    return put


def _more_srams(*rows, who=("hidden", 0)):
    """Output words behind those that are used (monitoring's comes last); no tag stands for that of hidden[0]."""

    def put(data, chip):
        srams = find(data, *who)["srams"]
        for given, *rest in rows:
            number = tag(chip, "hidden", 0) if given is None else given(chip) if callable(given) else given
            srams.append([(first_word(chip) + len(srams)) % 4, number, *rest])

    return put


def _to_monitor(word, dx, dy):
    def put(data, chip):
        find(data, "hidden", 0)["srams"].append([word, tag(chip, "hidden", 0), 15, dx, dy])

    return put


def _listener_far_away(data, chip):
    _move(4, 0, 0)(data, chip)
    find(data, "spare", 0)["cams"] = rows(chip, [("hidden", 0, "ampa")])


def _all_cores(data, chip):
    data["inputs"][0]["events"][0][3] = 15


def _event(*row):
    def put(data, chip):
        data["inputs"][0]["events"].append([x(chip) if callable(x) else x for x in row])

    return put


def _output(field, value):
    def put(data, chip):
        data["outputs"][0]["neurons"][0][field] = value(chip) if callable(value) else value

    return put


def _bias(name, code):
    def put(data, chip):
        data["cores"][0]["biases"][name] = code

    return put


def _no_bias(data, chip):
    del data["cores"][0]["biases"][next(iter(data["cores"][0]["biases"]))]


def _low_range(data, chip):
    next(iter(data["cores"][0]["biases"].values()))["low_range"] = True


def _latch(data, chip):
    data["cores"][0]["latches"]["so_typo"] = True


def _exact(**changes):
    def put(data, chip):
        values = exact_core(chip, 0, 1)
        for key, value in changes.items():
            values[key] = value(values[key]) if callable(value) else value
        data["cores"][1] = values

    return put


def _exact_tau2(data, chip):
    _exact()(data, chip)
    find(data, "spare", 0)["tau2"] = True


def _second_leak(data, chip):
    find(data, "spare", 0)["tau2"] = True


def _shared_bias(data, chip):
    name = next(name for name, bias in chip.bias.items() if bias.scope == "chip")
    for k, part in enumerate(data["cores"]):
        part["biases"][name] = {"coarse": k, "fine": 1}


def _alias_of_another_chip(data, chip):
    """Neuron 1 of core 0 of chip 1, beside neuron 1 of core 0 of chip 0."""
    find(data, "spare", 1).update(chip=1, core=0, neuron=1)
    find(data, "spare", 1)["srams"].append([first_word(chip), tag(chip, "hidden", 0), 1, -1, 0])
    data["cores"].append(core(chip, 1, 0))


def _reserved_sender(data, chip):
    find(data, "spare", 0).update(chip=0, core=0, neuron=0, srams=[[1, 0, 1, 0, 0]])


def _same_monitor_tag(data, chip):
    find(data, "out", 1)["srams"][-1][1] = data["outputs"][0]["neurons"][1][3] = 40


def _foreign_monitor_tag(data, chip):
    find(data, "hidden", 0)["srams"].append([3, 40, 15, *chip.topology.monitor_hops])


def _not_monitored(data, chip):
    find(data, "out", 0)["srams"].pop()


def _line(data, chip):
    data["inputs"][0]["size"] += 1


def _profile(key, value):
    def put(data, chip):
        data["profile"][key] = value

    return put


def _step(data, chip):
    data["populations"][0]["dt_s"] = 2e-3


def _tags(chip):
    return chip.routing.tags


def _tag0(part):
    return lambda chip: tag(chip, part, 0)


def _64_words(data, chip):
    cams = find(data, "hidden", 0)["cams"]
    taken = {row[0] for row in cams}
    cams += [[number, *cams[0][1:]] for number in range(64) if number not in taken]


def _tags_at_the_ends(data, chip):
    """Input lines 0 and 1 have the lowest and the highest tag, and so have the outputs at the monitor."""
    lowest = 0 if chip.family == "dynapse2" else 2**8
    new = {tag(chip, "in", 0): lowest, tag(chip, "in", 1): chip.routing.tags - 1}
    for table in [part["cams"] for part in data["neurons"]] + [data["inputs"][0]["events"]]:
        for row in table:
            row[1] = new.get(row[1], row[1])
    for k, number in enumerate((0, 2047) if chip.family == "dynapse2" else ()):
        find(data, "out", k)["srams"][-1][1] = data["outputs"][0]["neurons"][k][3] = number


def _codes_at_the_end(data, chip):
    for code in data["cores"][0]["biases"].values():
        code.update(coarse=chip.biasgen.coarse_codes - 1, fine=chip.biasgen.fine_codes - 1)


def _shared_alike(data, chip):
    name = next(name for name, bias in chip.bias.items() if bias.scope == "chip")
    for k, part in enumerate(data["cores"]):
        part["biases"][name] = {"coarse": part["chip"], "fine": k // 2}


def _reserved_place(data, chip):
    find(data, "spare", 0).update(chip=0, core=0, neuron=0)
    data["outputs"].append({"name": "spare", "neurons": [[0, 0, 0, 0]]})


def _empty_words(data, chip):
    find(data, "hidden", 0)["cams"] += [[k, 0, 0, 0, 0] for k in range(30, 64)]


H, S = "C0c0n1 (hidden[0])", "C0c1n0 (spare[0])"
FAULTS = (
    Fault("chip out of range", {"chip"}, "C4c1n0 (spare[0])", _move(4, 1, 0)),
    Fault("core out of range", {"core"}, "C0c4n0 (spare[0])", _move(0, 4, 0)),
    Fault("neuron out of range", {"neuron"}, "C0c1n256 (spare[0])", _move(0, 1, 256)),
    Fault("sender on a missing chip", {"chip", "dangling_word"}, "C4c0n1 (hidden[0])", _move(4, 0, 1, "hidden")),
    Fault("listener on a missing chip", {"chip"}, "C4c0n0 (spare[0])", _listener_far_away),
    Fault("sender in a missing core", {"core"}, "C0c4n1 (hidden[0])", _move(0, 4, 1, "hidden")),
    Fault("two neurons in one place", {"place_taken"}, "C0c1n0", _same_place),
    Fault("input word out of range", {"cam_word"}, f"{H}, input word 64", _more_cams(64)),
    Fault("input word below range", {"cam_word"}, f"{H}, input word -1", _more_cams(-1)),
    Fault("input word twice", {"cam_word_twice"}, f"{H}, input word 0", _more_cams(0)),
    Fault("fan-in of 65", {"fan_in", "cam_word"}, H, _65_words),
    Fault("unknown receptor", {"receptor"}, f"{H}, input word 0", _cam(0, 2, 99)),
    Fault("tag heard out of range", {"tag_range"}, f"{H}, input word 0", _cam(0, 1, _tags)),
    Fault("tag heard below range", {"tag_range"}, f"{H}, input word 0", _cam(0, 1, -1)),
    Fault("tag sent out of range", {"tag_range"}, f"{H}, output word", _more_srams((_tags, 1, 0, 0))),
    Fault("tag of an input out of range", {"tag_range"}, "in[2]", _event(2, _tags, 0, 1)),
    Fault("tag of an output out of range", {"tag_range", "output_tag"}, "C1c2n10", _output(3, _tags)),
    Fault("reserved tag heard", {"reserved_heard"}, f"{H}, input word 0", _cam(0, 1, 0), SE1),
    Fault("reserved sender", {"reserved_source"}, "C0c0n0 (spare[0])", _reserved_sender, SE1),
    Fault("reserved tag sent", {"reserved_sent"}, S, _more_srams((0, 1, 0, 0), who=("spare", 0)), SE1),
    Fault("reserved tag of an input", {"reserved_sent"}, "in[0]", _event(0, 0, 0, 1), SE1),
    Fault("output word out of range", {"sram_word"}, f"{H}, output word 4", _sram(0, 0, 4)),
    Fault("output word twice", {"sram_word_twice"}, f"{H}, output word", _sram(1, 0, first_word)),
    Fault("word of monitoring used (SE1)", {"monitor_word"}, f"{H}, output word 0", _sram(0, 0, 0), SE1),
    Fault("word of monitoring used (SE2)", {"monitor_word"}, f"{H}, output word 3", _sram(0, 0, 3), SE2),
    Fault("word of monitoring, half way x", {"monitor_word", "off_board"}, H, _to_monitor(3, -7, 0), SE2),
    Fault("word of monitoring, half way y", {"monitor_word", "off_board"}, H, _to_monitor(3, 0, -7), SE2),
    Fault("another word to the computer", {"off_board"}, f"{H}, output word 2", _to_monitor(2, -7, -7), SE2),
    Fault(
        "four destinations", {"fan_out", "monitor_word", "unheard"}, H,
        _more_srams((None, 2, 1, 0), (None, 8, 1, 0)),
    ),
    Fault("hop out of range", {"hop_range"}, f"{H}, output word", _more_srams((None, 1, 8, 0))),
    Fault("hop off the board", {"off_board"}, f"{H}, output word", _more_srams((None, 1, 0, -1))),
    Fault("hop off the board, south", {"off_board"}, f"{H}, output word", _more_srams((None, 1, 0, 2))),
    Fault("hop off the board, west", {"off_board"}, f"{H}, output word", _more_srams((None, 1, -1, 0))),
    Fault("hop off the board, east", {"off_board"}, f"{H}, output word", _more_srams((None, 1, 2, 0))),
    Fault("no core in the mask", {"core_mask"}, f"{H}, output word", _more_srams((None, 0, 0, 0))),
    Fault("core beyond the mask", {"core_mask"}, f"{H}, output word", _more_srams((None, 16, 0, 0))),
    Fault("input to all cores", {"unheard"}, "in[0], tag", _all_cores),
    Fault("mask of an input", {"core_mask"}, "in[0]", _event(0, _tag0("in"), 0, 16)),
    Fault("tag of another neuron", {"tag_not_own", "unheard"}, H, _more_srams((77, 1, 0, 0)), SE1),
    Fault("alias on one chip", {"tag_alias"}, "C0c0, tag", _more_srams((None, 1, 0, 0), who=("spare", 1))),
    Fault("alias across chips", {"tag_alias"}, "C0c0, tag", _alias_of_another_chip),
    Fault("alias of line and neuron", {"tag_alias"}, "C0c0, tag", _event(0, _tag0("hidden"), 0, 1)),
    Fault("alias of two lines", {"tag_alias"}, "C0c0, tag", _event(1, _tag0("in"), 0, 1)),
    Fault("delivered twice", {"delivered_twice"}, f"{H}, tag", _more_srams((None, 1, 0, 0))),
    Fault("line delivered twice", {"delivered_twice"}, "in[0], tag", _event(0, _tag0("in"), 0, 1)),
    Fault("dangling word", {"dangling_word"}, f"{H}, tag 999", _cam(0, 1, 999)),
    Fault("dangling word of tag 0", {"dangling_word"}, f"{H}, tag 0", _cam(0, 1, 0), SE2),
    Fault("delivered to nobody", {"unheard"}, f"{H}, tag", _more_srams((None, 2, 0, 0))),
    Fault("unknown bias", {"bias_unknown"}, "C0c0, bias IF_TAU9_N", _bias("IF_TAU9_N", {"coarse": 1, "fine": 1})),
    Fault("code out of range", {"bias_code"}, "C0c0", _bias("SOIF_DC_P", {"coarse": 6, "fine": 1}), SE2),
    Fault("bias missing", {"bias_missing"}, "C0c0, bias", _no_bias),
    Fault("one chip, two codes", {"bias_shared"}, "C0, bias", _shared_bias, SE2),
    Fault("unknown latch", {"latch_unknown"}, "C0c0, latch so_typo", _latch),
    Fault("low range unknown", {"low_range_unknown"}, "C0c0, bias", _low_range, SE1),
    Fault("low range missing", {"low_range_missing"}, "C0c0, bias", _low_range, SE2),
    Fault("exact currents", {"exact_currents"}, "C0c1", _exact()),
    Fault(
        "exact value missing", {"exact_currents", "bias_missing"}, "C0c1, bias Iw_ampa",
        _exact(exact=lambda old: {k: v for k, v in old.items() if k != "Iw_ampa"}),
    ),
    Fault("exact switches", {"exact_currents", "exact_switches"}, "C0c1", _exact(exact_switches=[1e-12])),
    Fault("exact second leak", {"exact_currents", "tau2"}, S, _exact_tau2),
    Fault("exact second leak of a core", {"exact_currents", "tau2"}, "C0c1", _exact(exact_tau2=1e-12), SE2),
    Fault("second leak", {"tau2"}, S, _second_leak, SE2),
    Fault("switches on SE1", {"switches"}, f"{H}, input word 0", _cam(0, 3, 1), SE1),
    Fault("no switch", {"switches"}, f"{H}, input word 0", _cam(0, 3, 0), SE2),
    Fault("fifth switch", {"switches"}, f"{H}, input word 0", _cam(0, 3, 16), SE2),
    Fault("flags on SE1", {"flags"}, f"{H}, input word 0", _cam(0, 4, 1), SE1),
    Fault("unknown flag", {"flags"}, f"{H}, input word 0", _cam(0, 4, 8), SE2),
    Fault("output without neuron", {"output_place"}, "C1c2n99, output out[0]", _output(2, 99)),
    Fault("output with another tag", {"output_tag"}, "C1c2n10 (out[0]), output out[0]", _output(3, 900)),
    Fault("two outputs, one tag", {"output_tag_twice"}, "C1c2n10 (out[0])", _same_monitor_tag, SE2),
    Fault("output and stranger, one tag", {"output_tag_twice"}, "C1c2n10 (out[0])", _foreign_monitor_tag, SE2),
    Fault("output not monitored", {"output_word"}, "C1c2n10 (out[0])", _not_monitored, SE2),
    Fault("input to a missing chip", {"chip"}, "in[0]", _event(0, _tag0("in"), 4, 1)),
    Fault("line without events", {"silent_line"}, "in[3]", _line),
    Fault("profile of another name", {"profile"}, "profile", _profile("name", "mine")),
    Fault("profile with other content", {"profile"}, "profile", _profile("hash", "0" * 64)),
    Fault("two time steps", {"time_step"}, "populations", _step),
    Fault("dead neuron", {"dead_neuron"}, H, _nothing, defects=((0, 0, 1), (2, 0, 1))),
    Fault("dead word", {"dead_word"}, f"{H}, input word 2", _nothing, defects=((0, 0, 1, 2), (0, 0, 1, 60))),
    Fault("first word dead", {"dead_word"}, f"{H}, input word 0", _nothing, defects=((0, 0, 1, 0),)),
    Fault(
        "word dead everywhere", {"dead_word"}, "C1c2n12 (out[2]), input word 3", _nothing,
        defects=((1, 2, None, 3),),
    ),
    Fault("dead tag (SE1)", {"dead_tag"}, f"{H}, input word 3", _nothing, SE1, ((0, 0, None, None, 1),)),
    Fault("dead tag (SE2)", {"dead_tag"}, f"{H}, input word 3", _nothing, SE2, ((0, 0, None, None, 100),)),
    Fault("dead tag of a word", {"dead_tag"}, f"{H}, input word 3", _nothing, SE2, ((0, 0, 1, 3, 100),)),
    Fault("dead tag of a neuron", {"dead_tag"}, f"{H}, input word 3", _nothing, SE2, ((0, 0, 1, None, 100),)),
)  # fmt: skip

# What is allowed up to the last number
EDGES = (
    Fault("64 input words", set(), "", _64_words),
    Fault("lowest and highest tags", set(), "", _tags_at_the_ends),
    Fault("highest codes", set(), "", _codes_at_the_end),
    Fault("a bias of the chip", set(), "", _shared_alike, SE2),
    Fault("all switches", set(), "", _cam(0, 3, 15), SE2),
    Fault("all flags", set(), "", _cam(0, 4, 7), SE2),
    Fault("second leak on SE1", set(), "", _second_leak, SE1),
    Fault("the neuron that cannot send, read", set(), "", _reserved_place, SE1),
    Fault("empty words, one of them dead", set(), "", _empty_words, SE2, ((0, 0, 1, 40),)),
    Fault("last neuron", set(), "", _move(3, 3, 255)),
    Fault("a tag that works on no other core", set(), "", _nothing, defects=((1, 1, None, None, 1),)),
)
