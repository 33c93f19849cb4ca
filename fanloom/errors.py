"""Every error that Fanloom raises on purpose.

FanloomError
  UserError (ValueError)     something the caller can mend; raised before any model is called
    InvalidInput             a graph's input; the message names the field
    InvalidContext           a field of `context=`
    InvalidSettings          a FANLOOM_* variable of the environment
    UnknownModel             a model name that means nothing, with the nearest one that does
    MissingCredentials       a key or region that is not set
    MissingPackage           a provider whose package is not installed
    PromptError              a prompt file or the variables given to it
    GraphError               a graph that is wired in a way that cannot work
      MissingNode            a thread that goes on at a node that its graph no longer has
  RunError (RuntimeError)    the run failed; `.kind` says how, `.retryable` whether trying again can help
    ModelUnavailable         throttled, unreachable, timed out or failing on its side
    ModelRefused             the provider refuses this request for good: key, access, model id, size
    BadModelOutput           answers that cannot be used: empty, truncated, blocked or of the wrong shape
    BudgetExceeded           the run has spent what its context allows
    NeedsInput               a worker's task lacks something that only the caller can give
    Declined                 a person has decided against a worker's task
"""

from __future__ import annotations


class FanloomError(Exception):
    """Base of every error that Fanloom raises on purpose."""


class UserError(FanloomError, ValueError):
    """Something the caller can mend."""


class InvalidInput(UserError):
    """A graph's input does not fit; the message names the field."""


class InvalidContext(UserError):
    """A field of the context does not fit."""


class InvalidSettings(UserError):
    """A FANLOOM_* variable of the environment does not fit."""


class UnknownModel(UserError):
    """A model name that means nothing."""


class MissingCredentials(UserError):
    """A key or region that the chosen model needs is not set."""


class MissingPackage(UserError):
    """The package of the chosen model's provider is not installed."""


class PromptError(UserError):
    """A prompt file, or the variables given to it, does not fit."""


class GraphError(UserError):
    """A graph is wired in a way that cannot work."""


class MissingNode(GraphError):
    """A thread goes on at a node that its graph no longer has; the message says how to go on."""


class RunError(FanloomError, RuntimeError):
    """The run failed after it had begun.

    `kind` is a short stable word for dashboards and outcomes; `retryable` says whether the same call can succeed later.
    """

    kind = "failed"
    retryable = False

    def __init__(self, message: str, *, kind: str | None = None, retryable: bool | None = None) -> None:
        super().__init__(message)
        self.kind = kind or type(self).kind
        self.retryable = type(self).retryable if retryable is None else retryable


class ModelUnavailable(RunError):
    """The model is throttled, out of quota, unreachable, too slow or failing on its side.

    Kinds: `throttled`, `quota` (spent: no wait of this call can help), `timeout`, `connection`, `server_error`, and
    `unreadable`, where its client fails on what came back.
    """

    kind = "unavailable"
    retryable = True


class ModelRefused(RunError):
    """The provider refuses this request, and will refuse it again.

    Kinds: `auth`, `not_found`, `context_overflow`, `bad_request`.
    """

    kind = "refused"


class BadModelOutput(RunError):
    """The model answers, and its answers cannot be used.

    Kinds: `truncated`, `blocked`, `malformed`, `empty`, `not_data` (prose where data was asked for), `wrong_shape`; and
    `no_understudy`, where the offline model finds no answer that fits.
    """

    kind = "bad_output"


class BudgetExceeded(RunError):
    """The run has spent what its context allows."""

    kind = "budget"


class NeedsInput(RunError):
    """A worker's task lacks something that only the caller can give; its Outcome is `needs_input`."""

    kind = "needs_input"


class Declined(RunError):
    """A person has decided against a worker's task; its Outcome is `declined`."""

    kind = "declined"
