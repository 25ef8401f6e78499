"""Messages: one inbox per citizen, words made in the reader's language, live while the app is open."""

from shimin.messages.errors import SlotsMismatch, TemplateUnknown
from shimin.messages.facts import MessageDelivered, MessageRead
from shimin.messages.follow import announce, follow
from shimin.messages.mark_read import mark_read
from shimin.messages.model import TEMPLATES, Message, SenderKind
from shimin.messages.send import SendMessage, send
from shimin.messages.views import BODY, INBOX, TITLE, message_of, row_of

__all__ = [
    "BODY",
    "INBOX",
    "TEMPLATES",
    "TITLE",
    "Message",
    "MessageDelivered",
    "MessageRead",
    "SendMessage",
    "SenderKind",
    "SlotsMismatch",
    "TemplateUnknown",
    "announce",
    "follow",
    "mark_read",
    "message_of",
    "row_of",
    "send",
]
