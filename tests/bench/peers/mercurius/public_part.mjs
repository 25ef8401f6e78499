// The public part of the home screen, kept in the process and read again once a minute.
import { department, readDepartments, readMiniApps } from './schema.mjs'

const LIFE_MS = 60_000
const LOCALES = ['zh-Hans', 'en']
const MINI_APPS_MAX = 100

/** Change resolvers and loaders so that departments and mini-apps come from memory. */
export async function keepPublicPart (query, resolvers, loaders) {
  let names
  let miniApps
  const read = async () => {
    const ids = (await query('department_ids', 'SELECT id FROM department', [])).map(row => row.id)
    const rows = await readDepartments(query, ids)
    names = new Map(rows.map(row => [row.id, JSON.parse(row.name)]))
    const lists = await Promise.all(LOCALES.map(locale => readMiniApps(query, MINI_APPS_MAX, locale)))
    miniApps = Object.fromEntries(LOCALES.map((locale, place) => [locale, lists[place]]))
  }
  await read()
  setInterval(() => read().catch(console.error), LIFE_MS).unref()
  delete loaders.Message.department
  resolvers.Message.department = (message, args, { locale }) => department(message, names, locale)
  resolvers.Query.miniApps = (_, { first }, { locale }) => miniApps[locale].slice(0, first)
}
