// fastify with one hand-written statement (BENCH_ANSWER=sql) or with bytes that never change (BENCH_ANSWER=static).
import fastify from 'fastify'
import { createVerifier } from 'fast-jwt'

import { pickLocale, settings, verifierOptions } from '../common.mjs'
import { homeSql } from './sql.mjs'

const DEFAULTS = { messages: 10, bills: 5, miniApps: 20 }
const JSON_TYPE = 'application/json; charset=utf-8'

const app = fastify()
const answers = {
  static: () => (request, reply) => reply.type(JSON_TYPE).send(settings.staticBody),

  async sql () {
    const read = await connect(process.env.BENCH_DRIVER ?? 'postgres')
    const verify = createVerifier(verifierOptions)
    app.addHook('onRequest', async request => {
      request.citizen = verify(request.headers.authorization.slice('Bearer '.length)).sub
    })
    return async (request, reply) => {
      const { messages, bills, miniApps } = { ...DEFAULTS, ...request.body.variables }
      const locale = pickLocale(request.headers['accept-language'])
      const data = await read(locale, [request.citizen, messages, bills, miniApps])
      return reply.type(JSON_TYPE).send(`{"data":${data}}`)
    }
  }
}

async function connect (driver) {
  const statements = { 'zh-Hans': homeSql('zh-Hans'), en: homeSql('en') }
  if (driver === 'pg') {
    const { default: pg } = await import('pg')
    const pool = new pg.Pool({
      connectionString: settings.databaseUrl, max: settings.poolSize, options: '-c TimeZone=UTC'
    })
    return async (locale, values) =>
      (await pool.query({ name: locale, text: statements[locale], values })).rows[0].data
  }
  const { default: postgres } = await import('postgres')
  const sql = postgres(settings.databaseUrl, { max: settings.poolSize, connection: { TimeZone: 'UTC' } })
  return async (locale, values) => (await sql.unsafe(statements[locale], values, { prepare: true }))[0].data
}

app.post('/graphql', await answers[process.env.BENCH_ANSWER ?? 'sql']())
await app.listen({ host: '127.0.0.1', port: settings.port })
