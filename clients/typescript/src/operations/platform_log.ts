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

/** What `PlatformLog` answers. */
export interface Data {
  /** What the platform's own people did, newest first; at most 100 a page. No citizen's entry is in it. */
  readonly platformLog: AccessEntryConnection;
}

/** What `PlatformLog` takes. */
export interface Variables {
  first?: number;
  after?: string | null;
}

export const operation: Operation<Variables, Data> = {
  name: "PlatformLog",
  kind: "query",
  documentId: "sha256:af9c85b46b1d1c59cc10349bab89b5cd2945a8f09be512f6bee86751ff793517",
};
