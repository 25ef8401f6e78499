"""Schema step 0003: what the ledger holds is final, and the database itself insists on it."""

from tortoise import migrations

from shimin.db.migrate_ops import per_engine


class Migration(migrations.Migration):
    """Entries and ended transfers never change; an account covers what is held on it."""

    dependencies = [("shimin", "0002_guide_search")]  # noqa: RUF012 - the ORM's own way to say it

    operations = [  # noqa: RUF012 - likewise
        per_engine(
            sqlite=(
                "CREATE TRIGGER IF NOT EXISTS ledger_entry_no_update BEFORE UPDATE ON ledger_entry"
                " BEGIN SELECT RAISE(ABORT, 'ledger entries are never changed'); END",
                "CREATE TRIGGER IF NOT EXISTS ledger_entry_no_delete BEFORE DELETE ON ledger_entry"
                " BEGIN SELECT RAISE(ABORT, 'ledger entries are never removed'); END",
                "CREATE TRIGGER IF NOT EXISTS ledger_account_covered BEFORE UPDATE ON ledger_account"
                " WHEN NEW.held_minor < 0 OR NOT (NEW.may_go_negative OR NEW.posted_minor >= NEW.held_minor)"
                " BEGIN SELECT RAISE(ABORT, 'a ledger account must cover what is held on it'); END",
                "CREATE TRIGGER IF NOT EXISTS ledger_transfer_final BEFORE UPDATE ON ledger_transfer"
                " WHEN OLD.state <> 'PENDING'"
                " BEGIN SELECT RAISE(ABORT, 'a ledger transfer that ended is final'); END",
                "CREATE TRIGGER IF NOT EXISTS ledger_transfer_no_delete BEFORE DELETE ON ledger_transfer"
                " BEGIN SELECT RAISE(ABORT, 'ledger transfers are never removed'); END",
            ),
            postgres=(
                "CREATE OR REPLACE FUNCTION ledger_refuse() RETURNS trigger LANGUAGE plpgsql AS"
                " $$ BEGIN RAISE EXCEPTION 'what the ledger holds is final'; END $$",
                "CREATE OR REPLACE TRIGGER ledger_entry_immutable BEFORE UPDATE OR DELETE ON ledger_entry"
                " FOR EACH ROW EXECUTE FUNCTION ledger_refuse()",
                "CREATE OR REPLACE TRIGGER ledger_entry_no_truncate BEFORE TRUNCATE ON ledger_entry"
                " FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse()",
                "CREATE OR REPLACE TRIGGER ledger_transfer_final BEFORE UPDATE ON ledger_transfer"
                " FOR EACH ROW WHEN (OLD.state <> 'PENDING') EXECUTE FUNCTION ledger_refuse()",
                "CREATE OR REPLACE TRIGGER ledger_transfer_no_delete BEFORE DELETE ON ledger_transfer"
                " FOR EACH ROW EXECUTE FUNCTION ledger_refuse()",
                "ALTER TABLE ledger_account ADD CONSTRAINT ledger_account_covered"
                " CHECK (held_minor >= 0 AND (may_go_negative OR posted_minor >= held_minor))",
            ),
            sqlite_undo=(
                "DROP TRIGGER IF EXISTS ledger_entry_no_update",
                "DROP TRIGGER IF EXISTS ledger_entry_no_delete",
                "DROP TRIGGER IF EXISTS ledger_account_covered",
                "DROP TRIGGER IF EXISTS ledger_transfer_final",
                "DROP TRIGGER IF EXISTS ledger_transfer_no_delete",
            ),
            postgres_undo=(
                "DROP TRIGGER IF EXISTS ledger_entry_immutable ON ledger_entry",
                "DROP TRIGGER IF EXISTS ledger_entry_no_truncate ON ledger_entry",
                "DROP TRIGGER IF EXISTS ledger_transfer_final ON ledger_transfer",
                "DROP TRIGGER IF EXISTS ledger_transfer_no_delete ON ledger_transfer",
                "DROP FUNCTION IF EXISTS ledger_refuse()",
                "ALTER TABLE ledger_account DROP CONSTRAINT IF EXISTS ledger_account_covered",
            ),
        ),
    ]
