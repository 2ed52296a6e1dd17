"""Start values of the biases of the neuron model."""

from __future__ import annotations

from typing import Annotated, Any, TypeAlias

from pydantic import AfterValidator, BeforeValidator, ValidationError

from arcana.circuits.names import BIASES, OPTIONAL_BIASES
from arcana.errors import Problems
from arcana.hardware.model import Table, below, check_names, collected, names_in, problems_of
from arcana.hardware.quantities import Ampere, AmpereOrZero, PerAmpere, Second
from arcana.hardware.quantity import Quantity


def kind_of(bias: str) -> type[Quantity]:
    """The kind of number that a model bias is: its unit, and whether zero is allowed."""
    info = BIASES[bias]
    if info.unit == "A":
        return AmpereOrZero if info.zero_allowed else Ampere
    return PerAmpere if info.unit == "1/A" else Second


def _each_of_its_kind(data: Any) -> Any:
    """Every bias is there, none is unknown, and each has the unit that the model says."""
    if not isinstance(data, dict):
        return data  # refused by the field itself
    problems = Problems()
    check_names(problems, "", names_in(data), BIASES)
    for name in BIASES:
        if name not in data and name not in OPTIONAL_BIASES:
            problems.note(name, "(missing)", "a start value is required")
    result: dict[str, Quantity] = {}
    for name, value in data.items():
        if name in BIASES:
            try:
                result[name] = kind_of(name).model_validate(value)
            except ValidationError as error:
                problems.extend(below(name, problems_of(error)))
    if problems:
        raise collected(problems)
    return result


DefaultBiases: TypeAlias = Annotated[dict[str, Quantity], BeforeValidator(_each_of_its_kind), AfterValidator(Table)]
