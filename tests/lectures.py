"""Small lectures for tests: who, what, and words with times."""

from collections.abc import Sequence
from uuid import UUID

from hypothesis import settings
from hypothesis import strategies as st

from schemas.media import AudioRef
from schemas.transcripts import Segment, TranscriptRef, Word
from schemas.videos import VideoRef

unhurried = settings(deadline=None)  # other tests share the cores, and a deadline would measure them

VIDEO = VideoRef(creator_id=UUID(int=1), video_id=UUID(int=2))
TRANSCRIPT_ID = UUID(int=3)
TRANSCRIPT = TranscriptRef(video=VIDEO, transcript_id=TRANSCRIPT_ID, language="en", segments=1, words=1)

HEART = (
    "The heart is a muscle that pumps blood. Hemoglobin is the protein in red blood cells that binds oxygen. "
    "Blood passes through the mitral valve into the left ventricle. Dr. Smith measured 3.5 litres a minute. "
    "It doesn't rest. An electrocardiogram is a recording of the electrical activity of the heart."
)


def audio(parts: int = 1, seconds: float = 60) -> AudioRef:
    """A lecture's audio, under the key `audio`."""
    return AudioRef(
        video=VIDEO,
        transcript_id=TRANSCRIPT_ID,
        object_key="audio",
        sha256="0" * 64,
        duration_seconds=seconds,
        parts=parts,
    )


def timed(texts: Sequence[str], start: float = 0, seconds: float = 0.4, pause: float = 0) -> tuple[Word, ...]:
    """Words of equal length, with equal pauses between them."""
    step = seconds + pause
    return tuple(
        Word(start=round(start + i * step, 3), end=round(start + i * step + seconds, 3), text=text, probability=0.9)
        for i, text in enumerate(texts)
    )


def spoken(text: str, start: float = 0, seconds: float = 0.4, pause: float = 0) -> Segment:
    """A segment whose words are written as Whisper writes them, each behind its space."""
    start = round(start, 3)
    words = timed([f" {word}" for word in text.split()], start, seconds, pause)
    return Segment(start=start, end=words[-1].end if words else start, text=text, words=words)


WORDS = st.text(st.characters(codec="utf-8", exclude_categories=("Z", "C", "M")), min_size=1, max_size=14)
ENGLISH = st.sampled_from(
    ["so", "the", "heart", "pumps,", "blood.", "Dr.", "3.5", "x=2;", "why?", "ventricle", "E=mc2."]
)


@st.composite
def lectures(draw: st.DrawFn, max_segments: int = 12) -> list[Segment]:
    """Segments in order, with pauses within and between them, some without timed words."""
    segments, clock = [], 0.0
    for texts in draw(st.lists(st.lists(ENGLISH | WORDS, min_size=1, max_size=40), max_size=max_segments)):
        clock += draw(st.sampled_from([0, 0.3, 2]))
        segment = spoken(
            " ".join(texts), clock, draw(st.sampled_from([0, 0.05, 0.35, 1])), draw(st.sampled_from([0, 0.5]))
        )
        segments.append(segment if draw(st.booleans()) else segment.model_copy(update={"words": ()}))
        clock = segment.end
    return segments
