"""Triggers that keep the dated facts right while code of the first shape still writes status words.

They look only at columns that newer code never writes, so both releases can serve at once.
"""

LEDGER = """
CREATE FUNCTION asset_first_shape_ledger() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    region uuid;
    fresh uuid := gen_random_uuid();
    moment timestamptz := clock_timestamp();
BEGIN
    IF NEW.region_code IS NOT NULL AND (TG_OP = 'INSERT' OR NEW.region_code IS DISTINCT FROM OLD.region_code) THEN
        INSERT INTO region (tenant_id, id, code, path, created_at, updated_at)
        VALUES (NEW.tenant_id, fresh, NEW.region_code, replace(fresh::text, '-', '') || '/', moment, moment)
        ON CONFLICT (tenant_id, code) DO NOTHING;
        SELECT id INTO STRICT region FROM region r WHERE r.tenant_id = NEW.tenant_id AND r.code = NEW.region_code;
        UPDATE placement SET ends_at = greatest(moment, starts_at)
        WHERE tenant_id = NEW.tenant_id AND asset_id = NEW.id AND ends_at IS NULL;
        INSERT INTO placement (tenant_id, id, asset_id, region_id, starts_at)
        VALUES (NEW.tenant_id, gen_random_uuid(), NEW.id, region, moment);
    END IF;
    IF TG_OP = 'UPDATE' AND NEW.bound_to_drone_id IS DISTINCT FROM OLD.bound_to_drone_id THEN
        UPDATE installation SET ends_at = greatest(moment, starts_at)
        WHERE tenant_id = NEW.tenant_id AND asset_id = NEW.id AND ends_at IS NULL;
    END IF;
    IF NEW.bound_to_drone_id IS NOT NULL
       AND (TG_OP = 'INSERT' OR NEW.bound_to_drone_id IS DISTINCT FROM OLD.bound_to_drone_id) THEN
        INSERT INTO installation (tenant_id, id, asset_id, drone_id, starts_at)
        VALUES (NEW.tenant_id, gen_random_uuid(), NEW.id, NEW.bound_to_drone_id, moment);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER first_shape_ledger AFTER INSERT OR UPDATE OF region_code, bound_to_drone_id ON asset
FOR EACH ROW EXECUTE FUNCTION asset_first_shape_ledger();
"""
DROP_LEDGER = """
DROP TRIGGER first_shape_ledger ON asset;
DROP FUNCTION asset_first_shape_ledger();
"""

AVAILABILITY = """
CREATE FUNCTION asset_first_shape_availability() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    moment timestamptz := clock_timestamp();
    evening timestamptz := date_trunc('day', clock_timestamp(), 'UTC') + interval '1 day 1 hour';
BEGIN
    UPDATE asset_block SET ended_at = moment, updated_at = moment
    WHERE tenant_id = NEW.tenant_id AND asset_id = NEW.id AND kind = 'MANUAL' AND ended_at IS NULL;
    IF NEW.availability_status <> 'AVAILABLE' THEN
        UPDATE asset_block SET at_risk = true, updated_at = moment
        WHERE tenant_id = NEW.tenant_id AND asset_id = NEW.id AND kind = 'RESERVATION' AND ended_at IS NULL
          AND starts_at < evening AND ends_at > moment;
        INSERT INTO asset_block (tenant_id, id, asset_id, kind, starts_at, ends_at, standing, stated, created_by,
                                 created_at, updated_at)
        VALUES (NEW.tenant_id, gen_random_uuid(), NEW.id, 'MANUAL', moment, evening, true, NEW.availability_status,
                'system:first-shape', moment, moment);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER first_shape_availability AFTER UPDATE OF availability_status ON asset
FOR EACH ROW WHEN (NEW.availability_status IS DISTINCT FROM OLD.availability_status)
EXECUTE FUNCTION asset_first_shape_availability();
"""
DROP_AVAILABILITY = """
DROP TRIGGER first_shape_availability ON asset;
DROP FUNCTION asset_first_shape_availability();
"""
