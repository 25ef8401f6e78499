"""Messages: one inbox per citizen, words made in the reader's language, live while the app is open."""

from shimin.messages.app_templates import AppTemplate
from shimin.messages.errors import MessageNotDeclared, MessagesExceeded, SlotsMismatch, TemplateUnknown
from shimin.messages.facts import MessageDelivered, MessageRead
from shimin.messages.follow import announce, follow
from shimin.messages.mark_read import mark_read
from shimin.messages.model import TEMPLATES, Message, SenderKind
from shimin.messages.register_templates import register_templates
from shimin.messages.send import SendMessage, send
from shimin.messages.send_for_app import MESSAGES_PER_DAY_MAX, SendForApp, send_for_app
from shimin.messages.views import BODY, INBOX, TITLE, message_of, row_of

__all__ = [
    "BODY",
    "INBOX",
    "MESSAGES_PER_DAY_MAX",
    "TEMPLATES",
    "TITLE",
    "AppTemplate",
    "Message",
    "MessageDelivered",
    "MessageNotDeclared",
    "MessageRead",
    "MessagesExceeded",
    "SendForApp",
    "SendMessage",
    "SenderKind",
    "SlotsMismatch",
    "TemplateUnknown",
    "announce",
    "follow",
    "mark_read",
    "message_of",
    "register_templates",
    "row_of",
    "send",
    "send_for_app",
]
