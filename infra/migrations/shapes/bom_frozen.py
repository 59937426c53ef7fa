"""Released revisions never change: the triggers of migration 202604010011."""

FROZEN = """
CREATE FUNCTION public.bom_revision_frozen() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'revisions are kept' USING ERRCODE = '0A000';
    END IF;
    IF OLD.released_at IS NOT NULL THEN
        NEW.effective_to := coalesce(NEW.effective_to, OLD.effective_to);
        IF to_jsonb(NEW) - 'effective_to' <> to_jsonb(OLD) - 'effective_to' THEN
            RAISE EXCEPTION 'a released revision never changes' USING ERRCODE = '0A000';
        END IF;
    END IF;
    RETURN NEW;
END
$$;
CREATE FUNCTION public.bom_rows_frozen() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM 1 FROM bom_revision r
    WHERE (r.tenant_id, r.id) IN (SELECT a.tenant_id, a.revision_id FROM added a) AND r.released_at IS NULL
    ORDER BY r.id FOR SHARE;
    IF EXISTS (SELECT 1 FROM bom_revision r
               WHERE (r.tenant_id, r.id) IN (SELECT a.tenant_id, a.revision_id FROM added a)
                 AND r.released_at IS NOT NULL) THEN
        RAISE EXCEPTION 'a released revision gets no more rows' USING ERRCODE = '0A000';
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER released_frozen BEFORE UPDATE OR DELETE ON bom_revision FOR EACH ROW EXECUTE FUNCTION public.bom_revision_frozen();
CREATE TRIGGER released_frozen AFTER INSERT ON bom_line REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION public.bom_rows_frozen();
CREATE TRIGGER released_frozen AFTER INSERT ON bom_variant REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION public.bom_rows_frozen();
"""
DROP_FROZEN = """
DROP FUNCTION bom_rows_frozen();
DROP FUNCTION bom_revision_frozen();
"""
