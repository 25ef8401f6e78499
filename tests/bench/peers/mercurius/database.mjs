// One function over two drivers, so that the cheaper can be found by running both.
import { instant, settings } from '../common.mjs'

const TIMESTAMPTZ = 1184

const drivers = {
  /** node-postgres: named statements are prepared once per connection. */
  async pg () {
    const { default: pg } = await import('pg')
    pg.types.setTypeParser(TIMESTAMPTZ, instant)
    const pool = new pg.Pool({
      connectionString: settings.databaseUrl, max: settings.poolSize, options: '-c TimeZone=UTC'
    })
    return async (name, text, values) => (await pool.query({ name, text, values })).rows
  },

  /** postgres.js: prepares by itself and pipelines queries on a connection. */
  async postgres () {
    const { default: postgres } = await import('postgres')
    const sql = postgres(settings.databaseUrl, {
      max: settings.poolSize,
      types: { instant: { to: TIMESTAMPTZ, from: [TIMESTAMPTZ], serialize: String, parse: instant } },
      connection: { TimeZone: 'UTC' }
    })
    return (_, text, values) => sql.unsafe(text, values, { prepare: true })
  }
}

/** Return query(name, sql, values) -> rows. */
export const connect = driver => drivers[driver]()
