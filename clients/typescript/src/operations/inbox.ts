// Written by `make clients` from the operation and the schema: change it there.
import type { Operation } from "../operation.js";
import type { DateTime } from "../scalars.js";

/** One message in the caller's inbox, in the caller's language. */
export interface Message {
  readonly id: string;
  readonly sender: string;
  readonly title: string;
  readonly body: string;
  readonly paymentId: string | null;
  readonly sentAt: DateTime;
  readonly readAt: DateTime | null;
}

/** `MessageEdge` of the schema. */
export interface MessageEdge {
  readonly node: Message;
}

/** Where a page of a list begins and ends (Relay cursor connections). */
export interface PageInfo {
  readonly hasNextPage: boolean;
  readonly endCursor: string | null;
}

/** `MessageConnection` of the schema. */
export interface MessageConnection {
  readonly edges: readonly MessageEdge[];
  readonly pageInfo: PageInfo;
}

/** What `Inbox` answers. */
export interface Data {
  /** The caller's messages, newest first; at most 100 a page. */
  readonly inbox: MessageConnection;
}

/** What `Inbox` takes. */
export interface Variables {
  first?: number;
  after?: string | null;
}

export const operation: Operation<Variables, Data> = {
  name: "Inbox",
  kind: "query",
  documentId: "sha256:939c22862c74aa9cd95a214d3d2385e933b99b73f644a9a854126303973b7bb9",
};
