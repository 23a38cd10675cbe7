"""What the fake models say: a function of what they are sent, and of nothing else."""

import hashlib
import io
import math
import re
import wave
from functools import lru_cache

import numpy as np

WORD_SECONDS = 0.5
WORDS_PER_SEGMENT = 8
VOCABULARY: list[str] = re.findall(
    r"\w+",
    """
    energy entropy theorem matrix gradient neuron membrane protein market inflation treaty empire river glacier
    planet orbit photon electron lattice catalyst enzyme genome species habitat climate current voltage resistor
    algorithm recursion pointer compiler network protocol packet database transaction index query vector kernel
    integral derivative limit series sequence proof axiom premise argument evidence hypothesis experiment variable
    measure sample variance average median pattern structure system process method
    """,
)


def heard(wav: bytes) -> tuple[float, list[dict[str, object]], list[dict[str, object]]]:
    """Seconds, segments and words of a WAV file: one word for each half second that is not all zeroes.

    Raises: wave.Error or EOFError for anything else.
    """
    with wave.open(io.BytesIO(wav)) as file:
        rate, width = file.getframerate(), file.getsampwidth() * file.getnchannels()
        pcm = file.readframes(file.getnframes())
    step = int(rate * WORD_SECONDS) * width
    seconds = len(pcm) / rate / width
    words: list[dict[str, object]] = []
    for number, piece in enumerate(pcm[at : at + step] for at in range(0, len(pcm), step)):
        if piece.strip(b"\0"):
            text = _word(piece) if len(words) % WORDS_PER_SEGMENT else _word(piece).capitalize()
            start = number * WORD_SECONDS
            words.append({"word": text, "start": start, "end": min(start + WORD_SECONDS, seconds)})
    groups = [words[at : at + WORDS_PER_SEGMENT] for at in range(0, len(words), WORDS_PER_SEGMENT)]
    return seconds, [_segment(number, group) for number, group in enumerate(groups)], words


def _word(pcm: bytes) -> str:
    return VOCABULARY[hashlib.sha256(pcm).digest()[0] % len(VOCABULARY)]


def _segment(number: int, words: list[dict[str, object]]) -> dict[str, object]:
    text = " ".join(str(word["word"]) for word in words)
    return {
        "id": number, "seek": 0, "start": words[0]["start"], "end": words[-1]["end"], "text": f" {text}.",
        "tokens": [50364], "temperature": 0.0, "avg_logprob": -0.25, "compression_ratio": 1.2, "no_speech_prob": 0.01,
    }  # fmt: skip


def embedding(text: str, dimensions: int) -> list[float]:
    """A unit vector: texts that share words point in like directions."""
    total = np.zeros(dimensions)
    for word in re.findall(r"\w+", text.lower()) or [text]:
        total = total + _direction(word, dimensions)
    values: list[float] = (total / math.sqrt(float(total @ total))).tolist()
    return values


@lru_cache(maxsize=4_096)
def _direction(word: str, dimensions: int) -> np.typing.NDArray[np.float64]:
    seed = int.from_bytes(hashlib.sha256(word.encode()).digest()[:8])
    return np.random.default_rng(seed).standard_normal(dimensions)


def quiz(message: str) -> dict[str, object]:
    """The questions that a message with a fenced transcript asks for: sentences of it with a gap."""
    asked = re.search(r"^Write (\d+) questions", message, re.MULTILINE)
    lines = re.findall(r"^\[\d+:\d\d:\d\d\] (.+)$", message, re.MULTILINE)
    long_words = sorted({word.lower() for line in lines for word in re.findall(r"[^\W\d_]{5,}", line)})
    usable = [line for line in lines if len(line.split()) >= 4 and re.search(r"[^\W\d_]{5,}", line)]
    count = min(int(asked[1]) if asked else 0, len(usable) if len(long_words) >= 4 else 0)
    chosen = [usable[number * len(usable) // count] for number in range(count)]
    return {"questions": [_question(line, long_words) for line in chosen]}


def _question(line: str, words: list[str]) -> dict[str, object]:
    answer = max(re.findall(r"[^\W\d_]{5,}", line), key=len)
    digest = hashlib.sha256(line.encode()).digest()
    others = [word for word in words if word.lower() != answer.lower()]
    wrong = [others[(digest[0] + number) % len(others)] for number in range(3)]
    place = digest[1] % 4
    return {
        "kind": "cloze",
        "stem": f"Which word is missing: “{re.sub(answer, '____', line, flags=re.IGNORECASE)}”?",
        "options": [*wrong[:place], answer, *wrong[place:]],
        "answer_index": place,
        "explanation": f"The lecture says “{answer}” there.",
        "quotation": line,
    }


def spoken_answer(message: str) -> str:
    """What a chat model says of numbered passages: something of the first two, and of one that it was not given."""
    passages = re.findall(r"^\[(\d+)\] [^:]*: (.+)$", message, re.MULTILINE)
    said = [f"They speak of {' '.join(text.split()[:4])} [{number}]." for number, text in passages[:2]]
    return " ".join([*said, "And elsewhere too [99]."])


def tokens(text: str) -> int:
    """About four characters make a token."""
    return max(1, len(text) // 4)
