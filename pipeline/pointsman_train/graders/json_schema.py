"""The answer is JSON that meets a schema."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pointsman_train.errors import GraderError
from pointsman_train.graders.seam import GradeItem, Verdict
from pointsman_train.graders.text import unfenced


@dataclass(frozen=True, slots=True)
class JsonSchema:
    """Validates the JSON of an answer. Nothing is fetched: a schema that refers to another address is ungraded.

    Attributes
    ----------
    schema
        For every prompt; empty takes each prompt's reference, a schema as JSON.
    strict
        True demands that the answer is JSON and nothing else; False takes the first object or list in it.
    """

    schema: Mapping[str, object] = field(default_factory=dict)
    strict: bool = False

    def __post_init__(self) -> None:
        if self.schema:
            _validator(self.schema)

    def grade(self, answer: str, item: GradeItem) -> Verdict:
        """Grade one answer."""
        from jsonschema.exceptions import ValidationError
        from referencing.exceptions import Unresolvable

        try:
            validator = _validator(self.schema or _read_schema(item.reference))
            value = read_value(answer, strict=self.strict)
            validator.validate(value)
        except ValidationError as error:
            where = "/".join(map(str, error.absolute_path))
            return Verdict(0.0, f"failed at /{where}: {error.message[:200]}")
        except _NotJson as error:
            return Verdict(0.0, f"failed: {error}")
        except (GraderError, Unresolvable, RecursionError) as error:
            return Verdict(None, f"the schema cannot be applied: {error}")
        return Verdict(1.0)


class _NotJson(Exception):
    """The answer has no JSON."""


def read_value(answer: str, *, strict: bool) -> Any:
    """Return the JSON of an answer: all of it, or its first object or list where not strict."""
    text = answer.strip() if strict else unfenced(answer)
    starts = [at for at in (text.find("{"), text.find("[")) if at >= 0]
    try:
        return json.loads(text) if strict or not starts else json.JSONDecoder().raw_decode(text[min(starts) :])[0]
    except (ValueError, RecursionError) as error:
        raise _NotJson(f"the answer has no JSON: {error}") from error


def _read_schema(reference: str) -> dict[str, Any]:
    try:
        schema = json.loads(reference)
    except ValueError as error:
        raise GraderError(f"the reference is not JSON: {error}") from error
    if not isinstance(schema, dict) or not schema:
        raise GraderError(f"the reference is {type(schema).__name__}, expected an object that is not empty")
    return schema


def _validator(schema: Mapping[str, Any]) -> Any:
    # Here, since the package takes a while to import and few runs need it.
    from jsonschema.exceptions import SchemaError
    from jsonschema.validators import Draft202012Validator, validator_for
    from referencing import Registry

    kind = validator_for(schema, default=Draft202012Validator)
    try:
        kind.check_schema(dict(schema))
    except SchemaError as error:
        raise GraderError(f"the schema is not valid: {error.message}") from error
    registry: Registry[Any] = Registry()
    return kind(dict(schema), registry=registry)
