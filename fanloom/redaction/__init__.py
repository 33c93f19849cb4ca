"""No secret reaches a log, a trace or an error; and who is spoken of stays out of a trace where that is wanted."""

from fanloom.redaction.personal_data import mask_personal as mask_personal
from fanloom.redaction.secret_values import redact as redact
from fanloom.redaction.secret_values import redactor as redactor
from fanloom.redaction.secret_values import show_url as show_url
from fanloom.redaction.url_parts import is_clear as is_clear
