"""Every tenant there is gets the standard units and locations; a tenant made later gets them from the app."""

from app.kernel.db import migrate as m

revision = "202604010002"
down_revision = "202604010001"
branch_labels = None
depends_on = None
phase = "backfill_validate"

_UNITS = """
    ('pcs', 'Piece', 'COUNT', 1, 1), ('pair', 'Pair', 'COUNT', 2, 1), ('set', 'Set', 'SET', 1, 1),
    ('roll', 'Roll', 'ROLL', 1, 1), ('box', 'Box', 'BOX', 1, 1), ('mm', 'Millimetre', 'LENGTH', 1, 1000),
    ('cm', 'Centimetre', 'LENGTH', 1, 100), ('m', 'Metre', 'LENGTH', 1, 1), ('yd', 'Yard', 'LENGTH', 1143, 1250),
    ('g', 'Gram', 'MASS', 1, 1000), ('kg', 'Kilogram', 'MASS', 1, 1), ('ml', 'Millilitre', 'VOLUME', 1, 1000),
    ('l', 'Litre', 'VOLUME', 1, 1), ('min', 'Minute', 'TIME', 1, 1), ('h', 'Hour', 'TIME', 60, 1)
"""
_LOCATIONS = """
    ('STOCK', 'Stock', 'INTERNAL'), ('SUPPLIER', 'Suppliers', 'SUPPLIER'), ('CUSTOMER', 'Customers', 'CUSTOMER'),
    ('PRODUCTION', 'Production', 'PRODUCTION'), ('LOSS', 'Inventory loss', 'LOSS')
"""


def upgrade() -> None:
    m.backfill(
        "tenant",
        f"""
        INSERT INTO unit (tenant_id, id, code, name, dimension, numerator, denominator, is_standard,
                          created_at, updated_at)
        SELECT page.id, gen_random_uuid(), u.*, true, now(), now()
        FROM page CROSS JOIN (VALUES {_UNITS}) AS u
        ON CONFLICT (tenant_id, code) DO NOTHING
        """,
        where="NOT EXISTS (SELECT FROM unit u WHERE u.tenant_id = tenant.id AND u.is_standard)",
        key=("id",),
        touches=("unit",),
        one_to_one=False,
    )
    m.backfill(
        "tenant",
        f"""
        INSERT INTO location (tenant_id, id, code, name, kind, path, is_standard, created_at, updated_at)
        SELECT tenant_id, id, code, name, kind, replace(id::text, '-', '') || '/', true, now(), now()
        FROM (SELECT page.id AS tenant_id, gen_random_uuid() AS id, l.code, l.name, l.kind
              FROM page CROSS JOIN (VALUES {_LOCATIONS}) AS l (code, name, kind)) AS fresh
        ON CONFLICT (tenant_id, code) DO NOTHING
        """,
        where="NOT EXISTS (SELECT FROM location l WHERE l.tenant_id = tenant.id AND l.is_standard)",
        key=("id",),
        touches=("location",),
        one_to_one=False,
    )


def downgrade() -> None:
    """Nothing: the tables go with the step before."""
