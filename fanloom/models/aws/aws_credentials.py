"""AWS credentials as they are now: files that were rewritten, another profile and renewed tokens are seen.

A boto session keeps the credentials that it found first, and boto3's own one is shared by the whole process.
"""

from __future__ import annotations

import os
import threading
import time
from typing import Any

from botocore.credentials import CredentialProvider, Credentials, ReadOnlyCredentials
from botocore.exceptions import NoCredentialsError
from botocore.session import Session

from fanloom.models.file_stamp import file_stamp

_VARIABLES = (
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
)
_FILES = {"AWS_SHARED_CREDENTIALS_FILE": "~/.aws/credentials", "AWS_CONFIG_FILE": "~/.aws/config"}
# File systems tell the time of a change in steps of some milliseconds, and two in one step look like one: what was
# written just now is read each time.
_STEP_NS = 50_000_000
# A fan-out whose key is refused asks a credential helper this often at most.
_ASK_AGAIN_S = 5.0


class LiveCredentials(Credentials):  # type: ignore[misc]
    """Credentials that are looked for anew when the environment or a file that names them has changed.

    `version` grows with every change, so that who was refused can tell whether it was by what holds now.
    """

    def __init__(self) -> None:
        super().__init__("", "", method="fanloom")
        self.version = 0
        self._known: tuple[Any, ...] | None = None
        self._found: Credentials | None = None
        self._frozen: ReadOnlyCredentials | None = None
        self._asked_at = float("-inf")
        self._lock = threading.RLock()

    def find(self) -> Credentials | None:
        """Return the credentials that the environment leads to now; None if there are none.

        Raises whatever botocore raises of a profile, a helper or an endpoint that fails.
        """
        known = _stamp()
        with self._lock:
            if known != self._known:
                self._found, self._known = Session().get_credentials(), known
            return self._found

    def get_frozen_credentials(self) -> ReadOnlyCredentials:
        """Return what a request is signed with. Raises NoCredentialsError, and what `find` does."""
        if (found := self.find()) is None:
            raise NoCredentialsError
        frozen = found.get_frozen_credentials()
        with self._lock:
            if frozen != self._frozen:
                self._frozen, self.version = frozen, self.version + 1
            return frozen

    def renew(self, refused: int) -> bool:
        """Say whether there are others than those of the version that was refused, after asking their source again.

        Raises what `find` does.
        """
        # The first request is signed with the first version.
        refused = max(1, refused)
        with self._lock:
            if self.version == refused and time.monotonic() - self._asked_at > _ASK_AGAIN_S:
                self._known, self._asked_at = None, time.monotonic()
        self.get_frozen_credentials()
        return self.version != refused


class LiveProvider(CredentialProvider):  # type: ignore[misc]
    """Gives a boto session the live credentials before it looks for any of its own."""

    METHOD = CANONICAL_NAME = "fanloom"

    def __init__(self, credentials: LiveCredentials) -> None:
        super().__init__()
        self._credentials = credentials

    def load(self) -> LiveCredentials:
        """Return the credentials."""
        return self._credentials


def live_session(credentials: LiveCredentials) -> Session:
    """Make a session that signs with the live credentials."""
    session = Session()
    providers = session.get_component("credential_provider")
    providers.insert_before(providers.providers[0].METHOD, LiveProvider(credentials))
    return session


def _stamp() -> tuple[Any, ...]:
    files = [file_stamp(os.environ.get(name, default)) for name, default in _FILES.items()]
    now = time.time_ns()
    still_new = now if any(now - file[0] < _STEP_NS for file in files if file) else 0
    return (*map(os.environ.get, (*_VARIABLES, *_FILES)), *files, still_new)
