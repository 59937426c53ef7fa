"""Pure: CSV and XLSX files as rows of text, numbered as the file numbers them."""

import csv
import io
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from typing import Any

from openpyxl import load_workbook

LARGEST_UNPACKED = 200 * 1024 * 1024
MOST_ROWS = 200_000
NumberedRow = tuple[int, dict[str, str]]


class UnreadableError(Exception):
    """Not a file that can be imported; the message says why."""


def read(content: bytes) -> tuple[list[str], list[NumberedRow]]:
    """Column names (lower case) and rows with their line numbers; empty rows are left out.

    Raises `UnreadableError`.
    """
    table = _xlsx(content) if content[:4] == b"PK\x03\x04" else _csv(content)
    header: list[str] = []
    rows: list[NumberedRow] = []
    for number, cells in enumerate(table, 1):
        if not any(cells):
            continue
        if not header:
            header = [name.lower().replace(" ", "_") for name in cells]
            _check(header)
            continue
        if len(rows) == MOST_ROWS:
            raise UnreadableError(f"The file has more than {MOST_ROWS} rows.")
        if any(cells[len(header) :]):
            raise UnreadableError(f"Row {number} has more cells than the header.")
        rows.append((number, dict(zip(header, cells, strict=False))))
    if not header:
        raise UnreadableError("The file is empty.")
    return header, rows


def _check(header: Sequence[str]) -> None:
    named = [name for name in header if name]
    if len(set(named)) != len(named):
        raise UnreadableError("A column name occurs twice.")


def _csv(content: bytes) -> Iterator[list[str]]:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UnreadableError("The file is neither XLSX nor text in UTF-8.") from error
    if "\x00" in text:
        raise UnreadableError("The file is neither XLSX nor text in UTF-8.")
    first = text.partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    try:
        yield from (
            [cell.strip() for cell in row] for row in csv.reader(io.StringIO(text), delimiter=delimiter)
        )
    except csv.Error as error:
        raise UnreadableError(f"Not readable as CSV: {error}.") from error


def _xlsx(content: bytes) -> Iterator[list[str]]:
    """The first sheet. What a formula last computed counts, not the formula."""
    try:
        _check_size(content)
        book = load_workbook(io.BytesIO(content), read_only=True, data_only=True)
        try:
            yield from _cells(book.worksheets[0].iter_rows(values_only=True))
        finally:
            book.close()
    except UnreadableError:
        raise
    except Exception as error:
        raise UnreadableError("Not readable as XLSX.") from error


def _check_size(content: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(content)) as parts:
        if sum(part.file_size for part in parts.infolist()) > LARGEST_UNPACKED:
            raise UnreadableError("The file is too large when unpacked.")


def _cells(rows: Iterable[Sequence[Any]]) -> Iterator[list[str]]:
    for row in rows:
        yield [_text(value) for value in row]


def _text(value: Any) -> str:
    """A cell as somebody would type it. Numbers of a sheet are doubles; 15 digits are what it shows."""
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{Decimal(f'{value:.15g}'):f}"
    return str(value).strip()
