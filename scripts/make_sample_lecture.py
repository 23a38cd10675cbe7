"""Make `samples/lecture.mp4`, its text and the times of its sentences: a lecture that is ours to give away.

Run `python -m scripts.make_sample_lecture`. The voice is SVOX Pico (py-nanotts, Apache-2.0), the pictures are drawn by
`scripts/lecture_slides.py`, so nothing in the file belongs to anybody else. The same versions give the same samples of
sound and the same pictures; the bytes of the MP4 also depend on the build of ffmpeg.
"""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import imageio_ffmpeg
import numpy as np
from numpy.typing import NDArray

from scripts.lecture_slides import Scene, draw_slide

SAMPLES = Path(__file__).resolve().parent.parent / "samples"
SAMPLE_RATE_HZ = 16_000  # what the voice speaks, and what Whisper reads
VOICE = "en-GB"  # 1.9 % of its words are misheard by tiny.en; en-US: 2.8 % (107-word paragraph)
GAP_SECONDS = 0.6  # between sentences: long enough for the parts of a long lecture to be cut there
SLIDE_GAP_SECONDS = 1.2  # before a slide's first sentence
SILENCE = 0.01  # of full scale: the voice's own silence around an utterance lies below it
FRAMES_PER_SECOND = 5  # still pictures; a slide turns within 0.2 s of its first word

# One utterance a process: in a second `speak()` of one process the samples can differ from those of a fresh one.
_SPEAK = "import sys; from py_nanotts import NanoTTS; sys.stdout.buffer.write(NanoTTS().speak(sys.argv[1], voice='{}'))"


@dataclass(frozen=True)
class Slide:
    """A picture and what is said while it is shown, one sentence an item."""

    title: str
    points: tuple[str, ...]
    scene: Scene
    sentences: tuple[str, ...]


LECTURE = (
    Slide(
        "How the Land Gets Its Shape",
        ("A short lecture on mountains,", "rivers, ice and the sea"),
        Scene.MOUNTAINS,
        (
            "Welcome to this short lecture about the shape of the land.",
            "We will look at mountains, rivers, ice and the sea.",
        ),
    ),
    Slide(
        "Inside the Earth",
        ("The crust: a thin layer of rock", "The mantle: hot, and always moving", "Plates slip: an earthquake"),
        Scene.GLOBE,
        (
            "The crust is the thin layer of rock that covers the whole Earth.",
            "Below it lies the mantle, which is much hotter and much thicker.",
            "The rock of the mantle moves about as fast as your fingernails grow.",
            "The large pieces of the crust are called plates.",
            "An earthquake is a sudden shaking of the ground when two plates slip past each other.",
        ),
    ),
    Slide(
        "Fire",
        ("A volcano: where melted rock comes out", "Lava cools and becomes stone", "Ash travels around the world"),
        Scene.VOLCANO,
        (
            "A volcano is an opening in the ground where melted rock comes out.",
            "Lava is hot melted rock that flows across the surface.",
            "When lava cools, it becomes hard black stone.",
            "Ash from a large volcano can travel around the whole world.",
        ),
    ),
    Slide(
        "Rivers",
        ("Erosion wears the rock away", "A valley lies between hills", "A delta grows where a river ends"),
        Scene.RIVER,
        (
            "Erosion is the slow loss of rock to wind, water and ice.",
            "A valley is a long low area of land between hills.",
            "A waterfall is a place where a river drops over a steep cliff.",
            "The Grand Canyon was cut by the Colorado River in about five million years.",
            "A delta is a flat area of mud and sand at the mouth of a river.",
            "Egypt grows most of its food in the delta of the Nile.",
        ),
    ),
    Slide(
        "Ice",
        ("A glacier slides down a mountain", "Stones scratch the rock below", "Pieces of it float in the ocean"),
        Scene.ICE,
        (
            "A glacier is a thick mass of ice that slides slowly down a mountain.",
            "Stones under the glacier scratch the rock below like sandpaper.",
            "Large pieces of ice fall from its edge and float in the ocean.",
            "Most of the floating ice is hidden under the water.",
            "Greenland is the largest island in the world, and most of it lies under ice.",
        ),
    ),
    Slide(
        "The Sea",
        ("Waves break the cliffs", "The moon makes the tide", "An island has water on every side"),
        Scene.SEA,
        (
            "Waves throw stones against the coast and slowly break the cliffs.",
            "A beach is a strip of sand or stones along the edge of the sea.",
            "The tide is the rise and fall of the sea twice a day.",
            "The moon pulls on the water and causes the tide.",
            "An island is a piece of land with water on every side.",
        ),
    ),
    Slide(
        "Wind",
        ("A desert gets very little rain", "Wind builds dunes out of sand"),
        Scene.DESERT,
        (
            "A desert is a dry region that gets very little rain.",
            "The wind blows the sand into long hills called dunes.",
            "The largest hot desert in the world is the Sahara.",
        ),
    ),
    Slide(
        "What to Remember",
        ("Heat builds the mountains up", "Rain, rivers and the sea wear them down", "The land never stops changing"),
        Scene.MOUNTAINS,
        (
            "The heat inside the Earth pushes the mountains up.",
            "The rain, the rivers and the sea wear them down again.",
            "The land looks still, but it never stops changing.",
            "Thank you for listening.",
        ),
    ),
)


@dataclass(frozen=True)
class Spoken:
    """A sentence and when it is spoken, in seconds from the start."""

    text: str
    start: float
    end: float


def speak(sentence: str) -> NDArray[np.int16]:
    """The sentence in 16 kHz mono samples, without the silence around it."""
    said = subprocess.run([sys.executable, "-c", _SPEAK.format(VOICE), sentence], capture_output=True, check=True)
    samples = np.frombuffer(said.stdout, np.int16)
    loud = np.flatnonzero(np.abs(samples.astype(np.int32)) > SILENCE * 32_768)
    return samples[loud[0] : loud[-1] + 1]


def silence(seconds: float) -> NDArray[np.int16]:
    """That many seconds of nothing."""
    return np.zeros(round(seconds * SAMPLE_RATE_HZ), np.int16)


def record() -> tuple[NDArray[np.int16], list[Spoken], list[float]]:
    """The whole sound, the sentences with their times, and the second at which each slide begins."""
    pieces: list[NDArray[np.int16]] = []
    spoken: list[Spoken] = []
    turns: list[float] = []
    position = 0
    for slide in LECTURE:
        turns.append(position / SAMPLE_RATE_HZ)
        for number, sentence in enumerate(slide.sentences):
            gap, words = silence(GAP_SECONDS if number else SLIDE_GAP_SECONDS), speak(sentence)
            start = position + len(gap)
            position = start + len(words)
            pieces += [gap, words]
            spoken.append(Spoken(sentence, round(start / SAMPLE_RATE_HZ, 3), round(position / SAMPLE_RATE_HZ, 3)))
    return np.concatenate([*pieces, silence(SLIDE_GAP_SECONDS)]), spoken, turns


def encode(folder: Path, sound: NDArray[np.int16], turns: list[float], target: Path) -> None:
    """Join the slides in `folder` and the sound into an MP4 that starts to play before it is fully loaded."""
    ends = [*turns[1:], len(sound) / SAMPLE_RATE_HZ]
    lines = [f"file 'slide{n}.png'\nduration {end - turns[n]:.3f}" for n, end in enumerate(ends)]
    (folder / "slides.txt").write_text("\n".join([*lines, f"file 'slide{len(ends) - 1}.png'"]))
    (folder / "sound.pcm").write_bytes(sound.tobytes())
    pictures = ["-f", "concat", "-i", str(folder / "slides.txt")]
    voice = ["-f", "s16le", "-ar", str(SAMPLE_RATE_HZ), "-ac", "1", "-i", str(folder / "sound.pcm")]
    video = ["-vf", f"fps={FRAMES_PER_SECOND},format=yuv420p", "-c:v", "libx264", "-preset", "veryslow", "-crf", "24"]
    audio = ["-c:a", "aac", "-b:a", "48k"]
    same = ["-tune", "stillimage", "-threads", "1", "-fflags", "+bitexact", "-flags", "+bitexact"]
    end = ["-map_metadata", "-1", "-t", f"{ends[-1]:.3f}", "-movflags", "+faststart", str(target)]
    ffmpeg = imageio_ffmpeg.get_ffmpeg_exe()  # type: ignore[attr-defined, no-untyped-call]  # it has no types
    subprocess.run([ffmpeg, "-v", "error", "-y", *pictures, *voice, *video, *audio, *same, *end], check=True)


def main() -> None:
    """Write the three sample files."""
    sound, spoken, turns = record()
    with TemporaryDirectory() as name:
        folder = Path(name)
        for number, slide in enumerate(LECTURE):
            draw_slide(slide.title, slide.points, slide.scene, number, len(LECTURE)).save(folder / f"slide{number}.png")
        encode(folder, sound, turns, SAMPLES / "lecture.mp4")
    (SAMPLES / "lecture.txt").write_text("".join(f"{sentence.text}\n" for sentence in spoken))
    times = [{"text": sentence.text, "start": sentence.start, "end": sentence.end} for sentence in spoken]
    (SAMPLES / "lecture.times.json").write_text(json.dumps(times, indent=1) + "\n")
    print(f"{len(sound) / SAMPLE_RATE_HZ:.1f} s, {sum(len(s.text.split()) for s in spoken)} words")


if __name__ == "__main__":
    main()
