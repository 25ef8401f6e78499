// Written by `make clients` from the operation and the schema: change it there.
import type { Operation } from "../operation.js";
import type { GrantState } from "../enums.js";
import type { DateTime } from "../scalars.js";

/** A kind of personal data, and what it is called in the caller's language. */
export interface PersonalScope {
  readonly scope: string;
  readonly label: string;
}

/** A citizen's decision about what one document of a mini-app may read; also its receipt. */
export interface Consent {
  readonly id: string;
  readonly appId: string;
  readonly documentId: string;
  readonly documentName: string;
  readonly revision: number;
  readonly fields: readonly PersonalScope[];
  readonly purpose: string;
  /** How long the department keeps what it read (ISO 8601 duration). */
  readonly retention: string;
  readonly state: GrantState;
  readonly receiptNumber: string;
  readonly grantedAt: DateTime;
  readonly expiresAt: DateTime;
  readonly withdrawnAt: DateTime | null;
}

/** `ConsentEdge` of the schema. */
export interface ConsentEdge {
  readonly node: Consent;
}

/** Where a page of a list begins and ends (Relay cursor connections). */
export interface PageInfo {
  readonly hasNextPage: boolean;
  readonly endCursor: string | null;
}

/** `ConsentConnection` of the schema. */
export interface ConsentConnection {
  readonly edges: readonly ConsentEdge[];
  readonly pageInfo: PageInfo;
}

/** What `Consents` answers. */
export interface Data {
  /** The caller's decisions, newest first; at most 100 a page. */
  readonly consents: ConsentConnection;
}

/** What `Consents` takes. */
export interface Variables {
  first?: number;
  after?: string | null;
}

export const operation: Operation<Variables, Data> = {
  name: "Consents",
  kind: "query",
  documentId: "sha256:1cb1f78c91a7002ba72048a8ae925bfb0336eba33a3c4e6f210d9a9fd1b928db",
};
