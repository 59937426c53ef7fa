"""The lines that hold at an instant: below some revision, or all of a tenant's."""

from sqlalchemy import DateTime, Uuid, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY

# What an item is made by at an instant: its manufacturing bill of materials, else its kit.
_MADE_BY = """
    SELECT r.id, r.qty_output FROM bom b JOIN bom_revision r ON r.bom_id = b.id
    WHERE b.product_id = {item} AND r.released_at IS NOT NULL
      AND r.effective_from <= :at AND (r.effective_to IS NULL OR r.effective_to > :at)
    ORDER BY b.bom_type DESC LIMIT 1
"""
_COLUMNS = (
    "l.id AS line_id, l.used_item_id AS child, l.used_quantity AS quantity, l.used_fixed AS fixed,"
    " l.wastage_percent AS wastage, l.is_phantom, l.position"
)
_AT = bindparam("at", type_=DateTime(timezone=True))

REACHED = text(f"""
WITH RECURSIVE reached(item_id) AS (
    SELECT unnest(:items)
    UNION
    SELECT l.used_item_id FROM reached x
    JOIN LATERAL ({_MADE_BY.format(item="x.item_id")}) r ON true
    JOIN bom_line l ON l.revision_id = r.id
)
SELECT x.item_id AS parent, r.qty_output AS output, {_COLUMNS} FROM reached x
JOIN LATERAL ({_MADE_BY.format(item="x.item_id")}) r ON true
JOIN bom_line l ON l.revision_id = r.id
ORDER BY x.item_id, l.position
""").bindparams(_AT, bindparam("items", type_=ARRAY(Uuid())))

OF_REVISION = text(f"""
SELECT b.product_id AS parent, r.qty_output AS output, {_COLUMNS}
FROM bom_revision r JOIN bom b ON b.id = r.bom_id JOIN bom_line l ON l.revision_id = r.id
WHERE r.id = :revision_id ORDER BY l.position
""").bindparams(bindparam("revision_id", type_=Uuid()))

USERS = text(f"""
WITH RECURSIVE above(item_id) AS (
    SELECT CAST(:item AS uuid)
    UNION
    SELECT b.product_id FROM above x JOIN bom_line u ON u.used_item_id = x.item_id
    JOIN bom_revision v ON v.id = u.revision_id AND v.released_at IS NOT NULL
      AND v.effective_from <= :at AND (v.effective_to IS NULL OR v.effective_to > :at)
    JOIN bom b ON b.id = v.bom_id
)
SELECT x.item_id AS parent, r.qty_output AS output, {_COLUMNS} FROM above x
JOIN LATERAL ({_MADE_BY.format(item="x.item_id")}) r ON true
JOIN bom_line l ON l.revision_id = r.id
ORDER BY x.item_id, l.position
""").bindparams(_AT, bindparam("item", type_=Uuid()))

# Every line in force, packed by column: one row, so that 450,000 lines cost no Python step each.
PACKED = """
WITH made AS (
    SELECT DISTINCT ON (b.product_id) b.product_id, r.id, r.qty_output
    FROM bom b JOIN bom_revision r ON r.bom_id = b.id
    WHERE r.released_at IS NOT NULL AND r.effective_from <= %(at)s
      AND (r.effective_to IS NULL OR r.effective_to > %(at)s)
    ORDER BY b.product_id, b.bom_type DESC
), line AS (
    SELECT m.product_id AS parent, l.used_item_id AS child, (l.used_quantity * 1000000000)::bigint AS quantity,
           (l.used_fixed * 1000000000)::bigint AS fixed, (l.wastage_percent * 10000)::bigint AS wastage,
           (m.qty_output * 1000000000)::bigint AS output
    FROM made m JOIN bom_line l ON l.revision_id = m.id
)
SELECT string_agg(uuid_send(parent), ''::bytea), string_agg(uuid_send(child), ''::bytea),
       string_agg(int8send(quantity), ''::bytea), string_agg(int8send(fixed), ''::bytea),
       string_agg(int8send(wastage), ''::bytea), string_agg(int8send(output), ''::bytea)
FROM line
"""

NEXT_CHANGE = text("""
SELECT min(at) FROM (
    SELECT min(effective_from) AS at FROM bom_revision WHERE released_at IS NOT NULL AND effective_from > :at
    UNION ALL
    SELECT min(effective_to) FROM bom_revision WHERE released_at IS NOT NULL AND effective_to > :at
) planned
""").bindparams(_AT)

ITEMS = text("""
SELECT i.id, i.code, i.name, u.code AS uom, i.low_level_code, i.standard_cost FROM item i JOIN unit u ON u.id = i.unit_id
WHERE i.id = ANY(:items)
""").bindparams(bindparam("items", type_=ARRAY(Uuid())))

ON_HAND = text("""
SELECT b.item_id, sum(b.on_hand - b.reserved) AS available FROM stock_balance b
WHERE b.item_id = ANY(:items) GROUP BY b.item_id
""").bindparams(bindparam("items", type_=ARRAY(Uuid())))

# How all items of a graph are shown, packed by column like the lines.
FACES = """
SELECT string_agg(uuid_send(i.id), ''::bytea ORDER BY i.id), array_agg(i.code ORDER BY i.id),
       array_agg(u.code ORDER BY i.id),
       string_agg(int4send(i.low_level_code), ''::bytea ORDER BY i.id)
FROM item i JOIN unit u ON u.id = i.unit_id
WHERE i.low_level_code > 0 OR EXISTS (SELECT 1 FROM bom b WHERE b.product_id = i.id)
"""

MADE_BY = text(f"SELECT made.id FROM ({_MADE_BY.format(item=':item')}) made").bindparams(
    _AT, bindparam("item", type_=Uuid())
)
