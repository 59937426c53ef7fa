"""The statements of reservations: each works on any number of rows, and trusts that the items are locked."""

from sqlalchemy import ARRAY, Text, Uuid, bindparam, text

FREE = text("""
SELECT id, item_id, location_id, lot_id, path, free FROM (
    SELECT b.id, b.item_id, b.location_id, b.lot_id, p.path, b.on_hand - b.reserved AS free, n.quantity AS need,
           row_number() OVER turn AS turn,
           sum(b.on_hand - b.reserved) OVER turn - (b.on_hand - b.reserved) AS before
    FROM unnest(CAST(:items AS uuid[]), CAST(:needs AS numeric[])) AS n (item_id, quantity)
    JOIN stock_balance b ON b.tenant_id = :tenant AND b.item_id = n.item_id AND b.on_hand > b.reserved
    JOIN item i ON i.tenant_id = b.tenant_id AND i.id = b.item_id
    JOIN location p ON p.tenant_id = b.tenant_id AND p.id = b.location_id
    LEFT JOIN lot l ON l.tenant_id = b.tenant_id AND l.id = b.lot_id
    WHERE l.expires_on IS NULL OR l.expires_on >= CAST(:today AS date)
    WINDOW turn AS (
        PARTITION BY b.item_id
        ORDER BY CASE WHEN i.pick_policy = 'FEFO' THEN l.expires_on END NULLS LAST,
                 coalesce(l.received_at, b.created_at), b.id
        ROWS UNBOUNDED PRECEDING
    )
) AS shelf
WHERE before < need
ORDER BY item_id, turn
""")
KEEP = text("""
WITH fresh AS MATERIALIZED (
    SELECT * FROM unnest(CAST(:ids AS uuid[]), CAST(:demands AS text[]), CAST(:lines AS text[]),
                         CAST(:balances AS uuid[]), CAST(:quantities AS numeric[]))
        AS f (id, demand_ref, line_ref, balance_id, quantity)
), kept AS (
    UPDATE stock_balance b SET reserved = b.reserved + k.quantity
    FROM (SELECT balance_id, sum(quantity) AS quantity FROM fresh GROUP BY balance_id) AS k
    WHERE b.tenant_id = :tenant AND b.id = k.balance_id
)
INSERT INTO stock_reservation (tenant_id, id, demand_ref, line_ref, balance_id, item_id, location_id, lot_id,
                               quantity, created_by, created_at)
SELECT :tenant, f.id, f.demand_ref, f.line_ref, f.balance_id, b.item_id, b.location_id, b.lot_id,
       f.quantity, :actor, :now
FROM fresh f JOIN stock_balance b ON b.tenant_id = :tenant AND b.id = f.balance_id
""").bindparams(
    bindparam("demands", type_=ARRAY(Text())),
    bindparam("lines", type_=ARRAY(Text())),
)
ITEMS_KEPT = text(
    "SELECT DISTINCT item_id FROM stock_reservation WHERE tenant_id = :tenant"
    " AND demand_ref = ANY(CAST(:demands AS text[])) AND open > 0"
).bindparams(bindparam("demands", type_=ARRAY(Text())))
KEPT = text(
    "SELECT id, demand_ref, line_ref, item_id, location_id, lot_id, open FROM stock_reservation"
    " WHERE tenant_id = :tenant AND demand_ref = ANY(CAST(:demands AS text[]))"
    " AND item_id = ANY(CAST(:items AS uuid[])) AND open > 0 ORDER BY id"
).bindparams(bindparam("demands", type_=ARRAY(Text())))
ISSUE = text("""
WITH given AS MATERIALIZED (
    SELECT * FROM unnest(CAST(:ids AS uuid[]), CAST(:moves AS uuid[]), CAST(:quantities AS numeric[]))
        AS g (id, move_id, quantity)
), spent AS (
    UPDATE stock_reservation r SET issued = r.issued + g.quantity
    FROM (SELECT id, sum(quantity) AS quantity FROM given GROUP BY id) AS g
    WHERE r.tenant_id = :tenant AND r.id = g.id
    RETURNING r.id, r.balance_id, r.item_id, r.location_id, r.lot_id, r.demand_ref, g.quantity
), lowered AS (
    UPDATE stock_balance b SET on_hand = b.on_hand - k.quantity, reserved = b.reserved - k.quantity
    FROM (SELECT balance_id, sum(quantity) AS quantity FROM spent GROUP BY balance_id) AS k
    WHERE b.tenant_id = :tenant AND b.id = k.balance_id
)
INSERT INTO stock_move (tenant_id, id, move_type, item_id, lot_id, from_location_id, to_location_id, quantity,
                        unit_cost, source_ref, reservation_id, reason, created_by, created_at)
SELECT :tenant, g.move_id, 'ISSUE', s.item_id, s.lot_id, s.location_id, :target, g.quantity,
       i.standard_cost, s.demand_ref, s.id, :reason, :actor, :now
FROM given g JOIN spent s ON s.id = g.id JOIN item i ON i.tenant_id = :tenant AND i.id = s.item_id
""").bindparams(
    bindparam("target", type_=Uuid()),
    bindparam("reason", type_=Text()),
)
RELEASE = text("""
WITH given AS MATERIALIZED (
    SELECT * FROM unnest(CAST(:ids AS uuid[]), CAST(:quantities AS numeric[])) AS g (id, quantity)
), freed AS (
    UPDATE stock_reservation r SET released = r.released + g.quantity FROM given g
    WHERE r.tenant_id = :tenant AND r.id = g.id
    RETURNING r.balance_id, g.quantity
)
UPDATE stock_balance b SET reserved = b.reserved - k.quantity
FROM (SELECT balance_id, sum(quantity) AS quantity FROM freed GROUP BY balance_id) AS k
WHERE b.tenant_id = :tenant AND b.id = k.balance_id
""")
ONE = text(
    "SELECT id, demand_ref, line_ref, item_id, location_id, lot_id, open FROM stock_reservation"
    " WHERE tenant_id = :tenant AND id = :id"
)
ISSUED = text("""
SELECT r.id, r.demand_ref, r.line_ref, r.item_id, r.location_id, r.lot_id, r.issued - r.returned AS open,
       (SELECT m.to_location_id FROM stock_move m
        WHERE m.tenant_id = r.tenant_id AND m.reservation_id = r.id AND m.move_type = 'ISSUE'
        ORDER BY m.id DESC LIMIT 1) AS went_to,
       (SELECT m.unit_cost FROM stock_move m
        WHERE m.tenant_id = r.tenant_id AND m.reservation_id = r.id AND m.move_type = 'ISSUE'
        ORDER BY m.id DESC LIMIT 1) AS unit_cost
FROM stock_reservation r
WHERE r.tenant_id = :tenant AND r.demand_ref = :demand AND r.item_id = ANY(CAST(:items AS uuid[]))
  AND r.issued > r.returned
ORDER BY r.id DESC
""")
TAKE_BACK = text(
    "UPDATE stock_reservation r SET returned = r.returned + g.quantity"
    " FROM unnest(CAST(:ids AS uuid[]), CAST(:quantities AS numeric[])) AS g (id, quantity)"
    " WHERE r.tenant_id = :tenant AND r.id = g.id"
)
