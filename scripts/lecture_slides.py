"""The pictures of the sample lecture: a title, a few points and a scene drawn from plain shapes."""

from collections.abc import Callable
from enum import StrEnum

from PIL import Image, ImageDraw, ImageFont

WIDTH, HEIGHT = 1280, 720
SCALE = 2  # drawn at twice the size and reduced, which smooths every edge
PAPER, INK, ACCENT, FAINT = "#fbfaf6", "#1d2733", "#c8553d", "#8a94a0"
SKY, SNOW, ROCK, DARK_ROCK, GRASS = "#cfe3ef", "#ffffff", "#7d8597", "#5c6378", "#8fb36b"
WATER, DEEP, SAND, DUNE, FIRE, ICE = "#5a9bc4", "#2f6f9f", "#e9cf9b", "#d9b56f", "#e4572e", "#e6f3fa"
FRAME = (700, 130, 1220, 600)  # where the scene lies

Points = list[tuple[float, float]]


class Scene(StrEnum):
    """What is drawn beside the words."""

    MOUNTAINS = "mountains"
    GLOBE = "globe"
    VOLCANO = "volcano"
    RIVER = "river"
    ICE = "ice"
    SEA = "sea"
    DESERT = "desert"


class Pen:
    """Draws in the coordinates of the finished slide, pixels from its upper left corner."""

    def __init__(self, image: Image.Image) -> None:
        self._draw = ImageDraw.Draw(image)

    def shape(self, points: Points, colour: str) -> None:
        """Fill a polygon."""
        self._draw.polygon([(x * SCALE, y * SCALE) for x, y in points], fill=colour)

    def box(self, left: float, top: float, right: float, bottom: float, colour: str) -> None:
        """Fill a rectangle."""
        self._draw.rectangle([left * SCALE, top * SCALE, right * SCALE, bottom * SCALE], fill=colour)

    def disc(self, x: float, y: float, radius: float, colour: str) -> None:
        """Fill a circle."""
        box = [(x - radius) * SCALE, (y - radius) * SCALE, (x + radius) * SCALE, (y + radius) * SCALE]
        self._draw.ellipse(box, fill=colour)

    def text(self, x: float, y: float, words: str, size: int, colour: str) -> None:
        """Write one line, in the font that comes with Pillow: the same on every machine."""
        self._draw.text((x * SCALE, y * SCALE), words, fill=colour, font=ImageFont.load_default(size * SCALE))


def _mountains(pen: Pen) -> None:
    pen.shape([(700, 600), (860, 290), (1020, 600)], DARK_ROCK)
    pen.shape([(822, 363), (860, 290), (898, 363), (876, 350), (860, 372), (842, 350)], SNOW)
    pen.shape([(850, 600), (1060, 220), (1220, 520), (1220, 600)], ROCK)
    pen.shape([(1010, 310), (1060, 220), (1109, 312), (1084, 298), (1062, 326), (1034, 296)], SNOW)
    pen.shape([(700, 600), (700, 540), (900, 560), (1220, 520), (1220, 600)], GRASS)
    pen.disc(770, 210, 36, "#f4c95d")


def _globe(pen: Pen) -> None:
    for radius, colour in ((190, GRASS), (176, "#a8763e"), (168, "#d98e3f"), (100, FIRE), (50, "#f4c95d")):
        pen.disc(960, 365, radius, colour)
    pen.text(975, 205, "crust", 20, PAPER)
    pen.text(935, 232, "mantle", 24, PAPER)
    pen.text(938, 352, "core", 22, INK)


def _volcano(pen: Pen) -> None:
    for x, y, radius in ((960, 215, 42), (1005, 180, 46), (1060, 165, 36), (1105, 172, 26)):
        pen.disc(x, y, radius, "#a9adb5")
    pen.shape([(720, 600), (900, 290), (1010, 290), (1200, 600)], DARK_ROCK)
    pen.shape([(905, 290), (1005, 290), (990, 250), (962, 270), (930, 240)], FIRE)
    pen.shape([(935, 290), (975, 290), (1000, 420), (985, 600), (930, 600), (955, 430)], FIRE)
    pen.box(700, 580, 1220, 600, "#4a4f5e")


def _river(pen: Pen) -> None:
    pen.shape([(700, 600), (700, 330), (860, 250), (940, 330), (1040, 250), (1220, 350), (1220, 600)], GRASS)
    pen.shape([(700, 330), (860, 250), (940, 330), (820, 420), (700, 440)], "#a9c489")
    pen.shape([(936, 328), (948, 328), (985, 400), (930, 455), (1000, 520), (1130, 600), (800, 600)], WATER)
    pen.shape([(948, 328), (936, 328), (960, 400), (890, 460), (900, 520), (800, 600), (940, 520)], WATER)
    pen.shape([(920, 600), (955, 545), (990, 600)], SAND)


def _ice(pen: Pen) -> None:
    pen.box(700, 400, 1220, 600, DEEP)
    pen.shape([(700, 400), (700, 240), (800, 180), (880, 300), (900, 400)], ROCK)
    pen.shape([(730, 222), (800, 180), (850, 256), (880, 330), (905, 400), (790, 400), (770, 300)], ICE)
    pen.shape([(985, 400), (1020, 320), (1060, 345), (1095, 300), (1140, 400)], SNOW)
    pen.shape([(940, 400), (1180, 400), (1150, 490), (1080, 565), (1000, 520)], "#8fc1dd")
    pen.box(700, 398, 1220, 402, ICE)


def _sea(pen: Pen) -> None:
    pen.disc(1120, 205, 34, "#f7f3e3")
    pen.disc(1134, 197, 30, SKY)
    pen.box(700, 380, 1220, 600, WATER)
    pen.shape([(960, 380), (1040, 330), (1120, 352), (1160, 380)], GRASS)
    pen.box(1046, 280, 1052, 336, "#8a6642")
    for side in (-1, 1):
        pen.shape([(1049, 282), (1049 + 26 * side, 262), (1049 + 48 * side, 284), (1049 + 24 * side, 276)], "#5f8f4a")
        pen.shape([(1049, 282), (1049 + 18 * side, 284), (1049 + 30 * side, 312), (1049 + 12 * side, 296)], "#4f7d3c")
    pen.shape([(700, 600), (700, 300), (790, 300), (815, 420), (850, 520), (960, 600)], DARK_ROCK)
    pen.shape([(960, 600), (850, 520), (1000, 545), (1220, 575), (1220, 600)], SAND)


def _desert(pen: Pen) -> None:
    pen.disc(1110, 215, 44, "#f4a63a")
    pen.shape([(700, 600), (700, 430), (850, 350), (980, 440), (1120, 370), (1220, 430), (1220, 600)], DUNE)
    pen.shape([(700, 600), (700, 430), (850, 350), (820, 470), (900, 600)], SAND)
    pen.shape([(900, 600), (980, 440), (1120, 370), (1080, 480), (1150, 600)], SAND)


_SCENES: dict[Scene, Callable[[Pen], None]] = {
    Scene.MOUNTAINS: _mountains,
    Scene.GLOBE: _globe,
    Scene.VOLCANO: _volcano,
    Scene.RIVER: _river,
    Scene.ICE: _ice,
    Scene.SEA: _sea,
    Scene.DESERT: _desert,
}


def draw_slide(title: str, points: tuple[str, ...], scene: Scene, number: int, of: int) -> Image.Image:
    """Slide `number` (0 is the first) of `of`, 1280 x 720 pixels; the first one carries its points without dots."""
    image = Image.new("RGB", (WIDTH * SCALE, HEIGHT * SCALE), PAPER)
    pen = Pen(image)
    pen.box(*FRAME, SKY)
    _SCENES[scene](pen)
    pen.text(60, 60, title, 48, INK)
    pen.box(60, 122, 180, 127, ACCENT)
    for line, point in enumerate(points):
        y = 220 + (56 if number == 0 else 90) * line
        if number:
            pen.disc(72, y + 20, 6, ACCENT)
        pen.text(96 if number else 60, y, point, 30, INK)
    pen.text(60, 655, "Mentora sample lecture", 20, FAINT)
    pen.text(1160, 655, f"{number + 1} / {of}", 20, FAINT)
    return image.resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS)
