"""Reading JSON and tables."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np

from pointsman_train.embedded.draw import pick, sample, whole
from pointsman_train.embedded.item import Draft
from pointsman_train.embedded.vocabulary import CITIES, COLOURS, GOODS, NAMES

Row: TypeAlias = dict[str, str | int]


def _order(rng: np.random.Generator, lines: int) -> dict[str, Any]:
    # Prices differ, so that the dearest item is one.
    prices = sample(rng, range(3, 81), lines)
    goods = [
        {"name": name, "qty": whole(rng, 1, 9), "price": price}
        for name, price in zip(sample(rng, GOODS, lines), prices, strict=True)
    ]
    return {
        "order": f"A-{whole(rng, 1000, 9999)}",
        "customer": {"name": pick(rng, NAMES), "city": pick(rng, CITIES)},
        "items": goods,
        "status": pick(rng, ("paid", "open", "shipped", "returned")),
        "express": bool(whole(rng, 0, 1)),
    }


def json_reading(rng: np.random.Generator, level: int) -> Draft:
    """Return a JSON order with a question: field (1), item (2), maximum or count (3), sum (4)."""
    order = _order(rng, (1, 3, 4, 4)[level - 1])
    customer, items = order["customer"], order["items"]
    text = json.dumps(order, indent=None if whole(rng, 0, 1) else 1)
    one, limit = pick(rng, items), pick(rng, (10, 20, 30))
    dearest = max(items, key=lambda i: int(i["price"]))
    by_level = (
        (("What is the customer's name? One word.", customer["name"]),
         ("In which city does the customer live? One word only.", customer["city"]),
         ("What is the status of the order? One word.", order["status"]),
         ("What is the order's number? Answer with the value only.", order["order"])),
        ((f"What is the price of the {one['name']}? Number only.", one["price"]),
         (f"How many pieces of the {one['name']} were ordered? Number only.", one["qty"]),
         (f"Which item has the quantity {one['qty']} and the price {one['price']}? One word only.",
          one["name"])),
        (("Which item has the highest price? Name only.", dearest["name"]),
         (f"How many items have a price above {limit}? Number only.", sum(i["price"] > limit for i in items)),
         (f"What is price times qty for the {one['name']}? Number only.", one["price"] * one["qty"])),
        (("What is the sum of qty over all items? Number only.", sum(i["qty"] for i in items)),
         ("What is the sum of the prices, ignoring qty? Number only.", sum(i["price"] for i in items)),
         ("What is the total of the order, that is the sum of price times qty? Number only.",
          sum(i["price"] * i["qty"] for i in items))),
    )  # fmt: skip
    question, answer = pick(rng, by_level[level - 1])
    lead = pick(rng, ("Here is an order as JSON:", "Read this record.", "Our shop's API returned:"))
    return Draft(f"{lead}\n{text}\n{question}", "number" if isinstance(answer, int) else "exact", str(answer))


def _staff(rng: np.random.Generator, size: int) -> list[Row]:
    # Ages and sales differ, so that the oldest and the best are one.
    columns = (sample(rng, NAMES, size), sample(rng, CITIES, size), sample(rng, range(21, 65), size))
    sales = sample(rng, range(10, 100), size)
    return [
        {"name": name, "city": city, "age": age, "team": pick(rng, COLOURS[:4]), "sales": sold}
        for name, city, age, sold in zip(*columns, sales, strict=True)
    ]


def _markdown(rows: Sequence[Row]) -> str:
    head = list(rows[0])
    lines = [head, ["---"] * len(head), *([str(value) for value in row.values()] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _csv(rows: Sequence[Row]) -> str:
    return "\n".join([",".join(rows[0]), *(",".join(str(value) for value in row.values()) for row in rows)])


def table_reading(rng: np.random.Generator, level: int) -> Draft:
    """Return a table with a question: cell (1), reverse look-up (2), maximum or count (3), sum (4)."""
    rows = _staff(rng, (3, 5, 6, 6)[level - 1])
    row, other = sample(rng, rows, 2)
    sales = [int(r["sales"]) for r in rows]
    best = max(rows, key=lambda r: int(r["sales"]))
    eldest = max(rows, key=lambda r: int(r["age"]))
    limit = pick(rng, (30, 40, 50))
    apart = abs(int(row["sales"]) - int(other["sales"]))
    team = [int(r["sales"]) for r in rows if r["team"] == row["team"]]
    by_level: tuple[tuple[tuple[str, str | int], ...], ...] = (
        ((f"Which city is {row['name']} in? One word.", row["city"]),
         (f"How old is {row['name']}? Number only.", row["age"]),
         (f"What are {row['name']}'s sales? Number only.", row["sales"])),
        ((f"Who is in {row['city']}? Name only.", row["name"]),
         (f"What are the sales of the person in {row['city']}? Number only.", row["sales"]),
         (f"Which team does the person in {row['city']} belong to? One word.", row["team"])),
        (("Who has the highest sales? Name only.", best["name"]),
         ("In which city is the oldest person? One word.", eldest["city"]),
         (f"How many people are older than {limit}? Number only.", sum(int(r["age"]) > limit for r in rows)),
         (f"By how much do the sales of {row['name']} and {other['name']} differ? Number only.",
          f"{apart}|-{apart}")),
        (("What is the sum of the sales column? Number only.", sum(sales)),
         (f"What are the total sales of team {row['team']}? Number only.", sum(team)),
         ("What is the difference between the highest and the lowest sales? Number only.",
          max(sales) - min(sales))),
    )  # fmt: skip
    question, answer = pick(rng, by_level[level - 1])
    table = _markdown(rows) if whole(rng, 0, 1) else _csv(rows)
    lead = pick(rng, ("Use this table to answer.", "Staff list:", "Below is an export of our sales sheet."))
    grader = "number" if question.endswith("Number only.") else "exact"
    return Draft(f"{lead}\n\n{table}\n\n{question}", grader, str(answer))
