from __future__ import annotations

import copy
import json
import pickle
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from arcana.circuits.names import BIASES, OPTIONAL_BIASES, RECEPTORS
from arcana.errors import BadInput, NotPublished
from arcana.hardware import HardwareProfile, load_profile, profile_names
from arcana.hardware.lookup import facts
from arcana.hardware.quantity import Fact
from arcana.hardware.registry import profile_text
from arcana.units import thermal_voltage

ROOT = Path(__file__).resolve().parents[2]
NAMES = ["dynapse1", "dynapse2", "ideal"]


def raw(name: str) -> dict:
    return tomllib.loads(profile_text(name))


def test_names_and_aliases():
    assert profile_names() == NAMES
    assert load_profile("arcana-reference") is load_profile("ideal")
    assert load_profile("DYNAP-SE1") is load_profile("dynapse1")


def test_unknown_name_suggests_the_nearest():
    with pytest.raises(BadInput, match="did you mean 'dynapse2'"):
        load_profile("dynaps2")


@pytest.mark.parametrize("name", NAMES)
class TestEveryProfile:
    def test_every_number_has_a_unit_a_status_and_a_source_that_exists(self, name):
        profile = load_profile(name)
        found = [fact for _, fact in facts(profile)]
        assert len([fact for fact in found if isinstance(fact, Fact)]) > 30
        for fact in found:
            assert set(fact.source) <= set(profile.sources)
            assert fact.source or fact.status == "unknown"
            if isinstance(fact, Fact):
                assert fact.unit
                assert (fact.value == "unknown") == (fact.status == "unknown")
                for alternative in fact.alternatives:
                    assert set(alternative.source) <= set(profile.sources)

    def test_defaults_cover_every_bias_in_the_models_unit(self, name):
        profile = load_profile(name)
        assert set(profile.default_bias) == set(BIASES) - set(OPTIONAL_BIASES)
        assert all(quantity.unit == BIASES[bias].unit for bias, quantity in profile.default_bias.items())
        assert all(value > 0 or BIASES[bias].zero_allowed for bias, value in profile.default_biases().items())

    def test_toml_and_hash_survive_a_round_trip(self, name):
        profile = load_profile(name)
        again = HardwareProfile.from_dict(tomllib.loads(profile.to_toml()))
        assert again == profile
        assert again.hash() == profile.hash()
        assert hash(again) == hash(profile)
        assert again.to_toml() == profile.to_toml()

    def test_pickle_and_deepcopy(self, name):
        profile = load_profile(name)
        assert pickle.loads(pickle.dumps(profile)) == profile
        assert copy.deepcopy(profile) == profile

    def test_it_cannot_be_changed(self, name):
        profile = load_profile(name)
        with pytest.raises(ValueError, match="frozen"):
            profile.name = "mine"
        with pytest.raises(TypeError, match="cannot be changed"):
            profile.sources["me"] = "myself"
        with pytest.raises(TypeError, match="cannot be changed"):
            profile.default_bias.update({})

    def test_description_names_all_that_is_unknown(self, name):
        profile = load_profile(name)
        text = profile.describe()
        assert all(key in text for key in profile.unknown())
        assert all(bias in text for bias in profile.default_bias)

    def test_relaxed_lifts_limits_and_nothing_else(self, name):
        profile, free = load_profile(name), load_profile(f"{name}-relaxed")
        assert free == profile.relaxed()
        assert free.relaxed() is free
        assert free.technology() == profile.technology()
        assert free.default_biases() == profile.default_biases()
        assert (free.bias, free.biasgen, free.mismatch) == (profile.bias, profile.biasgen, profile.mismatch)
        assert free.fan_in > 10**9
        assert free.topology.destinations_usable > 10**9
        assert free.hash() != profile.hash()
        assert HardwareProfile.from_dict(tomllib.loads(profile_text(f"{name}-relaxed"))) == free

    def test_receptors_and_the_biases_that_set_them(self, name):
        profile = load_profile(name)
        assert set(profile.synapse.receptor) == set(RECEPTORS)
        for receptor, entry in profile.synapse.receptor.items():
            weight = profile.chip_bias_for(f"Iw_{receptor}")
            assert entry.weight_bias == (weight.name if weight else None)
            for part in ("Itau", "Igain"):
                chip = profile.chip_bias_for(f"{part}_{receptor}")
                assert chip is None or chip.name in entry.biases


def test_ideal_is_the_documented_interface():
    ideal = load_profile("ideal")
    synapses = {f"{part}_{r}": value for r in RECEPTORS for part, value in _SYNAPSE.items()}
    documented = _NEURON | synapses
    biases = ideal.default_biases()
    assert {name: biases[name] for name in documented} == documented
    assert biases["Iw_ahp"] == 0
    technology = ideal.technology()
    assert (technology.I0, technology.Ut, technology.C_mem) == (0.05e-12, 0.025, 3e-12)
    assert technology.kappa == pytest.approx(0.705)
    assert {technology.C_ampa, technology.C_nmda, technology.C_gabaa, technology.C_gabab} == {2e-12}
    assert ideal.fan_in == 64
    assert ideal.mismatch_cv("Itau_mem") == 0


_NEURON = {
    "Itau_mem": 5e-12,
    "Igain_mem": 20e-12,
    "Ipfb_th": 500e-12,
    "Ipfb_norm": 1.47e9,
    "refractory": 0.0,
    "Ith": 2e-9,
    "Idc": 1e-12,
    "Inmda_thr": 0.5e-12,
}
_SYNAPSE = {"Itau": 20e-12, "Igain": 80e-12, "Iw": 80e-12}


def test_dynapse1_sizes_and_biases():
    chip = load_profile("dynapse1")
    size = (chip.chips, chip.cores_per_chip, chip.neurons_per_core, chip.fan_in, chip.topology.destinations_usable)
    assert size == (4, 4, 256, 64, 3)
    assert [bias.index for bias in chip.bias.values()] == list(range(25))
    assert chip.chip_bias("IF_DC_P").model_bias == "Idc"
    assert chip.chip_bias_for("Ith") is None
    assert chip.chip_bias_for("Igain_mem").name == "IF_THR_N"
    assert chip.chip_bias_for("refractory").conversion == "refractory"
    assert chip.chip_bias_for("pulse_ahp") is None
    assert {name for name, bias in chip.bias.items() if bias.low_range_seen} == {"IF_TAU1_N", "IF_AHTAU_N"}
    codes = {name: receptor.code for name, receptor in chip.synapse.receptor.items()}
    assert codes == {"gabab": 0, "gabaa": 1, "nmda": 2, "ampa": 3}


def test_dynapse2_parameters_and_weight_convention():
    chip = load_profile("dynapse2")
    scopes = [bias.scope for bias in chip.bias.values()]
    assert (scopes.count("core"), scopes.count("half chip"), scopes.count("chip")) == (52, 6, 2)
    assert len(chip.latch) == 14
    assert chip.chip_bias_for("Ith").name == "SOIF_SPKTHR_P"
    assert chip.chip_bias_for("pulse_ahp").conversion == "pulse_ahp"
    weights = {name: (entry.weight_bias, entry.weight_bit) for name, entry in chip.synapse.receptor.items()}
    assert weights == {
        "ampa": ("SYAM_W0_P", 0),
        "gabab": ("SYAM_W1_P", 1),
        "nmda": ("SYAM_W2_P", 2),
        "gabaa": ("SYAM_W3_P", 3),
    }
    assert chip.synapse.convention_status == "assumed"
    assert (chip.bias["DEAM_ETAU_P"].idle_code, chip.bias["SYAM_W0_P"].idle_code) == ((5, 255), (0, 0))
    blocks = {name: entry.block for name, entry in chip.synapse.receptor.items()}
    assert blocks == {"ampa": "DEAM", "gabab": "DEGA", "nmda": "DENM", "gabaa": "DESC"}
    # Only biases that may be 0 have a latch that stands for 0.
    latches = {bias.model_bias: bias.latch for bias in chip.bias.values() if bias.latch}
    assert latches == {"Idc": "so_dc", "Iw_ahp": "so_adaptation"}


def test_temperature_changes_Ut_only():
    chip = load_profile("dynapse1")
    cold = chip.technology(273.15)
    assert cold.Ut == thermal_voltage(273.15)
    assert cold.I0 == chip.technology().I0
    with pytest.raises(BadInput, match="temperature"):
        chip.technology(-3.0)


def test_unknown_numbers_stop_whoever_needs_them():
    chip = load_profile("dynapse1")
    with pytest.raises(NotPublished) as caught:
        chip.need("energy.spike", "the energy of a spike")
    assert all(part in str(caught.value) for part in ("energy.spike", "dynapse1", "the energy of a spike"))
    with pytest.raises(NotPublished, match="energy"):
        load_profile("ideal").need("energy.spike", "the energy of a spike")
    assert chip.need("biasgen.canonical_codes", "this test") == 1812


def test_wrong_dotted_key_suggests_the_right_one():
    with pytest.raises(BadInput, match=r"did you mean 'electrical\.leak_current'"):
        load_profile("dynapse1").need("electrical.leak_curent", "this test")


def test_names_of_biases_are_checked():
    chip = load_profile("dynapse2")
    with pytest.raises(BadInput, match="did you mean 'SYPD_DLY0_P'"):
        chip.chip_bias("SYPD_DYL0_P")
    with pytest.raises(BadInput, match="did you mean 'Itau_ampa'"):
        chip.chip_bias_for("Itau_amp")
    with pytest.raises(BadInput, match="did you mean 'Itau_mem'"):
        chip.mismatch_cv("Itau_men")


def test_spread_of_single_biases():
    data = raw("dynapse1")
    data["mismatch"]["per_bias"] = {
        "Itau_mem": {"value": 0.3, "unit": "1", "status": "measured", "source": ["arcana"]},
        "Ith": {"value": "unknown", "unit": "1", "status": "unknown"},
    }
    chip = HardwareProfile.from_dict(data)
    assert (chip.mismatch_cv("Itau_mem"), chip.mismatch_cv("Idc")) == (0.3, 0.1)
    assert chip.mismatch_distribution == "lognormal"
    with pytest.raises(NotPublished, match=r"mismatch\.per_bias\.Ith"):
        chip.mismatch_cv("Ith")


def test_profiles_need_no_torch():
    code = "import sys, arcana.hardware as h; h.load_profile('dynapse2').describe(); print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


# ---------------------------------------------------------------- the schema file


def _schema_script(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "scripts/make_profile_schema.py", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_schema_file_is_fresh():
    done = _schema_script("--check")
    assert (done.returncode, done.stderr) == (0, "")


def test_stale_schema_is_noticed(tmp_path):
    path = tmp_path / "schema.json"
    assert _schema_script("--check", "--file", str(path)).returncode == 1
    assert _schema_script("--file", str(path)).returncode == 0
    assert _schema_script("--check", "--file", str(path)).returncode == 0
    schema = json.loads(path.read_text())
    del schema["properties"]["electrical"]
    path.write_text(json.dumps(schema))
    done = _schema_script("--check", "--file", str(path))
    assert done.returncode == 1
    assert "stale" in done.stderr
