"""Bodies of requests and responses, as the OpenAPI page documents them."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator
from pydantic_core import PydanticCustomError

Name = Annotated[str | list[str], Field(description="An intent; a list of names, root first, for a hierarchical one.")]


class PredictRequest(BaseModel):
    """One text, or several."""

    model_config = ConfigDict(
        json_schema_extra={
            "additionalProperties": False,
            "examples": [{"text": "Where is my parcel?"}, {"text": ["Where is my parcel?", "我要退款"], "top": 3}],
        }
    )
    text: str | list[str] = Field(description="A text, or a list of texts.")
    top: int = Field(3, ge=1, le=1000, strict=True, description="How many of the most probable intents `top` lists.")

    @model_validator(mode="before")
    @classmethod
    def _known_keys(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            raise PydanticCustomError("no_object", 'a JSON object is expected, such as {"text": "Hello"}')
        if others := value.keys() - cls.model_fields.keys():
            name = ascii(min(others))[:80]
            raise PydanticCustomError("unknown_key", "unknown key {name}; known: text, top", {"name": name})
        return value

    @field_validator("text", mode="before")
    @classmethod
    def _texts(cls, value: Any) -> Any:
        """Stop at the first wrong item: a million of them would become a million errors."""
        for number, item in enumerate(value if isinstance(value, list) else [value]):
            if not isinstance(item, str):
                which = f"item {number}" if isinstance(value, list) else "the value"
                raise PydanticCustomError("no_text", "{which} is not a text", {"which": which})
        return value


class RankedIntent(BaseModel):
    """An intent and its probability."""

    intent: Name
    score: float = Field(description="Probability, between 0 and 1.")


class PredictResponse(BaseModel):
    """The prediction for one text."""

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
    intents: list[Name] = Field(description="The intent; several where a text may have several.")
    score: float = Field(description="Probability of the first intent, between 0 and 1.")
    top: list[RankedIntent] = Field(description="The most probable intents, best first.")


class Health(BaseModel):
    """The server is up and serves this bundle."""

    status: str = Field(description="`ok`.", examples=["ok"])
    bundle: str = Field(description="Its short name, from its manifest's sha256.", examples=["3fa9c1d2e0b4"])
    intents: int = Field(description="How many intents it knows.", examples=[77])
    accepted: bool | None = Field(description="What the gate said of it; null if it never judged it.")
    version: str = Field(description="Version of intent-workbench.", examples=["0.1.0"])


class JobState(BaseModel):
    """A background job: its state, and whatever else its plugin tells."""

    model_config = ConfigDict(extra="allow", json_schema_extra={"examples": [{"state": "running", "seconds": 12.5}]})
    state: str = Field(description="A word, such as `idle`, `running`, `succeeded` or `failed`.")


class Problem(BaseModel):
    """Why a request is refused."""

    detail: str = Field(description="One line: what is wrong, and where.", examples=["text 3: is blank"])
