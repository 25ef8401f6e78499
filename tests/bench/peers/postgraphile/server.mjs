// PostGraphile 5 with persisted operations only, on node's own HTTP server.
// No pgSettings: without row-level security it needs no transaction around its reads.
import './node20.mjs'

import { createServer } from 'node:http'

import PersistedPlugin from '@grafserv/persisted'
import { createVerifier } from 'fast-jwt'
import { makePgService } from 'postgraphile/adaptors/pg'
import { grafserv } from 'postgraphile/grafserv/node'
import { postgraphile } from 'postgraphile'
import { PostGraphileAmberPreset } from 'postgraphile/presets/amber'

import { pickLocale, settings, verifierOptions } from '../common.mjs'
import { HomePlugin } from './home.mjs'

const verify = createVerifier(verifierOptions)

const instance = postgraphile({
  extends: [PostGraphileAmberPreset],
  plugins: [PersistedPlugin.default ?? PersistedPlugin, HomePlugin],
  pgServices: [makePgService({
    connectionString: settings.databaseUrl,
    schemas: ['public'],
    pubsub: false,
    poolConfig: { max: settings.poolSize, options: '-c TimeZone=UTC' }
  })],
  grafast: {
    context ({ node }) {
      const { headers } = node.req
      return {
        citizen: verify(headers.authorization.slice('Bearer '.length)).sub,
        locale: pickLocale(headers['accept-language'])
      }
    }
  },
  grafserv: {
    graphqlPath: '/graphql',
    graphiql: false,
    watch: false,
    hashFromPayload: ({ documentId }) => documentId?.replace(/^sha256:/, ''),
    persistedOperations: { [settings.documentId]: settings.document }
  }
})

const server = createServer()
await instance.createServ(grafserv).addTo(server)
server.listen({ host: '127.0.0.1', port: settings.port })
