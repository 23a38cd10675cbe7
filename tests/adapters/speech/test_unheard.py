import pytest

from adapters.speech.unheard import unheard

SPEECH = [(1.0, 11.0), (20.0, 30.0)]


@pytest.mark.parametrize(
    ("words", "spans"),
    [
        pytest.param([], SPEECH, id="nothing was written"),
        pytest.param([(1, 11), (20, 30)], [], id="all was written"),
        pytest.param([(1, 5)], [(5, 11), (20, 30)], id="a window ended early"),
        pytest.param([(6, 11), (20, 30)], [(1, 6)], id="the beginning is missing"),
        pytest.param([(1, 4), (7, 11), (20, 30)], [(4, 7)], id="the middle is missing"),
        pytest.param([(1, 4), (5.9, 11), (20, 30)], [], id="a pause of less than two seconds"),
        pytest.param([(7, 30), (1, 4)], [(4, 7)], id="words in any order, beyond the speech"),
    ],
)
def test_speech_that_no_word_covers_is_found(
    words: list[tuple[float, float]], spans: list[tuple[float, float]]
) -> None:
    assert list(unheard(SPEECH, words)) == spans


def test_no_speech_is_nothing_to_hear() -> None:
    assert list(unheard([], [(1, 2)])) == []
