"""The lines and items of a public document, written as a workbook by openpyxl and as a PDF by reportlab.

Usage: export.py DOCUMENT. Prints JSON: by library its median and longest time of three runs, and the size of the file. Only
the tables are written, without text, charts or method, so that both do less than what they are compared with.
"""

import io
import json
import sys
import time
from pathlib import Path

from openpyxl import Workbook, __version__ as openpyxl_version
from reportlab import Version as reportlab_version
from reportlab.lib.pagesizes import A4
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.platypus import LongTable, PageBreak, SimpleDocTemplate, TableStyle

document = json.loads(Path(sys.argv[1]).read_bytes())
font = Path(__file__).resolve().parents[2] / "libs/bulletin/font/NotoSansSC-subset.ttf"
RUNS = 3


def number(text):
    return None if text is None else float(text)


def lines(group):
    for body in group["bodies"]:
        taken = [number(stream["deduction"]) for stream in body["streams"]]
        yield [body["rank"], body["name"], number(body["score"]), body["grade"], *taken]


def workbook():
    book = Workbook()
    for group in document["groups"]:
        sheet = book.create_sheet(group["name"][:31].replace("/", "·"))
        for line in lines(group):
            sheet.append(line)
    items = book.create_sheet("items")
    for group in document["groups"]:
        for body in group["bodies"]:
            for item in body["items"]:
                items.append([group["name"], body["name"], item["item"], item["name"], number(item["deduction"])])
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def pages():
    pdfmetrics.registerFont(TTFont("bulletin", str(font)))
    style = TableStyle([("FONT", (0, 0), (-1, -1), "bulletin", 8.5), ("GRID", (0, 0), (-1, -1), 0.4, "grey")])
    story = []
    for group in document["groups"]:
        rows = [["" if cell is None else str(cell) for cell in line] for line in lines(group)]
        story += [LongTable(rows, style=style), PageBreak()]
    file = io.BytesIO()
    SimpleDocTemplate(file, pagesize=A4, invariant=1).build(story)
    return file.getvalue()


measured = {}
for name, write in [(f"openpyxl {openpyxl_version}", workbook), (f"reportlab {reportlab_version}", pages)]:
    times = []
    for _ in range(RUNS):
        start = time.perf_counter()
        file = write()
        times.append(time.perf_counter() - start)
    times.sort()
    measured[name] = {"p50": times[RUNS // 2], "max": times[-1], "bytes": len(file)}
print(json.dumps(measured))
