"""How a judging grader asks its model: through the same store, budget and limits as every other request."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from pointsman_train.collect.ask import Answer, Ask
from pointsman_train.collect.endpoints import Endpoint
from pointsman_train.errors import GraderError
from pointsman_train.graders.judge import Messages


class JudgeDesk:
    """Takes a judge's questions from the threads that grade to the event loop that asks.

    Parameters
    ----------
    endpoint
        The judge.
    max_tokens
        Of a judgement.
    """

    def __init__(self, endpoint: Endpoint, max_tokens: int) -> None:
        self.endpoint = endpoint
        self.cost_usd = 0.0
        self._max_tokens = max_tokens
        self._loop: asyncio.AbstractEventLoop | None = None
        self._answer: Callable[[Ask], Awaitable[Answer]] | None = None

    def open(self, answer: Callable[[Ask], Awaitable[Answer]]) -> None:
        """Begin to take questions, from within the event loop that is to answer them."""
        self._loop, self._answer = asyncio.get_running_loop(), answer

    def close(self) -> None:
        """Take no more questions."""
        self._loop = self._answer = None

    def __call__(self, messages: Messages) -> str:
        """Ask the judge, from a thread that is not the event loop's.

        Raises
        ------
        GraderError
            When the judge gave no whole answer: what it was to judge stays ungraded.
        """
        loop, answering = self._loop, self._answer
        if loop is None or answering is None:
            raise GraderError("the judge can only be asked while a run is collecting")
        ask = Ask(self.endpoint.model, messages, {"temperature": 0.0, "max_tokens": self._max_tokens, "seed": 0})
        answer = asyncio.run_coroutine_threadsafe(self._wait(answering, ask), loop).result()
        if answer.unknown is not None or answer.text is None:
            raise GraderError(f"no judgement: {answer.unknown}")
        return answer.text

    async def _wait(self, asking: Callable[[Ask], Awaitable[Answer]], ask: Ask) -> Answer:
        answer = await asking(ask)
        self.cost_usd += answer.cost_usd or 0.0
        return answer
