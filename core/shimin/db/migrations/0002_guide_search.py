"""Schema step 0002: the full-text index of guides, which each engine spells in its own way."""

from tortoise import migrations

from shimin.db.migrate_ops import per_engine


class Migration(migrations.Migration):
    """Guides can be found by their words."""

    dependencies = [("shimin", "0001_initial")]  # noqa: RUF012 - the ORM's own way to say it

    operations = [  # noqa: RUF012 - likewise
        per_engine(
            sqlite=(
                "CREATE VIRTUAL TABLE IF NOT EXISTS guide_search USING fts5(title, names, body, "
                "tokenize = \"unicode61 remove_diacritics 0 categories 'L* M* N* Co Cn'\")",
            ),
            postgres=(
                "CREATE TABLE IF NOT EXISTS guide_search (number BIGINT PRIMARY KEY, terms TSVECTOR NOT NULL)",
                "CREATE INDEX IF NOT EXISTS guide_search_terms ON guide_search USING GIN (terms)",
            ),
            sqlite_undo=("DROP TABLE IF EXISTS guide_search",),
            postgres_undo=("DROP TABLE IF EXISTS guide_search",),
        ),
    ]
