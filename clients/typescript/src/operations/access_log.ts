// Written by `make clients` from the operation and the schema: change it there.
import type { Operation } from "../operation.js";
import type { AccessOutcome } from "../enums.js";
import type { DateTime } from "../scalars.js";

/** A kind of personal data, and what it is called in the caller's language. */
export interface PersonalScope {
  readonly scope: string;
  readonly label: string;
}

/** One entry of the log: who did what, to which data, why and on which basis. */
export interface AccessEntry {
  readonly id: string;
  readonly at: DateTime;
  readonly action: string;
  readonly outcome: AccessOutcome;
  readonly actorKind: string;
  readonly appId: string | null;
  readonly departmentId: string | null;
  readonly fields: readonly PersonalScope[];
  readonly purpose: string;
  /** own, consent:<grant id> or law:<article>. */
  readonly basis: string;
  readonly subject: string;
  readonly source: string;
  /** An earlier answer of the source was shown; it was not asked. */
  readonly isCached: boolean;
  /** The code of the refusal, where access was denied or failed. */
  readonly refusal: string | null;
}

/** `AccessEntryEdge` of the schema. */
export interface AccessEntryEdge {
  readonly node: AccessEntry;
}

/** Where a page of a list begins and ends (Relay cursor connections). */
export interface PageInfo {
  readonly hasNextPage: boolean;
  readonly endCursor: string | null;
}

/** `AccessEntryConnection` of the schema. */
export interface AccessEntryConnection {
  readonly edges: readonly AccessEntryEdge[];
  readonly pageInfo: PageInfo;
}

/** What `AccessLog` answers. */
export interface Data {
  /** Every access to the caller's own data, allowed or not, newest first; at most 100 a page. */
  readonly accessLog: AccessEntryConnection;
}

/** What `AccessLog` takes. */
export interface Variables {
  first?: number;
  after?: string | null;
}

export const operation: Operation<Variables, Data> = {
  name: "AccessLog",
  kind: "query",
  documentId: "sha256:51a89035fc179623a577fb876caa58e340bc0fc90a88470e21d8ae2a1e1c38f4",
};
