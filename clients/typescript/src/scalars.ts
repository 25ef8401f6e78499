/** What the schema's own scalars are as JSON. */

/** A moment in UTC, in ISO 8601: `2026-11-23T04:00:00+00:00`; `new Date(value)` reads it. */
export type DateTime = string;

/** A day in ISO 8601: `2026-11-23`. It has no time zone: do not make a `Date` of it. */
export type Date = string;

/** Whole minor units of a currency (fen for CNY) as a decimal string; `BigInt(value)` reads it without loss. */
export type MinorUnits = string;

/** Any JSON value. */
export type JSON = null | boolean | number | string | readonly JSON[] | { readonly [key: string]: JSON };
