// Written by `make clients` from the operation and the schema: change it there.
import type { Operation } from "../operation.js";

/** A mini-app that citizens can open now. */
export interface MiniApp {
  readonly id: string;
  readonly name: string;
  readonly departmentId: string;
  readonly version: string;
}

/** What `MiniApps` answers. */
export interface Data {
  /** Every mini-app that can be opened now, at most 100. */
  readonly miniApps: readonly MiniApp[];
}

/** What `MiniApps` takes. */
export type Variables = Record<string, never>;

export const operation: Operation<Variables, Data> = {
  name: "MiniApps",
  kind: "query",
  documentId: "sha256:fbc1717bbdb5ffe26150371543ac8e9ad7982d152323c4fa170df6f3f2b8bdf6",
};
