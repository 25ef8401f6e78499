// Written by `make clients` from the operation and the schema: change it there.
import type { Operation } from "../operation.js";
import type { PaymentState } from "../enums.js";
import type { DateTime, MinorUnits } from "../scalars.js";

/** An amount of money in whole minor units with its ISO 4217 currency. */
export interface Money {
  readonly amountMinor: MinorUnits;
  readonly currency: string;
}

/** One payment of one bill by the caller. */
export interface Payment {
  readonly id: string;
  readonly state: PaymentState;
  readonly amount: Money;
  readonly subject: string;
  readonly payee: string;
  readonly requestedAt: DateTime;
  readonly settledAt: DateTime | null;
  readonly receiptNumber: string | null;
}

/** `PaymentEdge` of the schema. */
export interface PaymentEdge {
  readonly node: Payment;
}

/** Where a page of a list begins and ends (Relay cursor connections). */
export interface PageInfo {
  readonly hasNextPage: boolean;
  readonly endCursor: string | null;
}

/** `PaymentConnection` of the schema. */
export interface PaymentConnection {
  readonly edges: readonly PaymentEdge[];
  readonly pageInfo: PageInfo;
}

/** What `Payments` answers. */
export interface Data {
  /** The caller's payments, newest first, at most 100 a page; a mini-app sees those it asked for itself. */
  readonly payments: PaymentConnection;
}

/** What `Payments` takes. */
export interface Variables {
  first?: number;
  after?: string | null;
}

export const operation: Operation<Variables, Data> = {
  name: "Payments",
  kind: "query",
  documentId: "sha256:5bcf3d369c047223066e7fdbea38e0f77dbaf312a0d31487f4c3ebe2721c600d",
};
