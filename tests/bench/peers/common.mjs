// What every peer needs and no library of the comparison offers: settings, the words of messages, languages.
import { readFileSync } from 'node:fs'

const LOCALES = ['zh-Hans', 'en']
const LOCALE_MAX_CHARS = 200

/** Settings as the benchmark hands them over; see contestants.py. */
export const settings = {
  port: Number(process.env.BENCH_PORT),
  databaseUrl: process.env.BENCH_DATABASE_URL,
  poolSize: Number(process.env.BENCH_POOL_SIZE ?? 10),
  publicKey: process.env.BENCH_PUBLIC_KEY,
  issuer: process.env.BENCH_ISSUER,
  audience: process.env.BENCH_AUDIENCE,
  documentId: process.env.BENCH_DOCUMENT_ID,
  document: process.env.BENCH_DOCUMENT,
  /** {template: {title: {locale: words}, body: {locale: words}}} with {slots} in the words */
  words: process.env.BENCH_WORDS ? JSON.parse(process.env.BENCH_WORDS) : {},
  staticBody: process.env.BENCH_STATIC_BODY ? readFileSync(process.env.BENCH_STATIC_BODY) : null
}

/** Options of fast-jwt's verifier: the same checks and the same life of a remembered token as the platform's. */
export const verifierOptions = {
  key: settings.publicKey,
  algorithms: ['ES256'],
  allowedIss: settings.issuer,
  allowedAud: settings.audience,
  requiredClaims: ['sub', 'exp'],
  cache: 20_000,
  cacheTTL: 60_000
}

/** Choose a language from an Accept-Language header; Chinese where nothing fits. */
export function pickLocale (header) {
  let best = LOCALES[0]
  let bestQuality = 0
  if (!header) return best
  for (const part of header.slice(0, LOCALE_MAX_CHARS).split(',')) {
    const [tag, weight] = part.trim().split(';q=')
    const language = tag.toLowerCase().split('-')[0]
    const quality = weight === undefined ? 1 : Number(weight)
    if ((language === 'zh' || language === 'en') && quality > bestQuality) {
      best = language === 'en' ? 'en' : LOCALES[0]
      bestQuality = quality
    }
  }
  return best
}

/** Cut words with {slots} into literal texts (even places) and names of slots (odd places). */
const cut = words => words.split(/\{(\w+)\}/)

const compiled = Object.fromEntries(
  Object.entries(settings.words).map(([template, parts]) => [
    template,
    Object.fromEntries(Object.entries(parts).map(([part, byLocale]) => [
      part, Object.fromEntries(Object.entries(byLocale).map(([locale, words]) => [locale, cut(words)]))
    ]))
  ])
)

/** Say a message's title or body in a language. */
export function say (template, part, locale, values) {
  const pieces = compiled[template][part][locale]
  let text = pieces[0]
  for (let place = 1; place < pieces.length; place += 2) text += values[pieces[place]] + pieces[place + 1]
  return text
}

const quoted = text => `'${text.replaceAll("'", "''")}'`

/** Return the SQL expression that says a message's title or body; `values` is its slots as jsonb. */
export function saySql (part, locale, template, values) {
  const cases = Object.entries(settings.words).map(([name, parts]) => {
    const pieces = cut(parts[part][locale])
      .map((piece, place) => place % 2 ? `(${values} ->> ${quoted(piece)})` : piece && quoted(piece))
      .filter(Boolean)
    return `WHEN ${quoted(name)} THEN ${pieces.join(' || ')}`
  })
  return `CASE ${template} ${cases.join(' ')} END`
}

/** PostgreSQL writes `2026-11-23 04:00:00.12+00`; the API writes ISO 8601. */
export const instant = text => text === null ? null : `${text.slice(0, 10)}T${text.slice(11)}:00`
