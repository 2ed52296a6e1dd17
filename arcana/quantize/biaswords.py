"""The raw words that set the biases of a DYNAP-SE1, as its driver writes them."""

from __future__ import annotations

from typing import Literal, NamedTuple, TypeAlias

from arcana.errors import BadInput, Problems, unknown_name
from arcana.hardware.biases import BiasAddress, LinearBiasgen
from arcana.hardware.profile import HardwareProfile
from arcana.hardware.words import WordLayout

Dialect: TypeAlias = Literal["samna", "caer"]
DIALECTS = ("samna", "caer")


class BiasWord(NamedTuple):
    """What a bias word says.

    Attributes:
        name: Name of the bias, or of one of the chip's special addresses (``u_buffer``).
        core: Core, 0 to 3; None for special addresses, which no core owns.
        coarse: Coarse code, in the order of the dialect that it is read or written in.
        fine: Fine code.
        n_type: Whether the n transistor is chosen; None takes the type that the profile states for the bias.
        high_range: Whether the high range is chosen.
        normal: Normal, as opposed to cascode.
        enabled: Whether the bias is switched on.
    """

    name: str
    core: int | None
    coarse: int
    fine: int
    n_type: bool | None = None
    high_range: bool = True
    normal: bool = True
    enabled: bool = True


def ascending(coarse: int, dialect: Dialect, coarse_codes: int = 8) -> int:
    """The coarse code with 0 as the smallest current: c for ``samna``, coarse_codes - 1 - c for ``caer``.

    It is its own inverse: it also turns an ascending code into the dialect.

    Raises:
        BadInput: for an unknown dialect or a code that does not exist.
    """
    if dialect not in DIALECTS:
        raise BadInput(unknown_name("dialect", dialect, DIALECTS))
    if isinstance(coarse, bool) or not isinstance(coarse, int) or not 0 <= coarse < coarse_codes:
        raise BadInput.one("coarse", coarse, f"a whole number from 0 to {coarse_codes - 1}")
    return coarse if dialect == "samna" else coarse_codes - 1 - coarse


def encode_bias(profile: HardwareProfile, bias: BiasWord, dialect: Dialect = "samna") -> int:
    """Word = address << 18 | 1 << 16 | reversed coarse << 12 | fine << 4 | flags.

    Args:
        profile: A profile with bias words (SE1).
        bias: What to write.
        dialect: Order of ``bias.coarse``: ``samna`` (and ctxctl) counts up from the smallest current, ``caer``
            (and libcaer) down from the largest. The word itself always counts down.

    Raises:
        BadInput: for unknown names and values that do not fit, or a profile without bias words.
    """
    layout, _ = _layout(profile, "bias")
    address = _address(profile, bias.name, bias.core)
    n_type = bias.n_type
    if n_type is None:
        if bias.name not in profile.bias:
            raise BadInput.one("n_type", None, "True or False: the type of this bias is not published")
        n_type = profile.bias[bias.name].transistor == "N"
    codes = _coarse_codes(profile)
    return layout.encode(
        enabled=int(bias.enabled),
        n_type=int(n_type),
        normal=int(bias.normal),
        high_range=int(bias.high_range),
        fine=bias.fine,
        coarse=ascending(ascending(bias.coarse, dialect, codes), "caer", codes),
        address=address,
    )


def decode_bias(profile: HardwareProfile, word: int, dialect: Dialect = "samna") -> BiasWord:
    """What a bias word says; the inverse of ``encode_bias``.

    Raises:
        BadInput: if it is no bias word, or its address belongs to no bias.
    """
    layout, addresses = _layout(profile, "bias")
    values = layout.decode(word)
    name, core = _owner(profile, addresses, values["address"])
    codes = _coarse_codes(profile)
    return BiasWord(
        name=name,
        core=core,
        coarse=ascending(ascending(values["coarse"], "caer", codes), dialect, codes),
        fine=values["fine"],
        n_type=bool(values["n_type"]),
        high_range=bool(values["high_range"]),
        normal=bool(values["normal"]),
        enabled=bool(values["enabled"]),
    )


def encode_shifted(profile: HardwareProfile, name: str, fine: int) -> int:
    """The word of a shifted source (``u_ssp``, ``u_ssn``, ``d_ssp``, ``d_ssn``): address, marker 0x3F, fine.

    Raises:
        BadInput: for unknown names and codes that do not fit 6 bits.
    """
    layout, addresses = _layout(profile, "bias_shifted")
    shifted = [known for known in addresses.special if "_ss" in known]
    if name not in shifted:
        raise BadInput(unknown_name("shifted source", name, shifted))
    return layout.encode(address=addresses.special[name], fine=fine)


def decode_shifted(profile: HardwareProfile, word: int) -> tuple[str, int]:
    """Name and fine code of a shifted source; the inverse of ``encode_shifted``.

    Raises:
        BadInput: if it is no such word.
    """
    layout, addresses = _layout(profile, "bias_shifted")
    values = layout.decode(word)
    for name, address in addresses.special.items():
        if address == values["address"] and "_ss" in name:
            return name, values["fine"]
    raise BadInput.one("address", values["address"], "the address of a shifted source")


def _layout(profile: HardwareProfile, name: str) -> tuple[WordLayout, BiasAddress]:
    if name not in profile.word or profile.bias_address is None:
        raise BadInput.one("profile", profile.name, "one with raw bias words, such as dynapse1")
    return profile.word[name], profile.bias_address


def _coarse_codes(profile: HardwareProfile) -> int:
    generator = profile.biasgen
    return generator.coarse_codes if isinstance(generator, LinearBiasgen) else 8


def _address(profile: HardwareProfile, name: str, core: int | None) -> int:
    """Address = core_offsets[core] + stride * index, or the special one of that name."""
    _, addresses = _layout(profile, "bias")
    problems = Problems()
    if name in addresses.special:
        if core is not None:
            problems.note("core", core, f"None: {name} belongs to no core")
        problems.raise_if_any()
        return addresses.special[name]
    count = len(addresses.core_offsets)
    if name not in profile.bias:
        problems.append(unknown_name("name", name, [*profile.bias, *addresses.special]))
    if core is None or isinstance(core, bool) or not isinstance(core, int) or not 0 <= core < count:
        problems.note("core", core, f"a whole number from 0 to {count - 1}")
    problems.raise_if_any()
    index: int = profile.need(f"bias.{name}.index", f"the address of {name}")
    return addresses.core_offsets[core or 0] + addresses.stride * index


def _owner(profile: HardwareProfile, addresses: BiasAddress, address: int) -> tuple[str, int | None]:
    for name, special in addresses.special.items():
        if special == address:
            return name, None
    names = {bias.index: name for name, bias in profile.bias.items() if bias.index is not None}
    for core, offset in enumerate(addresses.core_offsets):
        index, rest = divmod(address - offset, addresses.stride)
        if rest == 0 and index in names:
            return names[index], core
    raise BadInput.one("address", address, "the address of a bias")
