from app.domains.manufacturing.alerts.api import router as alerts
from app.domains.manufacturing.alerts.errors import CONSTRAINTS as ALERTS
from app.domains.manufacturing.alerts.watch import watch_tree
from app.domains.manufacturing.bom.api import router as bom
from app.domains.manufacturing.bom.errors import CONSTRAINTS as BOM
from app.domains.manufacturing.dashboard.api import router as dashboard
from app.domains.manufacturing.explosion.api import router as graph
from app.domains.manufacturing.graph.jobs import COMPILE
from app.domains.manufacturing.handover.api import handovers, lines
from app.domains.manufacturing.handover.errors import CONSTRAINTS as HANDOVER
from app.domains.manufacturing.hearing import stock_moved
from app.domains.manufacturing.imports.api import router as imports
from app.domains.manufacturing.items.api import router as items
from app.domains.manufacturing.items.errors import CONSTRAINTS as ITEMS
from app.domains.manufacturing.kanban.boards_api import boards, rules
from app.domains.manufacturing.kanban.cards_api import router as kanban
from app.domains.manufacturing.kanban.errors import CONSTRAINTS as KANBAN
from app.domains.manufacturing.kanban.page import router as kanban_page
from app.domains.manufacturing.lines.errors import CONSTRAINTS as LINES
from app.domains.manufacturing.operations.api import router as work_orders
from app.domains.manufacturing.orders.api import router as tasks
from app.domains.manufacturing.orders.batch_api import router as batches
from app.domains.manufacturing.orders.errors import CONSTRAINTS as ORDERS
from app.domains.manufacturing.permissions import ALL
from app.domains.manufacturing.routing.api import centers, routings
from app.domains.manufacturing.routing.errors import CONSTRAINTS as ROUTING
from app.domains.manufacturing.seeding import begin
from app.domains.manufacturing.stock.errors import CONSTRAINTS as STOCK
from app.domains.manufacturing.stock.ledger.api import router as stock
from app.domains.manufacturing.stock.locations.api import locations, lots
from app.domains.manufacturing.stock.reservations.api import router as reservations
from app.domains.manufacturing.units.api import router as units
from app.domains.manufacturing.units.errors import CONSTRAINTS as UNITS
from app.kernel.module import Module

module = Module(
    "manufacturing",
    routers=[
        items,
        units,
        locations,
        lots,
        stock,
        reservations,
        alerts,
        bom,
        graph,
        imports,
        batches,
        tasks,
        work_orders,
        centers,
        routings,
        lines,
        handovers,
        dashboard,
        kanban,
        boards,
        rules,
        kanban_page,
    ],
    permissions=ALL,
    constraints={
        **ITEMS,
        **UNITS,
        **STOCK,
        **ALERTS,
        **BOM,
        **ORDERS,
        **ROUTING,
        **HANDOVER,
        **LINES,
        **KANBAN,
    },
    jobs=[COMPILE],
    subscriptions={
        "identity.tenant.created": begin,
        "stock.moved": stock_moved,
        "location.updated": watch_tree,
    },
)
