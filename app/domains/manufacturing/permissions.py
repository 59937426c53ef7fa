"""Permissions of the warehouse and of production planning and control (PPIC)."""

from app.kernel.security.permissions import Permission

WAREHOUSE_VIEW = Permission("warehouse.view", "See items, bills of materials, stock and stock alerts.")
WAREHOUSE_CREATE = Permission(
    "warehouse.create", "Make items, bills of materials, locations, lots and moves."
)
WAREHOUSE_UPDATE = Permission(
    "warehouse.update", "Change items and bills of materials; reserve; set thresholds."
)
WAREHOUSE_DELETE = Permission("warehouse.delete", "Retire bills of materials and variants.")
WAREHOUSE_APPROVE = Permission("warehouse.approve", "Approve negative stock and what else breaks a rule.")
PPIC_VIEW = Permission("ppic.view", "See tasks, work orders, kanban and dashboards.")
PPIC_CREATE = Permission("ppic.create", "Make tasks and routings.")
PPIC_UPDATE = Permission("ppic.update", "Start, report and complete work; request and move kanban cards.")
PPIC_DELETE = Permission("ppic.delete", "Cancel tasks; take away routings.")
PPIC_APPROVE = Permission("ppic.approve", "Approve tasks; override a variance or a limit, with a reason.")

ALL = (
    WAREHOUSE_VIEW,
    WAREHOUSE_CREATE,
    WAREHOUSE_UPDATE,
    WAREHOUSE_DELETE,
    WAREHOUSE_APPROVE,
    PPIC_VIEW,
    PPIC_CREATE,
    PPIC_UPDATE,
    PPIC_DELETE,
    PPIC_APPROVE,
)
