// The home screen as one statement, written by hand: what a GraphQL engine that compiles to SQL is measured against.
import { saySql } from '../common.mjs'

/** Return the statement for a language; $1 citizen, $2 messages, $3 bills, $4 mini-apps. Its one row is JSON text. */
export function homeSql (locale) {
  const one = select => `(SELECT row_to_json(o) FROM (${select}) o)`
  const many = select => `array(SELECT row_to_json(a) FROM (${select}) a)`
  const connection = select => one(`SELECT ${many(`SELECT row_to_json(n) AS node FROM (${select}) n`)} AS edges`)
  const inLanguage = column => `${column}::json ->> '${locale}'`
  return `SELECT row_to_json(q)::text AS data FROM (SELECT
    ${one('SELECT citizen_id AS id, name_masked AS name FROM identity_citizen WHERE citizen_id = $1')} AS viewer,
    (SELECT count(*) FROM message WHERE citizen_id = $1 AND read_at IS NULL) AS "unreadCount",
    ${connection(`
      SELECT m.id, ${saySql('title', locale, 'm.template', 'm.slots')} AS title,
        ${saySql('body', locale, 'm.template', 'm.slots')} AS body, m.sent_at AS "sentAt", m.read_at AS "readAt",
        ${one(`SELECT d.id, ${inLanguage('d.name')} AS name FROM department d
               WHERE m.sender_kind = 'DEPARTMENT' AND d.id = m.sender`)} AS department
      FROM (SELECT *, slot_values::jsonb AS slots FROM message WHERE citizen_id = $1
            ORDER BY id DESC LIMIT least($2::int, 100)) m`)} AS inbox,
    ${connection(`
      SELECT b.id, b.title, ${one('SELECT b.amount_minor::text AS "amountMinor", b.currency')} AS amount,
        b.due_on AS "dueOn"
      FROM payment_bill b WHERE b.for_citizen = $1 AND b.state = 'OPEN'
      ORDER BY b.due_on, b.id LIMIT least($3::int, 100)`)} AS bills,
    ${many(`
      SELECT l.app_id AS id, ${inLanguage('r.name')} AS name, r.department_id AS "departmentId",
        r.version_name AS version
      FROM live_release l JOIN release r ON r.id = l.release_id ORDER BY l.app_id LIMIT least($4::int, 100)`)} AS "miniApps"
  ) q`
}
