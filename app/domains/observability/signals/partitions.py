"""Daily partitions of `signal`: made ahead and dropped through the owner's functions, once a day and process."""

from datetime import date
from threading import Lock

from app.kernel.tx import ReadTx, WriteTx

DAYS_AHEAD = 3
_LOCK = Lock()
_ENSURED: dict[str, date] = {}
_EXISTS = "SELECT to_regclass('public.signal_' || to_char(%s::date, 'YYYYMMDD')) IS NOT NULL"


def ensure_today(tx: WriteTx) -> None:
    """Make today's partition before the first signal of a fresh database lands in the default one.

    The worker makes them ahead; this asks once a day and process, and database.
    """
    today = tx.now.date()
    place = str(tx.conn.engine.url)
    with _LOCK:
        if _ENSURED.get(place) == today:
            return
    if not tx.conn.exec_driver_sql(_EXISTS, (today,)).scalar_one():
        make_ahead(tx)
    with _LOCK:
        _ENSURED[place] = today


def make_ahead(tx: ReadTx) -> int:
    """Make the partitions of today and the next days; returns how many were new."""
    return int(tx.conn.exec_driver_sql("SELECT signal_partitions_make(%s)", (DAYS_AHEAD,)).scalar_one())


def drop_expired(tx: ReadTx, default_days: int) -> int:
    """Drop the days that no tenant keeps any more; returns how many."""
    return int(tx.conn.exec_driver_sql("SELECT signal_partitions_drop(%s)", (default_days,)).scalar_one())
