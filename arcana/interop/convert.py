"""All forms by name: settings written in one, and read from one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from arcana.config import ChipConfig
from arcana.errors import BadInput, Problems, unknown_name, warn_user
from arcana.hardware.profile import HardwareProfile
from arcana.interop.bias_calls import read_set_bias_lines, set_bias_lines
from arcana.interop.caer_words import caer_words, read_caer_words
from arcana.interop.checks import NotHeldWarning, require_family, require_writable, warn_second_leaks
from arcana.interop.collected import Collected
from arcana.interop.netlist_read import read_physical_netlist
from arcana.interop.netlist_write import physical_netlist
from arcana.interop.netparser import netparser_lines, read_netparser_lines
from arcana.interop.samna1 import read_samna1, write_samna1
from arcana.interop.samna2 import read_samna2, write_samna2
from arcana.interop.script import apply_script
from arcana.mapping.rules.board import Board
from arcana.quantize.bias_lines import Order, RangedCode, RangedCore
from arcana.quantize.bias_list import bias_list, read_bias_list
from arcana.quantize.biaswords import Dialect

SE1, SE2 = "dynapse1", "dynapse2"


@dataclass(frozen=True)
class Options:
    """How bias lines are written.

    Attributes:
        dialect: Which way coarse codes count; None takes the form's own.
        order: Which code of a pair stands first.
        place: (chip, core) of lines that do not say it.
    """

    dialect: Dialect | None = None
    order: Order = "coarse-fine"
    place: tuple[int, int] | None = None


@dataclass(frozen=True)
class Form:
    """One form of settings.

    Attributes:
        name: Its name.
        families: Chips that have it.
        summary: What it is, in a few words.
        holds: What of a settings file it holds: biases, tables, tau2, inputs (with the outputs).
        write: Writes it.
        read: Reads it; None where nothing does.
        takes: Options that mean something to it.
        also: Design rules without which it cannot be written.
        lists: Whether it lists what there is, so that a text with nothing in it is none.
    """

    name: str
    families: tuple[str, ...]
    summary: str
    holds: frozenset[str]
    write: Callable[[ChipConfig, HardwareProfile, Options], str]
    read: Callable[[str | Path, HardwareProfile, Options], Collected] | None
    takes: frozenset[str] = frozenset()
    also: frozenset[str] = frozenset()
    lists: bool = False


def export_config(
    config: ChipConfig,
    profile: HardwareProfile,
    form: str,
    *,
    dialect: Dialect | None = None,
    order: Order = "coarse-fine",
) -> str:
    """Settings as the text of another form. docs/formats.md says what each form holds.

    Args:
        config: The settings.
        profile: The chip that they were made for.
        form: A name in ``FORMS``.
        dialect: For bias lines: ``samna`` (coarse 0 is the smallest current) or ``caer`` (the largest); None takes
            the form's own.
        order: For the form ``bias-text``: which code stands first.

    Raises:
        BadInput: for a form, dialect or order that does not exist or is not of this chip, the profile of another
            chip, exact currents, and everything else that the form cannot say.

    Warns:
        BrokenRulesWarning: for settings that can be written, but break rules of the chip.
        NotHeldWarning: for neurons on the second leak, and codes that several cores share (SE2), where the form
            has no place for them.
    """
    chosen, options = _form(form), Options(dialect, order)
    _check_options(chosen, options)
    require_family(profile, chosen.families, form)
    tables = "tables" in chosen.holds
    require_writable(config, profile, tables=tables, also=chosen.also)
    if chosen.lists and not _anything(config, tables):
        raise BadInput.one("settings", "nothing", f"something that {form} can hold")
    if tables and "tau2" not in chosen.holds:
        warn_second_leaks(config, form)
    if chosen.lists:
        config = _of_cores(config, profile, form)
    return chosen.write(config, profile, options)


def import_config(
    text_or_path: str | Path,
    profile: HardwareProfile,
    form: str,
    *,
    dialect: Dialect | None = None,
    order: Order = "coarse-fine",
    place: tuple[int, int] | None = None,
    dt: float = 1e-3,
) -> ChipConfig:
    """Settings from a file of another form.

    Neurons without a name become populations ``C0c1``, one for each core, in order of their places. What the form
    does not hold stays empty.

    Args:
        text_or_path: The text, or the path of a file.
        profile: The chip that it is for.
        form: A name in ``FORMS``.
        dialect: See ``export_config``.
        order: See ``export_config``.
        place: (chip, core) of ``set-bias`` lines that do not say it.
        dt: Time step of an emulation [s].

    Raises:
        BadInput: listing everything in it that is not of the form (``BadFile`` where a path was given).
    """
    chosen, options = _form(form), Options(dialect, order, place)
    if chosen.read is None:
        raise BadInput.one(
            "form", form, "one that can be read: " + ", ".join(f.name for f in FORMS.values() if f.read)
        )
    _check_options(chosen, options)
    require_family(profile, chosen.families, form)
    if "tables" in chosen.holds:
        Board.of(profile)  # refuses profiles without limits and positions
    return chosen.read(text_or_path, profile, options).config(profile, dt, f"read from {form}")


def left_out(config: ChipConfig, form: str) -> list[str]:
    """What settings have that the form does not hold, in words; codes and tables that it refuses are not here."""
    holds = _form(form).holds
    found = {
        "biases": (sum(len(c.biases) for c in config.cores), "bias codes"),
        "tables": (sum(len(n.cams) + len(n.srams) for n in config.neurons), "rows of the routing tables"),
        "latches": (sum(len(c.latches) for c in config.cores), "latches"),
        "tau2": (sum(n.tau2 for n in config.neurons), "neurons on the second leak"),
        "inputs": (sum(part.size for part in config.inputs), "input lines"),
        "outputs": (sum(len(part.neurons) for part in config.outputs), "output lines"),
        "encoder": (int(config.encoder is not None), "encoder"),
    }
    return [f"{count} {what}" for key, (count, what) in found.items() if count and key not in holds]


def _form(name: str) -> Form:
    if name not in FORMS:
        raise BadInput(unknown_name("form", name, FORMS))
    return FORMS[name]


def _anything(config: ChipConfig, tables: bool) -> bool:
    rows = any(n.cams or n.srams for n in config.neurons)
    return any(core.biases for core in config.cores) or (tables and rows)


def _of_cores(config: ChipConfig, profile: HardwareProfile, form: str) -> ChipConfig:
    """The settings without codes that several cores share, which a line of one core cannot say."""
    shared = {name for name, bias in profile.bias.items() if bias.scope != "core"}
    found = sorted({name for core in config.cores for name in core.biases if name in shared})
    if not found:
        return config
    warn_user(f"{', '.join(found)} belong to more than a core: {form} leaves them out", NotHeldWarning)
    cores = [
        core.model_copy(update={"biases": {n: c for n, c in core.biases.items() if n not in shared}})
        for core in config.cores
    ]
    return config.model_copy(update={"cores": cores})


def _check_options(form: Form, options: Options) -> None:
    problems = Problems()
    given: dict[str, object] = {"dialect": options.dialect, "place": options.place}
    given["order"] = None if options.order == "coarse-fine" else options.order
    for name, value in given.items():
        if value is not None and name not in form.takes:
            fit = ", ".join(f.name for f in FORMS.values() if name in f.takes)
            problems.note(name, value, f"no {name} for the form {form.name}", hint=f"{fit} take it")
    problems.raise_if_any()


def _codes(cores: tuple[RangedCore, ...]) -> Collected:
    found = Collected()
    found.add_codes(cores)
    return found


def _read_list(source: str | Path, profile: HardwareProfile, options: Options) -> Collected:
    cores = read_bias_list(source, profile, options.dialect or "samna", options.order)
    return _codes(
        tuple(
            RangedCore(c.chip, c.core, {name: RangedCode(*code) for name, code in c.biases.items()}) for c in cores
        )
    )


_BIASES, _TABLES = frozenset({"biases"}), frozenset({"tables", "tau2", "inputs", "outputs"})
_FORMS = (
    Form(
        "bias-text", (SE1, SE2), "biases as C0c0:(NAME,coarse,fine)", _BIASES,
        lambda config, chip, o: bias_list(config, chip, o.dialect or "samna", o.order), _read_list,
        frozenset({"dialect", "order"}), lists=True,
    ),
    Form(
        "set-bias", (SE1,), 'biases as set_bias("NAME", fine, coarse)', _BIASES,
        lambda config, chip, o: set_bias_lines(config, chip, o.dialect or "samna"),
        lambda source, chip, o: _codes(read_set_bias_lines(source, chip, o.dialect or "samna", o.place)),
        frozenset({"dialect", "place"}), lists=True,
    ),
    Form(
        "netparser", (SE1,), "biases as U0-C0-NAME-coarse-fine-high, in cAER order", _BIASES,
        lambda config, chip, o: netparser_lines(config, chip, o.dialect or "caer"),
        lambda source, chip, o: _codes(read_netparser_lines(source, chip, o.dialect or "caer")),
        frozenset({"dialect"}), lists=True,
    ),
    Form(
        "caer-words", (SE1,), "hexadecimal words of libcaer's driver", frozenset({"biases", "tables"}),
        lambda config, chip, o: caer_words(config, chip),
        lambda source, chip, o: read_caer_words(source, chip), lists=True,
    ),
    Form(
        "netlist", (SE1, SE2), "physical connections as text", _TABLES,
        lambda config, chip, o: physical_netlist(config, chip),
        lambda source, chip, o: read_physical_netlist(source, chip),
        also=frozenset({"output_place"}),
    ),
    Form(
        "samna1", (SE1,), "the vendor's configuration as JSON", frozenset({"biases", "tables"}),
        lambda config, chip, o: write_samna1(config, chip), lambda source, chip, o: read_samna1(source, chip),
        also=frozenset({"off_board"}),
    ),
    Form(
        "samna2", (SE2,), "the vendor's configuration as JSON", frozenset({"biases", "latches", "tables"}),
        lambda config, chip, o: write_samna2(config, chip), lambda source, chip, o: read_samna2(source, chip),
    ),
    Form(
        "script", (SE1, SE2), "a Python script that applies samna1 or samna2 to a board",
        frozenset({"tau2", "inputs", "outputs"}), lambda config, chip, o: apply_script(config, chip), None,
    ),
)  # fmt: skip
FORMS = {form.name: form for form in _FORMS}
