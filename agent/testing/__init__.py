"""Language models that are no models, to test against, and a server that speaks for one."""

from bestguess.agent.testing.stand_ins import (
    DeadLLM,
    GarbageLLM,
    SchemaLLM,
    ScriptedLLM,
    SlowLLM,
    check_llm,
)

__all__ = ["DeadLLM", "GarbageLLM", "SchemaLLM", "ScriptedLLM", "SlowLLM", "check_llm"]
