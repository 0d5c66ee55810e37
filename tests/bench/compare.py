"""The group-bys of the tally, done by DuckDB and Polars over columns that the bench wrote.

Usage: compare.py FOLDER. Prints a line of JSON: the rows that both programs agree on in every way to ask them, and these
ways. Then it reads lines with a program and a way, runs that, and prints how long it took. Only the group-bys over tables
in memory are timed, each with its result in the memory of Python.
"""

import json
import os
import sys
import time
from pathlib import Path

folder = Path(sys.argv[1])
schema = json.loads((folder / "schema.json").read_text())
os.environ["POLARS_MAX_THREADS"] = str(schema["threads"])

import duckdb  # noqa: E402
import numpy  # noqa: E402
import polars  # noqa: E402

COUNTS = schema["counts"]
KINDS = ["district", "subdistrict", "window_unit"]
columns = {
    name: numpy.fromfile(folder / name, dtype=f"<u{width}") for name, width in schema["columns"].items()
}


def timed(run):
    """Seconds on the clock, and of all cores, and what the run gave."""
    start, worked = time.perf_counter(), time.process_time()
    given = run()
    wall, cpu = time.perf_counter() - start, time.process_time() - worked
    return {"seconds": wall, "cpu_seconds": cpu}, given


def rows(results):
    """Rows of (kind, tuples of body, stream, zone and counts) by name, without those that count nothing."""
    by_name = {}
    for kind, tuples in results:
        for body, stream, zone, *counts in tuples:
            counts = [int(count) for count in counts]
            if any(counts):
                by_name[f"{kind} {body} {stream} {zone}"] = counts
    return by_name


def ask_duckdb():
    connection = duckdb.connect()
    connection.execute(f"SET threads = {schema['threads']}")
    connection.execute("CREATE TABLE facts AS SELECT * FROM columns")
    sums = ", ".join(f"sum({name}) AS {name}" for name in COUNTS)

    def rolled_up(kind, source):
        return f"SELECT {kind}, stream, zone, {sums} FROM {source} WHERE {kind} > 0 GROUP BY ALL"

    def of_units(source):
        return f"SELECT unit, stream, 0, {sums} FROM {source} WHERE unit > 0 GROUP BY ALL"

    def as_written():
        results = [(kind, connection.execute(rolled_up(kind, "facts")).fetchall()) for kind in KINDS]
        return results + [("unit", connection.execute(of_units("facts")).fetchall())]

    def by_place_first():
        # What an expert would write: one pass for all areas, whose few groups are then rolled up.
        connection.execute(
            "CREATE OR REPLACE TEMP TABLE places AS SELECT district, subdistrict, window_unit, zone, stream, "
            f"{sums} FROM facts WHERE zone > 0 GROUP BY ALL"
        )
        results = [(kind, connection.execute(rolled_up(kind, "places")).fetchall()) for kind in KINDS]
        return results + [("unit", connection.execute(of_units("facts")).fetchall())]

    def by_row_first():
        # The same with the narrow key of an area row, joined afterwards.
        connection.execute(
            f"CREATE OR REPLACE TEMP TABLE by_row AS SELECT area_row, stream, {sums} FROM facts WHERE area_row > 0 GROUP BY ALL"
        )
        connection.execute(
            "CREATE OR REPLACE TEMP TABLE places AS SELECT areas.*, by_row.* EXCLUDE (area_row) FROM by_row JOIN areas USING (area_row)"
        )
        results = [(kind, connection.execute(rolled_up(kind, "places")).fetchall()) for kind in KINDS]
        return results + [("unit", connection.execute(of_units("facts")).fetchall())]

    connection.execute("CREATE TABLE areas AS SELECT DISTINCT area_row, district, subdistrict, window_unit, zone FROM facts WHERE area_row > 0")
    return {"as written": as_written, "by place first": by_place_first, "by area row first": by_row_first}


def ask_polars():
    facts = polars.DataFrame(columns)
    plain = [polars.col(name).sum() for name in COUNTS]
    # Polars widens what has up to 16 bits before it sums it up, but no more than that.
    wide = {name: schema["columns"][name] > 2 for name in COUNTS}
    column = {name: polars.col(name).cast(polars.UInt64) if wide[name] else polars.col(name) for name in COUNTS}
    narrow = [column[name].sum().cast(polars.UInt64) for name in COUNTS]

    def grouped(source, kind, keys, sums):
        return source.filter(polars.col(kind) > 0).group_by(keys).agg(sums)

    def finish(frames):
        results = []
        for kind, frame in frames:
            if "zone" not in frame.columns:
                frame = frame.with_columns(zone=polars.lit(0))
            results.append((kind, frame.select([kind, "stream", "zone", *COUNTS]).rows()))
        return results

    def as_written():
        lazy = facts.lazy()
        queries = [grouped(lazy, kind, [kind, "stream", "zone"], narrow) for kind in KINDS]
        queries.append(grouped(lazy, "unit", ["unit", "stream"], narrow))
        return finish(zip([*KINDS, "unit"], polars.collect_all(queries)))

    def by_place_first():
        lazy = facts.lazy()
        keys = ["district", "subdistrict", "window_unit", "zone", "stream"]
        places, units = polars.collect_all(
            [grouped(lazy, "zone", keys, narrow), grouped(lazy, "unit", ["unit", "stream"], narrow)]
        )
        frames = [(kind, grouped(places, kind, [kind, "stream", "zone"], plain)) for kind in KINDS]
        return finish([*frames, ("unit", units)])

    def by_row_first():
        lazy = facts.lazy()
        by_row, units = polars.collect_all(
            [grouped(lazy, "area_row", ["area_row", "stream"], narrow), grouped(lazy, "unit", ["unit", "stream"], narrow)]
        )
        places = by_row.join(areas, on="area_row")
        frames = [(kind, grouped(places, kind, [kind, "stream", "zone"], plain)) for kind in KINDS]
        return finish([*frames, ("unit", units)])

    areas = facts.filter(polars.col("area_row") > 0).select(["area_row", *KINDS, "zone"]).unique()
    return {"as written": as_written, "by place first": by_place_first, "by area row first": by_row_first}


ways = {
    (program, way): run for program, ask in [("duckdb", ask_duckdb), ("polars", ask_polars)] for way, run in ask().items()
}
agreed = None
for (program, way), run in ways.items():
    found = rows(run())
    if agreed is not None and found != agreed:
        sys.exit(f"{program}, {way}, counts otherwise")
    agreed = found
versions = {"duckdb": duckdb.__version__, "polars": polars.__version__}
print(json.dumps({"versions": versions, "ways": list(ways), "rows": agreed}), flush=True)
for question in sys.stdin:
    taken, _ = timed(ways[tuple(json.loads(question))])
    print(json.dumps(taken), flush=True)
