"""The dashboards' numbers, all from the history of states, never from when a row was last touched.

`_THEN` is every task as it stood at the end of the span: its last transition before that. One condition for each
measure counts it and lists it, so a number and its drill-down can't differ.
"""

from sqlalchemy import DateTime, Select, Text, Uuid, bindparam, column, select, text

from app.domains.manufacturing.dashboard.schemas import Measure
from app.domains.manufacturing.orders import queries as tasks
from app.domains.manufacturing.orders.models import ProductionOrder
from app.kernel.tx import AnySelect

_THEN = """
WITH last AS (
  SELECT DISTINCT ON (t.order_id) t.order_id, t.to_status AS status, t.at AS since
  FROM production_transition t WHERE t.tenant_id = :tenant AND t.at < :until
  ORDER BY t.order_id, t.at DESC, t.id DESC
), task AS (
  SELECT o.id, o.number, o.priority, o.department, o.due_at, o.created_at, o.qty_planned, o.qty_good,
         o.qty_scrapped, o.material_status, last.status, last.since,
         last.status IN ('DRAFT', 'APPROVED', 'IN_PROGRESS', 'ON_HOLD') AS pending,
         least(:until, :now) AS seen_at
  FROM last JOIN production_order o ON o.tenant_id = :tenant AND o.id = last.order_id
  WHERE (last.status NOT IN ('COMPLETED', 'CANCELLED') OR last.since >= :since)
    AND (:department IS NULL OR o.department = :department)
    AND (:priority IS NULL OR o.priority = :priority)
)
"""
_MEASURES: dict[Measure, str] = {
    Measure.DRAFT: "status = 'DRAFT'",
    Measure.APPROVED: "status = 'APPROVED'",
    Measure.IN_PROGRESS: "status = 'IN_PROGRESS'",
    Measure.ON_HOLD: "status = 'ON_HOLD'",
    Measure.COMPLETED: "status = 'COMPLETED'",
    Measure.CANCELLED: "status = 'CANCELLED'",
    Measure.PENDING: "pending",
    Measure.DELAYED: "(pending AND due_at < seen_at) OR (status = 'COMPLETED' AND since > due_at)",
    Measure.ON_TIME: "status = 'COMPLETED' AND since <= due_at",
    Measure.LATE_OVER_24H: "pending AND due_at < seen_at - interval '24 hours'",
    Measure.SHORT_OF_MATERIAL: "pending AND material_status IN ('PARTIAL', 'SHORT')",
}
_PARAMS = (
    bindparam("tenant", type_=Uuid()),
    bindparam("since", type_=DateTime(timezone=True)),
    bindparam("until", type_=DateTime(timezone=True)),
    bindparam("now", type_=DateTime(timezone=True)),
    bindparam("department", type_=Text()),
    bindparam("priority", type_=Text()),
)
_COUNTS = ", ".join(f"count(*) FILTER (WHERE {where}) AS {name.value}" for name, where in _MEASURES.items())


def _ask(query: str) -> AnySelect:
    made: AnySelect = text(_THEN + query).bindparams(*_PARAMS)  # type: ignore[assignment]
    return made


COUNTS = _ask(f"SELECT count(*) AS total, {_COUNTS} FROM task")
BY_PRIORITY = _ask("SELECT priority AS word, count(*) AS tasks FROM task GROUP BY priority ORDER BY priority")
BY_DEPARTMENT = _ask(
    "SELECT coalesce(department, 'UNASSIGNED') AS word, count(*) AS tasks FROM task GROUP BY 1 ORDER BY 1"
)
TIMES = _ask("""
, done AS (
  SELECT task.*, extract(epoch FROM since - created_at) / 3600 AS lead,
         extract(epoch FROM since - (
           SELECT min(t.at) FROM production_transition t
           WHERE t.tenant_id = :tenant AND t.order_id = task.id AND t.to_status = 'IN_PROGRESS')) / 3600 AS cycle
  FROM task WHERE status = 'COMPLETED'
)
SELECT avg(lead)::float8 AS average_completion_hours,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY lead::float8) AS lead_hours_p50,
       percentile_cont(0.95) WITHIN GROUP (ORDER BY lead::float8) AS lead_hours_p95,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY cycle::float8) AS cycle_hours_p50,
       percentile_cont(0.95) WITHIN GROUP (ORDER BY cycle::float8) AS cycle_hours_p95,
       coalesce(sum(qty_planned), 0) AS qty_planned, coalesce(sum(qty_good), 0) AS qty_good,
       coalesce(sum(qty_scrapped), 0) AS qty_scrapped,
       count(*) FILTER (WHERE due_at IS NOT NULL) AS with_due_date
FROM done
""")
LATE = _ask(f"""
SELECT id, number, department, priority, status, due_at,
       (extract(epoch FROM seen_at - due_at) / 3600)::float8 AS late_hours
FROM task WHERE {_MEASURES[Measure.LATE_OVER_24H]} ORDER BY due_at, id LIMIT 100
""")
DEPARTMENTS = _ask(f"""
SELECT coalesce(department, 'UNASSIGNED') AS department, count(*) AS pending,
       count(*) FILTER (WHERE {_MEASURES[Measure.LATE_OVER_24H]}) AS late_over_24h,
       count(*) FILTER (WHERE {_MEASURES[Measure.SHORT_OF_MATERIAL]}) AS short_of_material,
       avg(extract(epoch FROM seen_at - since) / 3600)::float8 AS hours_in_state
FROM task WHERE pending GROUP BY 1 ORDER BY late_over_24h DESC, pending DESC, department
""")
CENTERS = _ask("""
, work AS (
  SELECT w.work_center_id, w.status,
         (CASE WHEN w.status = 'IN_PROGRESS' THEN 0 ELSE w.setup_seconds END
          + w.run_seconds * greatest(w.qty_planned - w.qty_good - w.qty_scrap, 0)) / 3600 AS hours
  FROM production_work_order w JOIN task ON task.id = w.order_id
  WHERE w.tenant_id = :tenant AND w.status IN ('WAITING', 'OPEN', 'IN_PROGRESS')
)
SELECT c.id AS work_center_id, c.code, c.department, c.capacity,
       count(*) FILTER (WHERE work.status <> 'IN_PROGRESS') AS waiting,
       count(*) FILTER (WHERE work.status = 'IN_PROGRESS') AS running,
       sum(work.hours)::float8 AS work_hours, (sum(work.hours) / c.capacity)::float8 AS queue_hours
FROM work JOIN work_center c ON c.tenant_id = :tenant AND c.id = work.work_center_id
GROUP BY c.tenant_id, c.id, c.code, c.department, c.capacity ORDER BY queue_hours DESC, c.code
""")


def _listed(where: str) -> AnySelect:
    found = (
        text(f"{_THEN} SELECT id FROM task WHERE {where}")
        .bindparams(*_PARAMS)
        .columns(column("id", Uuid()))
        .subquery("counted")
    )
    ids: Select[tuple[object]] = select(found.c.id)
    return tasks.tasks().where(ProductionOrder.id.in_(ids))


LISTED: dict[Measure, AnySelect] = {measure: _listed(where) for measure, where in _MEASURES.items()}
