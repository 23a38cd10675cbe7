"""Citations: `[2]` in what a model writes, looked up as it streams past."""

import re
from collections.abc import Iterator, Sequence

from schemas.chats import Citation, Passage

_MARK = re.compile(r"(\s?)\[(\d{1,4}(?:\s*,\s*\d{1,4})*)\]")
_UNFINISHED = re.compile(r"\s?\[[\d\s,]{0,40}\Z|\s\Z")  # the beginning of a mark may be the end of a piece


class CitationReader:
    """Lets text pass and finds its citations: of a passage that was given, or the mark is dropped.

    The quotation is the passage's own sentence. The model decides only which of our passages it rests on.
    """

    def __init__(self, passages: Sequence[Passage]) -> None:
        self._passages = {passage.number: passage for passage in passages}
        self._held = ""
        self.cited: dict[int, Citation] = {}

    def feed(self, piece: str) -> Iterator[str | Citation]:
        """What is certain so far: text, and each citation when it is first met."""
        text = self._held + _storable(piece)
        unfinished = _UNFINISHED.search(text)
        self._held = text[unfinished.start() :] if unfinished else ""
        yield from self._read(text[: unfinished.start()] if unfinished else text)

    def end(self) -> Iterator[str | Citation]:
        """What was held back."""
        held, self._held = self._held, ""
        yield from self._read(held.rstrip())

    def _read(self, text: str) -> Iterator[str | Citation]:
        found: list[int] = []

        def kept(mark: re.Match[str]) -> str:
            known = [n for n in map(int, mark[2].split(",")) if n in self._passages]
            found.extend(known)
            return mark[1] + "".join(f"[{number}]" for number in known) if known else ""

        if shown := _MARK.sub(kept, text):
            yield shown
        for number in found:
            if number not in self.cited:
                # Field by field: a passage also has its text and score, which are no citation.
                passage = self._passages[number]
                self.cited[number] = Citation(**{name: getattr(passage, name) for name in Citation.model_fields})
                yield self.cited[number]


def _storable(text: str) -> str:
    """Without what PostgreSQL or UTF-8 cannot hold: NUL, and halves of surrogate pairs."""
    return text.replace("\0", "").encode(errors="replace").decode()
