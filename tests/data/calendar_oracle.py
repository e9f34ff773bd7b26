#!/usr/bin/env python3
"""Computes when letters are due, by other means than the program, and writes calendar_cases.csv beside this file.

Standard library only. Run it after a change to config/un/, read the difference, and commit both.
Working days are looked up by position in one sorted list of all of them (the program walks day by day); clock changes are found by turning
local times into UTC and back (the program asks its own copy of the zone data).

Columns: milestone, offset, at, zone; then day, moved_from (empty: not moved), answer, provisional.
answer: an instant in UTC | gap READING READING | overlap FIRST SECOND | no-holidays YEAR | no-day
custom:dYYYY-MM-DD stands for that day.
"""
import bisect
import calendar
import csv
import datetime as dt
import itertools
import pathlib
import tomllib
import zoneinfo

HERE = pathlib.Path(__file__).resolve().parent
UN = HERE.parent.parent / "config" / "un"
FIRST, LAST = dt.date(2016, 1, 1), dt.date(2030, 12, 31)


def toml(name):
    return tomllib.loads((UN / name).read_text(encoding="utf-8"))


HOLIDAYS = {h["date"] for h in toml("geneva-holidays.toml")["holiday"] if h["kind"] == "canton"}
WORKING = [
    d
    for d in (FIRST + dt.timedelta(n) for n in range((LAST - FIRST).days + 1))
    if d.isoweekday() < 6 and d not in HOLIDAYS
]


class Answer(Exception):
    """An error that the program must give too."""


def milestones():
    days = {}
    hrc = toml("hrc-sessions.toml")
    for s in hrc["session"] + hrc["partial"]:
        for end, key in (("opens", "starts"), ("closes", "ends")):
            days[f"hrc:{s['number']}.{end}"] = (s.get(key), not s["verified"])
    upr = toml("upr.toml")
    for s in upr["session"]:
        for end, key in (("opens", "starts"), ("closes", "ends")):
            days[f"upr:{s['number']}.{end}"] = (s.get(key), s.get("expected", False) or not s["verified"])
        for state in s["states"]:
            days[f"upr:{s['number']}.{state}"] = (None, None)
    for r in upr["review"]:
        days[f"upr:{r['session']}.{r['iso3']}"] = (r["date"], not r["verified"])
    return days


def working_days_from(day, count):
    if count == 0:
        return day
    step = dt.timedelta(1 if count > 0 else -1)
    if not FIRST <= day + step <= LAST:
        raise Answer(f"no-holidays {(day + step).year}")
    if count > 0:
        at = bisect.bisect_right(WORKING, day) + count - 1
        if at >= len(WORKING):
            raise Answer(f"no-holidays {LAST.year + 1}")
    else:
        at = bisect.bisect_left(WORKING, day) + count
        if at < 0:
            raise Answer(f"no-holidays {FIRST.year - 1}")
    return WORKING[at]


def months_from(day, count):
    year, month = divmod(day.year * 12 + day.month - 1 + count, 12)
    return dt.date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def counted(day, offset):
    number, unit = offset.split(" ", 1)
    number = int(number)
    if unit.startswith(("working", "business")):
        return working_days_from(day, number)
    if unit.startswith("month"):
        return months_from(day, number)
    return day + dt.timedelta(number * (7 if unit.startswith("week") else 1))


def instant(day, at, zone):
    wall = dt.datetime.combine(day, dt.time.fromisoformat(at))
    zone = zoneinfo.ZoneInfo(zone)
    one, two = (wall.replace(tzinfo=zone, fold=f).astimezone(dt.timezone.utc) for f in (0, 1))
    if one.astimezone(zone).replace(tzinfo=None) != wall:
        raise Answer(f"gap {one.astimezone(zone).isoformat()} {two.astimezone(zone).isoformat()}")
    if one != two:
        raise Answer(f"overlap {one.astimezone(zone).isoformat()} {two.astimezone(zone).isoformat()}")
    return one.strftime("%Y-%m-%dT%H:%M:%SZ")


def case(days, milestone, offset, at, zone):
    day = moved = ""
    start, provisional = days.get(milestone, (None, None))
    if milestone.startswith("custom:d"):
        start, provisional = dt.date.fromisoformat(milestone.removeprefix("custom:d")), False
    try:
        if start is None:
            raise Answer("no-day")
        want = counted(start, offset)
        if not FIRST <= want <= LAST:
            raise Answer(f"no-holidays {want.year}")
        at_most = bisect.bisect_right(WORKING, want)
        if at_most == 0:
            raise Answer(f"no-holidays {FIRST.year - 1}")
        day = WORKING[at_most - 1]
        moved = "" if day == want else want
        answer = instant(day, at, zone)
    except Answer as error:
        answer, day, moved, provisional = str(error), "", "", None
    sure = "" if provisional is None else str(provisional).lower()
    return [milestone, offset, at, zone, day, moved, answer, sure]


def cases():
    days = milestones()
    kinds = [
        "-15 working days", "0 days", "-6 weeks", "-4 business days", "-1 month", "-3 days", "+1 working day", "-60 working days",
        "-2 months", "10 working days", "-1 week", "0 working days", "-13 months", "45 days", "-250 working days", "3 months", "-100 days",
    ]
    offsets = itertools.cycle(kinds)
    times = itertools.cycle(["09:30", "00:00", "23:59", "02:30", "12:00"])
    zones = itertools.cycle(["Europe/Zurich"] * 3 + ["America/New_York", "Asia/Kathmandu", "Pacific/Apia", "UTC"])
    for n in range(27, 64):
        for end in ("opens", "closes"):
            # Every kind of offset from every session of the campaign's years; a few from those before.
            for offset in kinds if n >= 31 else (next(offsets) for _ in range(6)):
                yield case(days, f"hrc:{n}.{end}", offset, next(times), next(zones))
    for n in range(27, 55):
        for end in ("opens", "closes"):
            yield case(days, f"upr:{n}.{end}", next(offsets), next(times), next(zones))
    for name, (day, _) in days.items():
        if name.startswith("upr:") and name[-3:].isupper() and (day or name.endswith(("CHN", "USA", "SAU"))):
            yield case(days, name, "-6 weeks", "09:30", "Europe/Zurich")
            yield case(days, name, next(offsets), next(times), next(zones))
    # Month ends, leap years, year ends.
    for year in range(2016, 2031):
        for month, last in ((1, 31), (3, 31), (2, 28), (8, 31), (12, 31)):
            day = f"custom:d{year}-{month:02}-{last}"
            for offset in ("-1 month", "1 month") if month < 12 else ("-10 working days", "2 days", "-10 months"):
                yield case(days, day, offset, next(times), "Europe/Zurich")
    # Each holiday of the canton, and the days around it.
    for day in sorted(HOLIDAYS):
        if day.year % 3 == 0:
            yield case(days, f"custom:d{day}", "0 days", "09:30", "Europe/Zurich")
            yield case(days, f"custom:d{day}", "1 day", "09:30", "Europe/Zurich")
            yield case(days, f"custom:d{day}", "-1 working day", "09:30", "Europe/Zurich")
    # The edges of what is known.
    for day in ("2016-01-01", "2016-01-04", "2016-01-05", "2030-12-30", "2030-12-31", "2031-01-01", "2015-12-31"):
        for offset in ("0 days", "-1 working day", "1 working day", "-1 day", "1 day", "0 working days"):
            yield case(days, f"custom:d{day}", offset, "09:30", "Europe/Zurich")
    # Clocks that change on a working day of Geneva, and Geneva's own clocks around their change.
    for day, zone in (
        ("2023-04-28", "Africa/Cairo"), ("2023-10-26", "Africa/Cairo"), ("2016-04-01", "Asia/Amman"),
        ("2016-10-28", "Asia/Amman"), ("2018-03-22", "Asia/Tehran"), ("2018-09-21", "Asia/Tehran"),
        ("2018-03-23", "Europe/Zurich"), ("2018-03-26", "Europe/Zurich"), ("2018-10-26", "Europe/Zurich"),
        ("2018-10-29", "Europe/Zurich"), ("2018-03-25", "Europe/Zurich"),
    ):
        for at in ("00:00", "00:30", "01:00", "02:30", "23:00", "23:30"):
            yield case(days, f"custom:d{day}", "0 days", at, zone)


with open(HERE / "calendar_cases.csv", "w", encoding="utf-8", newline="") as out:
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["milestone", "offset", "at", "zone", "day", "moved_from", "answer", "provisional"])
    writer.writerows(cases())
