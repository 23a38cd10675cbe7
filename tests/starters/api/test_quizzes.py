"""Quizzes: put, tried, graded; what a student may know before and after."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID, uuid4

import httpx2
import pytest

from tests.callers import enrolled
from tests.databases import FreshDatabase
from tests.starters.api.gateway import Gateway
from tests.starters.api.lectures import asked, completed

pytestmark = pytest.mark.servers

SECRETS = ("answer_index", "Reason", "words 0", "start_second")


async def _lecture(database: FreshDatabase, creator: UUID, questions: int = 4, published: bool = True) -> UUID:
    audio, _ = await completed(database, creator, published=published)
    await enrolled(database, creator)
    return await asked(database, audio, questions)


async def _quiz(gateway: Gateway, headers: dict[str, str], quiz: UUID) -> httpx2.Response:
    return await gateway.client.get(f"/api/quizzes/{quiz}", headers=headers)


async def _questions(gateway: Gateway, headers: dict[str, str], quiz: UUID) -> list[dict[str, Any]]:
    answer = await _quiz(gateway, headers, quiz)
    assert answer.status_code == 200, answer.text
    questions: list[dict[str, Any]] = answer.json()["questions"]
    return questions


async def _answers(gateway: Gateway, headers: dict[str, str], quiz: UUID, *options: int) -> list[dict[str, Any]]:
    """These options for the first questions."""
    questions = await _questions(gateway, headers, quiz)
    return [{"question_id": q["id"], "option_index": option} for q, option in zip(questions, options, strict=False)]


async def _hand_in(
    gateway: Gateway, headers: dict[str, str], quiz: UUID, answers: list[dict[str, Any]], key: str = "first"
) -> httpx2.Response:
    return await gateway.client.post(
        f"/api/quizzes/{quiz}/attempts", headers=headers | {"Idempotency-Key": key}, json={"answers": answers}
    )


async def test_an_attempt_is_graded_question_by_question_with_the_second_to_jump_to(
    gateway: Gateway, database: FreshDatabase
) -> None:
    creator = uuid4()
    quiz, headers = await _lecture(database, creator), gateway.student(creator)
    answers = await _answers(gateway, headers, quiz, 0, 3, 2)  # the fourth is left out
    answer = await _hand_in(gateway, headers, quiz, answers)
    assert answer.status_code == 201, answer.text
    result = answer.json()
    assert (result["number"], result["correct"], result["questions"]) == (1, 2, 4)
    assert [(a["option_index"], a["is_correct"]) for a in result["answers"]] == [
        (0, True), (3, False), (2, True), (None, False),
    ]  # fmt: skip
    assert result["answers"][1]["solution"] == {
        "answer_index": 1,
        "explanation": "Reason 1.",
        "quotation": "words 1",
        "start_second": 1,
        "end_second": 2,
    }


@asynccontextmanager
async def _handing_in_fails(
    gateway: Gateway, database: FreshDatabase, creator: UUID
) -> AsyncIterator[Callable[[int], Awaitable[None]]]:
    """What happens in the block happens after the quiz was read and before the attempt is written: it is not found."""
    quiz, headers = await _lecture(database, creator), gateway.student(creator)
    answers = await _answers(gateway, headers, quiz, 0, 1)
    async with database.held("quiz_attempts") as until_waiting:
        handing_in = asyncio.create_task(_hand_in(gateway, headers, quiz, answers))
        await until_waiting(1)
        yield until_waiting
    answer = await handing_in
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert await database.scalar("SELECT count(*) FROM quiz_attempts WHERE creator_id = $1", creator) == 0


async def test_a_quiz_that_is_hidden_while_it_is_graded_was_not_found(
    gateway: Gateway, database: FreshDatabase
) -> None:
    creator = uuid4()
    async with _handing_in_fails(gateway, database, creator):
        await database.scalar("UPDATE videos SET published = false WHERE creator_id = $1", creator)


async def test_a_quiz_that_is_removed_while_it_is_graded_was_not_found(
    gateway: Gateway, database: FreshDatabase
) -> None:
    creator = uuid4()
    async with _handing_in_fails(gateway, database, creator) as until_waiting:
        removing = asyncio.create_task(database.scalar("DELETE FROM quizzes WHERE creator_id = $1", creator))
        await until_waiting(2)  # the quiz is gone, and its attempts are about to be
    await removing


async def test_a_student_sees_no_solution_before_the_attempt_and_all_after_it(
    gateway: Gateway, database: FreshDatabase
) -> None:
    creator = uuid4()
    quiz, headers = await _lecture(database, creator), gateway.student(creator)
    await enrolled(database, creator, "bob")
    before = await _quiz(gateway, headers, quiz)
    assert all(question["solution"] is None for question in before.json()["questions"])
    assert not any(secret in before.text for secret in SECRETS)
    refused = await _hand_in(gateway, headers, quiz, [{"question_id": str(uuid4()), "option_index": 0}])
    assert not any(secret in refused.text for secret in SECRETS)
    await _hand_in(gateway, headers, quiz, [])
    after = await _questions(gateway, headers, quiz)
    assert [question["solution"]["answer_index"] for question in after] == [0, 1, 2, 3]
    of_bob = await _questions(gateway, gateway.student(creator, "bob"), quiz)
    assert all(question["solution"] is None for question in of_bob)
    of_creator = await _questions(gateway, gateway.creator(creator), quiz)
    assert [question["solution"]["answer_index"] for question in of_creator] == [0, 1, 2, 3]


async def test_the_same_attempt_again_also_at_the_same_time_is_one(gateway: Gateway, database: FreshDatabase) -> None:
    creator = uuid4()
    quiz, headers = await _lecture(database, creator), gateway.student(creator)
    answers = await _answers(gateway, headers, quiz, 0, 1)
    results = await asyncio.gather(*(_hand_in(gateway, headers, quiz, answers) for _ in range(10)))
    assert {result.status_code for result in results} == {201}
    assert len({result.text for result in results}) == 1
    again = await _hand_in(gateway, headers, quiz, list(reversed(answers)))
    assert (again.text, again.headers["idempotent-replayed"]) == (results[0].text, "true")
    other = await _hand_in(gateway, headers, quiz, answers[:1])
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    assert await database.scalar("SELECT count(*) FROM quiz_attempts WHERE quiz_id = $1", quiz) == 1


async def test_attempts_at_once_are_numbered_through_and_bounded(gateway: Gateway, database: FreshDatabase) -> None:
    creator = uuid4()
    quiz, headers = await _lecture(database, creator), gateway.student(creator)
    results = await asyncio.gather(*(_hand_in(gateway, headers, quiz, [], f"try-{n}") for n in range(22)))
    assert sorted(r.json()["number"] for r in results if r.status_code == 201) == list(range(1, 21))
    assert [r.json()["code"] for r in results if r.status_code == 409] == ["attempts_used_up"] * 2


async def test_a_quiz_without_questions_can_be_tried(gateway: Gateway, database: FreshDatabase) -> None:
    creator = uuid4()
    quiz = await _lecture(database, creator, 0)
    result = (await _hand_in(gateway, gateway.student(creator), quiz, [])).json()
    assert (result["correct"], result["questions"], result["answers"]) == (0, 0, [])


async def test_what_is_no_answer_is_refused_by_its_field(gateway: Gateway, database: FreshDatabase) -> None:
    creator = uuid4()
    quiz, headers = await _lecture(database, creator), gateway.student(creator)
    first = (await _answers(gateway, headers, quiz, 0))[0]
    for answers, field in (
        ([first, {"question_id": str(uuid4()), "option_index": 0}], "body.answers.1.question_id"),
        ([first, first], "body.answers.1.question_id"),
        ([first | {"option_index": 4}], "body.answers.0.option_index"),
        ([first | {"option_index": 10**40}], "body.answers.0.option_index"),
        ([first] * 201, "body.answers"),
    ):
        answer = await _hand_in(gateway, headers, quiz, answers)
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, field)
    for key in ("", "k" * 256, "a\tb"):
        answer = await _hand_in(gateway, headers, quiz, [first], key)
        assert answer.json()["errors"][0]["field"] == "header.Idempotency-Key"
    assert (await _quiz(gateway, headers, quiz)).json()["attempts"] == 0


async def test_students_try_what_is_published_and_nobody_sees_anothers(
    gateway: Gateway, database: FreshDatabase
) -> None:
    creator, other = uuid4(), uuid4()
    quiz = await _lecture(database, creator, published=False)
    await enrolled(database, other)

    async def statuses(headers: dict[str, str]) -> set[int]:
        path = f"/api/quizzes/{quiz}"
        return {
            (await _quiz(gateway, headers, quiz)).status_code,
            (await gateway.client.get(f"{path}/attempts", headers=headers)).status_code,
            (await _hand_in(gateway, headers, quiz, [], str(uuid4()))).status_code,
        }

    mine = gateway.student(creator)
    assert await statuses(mine) == {404}
    await database.scalar("UPDATE videos SET published = true WHERE creator_id = $1", creator)
    assert await statuses(mine) == {200, 201}
    assert await statuses(gateway.student(other)) == {404}
    assert await statuses(gateway.creator(other)) == {404, 403}  # a creator hands nothing in
    await database.scalar("UPDATE memberships SET status = 'expired' WHERE creator_id = $1", creator)
    assert await statuses(mine) == {404}


async def test_a_student_lists_its_own_attempts_and_the_creator_everybodys(
    gateway: Gateway, database: FreshDatabase
) -> None:
    creator = uuid4()
    quiz = await _lecture(database, creator)
    await enrolled(database, creator, "bob")
    ada, bob = gateway.student(creator), gateway.student(creator, "bob")
    made = [(await _hand_in(gateway, who, quiz, [], f"try-{n}")).json() for n in range(3) for who in (ada, bob)]

    async def listed(headers: dict[str, str]) -> list[str]:
        ids: list[str] = []
        cursor: str | None = ""
        while cursor is not None:
            query = {"limit": "2"} | ({"cursor": cursor} if cursor else {})
            page = await gateway.client.get(f"/api/quizzes/{quiz}/attempts", headers=headers, params=query)
            ids += [item["id"] for item in page.json()["items"]]
            cursor = page.json()["next"]
        return ids

    newest_first = [attempt["id"] for attempt in reversed(made)]
    assert await listed(gateway.creator(creator)) == newest_first
    assert await listed(bob) == newest_first[0::2]
    assert await listed(ada) == newest_first[1::2]
