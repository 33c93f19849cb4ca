"""Write the demo data into the desk's database: `make seed`, or `python -m nodes.support_desk.seed`."""

from __future__ import annotations

import asyncio
import sys

from fanloom import UserError
from nodes.support_desk.demo_data import CUSTOMERS, seed
from nodes.support_desk.store import database


async def _main() -> None:
    store = database()
    await store.run(seed)
    await store.close()
    sys.stdout.write(f"Demo data is in {store.url.render_as_string()}: customers {', '.join(CUSTOMERS)}.\n")


if __name__ == "__main__":
    try:
        asyncio.run(_main())
    except UserError as error:
        sys.exit(str(error))
