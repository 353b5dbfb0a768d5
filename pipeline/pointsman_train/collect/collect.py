"""Asking every prompt of the models that the plan wants, within limits and budget, and grading the answers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from pointsman_train.collect.ask import Answer, Ask
from pointsman_train.collect.client import MAX_TRIES, Client
from pointsman_train.collect.endpoints import Endpoint
from pointsman_train.collect.items import Item, trial_seed
from pointsman_train.collect.judge_desk import JudgeDesk
from pointsman_train.collect.outcome import Graded, Outcome, outcome_of
from pointsman_train.collect.plan import Plan
from pointsman_train.collect.rows import Ledger
from pointsman_train.collect.store import Claim, Store
from pointsman_train.errors import GraderError, TrainError
from pointsman_train.graders.seam import GradeItem, Grader, Verdict, rendered

# How often to look whether another process has the answer that it claimed.
_POLL_S = 0.2
# Prompts under way for each place in flight, so that an endpoint never waits for prompts.
_PROMPTS_PER_SLOT = 2
# Graders at work at once, besides those that wait for a judge.
_GRADING_THREADS = 8

OVER_BUDGET = "over the budget"


@dataclass(frozen=True, slots=True)
class Request:
    """What every request of a run shares.

    Attributes
    ----------
    trials
        Answers to each prompt of each model.
    temperature, max_tokens, seed
        Of the request; a trial has a seed of its own, made from this one.
    """

    trials: int = 1
    temperature: float = 0.0
    max_tokens: int = 512
    seed: int = 0


@dataclass(slots=True)
class Progress:
    """What a run has done so far.

    Attributes
    ----------
    prompts, prompts_done
        In all, and finished.
    asked, had, unknown
        Answers asked for in this run, found in the store, and that could not be graded.
    skipped
        Answers that the plan did not need, by model.
    ledger
        Dollars of the store.
    """

    prompts: int
    prompts_done: int = 0
    asked: int = 0
    had: int = 0
    unknown: int = 0
    skipped: dict[str, int] = field(default_factory=dict)
    ledger: Ledger = field(default_factory=lambda: Ledger(0.0, 0.0))


@dataclass(frozen=True, slots=True)
class Workplace:
    """What is open while a run asks.

    Attributes
    ----------
    clients
        By model.
    grading
        Threads for graders alone: a judging grader waits in one, and what it waits for needs threads too.
    """

    clients: Mapping[str, Client]
    grading: ThreadPoolExecutor

    async def grade(self, grader: Grader, answer: str, item: GradeItem) -> Verdict:
        """Grade in a thread: some graders start processes or parse at length, and the requests go on meanwhile."""
        return await asyncio.get_running_loop().run_in_executor(self.grading, grader.grade, answer, item)


@dataclass(frozen=True, slots=True)
class Collector:
    """Runs a plan.

    Attributes
    ----------
    endpoints
        Cheapest first.
    budget_usd
        Most that the store may ever have spent; None is no limit.
    desk
        Where judging graders ask; None where there are none.
    left_out
        Why nobody is asked about a prompt, by its id.
    """

    store: Store
    endpoints: Sequence[Endpoint]
    graders: Mapping[str, Grader]
    plan: Plan
    request: Request
    success_threshold: float
    budget_usd: float | None
    timeout_s: float
    desk: JudgeDesk | None = None
    left_out: Mapping[str, str] = field(default_factory=dict)

    async def run(
        self, items: Sequence[Item], rng: np.random.Generator, report: Callable[[Progress], None]
    ) -> tuple[list[Outcome], Progress]:
        """Ask and grade; ``report`` is called after every prompt.

        Returns
        -------
        Outcomes in the order of ``items``, and what was done.
        """
        progress = Progress(len(items))
        found: dict[int, list[Outcome]] = {}
        queue = iter(enumerate(items))
        places = sum(endpoint.limits.concurrency for endpoint in self.endpoints) * _PROMPTS_PER_SLOT
        try:
            async with self._open(rng, progress) as workplace, asyncio.TaskGroup() as group:
                for _ in range(min(places, len(items))):
                    group.create_task(self._work(queue, workplace, found, progress, report))
        except ExceptionGroup as failures:
            ours, others = failures.split(TrainError)
            if ours is None or others is not None:
                raise
            # All workers fail of the same thing, such as a full disk.
            raise ours.exceptions[0] from failures
        return [outcome for row in sorted(found) for outcome in found[row]], progress

    async def grade_given(self, given: Sequence[tuple[str, str, GradeItem]], rng: np.random.Generator) -> list[Verdict]:
        """Grade answers that are there already: grader's name, answer and item of each."""
        async with self._open(rng, Progress(0)) as workplace:
            grading = (workplace.grade(self.graders[name], answer, item) for name, answer, item in given)
            return list(await asyncio.gather(*grading))

    @asynccontextmanager
    async def _open(self, rng: np.random.Generator, progress: Progress) -> AsyncIterator[Workplace]:
        asked = [*self.endpoints, *([self.desk.endpoint] if self.desk else [])]
        clients = {e.model: Client(e, self.timeout_s, rng) for e in {e.model: e for e in asked}.values()}
        threads = _GRADING_THREADS
        if self.desk:
            threads += self.desk.endpoint.limits.concurrency
            judge = clients[self.desk.endpoint.model]
            self.desk.open(lambda ask: self._answer(ask, judge, progress))
        grading = ThreadPoolExecutor(threads, "grade")
        try:
            yield Workplace(clients, grading)
        finally:
            if self.desk:
                self.desk.close()
            # Without waiting: a judging grader may itself wait for this event loop.
            grading.shutdown(wait=False, cancel_futures=True)
            for client in clients.values():
                await client.close()

    async def _work(
        self,
        queue: Iterable[tuple[int, Item]],
        workplace: Workplace,
        found: dict[int, list[Outcome]],
        progress: Progress,
        report: Callable[[Progress], None],
    ) -> None:
        """Take prompts from the queue that all workers share until it is empty."""
        for row, item in queue:
            found[row] = await self._prompt(item, workplace, progress)
            progress.prompts_done += 1
            progress.ledger = await self.store.ledger()
            report(progress)

    async def _prompt(self, item: Item, workplace: Workplace, progress: Progress) -> list[Outcome]:
        outcomes: list[Outcome] = []
        for endpoint in self.endpoints:
            scores = [outcome.score for outcome in outcomes]
            if not self.plan.goes_on(item.prompt_id, scores, self.success_threshold):
                progress.skipped[endpoint.model] = progress.skipped.get(endpoint.model, 0) + self.request.trials
                continue
            trials = range(self.request.trials)
            graded = await asyncio.gather(*(self._trial(item, t, endpoint.model, workplace, progress) for t in trials))
            probability = self.plan.probability(scores, self.success_threshold)
            outcomes.append(outcome_of(item.prompt_id, endpoint.model, graded, self.success_threshold, probability))
        return outcomes

    async def _trial(self, item: Item, trial: int, model: str, workplace: Workplace, progress: Progress) -> Graded:
        if (why := self.left_out.get(item.prompt_id)) is not None:
            progress.unknown += 1
            return Graded(Answer(tries=0), Verdict(None, f"cannot be asked: {why}"))
        grader = self.graders[item.grader]
        grade_item = GradeItem(item.prompt, item.reference, trial_seed(self.request.seed, item.prompt_id, trial))
        ask = ask_of(item, grader, model, grade_item, self.request)
        answer = await self._answer(ask, workplace.clients[model], progress)
        if answer.unknown is not None:
            verdict = Verdict(None, answer.unknown)
        else:
            verdict = await workplace.grade(grader, answer.text or "", grade_item)
        progress.unknown += verdict.score is None
        return Graded(answer, verdict)

    async def _answer(self, ask: Ask, client: Client, progress: Progress) -> Answer:
        reserve = client.endpoint.worst_cost(ask.messages, int(ask.params["max_tokens"]))
        tries = 0
        while True:
            # The place is held until the answer is on disk: never more is at risk than what is in flight.
            async with client.slot() as slot:
                claimed = await self.store.claim(ask, reserve, self.budget_usd)
                if claimed.state is Claim.MINE:
                    answer = await client.ask(ask, slot, tries)
                    await self.store.put(ask, answer)
                    tries += answer.tries
                    if answer.error is None or answer.final or not answer.lost_usd or tries >= MAX_TRIES:
                        progress.asked += 1
                        return answer
            if claimed.answer is not None:
                progress.had += 1
                return claimed.answer
            if claimed.state is Claim.OVER_BUDGET:
                return Answer(error=OVER_BUDGET, final=False, tries=0)
            if claimed.state is not Claim.MINE:
                await asyncio.sleep(_POLL_S)


def ask_of(item: Item, grader: Grader, model: str, grade_item: GradeItem, request: Request) -> Ask:
    """Make the request for one trial of one prompt.

    Raises
    ------
    GraderError
        When the grader cannot render the prompt.
    """
    prompt = rendered(grader, grade_item)
    if item.messages and prompt != item.prompt:
        raise GraderError(f"the grader {item.grader!r} adds to the prompt, which chat messages leave no place for")
    messages = item.messages or [{"role": "user", "content": prompt}]
    params: dict[str, Any] = {
        "temperature": request.temperature,
        "max_tokens": item.max_tokens or request.max_tokens,
        "seed": grade_item.seed,
    }
    return Ask(model, messages, params)
