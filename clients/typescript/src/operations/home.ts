// Written by `make clients` from the operation and the schema: change it there.
import type { Operation } from "../operation.js";
import type { Date, DateTime, MinorUnits } from "../scalars.js";

/** Whoever is calling; name and number with their middle hidden. */
export interface Viewer {
  readonly id: string;
  readonly name: string | null;
}

/** A department of the government. */
export interface Department {
  readonly id: string;
  /** In the caller's language. */
  readonly name: string;
}

/** One message in the caller's inbox, in the caller's language. */
export interface Message {
  readonly id: string;
  readonly title: string;
  readonly body: string;
  readonly sentAt: DateTime;
  readonly readAt: DateTime | null;
  /** The department that sent it; null where the platform or a mini-app did. */
  readonly department: Department | null;
}

/** `MessageEdge` of the schema. */
export interface MessageEdge {
  readonly node: Message;
}

/** `MessageConnection` of the schema. */
export interface MessageConnection {
  readonly edges: readonly MessageEdge[];
}

/** An amount of money in whole minor units with its ISO 4217 currency. */
export interface Money {
  readonly amountMinor: MinorUnits;
  readonly currency: string;
}

/** A department's bill to the caller. */
export interface Bill {
  readonly id: string;
  readonly title: string;
  readonly amount: Money;
  readonly dueOn: Date;
}

/** `BillEdge` of the schema. */
export interface BillEdge {
  readonly node: Bill;
}

/** `BillConnection` of the schema. */
export interface BillConnection {
  readonly edges: readonly BillEdge[];
}

/** A mini-app that citizens can open now. */
export interface MiniApp {
  readonly id: string;
  readonly name: string;
  readonly departmentId: string;
  readonly version: string;
}

/** What `Home` answers. */
export interface Data {
  /** Whoever is calling: a citizen, or a person in an office. */
  readonly viewer: Viewer;
  /** How many messages of the caller have not been opened. */
  readonly unreadCount: number;
  /** The caller's messages, newest first; at most 100 a page. */
  readonly inbox: MessageConnection;
  /** The caller's bills that wait to be paid, the most urgent first; at most 100 a page. */
  readonly bills: BillConnection;
  /** Every mini-app that can be opened now, at most 100. */
  readonly miniApps: readonly MiniApp[];
}

/** What `Home` takes. */
export interface Variables {
  messages?: number;
  bills?: number;
  miniApps?: number;
}

export const operation: Operation<Variables, Data> = {
  name: "Home",
  kind: "query",
  documentId: "sha256:162ba8e1dd884e213b131f8408f114fd74cf9336685a1427aa54f4f47873a6ec",
};
