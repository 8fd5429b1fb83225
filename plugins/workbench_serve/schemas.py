"""Schemas of requests and responses, also shown on the OpenAPI page."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator
from pydantic_core import PydanticCustomError

Name = Annotated[str | list[str], Field(description="An intent; a list of names, root first, for a hierarchical one.")]


class PredictRequest(BaseModel):
    """A text or a list of texts."""

    model_config = ConfigDict(
        json_schema_extra={
            "additionalProperties": False,
            "examples": [{"text": "Where is my parcel?"}, {"text": ["Where is my parcel?", "我要退款"], "top": 3}],
        }
    )
    text: str | list[str] = Field(description="A text, or a list of texts.")
    top: int = Field(3, ge=1, le=1000, strict=True, description="Number of intents in `top`, the most probable ones.")

    @model_validator(mode="before")
    @classmethod
    def _known_keys(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            raise PydanticCustomError("no_object", 'must be a JSON object, such as {"text": "Hello"}')
        if others := value.keys() - cls.model_fields.keys():
            name = ascii(min(others))[:80]
            raise PydanticCustomError("unknown_key", "unknown key {name}; known: text, top", {"name": name})
        return value

    @field_validator("text", mode="before")
    @classmethod
    def _texts(cls, value: Any) -> Any:
        """Check the items and stop at the first invalid one, because pydantic would list an error per item."""
        for number, item in enumerate(value if isinstance(value, list) else [value]):
            if not isinstance(item, str):
                which = f"item {number}" if isinstance(value, list) else "the value"
                raise PydanticCustomError("no_text", "{which} is not a string", {"which": which})
        return value


class RankedIntent(BaseModel):
    """An intent and its probability."""

    intent: Name
    score: float = Field(description="Probability, between 0 and 1.")


class PredictResponse(BaseModel):
    """The prediction of one text."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "intents": ["delivery status"],
                    "score": 0.97,
                    "top": [{"intent": "delivery status", "score": 0.97}, {"intent": "refund", "score": 0.02}],
                }
            ]
        }
    )
    intents: list[Name] = Field(description="The predicted intent; several for a model with several intents per text.")
    score: float = Field(description="Probability of the first intent, between 0 and 1.")
    top: list[RankedIntent] = Field(description="The most probable intents, best first.")


class Health(BaseModel):
    """The state of the server, and its bundle."""

    status: str = Field(description="`ok`.", examples=["ok"])
    bundle: str = Field(
        description="Short name of the bundle, from the sha256 of its manifest.", examples=["3fa9c1d2e0b4"]
    )
    intents: int = Field(description="Number of intents of the bundle.", examples=[77])
    accepted: bool | None = Field(description="Whether the gate accepted the bundle; null without a gate.")
    version: str = Field(description="Version of intent-workbench.", examples=["0.1.0"])


class JobState(BaseModel):
    """The state of a background job, with further keys from its plugin."""

    model_config = ConfigDict(extra="allow", json_schema_extra={"examples": [{"state": "running", "seconds": 12.5}]})
    state: str = Field(description="A word, such as `idle`, `running`, `succeeded` or `failed`.")


class Problem(BaseModel):
    """The reason for an error status."""

    detail: str = Field(description="What is wrong, and where, in one line.", examples=["text 3: is blank"])
