"""Holds a spreadsheet against the CSV of the same report, cell by cell, with openpyxl's eyes."""
import csv
import sys

import openpyxl


def text(cell):
    if cell.value is None:
        return ""
    if isinstance(cell.value, str):
        return cell.value
    value = cell.value * 100 if "%" in cell.number_format else cell.value
    return f"{value:g}" if "%" in cell.number_format else str(value)


def main():
    sheet = openpyxl.load_workbook(sys.argv[1]).active
    rows = [[text(cell) for cell in row] for row in sheet.iter_rows()]
    with open(sys.argv[2], encoding="utf-8", newline="") as file:
        lines = list(csv.reader(file))
    assert len(rows) == len(lines), (len(rows), len(lines))
    for number, (row, line) in enumerate(zip(rows, lines), 1):
        line += [""] * (len(row) - len(line))
        assert row == line, f"line {number}: {row} is not {line}"


main()
