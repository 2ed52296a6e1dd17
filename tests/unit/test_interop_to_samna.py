"""Objects of the vendor's library, with stand-ins for it; and the script that applies a file."""

from __future__ import annotations

import ast
import importlib
import importlib.util
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # tests are imported with importlib

from drc_boards import find, legal, settings

from arcana.errors import ArcanaError, BadInput
from arcana.hardware import load_profile
from arcana.interop import SamnaMissing, export_config, import_config, to_samna

LIBRARY = '''
"""A stand-in: objects that take the members which they have, and no others."""
import enum


class Struct:
    def __init__(self, **members):
        self.__dict__.update(members)

    def __setattr__(self, name, value):
        if name not in self.__dict__:
            raise AttributeError(name)
        self.__dict__[name] = value


def many(count, kind):
    return tuple(kind() for _ in range(count))
'''
SE1 = """
from samna.objects import Struct, enum, many

Dynapse1SynType = enum.Enum("Dynapse1SynType", "NMDA AMPA GABA_B GABA_A")


def synapse():
    return Struct(syn_type=None, listen_neuron_id=0, listen_core_id=0)


def destination():
    names = "target_chip_id in_use virtual_core_id core_mask sx sy dx dy"
    return Struct(**dict.fromkeys(names.split(), 0))


def neuron():
    return Struct(synapses=many(64, synapse), destinations=many(4, destination))


def core():
    parameters = {name: Struct(param_name=name, coarse=None, fine=None) for name in NAMES}
    return Struct(neurons=many(256, neuron), parameter_group=Struct(param_map=parameters))


def Dynapse1Configuration():
    return Struct(chips=many(4, lambda: Struct(cores=many(4, core))))
"""
SE2 = """
from samna.objects import Struct, enum, many

Dendrite = enum.IntEnum("Dendrite", {"none": 0, "shunt": 128, "nmda": 256, "gaba": 512, "ampa": 1024})


def synapse():
    names = "dendrite weight tag stp precise_delay mismatched_delay"
    return Struct(**dict.fromkeys(names.split()))


def destination():
    return Struct(core=None, x_hop=0, y_hop=0, tag=0)


def neuron():
    return Struct(synapses=many(64, synapse), destinations=many(4, destination), **dict.fromkeys(LATCHES))


def parameters(names):
    return {name: Struct(coarse_value=None, fine_value=None, type="N") for name in names}


def core():
    return Struct(neurons=many(256, neuron), parameters=parameters(NAMES["core"]))


def chip():
    half = NAMES["half chip"]
    return Struct(
        cores=many(4, core), global_parameters=parameters(NAMES["chip"]), shared_parameters01=parameters(half),
        shared_parameters23=parameters(half),
    )


def Dynapse2Configuration():
    return Struct(chips=many(4, chip))
"""


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Puts files in place of the package samna, and forgets them afterwards."""

    def put(files):
        folder = tmp_path / "samna"
        folder.mkdir()
        for name, text in files.items():
            (folder / name).write_text(text)
        monkeypatch.syspath_prepend(tmp_path)
        importlib.invalidate_caches()
        return folder

    forget()
    yield put
    forget()


def forget():
    for name in [name for name in sys.modules if name.partition(".")[0] == "samna"]:
        del sys.modules[name]


def library(name):
    chip = load_profile(name)
    names = {
        scope: [b.name for b in chip.bias.values() if b.scope == scope] for scope in ("core", "half chip", "chip")
    }
    latches = [f"latch_{latch}" for latch in chip.latch]
    se1 = f"NAMES = {names['core']!r}\n" + SE1
    se2 = f"NAMES = {names!r}\nLATCHES = {latches!r}\n" + SE2
    return {"__init__.py": "", "objects.py": LIBRARY, "dynapse1.py": se1, "dynapse2.py": se2}


def test_a_stub_is_never_imported(install):
    folder = install({"__init__.py": 'PYPI_SAMNA = 1\nopen(__file__ + ".ran", "w").close()\nraise SystemExit(3)\n'})
    with pytest.raises(
        SamnaMissing, match="is a stub that installs software when imported: install the vendor's own"
    ):
        to_samna(settings(legal("dynapse1")), load_profile("dynapse1"))
    assert [p.name for p in folder.iterdir()] == ["__init__.py"]
    assert "samna" not in sys.modules


def test_a_missing_library(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ArcanaError, match="samna is not installed: install the vendor's own build"):
        to_samna(settings(legal("dynapse1")), load_profile("dynapse1"))


def test_a_library_that_lacks_the_chip(install):
    install({"__init__.py": ""})
    with pytest.raises(SamnaMissing, match=r"cannot be imported \(No module named 'samna.dynapse1'\)"):
        to_samna(settings(legal("dynapse1")), load_profile("dynapse1"))


def test_a_board_of_dynapse1(install):
    install(library("dynapse1"))
    board = to_samna(settings(legal("dynapse1")), load_profile("dynapse1"))
    core = board.chips[1].cores[2]
    kinds = importlib.import_module("samna.dynapse1").Dynapse1SynType
    word = core.neurons[11].synapses[2]
    assert (word.syn_type, word.listen_core_id, word.listen_neuron_id) == (kinds.NMDA, 0, 3)
    assert core.neurons[11].synapses[4].syn_type is None  # not touched
    hop = core.neurons[12].destinations[1]
    assert (hop.in_use, hop.target_chip_id, hop.virtual_core_id, hop.core_mask) == (True, 0, 2, 1)
    assert (hop.sx, hop.dx, hop.sy, hop.dy) == (True, 1, False, 0)  # one to the west
    assert core.parameter_group.param_map["IF_DC_P"].coarse == 1
    idle = board.chips[3].cores[3].parameter_group.param_map
    assert (idle["IF_TAU2_N"].coarse, idle["IF_TAU2_N"].fine, idle["IF_DC_P"].fine) == (7, 255, 0)


def test_a_board_of_dynapse2(install):
    install(library("dynapse2"))
    data = legal("dynapse2")
    data["cores"][0]["latches"] = {"soif_kill": True}
    data["cores"][0]["biases"]["R2R_BUFFER_CCB"] = {"coarse": 2, "fine": 3}
    find(data, "hidden", 0)["cams"][0][3:] = [9, 5]
    board = to_samna(settings(data), load_profile("dynapse2"))
    word = board.chips[0].cores[0].neurons[1].synapses[0]
    assert (word.dendrite, word.tag, word.weight) == (1024, 300, [True, False, False, True])
    assert (word.stp, word.precise_delay, word.mismatched_delay) == (True, True, False)
    hop = board.chips[1].cores[2].neurons[10].destinations[3]
    assert (hop.core, hop.x_hop, hop.y_hop, hop.tag) == ([True] * 4, -7, -7, 40)
    assert board.chips[0].cores[0].neurons[200].latch_soif_kill
    assert not board.chips[0].cores[1].neurons[200].latch_soif_kill
    assert board.chips[0].global_parameters["R2R_BUFFER_CCB"].fine_value == 3
    assert board.chips[3].shared_parameters23["LBWR_VB_P"].coarse_value == 0
    leak = board.chips[0].cores[0].parameters["SOIF_LEAK_N"]
    assert (leak.coarse_value, leak.fine_value) == (1, 100)


def test_the_library_is_not_needed_to_refuse(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: pytest.fail("looked for samna"))
    data = legal("dynapse1")
    find(data, "hidden", 0)["cams"][0][0] = 64
    with pytest.raises(BadInput, match="word 64 does not exist"):
        to_samna(settings(data), load_profile("dynapse1"))
    with pytest.raises(BadInput, match="one of the family dynapse1 or dynapse2"):
        to_samna(settings(legal("dynapse1")), load_profile("ideal"))


@pytest.mark.parametrize("name", ["dynapse1", "dynapse2"])
def test_the_script_is_python_and_says_that_nobody_ran_it(name):
    data = legal(name)
    if name == "dynapse1":
        find(data, "hidden", 1)["tau2"] = True
    data["inputs"][0]["name"] = "odd:name->1"
    text = export_config(settings(data), load_profile(name), "script")
    compile(text, "apply.py", "exec")
    assert text.splitlines()[0].startswith("# NOT RUN ON HARDWARE")
    found = {}
    for node in ast.parse(text).body:
        if isinstance(node, ast.Assign):
            found[node.targets[0].id] = ast.literal_eval(node.value)
    tags = (968, 969, 970) if name == "dynapse1" else (300, 301, 302)
    assert found["INPUTS"] == {"odd:name->1": [[(tag, 0, 1)] for tag in tags]}
    assert found["OUTPUTS"]["out"][2][:3] == (1, 2, 12)
    assert found["MONITORED"] == [(1, 2, 10)]
    assert found.get("SECOND_LEAK") == ([(0, 0, 2)] if name == "dynapse1" else None)
    assert [n.name for n in ast.walk(ast.parse(text)) if isinstance(n, ast.FunctionDef)] == [
        "open_board",
        "apply",
        "send",
    ]


def test_no_form_imports_samna_or_torch():
    source = "import sys, arcana.interop; print({'samna', 'torch'} & set(sys.modules))"
    run = importlib.import_module("subprocess").run([sys.executable, "-c", source], capture_output=True, text=True)
    assert run.stdout.strip() == "set()", run.stderr
    assert import_config  # the same module, here
