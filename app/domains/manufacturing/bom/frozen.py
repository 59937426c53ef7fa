"""What makes a released revision immutable: triggers, so that it holds for every writer.

Lines and variants are insert-only anyway; here they are also refused for a revision that is released. The share
lock orders that check with a release under way.
"""

REVISION_FROZEN = """
CREATE OR REPLACE FUNCTION public.bom_revision_frozen() RETURNS trigger
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
$$
""".strip()
ROWS_FROZEN = """
CREATE OR REPLACE FUNCTION public.bom_rows_frozen() RETURNS trigger
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
$$
""".strip()


def guard_revisions() -> list[str]:
    """The function and its trigger on `bom_revision`."""
    return [
        REVISION_FROZEN,
        "CREATE TRIGGER released_frozen BEFORE UPDATE OR DELETE ON bom_revision"
        " FOR EACH ROW EXECUTE FUNCTION public.bom_revision_frozen()",
    ]


def guard_rows(table: str) -> list[str]:
    """The function and its trigger on a table of rows that belong to a revision."""
    return [
        ROWS_FROZEN,
        f"CREATE TRIGGER released_frozen AFTER INSERT ON {table} REFERENCING NEW TABLE AS added"
        " FOR EACH STATEMENT EXECUTE FUNCTION public.bom_rows_frozen()",
    ]
