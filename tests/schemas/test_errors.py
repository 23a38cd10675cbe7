"""Every error has a name of its own, an exit status of its own, and says what to do."""

import pytest

from schemas.errors import MentoraError, PermanentError, TransientError, error_class, error_classes

NAMED = [error for error in error_classes() if error.code != MentoraError.code]


def test_codes_and_exit_statuses_are_each_used_once() -> None:
    own_status = [error.exit_status for error in NAMED if "exit_status" in vars(error)]
    assert len({error.code for error in NAMED}) == len(NAMED) > 30
    assert len(set(own_status)) == len(own_status)
    assert all(2 < status < 126 for status in own_status), "the shell keeps the others for itself"


@pytest.mark.parametrize("error", NAMED, ids=lambda error: error.code)
def test_an_error_is_permanent_or_transient_and_says_who_must_act(error: type[MentoraError]) -> None:
    assert issubclass(error, PermanentError) != issubclass(error, TransientError)
    assert error.__doc__
    assert error.cure != MentoraError.cure
    assert error_class(error.code) is error


def test_a_code_of_another_version_is_an_error_all_the_same() -> None:
    assert error_class("not_invented_yet") is MentoraError
    assert error_class("error") is MentoraError


def test_a_provider_may_say_when_to_come_back() -> None:
    assert TransientError("slow down", retry_after=3).retry_after == 3
    assert TransientError("slow down").retry_after is None
