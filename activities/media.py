"""The steps from a creator's file or address to sound that a speech model reads."""

import asyncio
import errno
import hashlib
import re
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from temporalio import activity

from activities.heartbeats import heartbeating
from activities.ports import ArtefactRepository, Downloader, MediaTool, ObjectStore, VideoRepository
from activities.progress import following
from schemas import ids
from schemas.errors import FileNotReadable, StorageFull
from schemas.media import BYTES_PER_SECOND, AudioRef, MediaInfo, SourceRef
from schemas.videos import Stage, VideoRef

_HASH_BLOCK_BYTES = 8 << 20
_SOURCE_SUFFIX = ".source"
_AUDIO_SUFFIX = ".pcm"


class MediaActivities:
    """Fetches a lecture's bytes and extracts its sound. `spool` is a folder of this machine for work in hand."""

    def __init__(
        self,
        videos: VideoRepository,
        artefacts: ArtefactRepository,
        store: ObjectStore,
        tool: MediaTool,
        downloader: Downloader,
        spool: Path,
        speech_model: str,
    ) -> None:
        self._videos = videos
        self._artefacts = artefacts
        self._store = store
        self._tool = tool
        self._downloader = downloader
        self._spool = spool
        self._speech_model = speech_model

    @activity.defn
    async def fetch_source(self, video: VideoRef) -> SourceRef:
        """See that the lecture's bytes are in our object store; from an address they are fetched into it.

        Idempotent: a repeat returns the stored reference, as long as its bytes are there or cannot be fetched again;
        the bytes' key is their checksum, and a broken download goes on where it ended.
        Raises: DownloadInterrupted, StoreUnavailable (transient); UrlRefused, DownloadRefused, DownloadTooLarge,
        FileNotReadable, Superseded (permanent).
        """
        async with heartbeating():
            await self._videos.start_stage(video, Stage.FETCH, 0, "bytes")
            source = await self._stored_source(video) or await self._bring_source(video)
            await self._videos.finish_stage(video, Stage.FETCH, source.bytes, "bytes")
            return source

    async def _stored_source(self, video: VideoRef) -> SourceRef | None:
        source = await self._artefacts.find_source(video)
        if source is None or await self._holds(source.object_key, source.bytes):
            return source
        if (await self._videos.source(video)).url is None:
            return source  # nobody but the creator can bring it again, and the sound may be there already
        await self._artefacts.forget(video, source.object_key)
        return None

    async def _holds(self, key: str, size: int) -> bool:
        """Whether the store has what a row names. Raises: StoreUnavailable: one that is away has lost nothing."""
        # Equal bytes of two videos are one object: a deletion of one may remove it just before the other has its row.
        return await self._store.size(key) == size

    async def _bring_source(self, video: VideoRef) -> SourceRef:
        asked = await self._videos.source(video)
        if asked.object_key is not None:
            return await self._artefacts.save_source(video, await self._uploaded(video, asked.object_key))
        assert asked.url is not None
        # Named by what is fetched, so that the next attempt finds what is there; by the video too, because two videos
        # from one address are two tenants' or two versions.
        landed = self._spool / ids.text_sha256(f"{video.creator_id}/{video.video_id}/{asked.url}")
        source = await self._artefacts.save_source(video, await self._downloaded(video, asked.url, landed))
        await asyncio.to_thread(landed.unlink, missing_ok=True)
        return source

    async def _uploaded(self, video: VideoRef, key: str) -> SourceRef:
        # Whoever sends an event chooses its key: another creator's must look as if nothing were there.
        size = await self._store.size(key) if key.startswith(f"{video.creator_id}/") else None
        if size is None:
            raise FileNotReadable(f"the object store holds nothing under {key[:100]!r}")
        return SourceRef(object_key=key, sha256=await self._checksum(key, size), bytes=size)

    async def _checksum(self, key: str, size: int) -> str:
        """From the key where it says it; reading 20 GB again would take minutes."""
        if named := re.fullmatch(r"[^/]+/[0-9a-f]{2}/([0-9a-f]{64})(\.[a-z0-9]+)?", key):
            return named[1]
        digest = hashlib.sha256()
        for start in range(0, size, _HASH_BLOCK_BYTES):
            block = await self._store.read(key, start, min(_HASH_BLOCK_BYTES, size - start))
            await asyncio.to_thread(digest.update, block)
        return digest.hexdigest()

    async def _downloaded(self, video: VideoRef, url: str, landed: Path) -> SourceRef:
        async with following(self._videos, video, Stage.FETCH, 0, "bytes") as on_bytes:
            await self._downloader.download(url, landed, on_bytes)
        sha256, size = await asyncio.to_thread(_checksum_and_size, landed)
        key = ids.object_key(video.creator_id, sha256, _SOURCE_SUFFIX)
        await self._store.put(key, landed)
        return SourceRef(object_key=key, sha256=sha256, bytes=size)

    @activity.defn
    async def extract_audio(self, video: VideoRef, source: SourceRef) -> AudioRef:
        """Store the lecture's sound as raw 16 kHz mono 16-bit PCM, and where to cut it into parts.

        Second 0 of the sound is second 0 of the video.
        Idempotent: a repeat returns the stored reference, as long as the sound is there; the same bytes give the same
        sound, key and parts.
        Raises: StoreUnavailable (transient); NotMedia, NoAudioTrack, MediaTruncated, MediaTooLong, MediaEncrypted,
        MediaTooDemanding, FileNotReadable, Superseded (permanent).
        """
        async with heartbeating():
            audio = await self._stored_audio(video)
            if audio is None:
                audio = await self._make_audio(video, source)
            else:
                await self._videos.start_stage(video, Stage.AUDIO, audio.duration_seconds, "seconds")
            await self._videos.finish_stage(video, Stage.AUDIO, audio.duration_seconds, "seconds")
            return audio

    async def _stored_audio(self, video: VideoRef) -> AudioRef | None:
        audio = await self._artefacts.find_audio(video, self._speech_model)
        if audio is None or await self._holds(audio.object_key, round(audio.duration_seconds * BYTES_PER_SECOND)):
            return audio
        await self._artefacts.forget(video, audio.object_key)
        return None

    async def _make_audio(self, video: VideoRef, source: SourceRef) -> AudioRef:
        with _private_folder(self._spool) as folder:
            media, pcm = folder / "source", folder / "audio"
            await self._store.fetch(source.object_key, media)
            info = await self._tool.probe(media)
            seconds = await self._extract(video, media, info, pcm)
            parts, (sha256, _) = await asyncio.gather(
                asyncio.to_thread(self._tool.cut_at_pauses, pcm), asyncio.to_thread(_checksum_and_size, pcm)
            )
            key = ids.object_key(video.creator_id, sha256, _AUDIO_SUFFIX)
            await self._store.put(key, pcm)
        audio = AudioRef(
            video=video,
            transcript_id=ids.transcript_id(video.video_id, sha256, self._speech_model),
            object_key=key,
            sha256=sha256,
            duration_seconds=seconds,
            parts=len(parts),
        )
        await self._artefacts.save_audio(audio, info, self._speech_model, parts)
        return audio

    async def _extract(self, video: VideoRef, media: Path, info: MediaInfo, pcm: Path) -> float:
        total = info.audio_seconds or info.duration_seconds or 0
        await self._videos.start_stage(video, Stage.AUDIO, total, "seconds")
        async with following(self._videos, video, Stage.AUDIO, total, "seconds") as on_seconds:
            return await self._tool.extract_audio(media, info, pcm, on_seconds)


def sweep_spool(spool: Path, older_than_seconds: float) -> None:
    """Remove what killed workers left behind: folders and downloads that nobody has written to for that long."""
    for path in spool.iterdir() if spool.is_dir() else ():
        inside = path.rglob("*") if path.is_dir() else ()
        if max(p.stat().st_mtime for p in (path, *inside)) < time.time() - older_than_seconds:
            shutil.rmtree(path) if path.is_dir() else path.unlink()


def _checksum_and_size(path: Path) -> tuple[str, int]:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest(), file.tell()


@contextmanager
def _private_folder(spool: Path) -> Iterator[Path]:
    """A folder that goes with what is in it. Raises: StorageFull."""
    try:
        spool.mkdir(parents=True, exist_ok=True)
        folder = TemporaryDirectory(dir=spool, prefix="work-")
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise StorageFull("the spool's disk is full") from error
        raise
    with folder as name:
        yield Path(name)
