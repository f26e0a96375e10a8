"""The paper of an edition goes with any sentence in it that is erased; for nothing else it may be taken away."""

from django.db import migrations

# A followed-up problem is called by its own name, which an earlier edition holds.
FORGET = """
CREATE FUNCTION dashboards_keep_brief_paper() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM incidents_text t WHERE t.erased_at IS NOT NULL AND t.id IN (
            SELECT note_id FROM dashboards_briefedition WHERE id = OLD.edition_id
            UNION ALL
            SELECT unnest(ARRAY[e.words_id, e.cause_id, e.advice_id, f.words_id])
            FROM dashboards_briefentry e LEFT JOIN dashboards_briefentry f ON f.id = e.follows_id
            WHERE e.edition_id = OLD.edition_id
        )
    ) THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION '% is append-only: % is refused', TG_TABLE_NAME, TG_OP
        USING ERRCODE = 'restrict_violation';
END $$;
CREATE FUNCTION dashboards_forget_brief_papers() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM dashboards_briefpaper WHERE edition_id IN (
        SELECT id FROM dashboards_briefedition WHERE note_id = NEW.id
        UNION
        SELECT edition_id FROM dashboards_briefentry WHERE NEW.id IN (words_id, cause_id, advice_id)
        UNION
        SELECT e.edition_id FROM dashboards_briefentry e JOIN dashboards_briefentry f ON f.id = e.follows_id
        WHERE f.words_id = NEW.id
    );
    RETURN NULL;
END $$;
DROP TRIGGER dashboards_briefpaper_keeps_rows ON dashboards_briefpaper;
CREATE TRIGGER dashboards_briefpaper_keeps_rows BEFORE UPDATE ON dashboards_briefpaper
    FOR EACH ROW EXECUTE FUNCTION incidents_refuse_change();
CREATE TRIGGER dashboards_briefpaper_keeps_words BEFORE DELETE ON dashboards_briefpaper
    FOR EACH ROW EXECUTE FUNCTION dashboards_keep_brief_paper();
CREATE TRIGGER dashboards_forget_brief_papers AFTER UPDATE OF erased_at ON incidents_text
    FOR EACH ROW WHEN (NEW.erased_at IS NOT NULL) EXECUTE FUNCTION dashboards_forget_brief_papers();
"""
UNDO_FORGET = """
DROP TRIGGER dashboards_forget_brief_papers ON incidents_text;
DROP TRIGGER dashboards_briefpaper_keeps_words ON dashboards_briefpaper;
DROP TRIGGER dashboards_briefpaper_keeps_rows ON dashboards_briefpaper;
CREATE TRIGGER dashboards_briefpaper_keeps_rows BEFORE UPDATE OR DELETE ON dashboards_briefpaper
    FOR EACH ROW EXECUTE FUNCTION incidents_refuse_change();
DROP FUNCTION dashboards_forget_brief_papers();
DROP FUNCTION dashboards_keep_brief_paper();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("dashboards", "0017_packed_cells"),
    ]

    operations = [
        migrations.RunSQL(FORGET, UNDO_FORGET),
    ]
