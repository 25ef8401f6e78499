// mercurius with graphql-jit and persisted queries, as its documentation recommends for production.
// BENCH_PUBLIC_PART=memory keeps departments and mini-apps in the process; =mercurius-cache lets that plugin do it.
import fastify from 'fastify'
import { createVerifier } from 'fast-jwt'
import mercurius from 'mercurius'
import cache from 'mercurius-cache'

import { pickLocale, settings, verifierOptions } from '../common.mjs'
import { connect } from './database.mjs'
import { keepPublicPart } from './public_part.mjs'
import { makeLoaders, makeResolvers, schema } from './schema.mjs'

const query = await connect(process.env.BENCH_DRIVER ?? 'postgres')
const publicPart = process.env.BENCH_PUBLIC_PART ?? 'database'
const resolvers = makeResolvers(query)
const loaders = makeLoaders(query)
if (publicPart === 'memory') await keepPublicPart(query, resolvers, loaders)

const app = fastify()
const verify = createVerifier(verifierOptions)

app.addHook('onRequest', async request => {
  request.citizen = verify(request.headers.authorization.slice('Bearer '.length)).sub
})
app.register(mercurius, {
  schema,
  resolvers,
  loaders,
  context: request => ({ citizen: request.citizen, locale: pickLocale(request.headers['accept-language']) }),
  persistedQueries: { [settings.documentId]: settings.document },
  onlyPersisted: true,
  jit: 1
})
if (publicPart === 'mercurius-cache') {
  app.register(cache, {
    ttl: 60,
    policy: { Query: { miniApps: { extendKey: (_, args, { locale }) => locale } } }
  })
}
await app.listen({ host: '127.0.0.1', port: settings.port })
