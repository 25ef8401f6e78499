// Written by `make clients` from the operation and the schema: change it there.
import type { Operation } from "../operation.js";

/** Whoever is calling; name and number with their middle hidden. */
export interface Viewer {
  readonly id: string;
  /** citizen, member or operator */
  readonly kind: string;
  readonly name: string | null;
  readonly phone: string;
  /** 1 phone, 2 real name, 3 in person */
  readonly assurance: number;
  readonly roles: readonly string[];
  readonly departmentId: string | null;
}

/** What `Viewer` answers. */
export interface Data {
  /** Whoever is calling: a citizen, or a person in an office. */
  readonly viewer: Viewer;
}

/** What `Viewer` takes. */
export type Variables = Record<string, never>;

export const operation: Operation<Variables, Data> = {
  name: "Viewer",
  kind: "query",
  documentId: "sha256:93486aa497d1fb18c9b0edb2703b542eaf1504af309c998101204b2dff311403",
};
