"""The media ports in memory."""

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from uuid import UUID

from schemas.media import BYTES_PER_SECOND, AudioPart, AudioRef, MediaInfo, SourceRef
from schemas.videos import VideoRef

INFO = MediaInfo(
    container="mov", duration_seconds=4, audio_codec="aac", audio_seconds=4, sample_rate_hz=48_000, channels=2
)
SOUND = bytes(range(250)) * (4 * BYTES_PER_SECOND // 250)


class FakeArtefactRepository:
    """One video's artefacts: the first one wins. `saved_audio` has what was stored with each audio."""

    def __init__(self) -> None:
        self.in_use: set[str] = set()
        self.source: SourceRef | None = None
        self.audios: dict[str, AudioRef] = {}
        self.saved_audio: list[tuple[AudioRef, MediaInfo, str, list[AudioPart]]] = []

    async def find_source(self, video: VideoRef) -> SourceRef | None:
        return self.source

    async def save_source(self, video: VideoRef, source: SourceRef) -> SourceRef:
        self.source = self.source or source
        return self.source

    async def find_audio(self, video: VideoRef, speech_model: str) -> AudioRef | None:
        return self.audios.get(speech_model)

    async def save_audio(self, audio: AudioRef, info: MediaInfo, speech_model: str, parts: Sequence[AudioPart]) -> None:
        if self.audios.setdefault(speech_model, audio) is audio:
            self.saved_audio.append((audio, info, speech_model, list(parts)))

    async def forget(self, video: VideoRef, key: str) -> None:
        self.source = None if self.source and self.source.object_key == key else self.source
        self.audios = {model: audio for model, audio in self.audios.items() if audio.object_key != key}

    async def unused(self, creator: UUID, keys: Sequence[str]) -> list[str]:
        return [key for key in keys if key not in self.in_use]


class FakeMediaTool:
    """Finds four seconds of sound in anything, after reporting `reports`; `seen` has what it was given."""

    def __init__(self, *reports: float, seconds_between: float = 0) -> None:
        self.seen: list[bytes] = []
        self._reports = reports
        self._seconds_between = seconds_between

    async def probe(self, source: Path) -> MediaInfo:
        self.seen.append(source.read_bytes())
        return INFO

    async def extract_audio(
        self, source: Path, info: MediaInfo, target: Path, on_seconds: Callable[[float], None]
    ) -> float:
        for report in self._reports:
            on_seconds(report)
            await asyncio.sleep(self._seconds_between)
        target.write_bytes(SOUND)
        return len(SOUND) / BYTES_PER_SECOND

    def cut_at_pauses(self, pcm: Path) -> list[AudioPart]:
        end = pcm.stat().st_size / BYTES_PER_SECOND
        return [
            AudioPart(number=0, start_second=0, end_second=end / 2),
            AudioPart(number=1, start_second=end / 2, end_second=end),
        ]


class FakeDownloader:
    """Gives the same bytes for any address. An `errors` is raised, in order, before; half of the bytes stay then."""

    def __init__(self, content: bytes, *errors: Exception) -> None:
        self.asked: list[str] = []
        self.found: list[int] = []  # how many bytes each attempt found of the one before
        self._content = content
        self._errors = list(errors)

    async def download(self, url: str, target: Path, on_bytes: Callable[[float], None]) -> None:
        self.asked.append(url)
        await asyncio.to_thread(self._write, target)
        on_bytes(len(self._content))

    def _write(self, target: Path) -> None:
        target.parent.mkdir(parents=True, exist_ok=True)
        part = target.with_name(f"{target.name}.part")
        self.found.append(part.stat().st_size if part.exists() else 0)
        if self._errors:
            part.write_bytes(self._content[: len(self._content) // 2])
            raise self._errors.pop(0)
        part.unlink(missing_ok=True)
        target.write_bytes(self._content)
