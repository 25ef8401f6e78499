// Written by `make clients` from the operation and the schema: change it there.
import type { Operation } from "../operation.js";
import type { GuideFilters } from "../inputs.js";

/** A value that guides can be filtered by, its name, and how many guides it would leave. */
export interface GuideFacet {
  readonly value: string;
  readonly label: string;
  readonly count: number;
}

/** How many guides there are and how they spread. A dimension disregards its own filter. */
export interface GuideCounts {
  readonly total: number;
  readonly groups: readonly GuideFacet[];
  readonly themes: readonly GuideFacet[];
  readonly departments: readonly GuideFacet[];
  readonly areas: readonly GuideFacet[];
}

/** A service: who may ask for it, with what, where, how long it takes. Null: the publisher does not say. */
export interface Guide {
  readonly code: string;
  readonly title: string;
  readonly department: string | null;
  /** The mini-app in which it can be used at once. */
  readonly miniAppId: string | null;
}

/** A guide in a list, with what was searched for marked in it. */
export interface GuideEdge {
  readonly cursor: string;
  readonly node: Guide;
}

/** Where a page of a list begins and ends (Relay cursor connections). */
export interface PageInfo {
  readonly hasNextPage: boolean;
  readonly endCursor: string | null;
}

/** A page of guides (Relay cursor connections), at most 100. */
export interface GuideConnection {
  readonly edges: readonly GuideEdge[];
  readonly pageInfo: PageInfo;
}

/** What `BrowseGuides` answers. */
export interface Data {
  /** How many guides each user group, theme, department and area holds, within the filters chosen so far. */
  readonly guideNavigation: GuideCounts;
  /** Service guides: those a query of at most 100 characters finds, best first; all of them without a query. */
  readonly guides: GuideConnection;
}

/** What `BrowseGuides` takes. */
export interface Variables {
  filters?: GuideFilters | null;
  first?: number;
  after?: string | null;
}

export const operation: Operation<Variables, Data> = {
  name: "BrowseGuides",
  kind: "query",
  documentId: "sha256:3b1871106d1c511f27126ae98df9e7b002ebca5f6bef61647ea78291de7d28f0",
};
