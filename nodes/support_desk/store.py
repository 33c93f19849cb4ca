"""The database of this process's desk: the one of FANLOOM_DATABASE_URL."""

from __future__ import annotations

from fanloom import Database, Settings
from nodes.support_desk.demo_data import seed
from nodes.support_desk.tables import EFFECTS, Base

_open: dict[str, Database] = {}


def database() -> Database:
    """Return the desk's database; a new SQLite file begins with the demo data."""
    url = Settings.current().database_url
    if url not in _open:
        _open[url] = Database(url, Base.metadata, effects=EFFECTS, fill=seed)
    return _open[url]


async def close_databases() -> None:
    """Close every database that this process has used; the next use opens it again."""
    while _open:
        _, used = _open.popitem()
        await used.close()
