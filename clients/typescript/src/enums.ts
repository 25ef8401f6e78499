// Written by `make clients` from the operation and the schema: change it there.

/** What came of an access. */
export type AccessOutcome =
  | "ALLOWED"
  | "DENIED"
  | "FAILED";

/** `Capacity` of the schema. */
export type Capacity =
  | "CITIZEN"
  | "STAFF";

/** Which days a time limit counts. */
export type DayKind =
  | "WORKING"
  | "CALENDAR";

/** What became of a decision. */
export type GrantState =
  | "GRANTED"
  | "REFUSED"
  | "WITHDRAWN"
  | "SUPERSEDED"
  | "EXPIRED";

/** How strictly the words of a search were taken: the strictest way that finds anything. */
export type GuideMatching =
  | "ALL_WORDS"
  | "KEY_WORDS"
  | "ANY_WORD";

/** Where in a guide a snippet comes from. */
export type GuideSnippetField =
  | "CONDITIONS"
  | "MATERIALS"
  | "PLACE"
  | "DEPARTMENT";

/** Where a payment stands. */
export type PaymentState =
  | "REQUESTED"
  | "CONFIRMED"
  | "SETTLED"
  | "FAILED"
  | "CANCELLED";
