"""Base of all sections of a profile: frozen, no unknown keys, and every problem reported at once."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from typing import Annotated, Any, NoReturn, Self, TypeAlias, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ModelWrapValidatorHandler,
    ValidationError,
    model_validator,
)
from pydantic_core import PydanticCustomError

from arcana.errors import BadInput, Problem, Problems, did_you_mean, unknown_name

Key = TypeVar("Key")
Value = TypeVar("Value")

_COLLECTED = "arcana_collected"
_REFUSED = "arcana_refused"
# Sections whose shape depends on a tag: pydantic puts the tag in the path, a user never wrote it there.
_TAGGED = ("biasgen",)


class Table(dict[Key, Value]):
    """A dict that cannot be changed: profiles are shared, so nobody may write into one."""

    def _refuse(self, *_args: object, **_kwargs: object) -> NoReturn:
        raise TypeError("a hardware profile cannot be changed; write a profile file of your own")

    __setitem__ = __delitem__ = __ior__ = _refuse
    clear = pop = popitem = setdefault = update = _refuse

    def __reduce__(self) -> tuple[type[Table[Any, Any]], tuple[dict[Key, Value]]]:
        """Pickle and deepcopy rebuild it from a plain dict."""
        return (type(self), (dict(self),))


Named: TypeAlias = Annotated[dict[str, Value], AfterValidator(Table)]
Whole: TypeAlias = Annotated[int, Field(strict=True, ge=0)]
Flag: TypeAlias = Annotated[bool, Field(strict=True)]


def refuse(allowed: str, hint: str = "") -> PydanticCustomError:
    """The error of a field validator: says what would have been allowed."""
    return PydanticCustomError(_REFUSED, "allowed: {allowed}", {"allowed": allowed, "hint": hint})


def collected(problems: Problems) -> PydanticCustomError:
    """The error that carries several problems; ``problems_of`` unpacks it."""
    context = {"problems": tuple(problems), "text": str(BadInput(problems))}
    return PydanticCustomError(_COLLECTED, "{text}", context)


class Model(BaseModel):
    """A section of a profile. Refuses unknown keys with the nearest known one, and lists all problems."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    @classmethod
    def prepare(cls, data: dict[str, Any]) -> dict[str, Any]:
        """Bring the raw keys into their final form, before validation."""
        return data

    @classmethod
    def inspect_raw(cls, data: dict[str, Any], problems: Problems) -> None:
        """Note what is wrong with the raw keys; runs even where single fields are wrong too."""

    def inspect(self, problems: Problems) -> None:
        """Note what is wrong between fields that are each right."""

    @model_validator(mode="wrap")
    @classmethod
    def _collect(cls, data: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        problems = Problems()
        if isinstance(data, Mapping):
            known = cls.model_fields
            problems.extend(
                Problem(str(key), value, "a known key", hint=did_you_mean(str(key), known))
                for key, value in data.items()
                if key not in known
            )
            data = cls.prepare({key: value for key, value in data.items() if key in known})
            cls.inspect_raw(data, problems)
        try:
            result = handler(data)
        except ValidationError as error:
            problems.extend(problems_of(error))
        else:
            result.inspect(problems)
            if not problems:
                return result
        raise collected(problems)


def join(key: str, tail: str) -> str:
    """The dotted key of ``tail`` inside ``key``."""
    return f"{key}{tail}" if not key or not tail or tail.startswith("[") else f"{key}.{tail}"


def below(key: str, problems: Iterable[Problem]) -> list[Problem]:
    """The same problems with ``key`` in front of their fields."""
    return [replace(problem, field=join(key, problem.field)) for problem in problems]


def problems_of(error: ValidationError) -> list[Problem]:
    """All that pydantic found, each with its dotted key, the value and what was allowed."""
    found: list[Problem] = []
    for item in error.errors(include_url=False):
        key = ""
        for position, part in enumerate(item["loc"]):
            if position and item["loc"][position - 1] in _TAGGED:
                continue
            key = join(key, f"[{part}]" if isinstance(part, int) else str(part))
        context = item.get("ctx", {})
        if item["type"] == _COLLECTED:
            found.extend(below(key, context["problems"]))
        elif item["type"] == _REFUSED:
            found.append(Problem(key, item["input"], context["allowed"], hint=context["hint"]))
        elif item["type"] == "missing":
            found.append(Problem(key, "(missing)", "this key is required"))
        else:
            found.append(_from_pydantic(key, item["input"], item["msg"], context))
    return found


def _from_pydantic(key: str, value: object, message: str, context: dict[str, Any]) -> Problem:
    """A problem in pydantic's own words, shortened to what is allowed."""
    tag = str(context.get("discriminator", "")).strip("'")
    if tag:  # the key that says which form a section has
        key, value = join(key, tag), context.get("tag", "(missing)")
    choices = re.findall(r"'([^']*)'", str(context.get("expected_tags", context.get("expected", ""))))
    if len(choices) > 1 and isinstance(value, str):
        return Problem(key, value, "one of " + ", ".join(choices), hint=did_you_mean(value, choices))
    if tag:
        return Problem(key, value, "this key is required")
    allowed = message.removeprefix("Input should be ").replace("a valid dictionary or instance of", "a table:")
    allowed = re.sub("^a valid tuple$", "a list", allowed)
    return Problem(key, value, allowed)


def names_in(table: object) -> tuple[str, ...]:
    """The keys of a raw table; none where it has another shape."""
    return tuple(map(str, table)) if isinstance(table, Mapping) else ()


def check_names(problems: Problems, key: str, names: Iterable[str], known: Collection[str]) -> None:
    """Note every name that is not among the known ones, with the nearest that is."""
    problems.extend(unknown_name(key, name, known) for name in names if name not in known)
