"""Who is let in: our own rows first, Whop where they are silent or old, and nobody on a guess."""

import asyncio
from datetime import UTC, datetime
from uuid import UUID
from weakref import WeakValueDictionary

from adapters.postgres.memberships import Memberships
from adapters.whop import Whop
from schemas.errors import Forbidden, ProviderRefused, WhopUnavailable
from schemas.memberships import Access, Known


class Doorkeeper:
    """Finds out what a Whop user is to a creator."""

    def __init__(self, memberships: Memberships, whop: Whop) -> None:
        self._memberships = memberships
        self._whop = whop
        self._asking: WeakValueDictionary[tuple[UUID, str], asyncio.Lock] = WeakValueDictionary()

    async def admit(self, creator: UUID, user: str, company: str | None = None) -> Known:
        """What is known of the user, who is let in as its `access` says, never as NONE.

        `company` is the creator's at Whop, where the caller names it; else the creator's row must. However many ask for
        one user at once, Whop is asked once.

        Raises: Forbidden; WhopUnavailable, ProviderRefused where Whop cannot be asked and nothing known is good enough.
        """
        known = await self._memberships.find(creator, user)
        if not known.is_fresh(datetime.now(UTC)):
            asking = self._asking.setdefault((creator, user), asyncio.Lock())
            async with asking:
                known = await self._memberships.find(creator, user)
                if not known.is_fresh(datetime.now(UTC)):
                    known = await self._asked(creator, user, company or known.company, known)
        if known.access is Access.NONE:
            raise Forbidden("this user has no membership with this creator")
        return known

    async def _asked(self, creator: UUID, user: str, company: str | None, known: Known) -> Known:
        if company is None:
            raise Forbidden("this creator is not known here: begin with POST /api/whop/auth")
        at = datetime.now(UTC)
        try:
            access = await self._whop.access(user, company)
        except (WhopUnavailable, ProviderRefused):
            if (still := known.while_away(at)) is Access.NONE:
                raise
            return known.model_copy(update={"checked": still})
        if not await self._memberships.save_check(creator, company, user, access, at):
            raise WhopUnavailable("the membership changed while Whop was asked")
        return await self._memberships.find(creator, user)
