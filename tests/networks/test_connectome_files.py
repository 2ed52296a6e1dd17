"""Connectomes in files: JSON and XML that come back as they were, and all that is wrong with others."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
import torch
from graded_circuits import FEW, GOLDEN, circuits, golden_sequence, sequences, traces, wirings
from hypothesis import HealthCheck, given, settings

from arcana.errors import BadFile
from arcana.networks import TWC, Circuit, read_connectome

ORIGINAL = {"excitatory": "ChemEx", "inhibitory": "ChemIn", "gap": "AGJ"}
SOUND = {
    "neurons": ["a", "b", "c", "d"],
    "connections": [["a", "c", "excitatory", 0.5], ["b", "d", "gap"]],
    "inputs": [{"pos": "a", "neg": "b", "valley": 0, "min": -1, "max": 1}],
    "outputs": [{"pos": "c", "neg": "d", "valley": 0, "min": -1, "max": 1}],
}
in_a_folder = settings(
    max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


def written(folder, content, name="circuit.json"):
    path = folder / name
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return path


def refused(folder, content, *words, count=None):
    with pytest.raises(BadFile) as caught:
        read_connectome(written(folder, content))
    message = str(caught.value)
    assert "circuit.json: " in message
    for word in words:
        assert word in message
    assert count is None or len(caught.value.problems) == count


def changed(**changes):
    """The sound circuit with other parts; None leaves a part out."""
    return {key: value for key, value in {**SOUND, **changes}.items() if value is not None}


def as_xml(connectome, children):
    """The names of the original's files, as attributes or as elements within elements."""

    def element(tag, fields):
        pairs = [(key, str(value)) for key, value in fields.items()]
        if children:
            return f"<{tag}>" + "".join(f"<{key}>{value}</{key}>" for key, value in pairs) + f"</{tag}>"
        return f"<{tag} " + " ".join(f'{key}="{value}"' for key, value in pairs) + "/>"

    rows = [element("neuron", {"name": name}) for name in connectome.neurons]
    for c in connectome.connections:
        fields = {"src": c.source, "dst": c.target, "type": ORIGINAL[c.kind], "weight": repr(c.weight)}
        rows.append(element("connection", fields))
    for way, interfaces in (("IN", connectome.inputs), ("OUT", connectome.outputs)):
        for k, interface in enumerate(interfaces):
            rows.append(element("interface", {"name": f"{way}{k}", "type": way, **interface.to_dict()}))
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<circuit><!-- <!DOCTYPE no> -->{"".join(rows)}</circuit>'


# ---------------------------------------------------------------------- there and back


@in_a_folder
@given(wirings())
def test_json_comes_back(tmp_path, connectome):
    path = written(tmp_path, connectome.to_dict())
    assert read_connectome(path) == connectome
    assert read_connectome(path).to_dict() == connectome.to_dict()


@pytest.mark.parametrize("children", [True, False])
@in_a_folder
@given(wirings())
def test_xml_comes_back(tmp_path, children, connectome):
    assert read_connectome(written(tmp_path, as_xml(connectome, children))) == connectome


@settings(in_a_folder, max_examples=FEW.max_examples)
@given(circuits(), sequences())
def test_a_circuit_from_its_own_table(tmp_path, circuit, obs):
    """Connections carry the weights that the circuit has; threshold and decay are no part of the wiring."""
    data = circuit.connectome.to_dict() | {
        "connections": [[c.source, c.target, ORIGINAL[c.kind], c.weight] for c in circuit.connections]
    }
    again = TWC.from_connectome(written(tmp_path, data)).double()
    table = circuit.parameters_table()
    again.load_parameters(table["threshold"], table["decay"])
    assert again.parameters_table() == table
    assert all(torch.equal(a, b) for a, b in zip(traces(circuit, obs, True), traces(again, obs, True), strict=True))


def test_the_original_circuit_in_both_forms(tmp_path):
    """The file that came with the golden traces, and the same as XML, give the shipped circuit's numbers."""
    twc = TWC().double()
    for path in (golden_file(), written(tmp_path, as_xml(twc.connectome, False), "twc.xml")):
        other = TWC.from_connectome(path).double()
        assert other.neurons == twc.neurons
        assert [(c.source, c.target, c.kind) for c in other.connections] == [
            (c.source, c.target, c.kind) for c in twc.connections
        ]
        other.load_parameters(**twc.parameters_table())
        obs, reset = golden_sequence("swing")
        assert torch.equal(traces(twc, obs, True, reset=reset)[1], traces(other, obs, True, reset=reset)[1])


def golden_file():
    return Path(__file__).parents[1] / "golden" / "twc" / "circuit.json"


def test_weights_are_one_where_none_are_given(tmp_path):
    connectome = read_connectome(written(tmp_path, SOUND))
    assert [c.weight for c in connectome.connections] == [0.5, 1.0]
    assert [c.weight for c in read_connectome(golden_file()).connections] == [1.0] * len(GOLDEN["conn_src"])


def test_a_large_circuit_is_read_and_wired_in_no_time(tmp_path):
    """As many neurons and connections as a whole worm."""
    names = [f"n{k}" for k in range(300)]
    rows = [[a, names[(k + 1 + 7 * j) % 300], "excitatory"] for k, a in enumerate(names) for j in range(20)]
    begun = time.process_time()
    circuit = Circuit(
        read_connectome(written(tmp_path, changed(neurons=["a", "b", "c", "d", *names], connections=rows)))
    )
    assert len(circuit.connectome.connections) == 6000
    assert time.process_time() - begun < 10


# ---------------------------------------------------------------------- what is no connectome


@pytest.mark.parametrize(("content", "words"), [
    ("", ["JSON or XML"]),
    ("   \n", ["JSON or XML"]),
    ("neurons: a, b", ["JSON or XML", "'neurons: a, b'"]),
    ('{"neurons": ["a"', ["JSON or XML"]),
    ("<circuit><neuron", ["JSON or XML"]),
    ("<a></b>", ["JSON or XML", "mismatched tag"]),
    ("[" * 100_000, ["nested too deeply"]),
    ('{"neurons": [], "neurons": []}', ["twice"]),
    ("[1, 2]", ["'list'", "a table"]),
    ("3", ["'int'", "a table"]),
    ("null", ["a table"]),
    ("{}", ["neurons is None", "connections is None"]),
    ("<circuit/>", ["at least one name"]),
    ("<circuit>&lol;</circuit>", ["undefined entity"]),
])  # fmt: skip
def test_no_connectome(tmp_path, content, words):
    refused(tmp_path, content, *words)


def test_no_file(tmp_path):
    with pytest.raises(BadFile, match="no such file"):
        read_connectome(tmp_path / "none.json")
    with pytest.raises(BadFile, match="readable"):
        read_connectome(tmp_path)
    (tmp_path / "bytes.json").write_bytes(b"\xff\xfe\x00{")
    with pytest.raises(BadFile, match="UTF-8"):
        read_connectome(tmp_path / "bytes.json")


@pytest.mark.parametrize("doctype", [
    "<!DOCTYPE c [" + "".join(f'<!ENTITY e{k + 1} "{f"&e{k};" * 10}">' for k in range(9)) + ']>\n<c>&e9;</c>',
    f'<!DOCTYPE c [<!ENTITY e "{"x" * 10_000}">]><c>{"&e;" * 10_000}</c>',
    '<!DOCTYPE c [<!ENTITY e SYSTEM "file:///etc/hostname">]><c><neuron>&e;</neuron></c>',
    '<?xml version="1.0"?>\n<!-- x -->\n<!DOCTYPE c SYSTEM "http://localhost/c.dtd"><c/>',
    "<!DOCTYPE c><c/>",
])  # fmt: skip
def test_document_types_are_not_read(tmp_path, doctype):
    """Ten lines of entities would be gigabytes of text."""
    begun = time.process_time()
    refused(tmp_path, doctype, "<!DOCTYPE c> is not read", count=1)
    assert time.process_time() - begun < 1


@pytest.mark.parametrize(("version", "shown"), [(2, "2"), ("1", "'1'"), (None, "None"), (0, "0")])
def test_other_versions(tmp_path, version, shown):
    refused(tmp_path, {**SOUND, "version": version}, f"version is {shown}, allowed: 1", "another version", count=1)


def test_a_file_may_state_no_version(tmp_path):
    """As the original's."""
    assert read_connectome(written(tmp_path, SOUND)) == read_connectome(written(tmp_path, {**SOUND, "version": 1}))


@pytest.mark.parametrize(("changes", "words"), [
    ({"neurons": "abcd"}, ["neurons is 'abcd'", "a list of names"]),
    ({"neurons": ["a", 3]}, ["neurons is ['a', 3]"]),
    ({"neurons": ["a", " "]}, ["neurons is"]),
    ({"neurons": ["a", "b", "c", "d", "a"]}, ["neurons is 'a', allowed: each name once"]),
    ({"neurons": []}, ["at least one name"]),
    ({"connections": None}, ["connections is None"]),
    ({"connections": {"a": "c"}}, ["connections is {'a': 'c'}"]),
    ({"connections": [["a", "c"]]}, ["connections[0] is ['a', 'c']", "[source, target, kind]"]),
    ({"connections": [["a", "c", "gap", 1, 2]]}, ["connections[0]"]),
    ({"connections": [["a", 3, "gap"]]}, ["connections[0]"]),
    ({"connections": [["a", "x", "gap"]]}, ["connections[0].target is 'x'"]),
    ({"connections": [["a", "c", "ChemEX"]]}, ["connections[0].kind is 'ChemEX'"]),
    ({"connections": [["c", "c", "gap"]]}, ["connections[0] is 'c -> c'", "two different neurons"]),
    ({"connections": [["a", "c", "gap", -1]]}, ["connections[0].weight is -1", "sets its sign"]),
    ({"connections": [["a", "c", "gap", "much"]]}, ["connections[0].weight is 'much'"]),
    ({"connections": [["a", "c", "gap", None]]}, ["connections[0].weight is None"]),
    ({"connections": [["a", "c", "gap", 10**400]]}, ["connections[0].weight is 1000"]),
    ({"connections": [["a", "c", "gap"], ["a", "c", "AGJ", 2]]}, ["'a c gap', allowed: each connection once"]),
    ({"inputs": [3]}, ["inputs[0] is 3", "a table with pos, neg"]),
    ({"inputs": [{}]}, ["inputs[0].pos", "inputs[0].neg", "inputs[0].valley", "inputs[0].min", "inputs[0].max"]),
    ({"outputs": [{**SOUND["outputs"][0], "top": 3}]}, ["outputs[0]: field is 'top'"]),
    ({"outputs": [{**SOUND["outputs"][0], "pos": "z"}]}, ["outputs[0].positive is 'z'"]),
    ({"outputs": [{**SOUND["outputs"][0], "pos": ["c"]}]}, ["outputs[0].positive is ['c']"]),
    ({"outputs": [{**SOUND["outputs"][0], "min": 2}]}, ["outputs[0].low, high", "low < 0 < high"]),
    ({"inputs": SOUND["inputs"] * 2}, ["inputs is 'a'", "inputs is 'b'", "each sensory neuron in one input"]),
    ({"interfaces": [1]}, ["interfaces is 'list'"]),
    ({"interfaces": {"I": 3}}, ["interfaces.I.type is 3", "IN or OUT"]),
    ({"interfaces": {"I": {**SOUND["inputs"][0], "type": "IN", "pos": "q"}}}, ["interfaces.I.positive is 'q'"]),
    ({"neuron": ["a"]}, ["key is 'neuron'", "did you mean 'neurons'?"]),
])  # fmt: skip
def test_one_thing_wrong(tmp_path, changes, words):
    refused(tmp_path, changed(**changes), *words)


def test_nan_in_json(tmp_path):
    refused(tmp_path, json.dumps(changed(connections=[["a", "c", "gap", float("nan")]])), "weight is 'NaN'")
    refused(tmp_path, json.dumps(changed(connections=[["a", "c", "gap", float("inf")]])), "weight is 'Infinity'")


def test_everything_at_once(tmp_path):
    """Places are those in the file, also behind a row that cannot be read at all."""
    content = changed(
        version=9,
        connections=[3, ["a", "x", "electric", -1], ["c", "c", "gap"], ["a", "c", "gap"], ["a", "c", "gap"]],
        inputs=[{**SOUND["inputs"][0], "min": 1, "pos": "y"}],
        outputs=[{"pos": "c"}],
        colour="red",
    )
    refused(
        tmp_path, content, "version is 9", "key is 'colour'", "connections[0] is 3", "connections[1].target is 'x'",
        "connections[1].kind is 'electric'", "connections[1].weight is -1", "connections[2] is 'c -> c'",
        "'a c gap', allowed: each connection once", "inputs[0].low, high is (1, 1)", "inputs[0].positive is 'y'",
        "outputs[0].neg", "outputs[0].valley", "outputs[0].min", "outputs[0].max", count=14,
    )  # fmt: skip


def test_everything_at_once_in_xml(tmp_path):
    content = """<circuit>
        <neuron name="a"/><neuron>b</neuron><neuron name="c"/><neuron name="d"/>
        <connection src="a" type="AGJ"/>
        <connection src="a" dst="e" type="ChemEx" weight="heavy"/>
        <interface name="I" type="IN" pos="a" neg="b" valley="NaN" min="-1" max="one"/>
    </circuit>"""
    refused(
        tmp_path, content, "connections[0] is ['a', None, 'AGJ']", "connections[1].target is 'e'",
        "connections[1].weight is 'heavy'", "interfaces.I.valley is nan", "interfaces.I.high is 'one'", count=5,
    )  # fmt: skip


def test_two_interfaces_of_one_name_in_xml(tmp_path):
    one = '<interface name="I" type="IN" pos="a" neg="b" valley="0" min="-1" max="1"/>'
    refused(tmp_path, f"<c>{one}{one}</c>", "'I' stands there twice")
