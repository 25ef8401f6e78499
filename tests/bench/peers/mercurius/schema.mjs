// The part of the platform's schema that the home screen reads, as mercurius takes it: SDL, resolvers, loaders.
import { say } from '../common.mjs'

const PAGE_MAX = 100

export const schema = `
  type Query {
    viewer: Viewer
    unreadCount: Int!
    inbox(first: Int! = 20): MessageConnection!
    bills(first: Int! = 20): BillConnection!
    miniApps(first: Int! = 20): [MiniApp!]!
  }
  type Viewer { id: ID! name: String }
  type MessageConnection { edges: [MessageEdge!]! }
  type MessageEdge { node: Message! }
  type Message { id: ID! title: String! body: String! sentAt: String! readAt: String department: Department }
  type Department { id: ID! name: String! }
  type BillConnection { edges: [BillEdge!]! }
  type BillEdge { node: Bill! }
  type Bill { id: ID! title: String! amount: Money! dueOn: String! }
  type Money { amountMinor: String! currency: String! }
  type MiniApp { id: ID! name: String! departmentId: ID! version: String! }
`

const page = first => Math.min(first, PAGE_MAX)
const edges = nodes => ({ edges: nodes.map(node => ({ node })) })

/** Return resolvers over query(name, sql, values) -> rows. */
export const makeResolvers = query => ({
  Query: {
    async viewer (_, args, { citizen }) {
      const rows = await query('viewer',
        'SELECT citizen_id AS id, name_masked AS name FROM identity_citizen WHERE citizen_id = $1', [citizen])
      return rows[0]
    },
    async unreadCount (_, args, { citizen }) {
      const rows = await query('unread',
        'SELECT count(*)::int AS count FROM message WHERE citizen_id = $1 AND read_at IS NULL', [citizen])
      return rows[0].count
    },
    async inbox (_, { first }, { citizen }) {
      return edges(await query('inbox',
        'SELECT id, sender_kind, sender, template, slot_values, sent_at AS "sentAt", read_at AS "readAt"' +
        ' FROM message WHERE citizen_id = $1 ORDER BY id DESC LIMIT $2', [citizen, page(first)]))
    },
    async bills (_, { first }, { citizen }) {
      return edges(await query('bills',
        'SELECT id, title, amount_minor::text AS "amountMinor", currency, due_on AS "dueOn" FROM payment_bill' +
        " WHERE for_citizen = $1 AND state = 'OPEN' ORDER BY due_on, id LIMIT $2", [citizen, page(first)]))
    },
    miniApps: (_, { first }, { locale }) => readMiniApps(query, page(first), locale)
  },
  Message: {
    title: (message, args, { locale }) => say(message.template, 'title', locale, slots(message)),
    body: (message, args, { locale }) => say(message.template, 'body', locale, slots(message))
  },
  Bill: {
    amount: bill => bill
  }
})

/** Return the loaders: one query for the departments of all messages of a request. */
export const makeLoaders = query => ({
  Message: {
    async department (queries, { locale }) {
      const ids = [...new Set(queries.filter(({ obj }) => isDepartment(obj)).map(({ obj }) => obj.sender))]
      const names = new Map((await readDepartments(query, ids)).map(row => [row.id, JSON.parse(row.name)]))
      return queries.map(({ obj }) => department(obj, names, locale))
    }
  }
})

export const isDepartment = message => message.sender_kind === 'DEPARTMENT'

/** Return the department that sent a message, or null; `names` are by id and language. */
export function department (message, names, locale) {
  const name = isDepartment(message) ? names.get(message.sender) : undefined
  return name ? { id: message.sender, name: name[locale] } : null
}

export const readDepartments = (query, ids) =>
  query('departments', 'SELECT id, name FROM department WHERE id = ANY($1::text[])', [ids])

export async function readMiniApps (query, first, locale) {
  const rows = await query('apps',
    'SELECT l.app_id AS id, r.name, r.department_id AS "departmentId", r.version_name AS version' +
    ' FROM live_release l JOIN release r ON r.id = l.release_id ORDER BY l.app_id LIMIT $1', [first])
  return rows.map(row => ({ ...row, name: JSON.parse(row.name)[locale] }))
}

function slots (message) {
  message.slots ??= JSON.parse(message.slot_values)
  return message.slots
}
