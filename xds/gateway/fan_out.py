"""Several communities asked at once, each with its own time, each call in the audit log."""

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar
from urllib.parse import urlsplit

from xds.access import Caller
from xds.audit import AuditLog, Outcome, Side
from xds.client import ClientError
from xds.gateway.communities import Community
from xds.model import RegistryResponse, UnavailableCommunity

log = logging.getLogger(__name__)
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Leg(Generic[T]):
    """What is asked of one community, and what the audit log says of it."""

    community: Community
    number: str  # of the transaction
    caller: Caller  # for whom
    ask: Callable[[], tuple[RegistryResponse, T]]
    facts: Mapping[str, Any] = field(default_factory=dict)  # fields of `xds.audit.AuditEvent`


class FanOut:
    """Asks communities side by side; a slow one costs its own time and nobody else's.

    Parameters
    ----------
    calls
        Calls under way at once, of all requests of the process.
    """

    def __init__(self, calls: int, audit: AuditLog) -> None:
        self._pool = ThreadPoolExecutor(max_workers=calls, thread_name_prefix="gateway")
        self._audit = audit

    def close(self) -> None:
        """Take no more calls; those under way end by themselves."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def start(self, legs: Sequence[Leg[T]]) -> Callable[[], list[T | UnavailableCommunity]]:
        """Begin to ask; what is returned waits for the answers.

        Returns
        -------
        A function that returns each community's answer, in the order of `legs`, or the finding that it did not
        answer: within its seconds, or at all.
        """
        began = time.monotonic()
        started = [(leg.community, self._pool.submit(self._ask, leg)) for leg in legs]

        def answers() -> list[T | UnavailableCommunity]:
            found: list[T | UnavailableCommunity] = []
            for community, future in started:
                answer = _answer(community, future, began)
                found.append(answer)
            return found

        return answers

    def _ask(self, leg: Leg[T]) -> T:
        """Ask one community; what it answered is in the audit log before anybody sees it (3.38.4.1.4, 3.39.6)."""
        url = leg.community.url
        trail = self._audit.trail(
            leg.number, caller=leg.caller, endpoint=url, side=Side.CLIENT, peer=urlsplit(url).hostname
        )
        trail.about(**leg.facts)
        try:
            response, answer = leg.ask()
        except ClientError as error:
            trail.failed(Outcome.SERIOUS_FAILURE)
            trail.close(type(error).__name__)
            raise
        trail.answered(response)
        trail.close()
        return answer


def _answer(community: Community, future: Future[T], began: float) -> T | UnavailableCommunity:
    left = began + community.seconds - time.monotonic()
    try:
        return future.result(timeout=max(0.0, left))
    except TimeoutError:
        future.cancel()
        reason = f"no answer within {community.seconds:g} s"
        log.warning("community unavailable", extra={"community": community.name, "error": "TimeoutError"})
    except ClientError as error:
        log.warning(
            "community unavailable", extra={"community": community.name, "error": type(error).__name__}
        )
        reason = str(error)
    return UnavailableCommunity(
        f"{community.name} ({community.home_community_id}) is not available: {reason}; repeat the request later",
        location=community.home_community_id,
    )
