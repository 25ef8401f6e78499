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
  readonly billReference: string;
  readonly payee: string;
  readonly requestedAt: DateTime;
  readonly settledAt: DateTime | null;
  readonly receiptNumber: string | null;
}

/** What `Payment` answers. */
export interface Data {
  /** One payment of the caller; a mini-app sees those it asked for itself. */
  readonly payment: Payment | null;
}

/** What `Payment` takes. */
export interface Variables {
  id: string;
}

export const operation: Operation<Variables, Data> = {
  name: "Payment",
  kind: "query",
  documentId: "sha256:f701ccaa3f8a52122c7ec078655f3fa46d5f842362ab94591eb7652398e8121f",
};
