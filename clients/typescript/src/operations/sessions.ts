// Written by `make clients` from the operation and the schema: change it there.
import type { Operation } from "../operation.js";
import type { DateTime } from "../scalars.js";

/** One signed-in device of the caller. */
export interface Session {
  readonly id: string;
  readonly deviceName: string;
  readonly openedAt: DateTime;
  readonly lastUsedAt: DateTime;
  readonly expiresAt: DateTime;
  /** Whether this request is made in it. */
  readonly current: boolean;
}

/** `SessionEdge` of the schema. */
export interface SessionEdge {
  readonly cursor: string;
  readonly node: Session;
}

/** Where a page of a list begins and ends (Relay cursor connections). */
export interface PageInfo {
  readonly hasNextPage: boolean;
  readonly endCursor: string | null;
}

/** `SessionConnection` of the schema. */
export interface SessionConnection {
  readonly edges: readonly SessionEdge[];
  readonly pageInfo: PageInfo;
}

/** Whoever is calling; name and number with their middle hidden. */
export interface Viewer {
  /** Devices on which the caller is signed in, the newest first. */
  readonly sessions: SessionConnection;
}

/** What `Sessions` answers. */
export interface Data {
  /** Whoever is calling: a citizen, or a person in an office. */
  readonly viewer: Viewer;
}

/** What `Sessions` takes. */
export interface Variables {
  first?: number | null;
  after?: string | null;
}

export const operation: Operation<Variables, Data> = {
  name: "Sessions",
  kind: "query",
  documentId: "sha256:5566b6ca318fb3ddbaedeff02f2e2763756fb8af14bdc161b866a03054b2f19d",
};
