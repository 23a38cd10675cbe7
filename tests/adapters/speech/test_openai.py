"""OpenAI's transcriptions: what is kept of an answer, and what becomes of every wrong one."""

import io
import json
import random
import wave
from collections.abc import AsyncIterator
from typing import Any

import pytest
from pydantic import SecretStr

from adapters.speech.languages import language_code
from adapters.speech.openai import MAX_UPLOAD_BYTES, OpenAITranscriber
from schemas.errors import ProviderAnswerInvalid, ProviderRefused, SettingsInvalid
from schemas.media import BYTES_PER_SECOND, SAMPLE_RATE_HZ
from tests.providers import TRANSCRIPTIONS, FakeProvider
from tests.providers import behaviours as b
from tests.providers.faults import FAULTS, SLOW_FAULTS, Fault, assert_becomes
from tests.providers.openai import form

KEY = SecretStr("sk-secret")
SPEECH = random.Random(1).randbytes(10 * BYTES_PER_SECOND)


@pytest.fixture(scope="module")
async def transcriber(vendors: FakeProvider) -> AsyncIterator[OpenAITranscriber]:
    transcriber = OpenAITranscriber(KEY, vendors.openai_url, timeout_seconds=30)
    yield transcriber
    await transcriber.close()


def heard(changes: dict[str, Any]) -> b.Behaviour:
    """An answer with other fields than the right one."""
    return b.Behaviour("heard", change=lambda answer: answer | changes)


def segment(start: float, end: float, text: str, **more: float) -> dict[str, Any]:
    return {"start": start, "end": end, "text": text, "avg_logprob": -0.1, "no_speech_prob": 0.0, **more}


def word(start: float, end: float, text: str) -> dict[str, Any]:
    return {"start": start, "end": end, "word": text}


async def test_speech_becomes_segments_with_timed_words(transcriber: OpenAITranscriber) -> None:
    transcription = await transcriber.transcribe(SPEECH)
    assert transcription.language == "en"
    assert transcription.usage.audio_seconds == 10
    assert [len(segment.words) for segment in transcription.segments] == [8, 8, 4]
    first = transcription.segments[0]
    assert (first.start, first.end) == (0, 4)
    assert first.text == " ".join(word.text for word in first.words) + "."
    assert first.words[1].start == 0.5
    assert first.words[1].probability == pytest.approx(0.7788, abs=1e-4)  # exp of the segment's average, -0.25


async def test_the_audio_goes_out_once_as_wav_and_asks_for_words(
    transcriber: OpenAITranscriber, provider: FakeProvider
) -> None:
    await transcriber.transcribe(SPEECH)
    (request,) = provider.requests
    fields = form(request)
    with wave.open(io.BytesIO(fields["file"][0])) as wav:
        assert (wav.getframerate(), wav.getnchannels(), wav.getsampwidth()) == (SAMPLE_RATE_HZ, 1, 2)
        assert wav.readframes(wav.getnframes()) == SPEECH
    assert fields["model"] == [b"whisper-1"]
    assert fields["response_format"] == [b"verbose_json"]
    assert fields["timestamp_granularities[]"] == [b"word", b"segment"]
    assert request.headers["authorization"] == "Bearer sk-secret"


async def test_silence_has_no_words(transcriber: OpenAITranscriber) -> None:
    assert (await transcriber.transcribe(bytes(10 * BYTES_PER_SECOND))).segments == ()


async def test_less_audio_than_the_provider_takes_is_not_sent(
    transcriber: OpenAITranscriber, provider: FakeProvider
) -> None:
    assert (await transcriber.transcribe(SPEECH[: BYTES_PER_SECOND // 20])).segments == ()
    assert provider.requests == []


async def test_more_audio_than_one_upload_takes_is_refused_without_sending_it(
    transcriber: OpenAITranscriber, provider: FakeProvider
) -> None:
    with pytest.raises(ProviderRefused):
        await transcriber.transcribe(bytes(MAX_UPLOAD_BYTES + 2))
    assert provider.requests == []


@pytest.mark.parametrize("fault", FAULTS, ids=str)
async def test_a_fault_becomes_its_error_after_one_request(
    transcriber: OpenAITranscriber, provider: FakeProvider, fault: Fault
) -> None:
    await assert_becomes(fault, provider, lambda: transcriber.transcribe(SPEECH))


@pytest.mark.parametrize("fault", SLOW_FAULTS, ids=str)
async def test_an_answer_that_does_not_come_in_time_is_given_up(provider: FakeProvider, fault: Fault) -> None:
    impatient = OpenAITranscriber(KEY, provider.openai_url, timeout_seconds=0.5)
    await assert_becomes(fault, provider, lambda: impatient.transcribe(SPEECH))


@pytest.mark.parametrize(
    "behaviour", [b.OTHER_AUDIO, b.WORDS_WITHOUT_TIMES, b.WORDS_WITHOUT_SEGMENTS], ids=lambda behaviour: behaviour.name
)
async def test_an_answer_about_something_else_is_not_kept(
    transcriber: OpenAITranscriber, provider: FakeProvider, behaviour: b.Behaviour
) -> None:
    await assert_becomes(Fault(behaviour, ProviderAnswerInvalid), provider, lambda: transcriber.transcribe(SPEECH))


async def test_a_time_that_is_no_number_is_not_kept(transcriber: OpenAITranscriber, provider: FakeProvider) -> None:
    lost = heard({"words": [word(0, float("nan"), "energy")]})
    await assert_becomes(Fault(lost, ProviderAnswerInvalid), provider, lambda: transcriber.transcribe(SPEECH))


async def test_a_word_at_a_border_belongs_to_the_segment_whose_text_has_it(
    transcriber: OpenAITranscriber, provider: FakeProvider
) -> None:
    segments = [segment(0, 2, " It is so."), segment(2, 4, " So it goes.")]
    words = [word(0, 0.5, "It"), word(0.5, 1, "is"), word(1.9, 2.3, "so"),
             word(2.3, 2.6, "So"), word(2.6, 3, "it"), word(3, 3.5, "goes")]  # fmt: skip
    provider.misbehave(heard({"segments": segments, "words": words}))
    first, second = (await transcriber.transcribe(SPEECH)).segments
    assert [word.text for word in first.words] == ["It", "is", "so"]
    assert (first.start, first.end) == (0, 2.3)
    assert [word.text for word in second.words] == ["So", "it", "goes"]


async def test_words_that_no_text_has_are_shared_out_by_their_times(
    transcriber: OpenAITranscriber, provider: FakeProvider
) -> None:
    segments = [segment(0, 2, " 5 % of it."), segment(2, 4, " And more.")]
    words = [word(0, 1, "five"), word(1, 2, "percent"), word(2, 2.5, "and"), word(2.5, 9, "more")]
    provider.misbehave(heard({"segments": segments, "words": words}))
    shares = [[word.text for word in segment.words] for segment in (await transcriber.transcribe(SPEECH)).segments]
    assert shares == [["five", "percent"], ["and", "more"]]


async def test_times_behind_the_end_of_the_audio_end_with_it(
    transcriber: OpenAITranscriber, provider: FakeProvider
) -> None:
    provider.misbehave(
        heard({"segments": [segment(8, 30, " The end.")], "words": [word(8, 9, "The"), word(12, 30, "end")]})
    )
    (last,) = (await transcriber.transcribe(SPEECH)).segments
    assert (last.start, last.end) == (8, 10)
    assert all(0 <= word.start <= word.end <= 10 for word in last.words)


async def test_what_the_model_itself_takes_for_silence_is_left_out(
    transcriber: OpenAITranscriber, provider: FakeProvider
) -> None:
    dream = segment(0, 5, " Thanks for watching.", avg_logprob=-1.3, no_speech_prob=0.9)
    said = segment(5, 9, " Energy is conserved.", avg_logprob=-0.2, no_speech_prob=0.7)
    words = [word(0, 1, "Thanks"), word(1, 2, "for"), word(2, 3, "watching"),
             word(5, 6, "Energy"), word(6, 7, "is"), word(7, 8, "conserved")]  # fmt: skip
    provider.misbehave(heard({"segments": [dream, said], "words": words}))
    (kept,) = (await transcriber.transcribe(SPEECH)).segments
    assert kept.text == "Energy is conserved."
    assert len(kept.words) == 3


async def test_a_server_that_gives_no_probabilities_serves_too(
    transcriber: OpenAITranscriber, provider: FakeProvider
) -> None:
    bare = {"start": 0, "end": 1, "text": "Energy", "avg_logprob": None}
    answer = {
        "language": "en",
        "duration": "10.0",
        "text": "Energy",
        "segments": [bare],
        "words": [word(0, 1, "Energy")],
    }
    provider.misbehave(b.Behaviour("bare", body=json.dumps(answer).encode()))
    transcription = await transcriber.transcribe(SPEECH)
    assert transcription.segments[0].words[0].probability == 1


async def test_the_same_audio_is_the_same_request_whatever_the_boundary(
    transcriber: OpenAITranscriber, provider: FakeProvider
) -> None:
    provider.misbehave(b.TRUNCATED_BODY, on=TRANSCRIPTIONS)
    with pytest.raises(Exception, match="did not answer"):
        await transcriber.transcribe(SPEECH)
    await transcriber.transcribe(SPEECH)
    assert len(provider.ledger.by_key) == 1
    assert provider.ledger.repeated_calls == 1
    assert provider.ledger.total.audio_seconds == 20


@pytest.mark.parametrize(
    ("name", "code"), [("english", "en"), ("Haitian Creole", "ht"), ("de", "de"), ("klingon", "und")]
)
def test_a_language_is_known_by_its_code(name: str, code: str) -> None:
    assert language_code(name) == code


@pytest.mark.parametrize(
    ("key", "url"), [("", "https://api.openai.com/v1"), (" \n", "https://x/v1"), ("k", "x.com/v1")]
)
def test_without_a_key_or_an_address_it_is_not_even_built(key: str, url: str) -> None:
    with pytest.raises(SettingsInvalid):
        OpenAITranscriber(SecretStr(key), url)
