"""What every worker does around every step: errors in Temporal's words, and attempts counted for what they were.

Temporal counts attempts; it does not ask why the last one ended. Here three failures of a vendor or of the input end a
step, our own stores are waited out by time, and three deaths of the worker end it as poison. The tally of what the
attempts so far were travels from one to the next in the heartbeat details, which the server keeps over a failure, a
time-out and a kill (server 1.32, SDK 1.35: five failures in a row each found the tally of the one before).
"""

import asyncio
import logging
from datetime import timedelta
from typing import Any, NoReturn

from temporalio import activity
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory
from temporalio.exceptions import CancelledError as TemporalCancelledError
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput, Interceptor

from schemas.base import Frozen
from schemas.errors import MentoraError, PermanentError, StepPoisoned, StoreUnavailable, TransientError

MAX_FAILURES = 3  # the customer's "3 attempts, exponential backoff"
MAX_DEATHS = 3  # Sidekiq's super_fetch draws the same line: three recoveries, then the dead set
MAX_RETRY_AFTER_SECONDS = 3_600.0  # a provider that asks for more is asked again after an hour
MAX_STORE_WAIT_SECONDS = 5.0  # our own stores are polled often: a restart takes seconds

_LOGGER = logging.getLogger(__name__)


class Tally(Frozen):
    """How the attempts before this one ended. Those that are in neither count ended without a word: deaths."""

    failures: int = 0
    waits: int = 0

    @classmethod
    def of(cls, info: activity.Info) -> "Tally":
        """The tally that the last attempt left, or an empty one."""
        details = info.heartbeat_details
        return cls.model_validate(details[0]) if details else cls()

    def deaths(self, attempt: int) -> int:
        """Attempts before `attempt` that neither failed nor waited."""
        return attempt - 1 - self.failures - self.waits


class AttemptsInterceptor(Interceptor):
    """Give it to every worker."""

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:  # noqa: A002
        """Wrap the chain."""
        return _CountedStep(super().intercept_activity(next))


class _CountedStep(ActivityInboundInterceptor):
    async def execute_activity(self, input: ExecuteActivityInput) -> Any:  # noqa: A002
        info = activity.info()
        tally = Tally.of(info)
        if tally.deaths(info.attempt) >= MAX_DEATHS:
            message = f"the step {info.activity_type} ended its worker {MAX_DEATHS} times"
            raise _permanent(StepPoisoned(message), info.attempt)
        try:
            return await super().execute_activity(input)
        except StoreUnavailable as error:
            _wait(error, tally)
        except PermanentError as error:
            raise _permanent(error, info.attempt) from None
        except TransientError as error:
            _fail(error, tally, error.retry_after)
        except ApplicationError:
            raise
        except (asyncio.CancelledError, TemporalCancelledError):
            if _is_draining():
                _hand_over(tally)
            raise
        except Exception as error:
            if _is_draining():  # what breaks while a worker is taken down is no bug of the step
                _hand_over(tally)
            _LOGGER.exception("a bug in the step %s", info.activity_type)
            _fail(
                MentoraError(f"internal error in the step {info.activity_type} ({type(error).__name__})"), tally, None
            )


def _is_draining() -> bool:
    asked = activity.cancellation_details()
    return activity.is_worker_shutdown() and not (asked is not None and asked.cancel_requested)


# `from None` below: a cause would carry a stack and another's words into the history; the worker's log has them.


def _permanent(error: MentoraError, attempts: int) -> ApplicationError:
    return ApplicationError(str(error), attempts, type=error.code, non_retryable=True)


def _wait(error: StoreUnavailable, tally: Tally) -> NoReturn:
    activity.heartbeat(tally.model_copy(update={"waits": tally.waits + 1}))
    delay = min(0.25 * 2 ** min(tally.waits, 10), MAX_STORE_WAIT_SECONDS)
    raise ApplicationError(str(error), type=error.code, next_retry_delay=timedelta(seconds=delay)) from None


def _fail(error: MentoraError, tally: Tally, retry_after: float | None) -> NoReturn:
    failures = tally.failures + 1
    activity.heartbeat(tally.model_copy(update={"failures": failures}))
    delay = None if retry_after is None else timedelta(seconds=min(retry_after, MAX_RETRY_AFTER_SECONDS))
    last = failures >= MAX_FAILURES
    attempts = activity.info().attempt
    raise ApplicationError(str(error), attempts, type=error.code, non_retryable=last, next_retry_delay=delay) from None


def _hand_over(tally: Tally) -> NoReturn:
    # The worker is draining: another takes the step at once, and nobody is alarmed.
    activity.heartbeat(tally.model_copy(update={"waits": tally.waits + 1}))
    raise ApplicationError(
        "the worker is shutting down",
        type="worker_draining",
        category=ApplicationErrorCategory.BENIGN,
        next_retry_delay=timedelta(milliseconds=1),
    )
