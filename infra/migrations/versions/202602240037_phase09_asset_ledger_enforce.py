"""One region and one installation at a time, by constraint; a deleted drone's name is free again."""


from alembic import op
from app.kernel.db import migrate as m

revision = "202602240037"
down_revision = "202602240036"
branch_labels = None
depends_on = None
phase = "enforce"
squawk_allows = {
    "ban-drop-constraint": "a unique index of the same meaning for living drones already stands",
    "renaming-object": "the index takes the dropped constraint's name, which both releases map to one problem",
}

_WORDS = "asset_type IN ('UAV', 'PAYLOAD', 'BATTERY', 'CONTROLLER', 'DOCK')"
_PERIOD = "tstzrange(starts_at, ends_at) WITH &&"


def upgrade() -> None:
    m.add_check_not_valid("asset", "ck_asset_asset_type_word", _WORDS)
    m.add_check_not_valid(
        "asset", "ck_asset_retired_with_reason", "(retired_at IS NULL) = (retired_reason IS NULL)"
    )
    m.add_exclusion("placement", "ex_placement_asset", "tenant_id WITH =", "asset_id WITH =", _PERIOD)
    m.add_exclusion("installation", "ex_installation_asset", "tenant_id WITH =", "asset_id WITH =", _PERIOD)
    m.add_exclusion(
        "installation",
        "ex_installation_slot",
        "tenant_id WITH =",
        "drone_id WITH =",
        "slot WITH =",
        _PERIOD,
        where="slot IS NOT NULL AND drone_id IS NOT NULL",
    )
    m.validate_constraint("asset", "ck_asset_asset_type_word")
    m.validate_constraint("asset", "ck_asset_retired_with_reason")
    m.add_index_concurrently(
        "drone", "uq_drone_living_name", ["tenant_id", "name"], unique=True, where="deleted_at IS NULL"
    )
    m.drop_constraint("drone", "uq_drone_tenant_id_name")
    m.run_script("ALTER INDEX uq_drone_living_name RENAME TO uq_drone_tenant_id_name")


def downgrade() -> None:
    # The first shape has no deleted drones: they come back, under names that collide with nobody's.
    with m.every_row_of("drone"):
        m.run_script("UPDATE drone SET name = left(name, 60) || ' ' || id WHERE deleted_at IS NOT NULL")
    m.run_script("ALTER INDEX uq_drone_tenant_id_name RENAME TO uq_drone_living_name")
    op.create_unique_constraint("uq_drone_tenant_id_name", "drone", ["tenant_id", "name"])
    op.drop_index("uq_drone_living_name", table_name="drone")
    for table, name in (
        ("installation", "ex_installation_slot"),
        ("installation", "ex_installation_asset"),
        ("placement", "ex_placement_asset"),
        ("asset", "ck_asset_retired_with_reason"),
        ("asset", "ck_asset_asset_type_word"),
    ):
        m.drop_constraint(table, name)
