// The home screen's fields for PostGraphile: extendSchema with plans over its own table resources.
// Plans select columns; the library puts them together into as few statements as it can.
import { TYPES } from 'postgraphile/@dataplan/pg'
import { context, lambda, object } from 'postgraphile/grafast'
import { sql } from 'postgraphile/pg-sql2'
import { extendSchema } from 'postgraphile/utils'

import { instant, say } from '../common.mjs'

const typeDefs = `
  extend type Query {
    viewer: Viewer
    unreadCount: Int!
    inbox(first: Int! = 20): InboxConnection!
    bills(first: Int! = 20): OpenBillConnection!
    miniApps(first: Int! = 20): [LiveMiniApp!]!
  }
  type Viewer { id: ID! name: String }
  type InboxConnection { edges: [InboxEdge!]! }
  type InboxEdge { node: InboxMessage! }
  type InboxMessage {
    id: ID! title: String! body: String! sentAt: String! readAt: String department: SendingDepartment
  }
  type SendingDepartment { id: ID! name: String! }
  type OpenBillConnection { edges: [OpenBillEdge!]! }
  type OpenBillEdge { node: OpenBill! }
  type OpenBill { id: ID! title: String! amount: Money! dueOn: String! }
  type Money { amountMinor: String! currency: String! }
  type LiveMiniApp { id: ID! name: String! departmentId: ID! version: String! }
`

const PAGE_MAX = 100
const same = $step => $step
const column = name => $row => $row.get(name)
const citizen = () => context().get('citizen')
const locale = () => context().get('locale')
const pageOf = $first => lambda($first, first => Math.min(first, PAGE_MAX), true)

/** Pick the caller's language from a column of words by language. */
const inLanguage = name => $row => lambda([$row.get(name), locale()], ([words, language]) => JSON.parse(words)[language], true)

/** Say a part of a message; its values are parsed once for title and body. */
const words = part => $message => lambda(
  [$message.get('template'), values($message), locale()],
  ([template, slots, language]) => say(template, part, language, slots), true)
const values = $message => lambda($message.get('slot_values'), parse, true)
const parse = text => JSON.parse(text)

/** Read a time as PostgreSQL writes it, and write it as the API does. */
const time = name => $row =>
  lambda($row.select(sql`${$row.getClassStep().alias}.${sql.identifier(name)}::text`, TYPES.text), instant, true)

function queryPlans (resources) {
  return {
    viewer: () => resources.identity_citizen.get({ citizen_id: citizen() }),
    unreadCount () {
      const $unread = resources.message.find({ citizen_id: citizen() })
      $unread.where(sql`${$unread.alias}.read_at IS NULL`)
      return $unread.clone('aggregate').singleAsRecord().select(sql`count(*)::int`, TYPES.int, false)
    },
    inbox (_, { $first }) {
      const $messages = resources.message.find({ citizen_id: citizen() })
      $messages.orderBy({ attribute: 'id', direction: 'DESC' })
      $messages.setOrderIsUnique()
      $messages.setFirst(pageOf($first))
      return $messages
    },
    bills (_, { $first }) {
      const $bills = resources.payment_bill.find({ for_citizen: citizen() })
      $bills.where(sql`${$bills.alias}.state = 'OPEN'`)
      $bills.orderBy({ attribute: 'due_on', direction: 'ASC' })
      $bills.orderBy({ attribute: 'id', direction: 'ASC' })
      $bills.setOrderIsUnique()
      $bills.setFirst(pageOf($first))
      return $bills
    },
    miniApps (_, { $first }) {
      const $live = resources.live_release.find()
      $live.orderBy({ attribute: 'app_id', direction: 'ASC' })
      $live.setOrderIsUnique()
      $live.setFirst(pageOf($first))
      return $live
    }
  }
}

export const HomePlugin = extendSchema(build => {
  const resources = build.pgResources
  const release = $live => resources.release.get({ id: $live.get('release_id') })
  const ofRelease = plan => $live => plan(release($live))
  return {
    typeDefs,
    objects: {
      Query: { plans: queryPlans(resources) },
      Viewer: { plans: { id: column('citizen_id'), name: column('name_masked') } },
      InboxConnection: { plans: { edges: same } },
      InboxEdge: { plans: { node: same } },
      InboxMessage: {
        plans: {
          title: words('title'),
          body: words('body'),
          sentAt: time('sent_at'),
          readAt: time('read_at'),
          // only departments are in that table: another sender finds none
          department: $message => resources.department.get({ id: $message.get('sender') })
        }
      },
      SendingDepartment: { plans: { name: inLanguage('name') } },
      OpenBillConnection: { plans: { edges: same } },
      OpenBillEdge: { plans: { node: same } },
      OpenBill: {
        plans: {
          amount: $bill => object({ amountMinor: $bill.get('amount_minor'), currency: $bill.get('currency') }),
          dueOn: column('due_on')
        }
      },
      LiveMiniApp: {
        plans: {
          id: column('app_id'),
          name: ofRelease(inLanguage('name')),
          departmentId: ofRelease(column('department_id')),
          version: ofRelease(column('version_name'))
        }
      }
    }
  }
})
