"""Use cases of units, and exact conversion between them."""

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from app.domains.manufacturing.quantities import rounded
from app.domains.manufacturing.units.errors import UnitNotFound, UnitStandard
from app.domains.manufacturing.units.events import UnitCreated, UnitDeleted, UnitUpdated
from app.domains.manufacturing.units.models import Unit
from app.domains.manufacturing.units.schemas import UnitCreate, UnitPatch
from app.domains.manufacturing.units.standard import ALIASES, STANDARD, normal
from app.kernel.events.envelope import ref
from app.kernel.ids import new_id
from app.kernel.problem import invalid
from app.kernel.tx import ReadTx, WriteTx

_STANDARD_CODES = frozenset(code for code, *_ in STANDARD)


@dataclass(frozen=True, slots=True)
class KnownUnit:
    """A unit and what one of it is in its dimension's base."""

    id: UUID
    code: str
    dimension: str
    factor: Fraction


def find(tx: ReadTx, *codes: str, field: str = "uom") -> list[KnownUnit]:
    """The units of these words, in their order. 422 for a word that is no unit of the tenant, naming `field`."""
    wanted = [normal(code) for code in codes]
    found = _by_code(tx, wanted)
    if isinstance(tx, WriteTx) and any(code in _STANDARD_CODES and code not in found for code in wanted):
        ensure_standard(tx)
        found = _by_code(tx, wanted)
    for given, code in zip(codes, wanted, strict=True):
        if code not in found:
            raise invalid(field, "unknown_unit", f"There is no unit {given!r}.")
    return [found[code] for code in wanted]


def factor(tx: ReadTx, from_code: str, to_code: str, *, field: str = "uom") -> Fraction:
    """What one of the first unit is in the second, exactly. 422 for unknown units and different dimensions."""
    source, target = find(tx, from_code, to_code, field=field)
    return between(source, target, field=field)


def between(source: KnownUnit, target: KnownUnit, *, field: str = "uom") -> Fraction:
    if source.dimension != target.dimension:
        raise invalid(
            field,
            "units_differ",
            f"{source.code} measures {source.dimension} and {target.code} {target.dimension}.",
        )
    return source.factor / target.factor


def convert(tx: ReadTx, quantity: Decimal, from_code: str, to_code: str, *, field: str = "uom") -> Decimal:
    """The quantity in another unit: by exact fractions, rounded once, to nine decimals. Raises as `factor`."""
    return rounded(Fraction(quantity) * factor(tx, from_code, to_code, field=field))


def ensure_standard(tx: WriteTx) -> None:
    """Give the tenant the standard units that it does not have. Safe to repeat and to race."""
    rows = [
        {
            "tenant_id": tx.tenant_id,
            "id": new_id(),
            "code": code,
            "name": name,
            "dimension": dimension,
            "numerator": numerator,
            "denominator": denominator,
            "is_standard": True,
            "created_at": tx.now,
            "updated_at": tx.now,
        }
        for code, name, dimension, numerator, denominator in STANDARD
    ]
    tx.execute(insert(Unit).on_conflict_do_nothing(index_elements=["tenant_id", "code"]), rows)


def create(tx: WriteTx, data: UnitCreate) -> Unit:
    """422 for a word that means a standard unit; the database refuses a taken code."""
    code = data.code.lower()
    if code in ALIASES:
        raise invalid("code", "reserved", f"{code!r} is another name of {ALIASES[code]}.")
    ensure_standard(tx)
    unit = tx.add(Unit(**data.model_dump(exclude={"code"}), code=code, created_at=tx.now, updated_at=tx.now))
    tx.emit(
        UnitCreated(unit_id=unit.id, code=unit.code),
        subject=ref("unit", unit.id),
        after=data.model_dump(mode="json"),
    )
    return unit


def rename(tx: WriteTx, unit_id: UUID, data: UnitPatch) -> Unit:
    """A factor never changes: stock is counted in it. Raises `UnitNotFound`, `UnitStandard`."""
    unit = _own(tx, unit_id)
    before = {"name": unit.name}
    unit.name = data.name
    unit.version += 1
    unit.updated_at = tx.now
    tx.flush()
    tx.emit(
        UnitUpdated(unit_id=unit.id, code=unit.code),
        subject=ref("unit", unit.id),
        before=before,
        after={"name": unit.name},
    )
    return unit


def delete(tx: WriteTx, unit_id: UUID) -> None:
    """Raises `UnitNotFound`, `UnitStandard`; the database refuses one that items are counted in."""
    unit = _own(tx, unit_id)
    tx.session.delete(unit)
    tx.flush()
    tx.emit(UnitDeleted(unit_id=unit.id, code=unit.code), subject=ref("unit", unit.id))


def _own(tx: WriteTx, unit_id: UUID) -> Unit:
    unit = tx.get(select(Unit).where(Unit.id == unit_id).with_for_update(), UnitNotFound)
    tx.match(unit)
    if unit.is_standard:
        raise UnitStandard(f"{unit.code} is a standard unit.")
    return unit


def _by_code(tx: ReadTx, codes: list[str]) -> dict[str, KnownUnit]:
    columns = select(Unit.id, Unit.code, Unit.dimension, Unit.numerator, Unit.denominator)
    return {
        row.code: KnownUnit(row.id, row.code, row.dimension, Fraction(row.numerator, row.denominator))
        for row in tx.all(columns.where(Unit.code.in_(set(codes))))
    }
