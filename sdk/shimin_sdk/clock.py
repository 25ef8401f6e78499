"""The time, as the core or a test sets it."""

import datetime as dt

CHINA_UTC_OFFSET_H = 8
"""One time zone without daylight saving since 1991."""


class Clock:
    """What time it is for one call."""

    def __init__(self, fixed: dt.datetime | None = None) -> None:
        """Tell the machine's time, or always the same (tests, replays)."""
        self._fixed = fixed

    def now(self) -> dt.datetime:
        """Return this moment, aware, in UTC."""
        return self._fixed or dt.datetime.now(dt.UTC)

    def today(self, utc_offset_h: int = CHINA_UTC_OFFSET_H) -> dt.date:
        """Return the calendar day where the offset from UTC is so many hours: China's, unless told otherwise."""
        return self.now().astimezone(dt.timezone(dt.timedelta(hours=utc_offset_h))).date()
