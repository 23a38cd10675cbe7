"""Chats: the asker must name a session of its own, or wait for an answer that is being written."""

from schemas.errors.roots import PermanentError, TransientError


class ChatNotFound(PermanentError):
    """No such chat session among the caller's."""

    code = "chat_not_found"
    exit_status = 104
    cure = "List yours with GET /api/chat/sessions, or leave session_id out to begin a new one."


class AnswerPending(TransientError):
    """The question of this idempotency key is being answered right now."""

    code = "answer_pending"
    exit_status = 105
    cure = "Ask again with the same key in a moment: then the stored answer comes."
