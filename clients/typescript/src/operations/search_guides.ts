// Written by `make clients` from the operation and the schema: change it there.
import type { Operation } from "../operation.js";
import type { DayKind, GuideMatching, GuideSnippetField } from "../enums.js";
import type { GuideFilters } from "../inputs.js";

/** A piece of plain text, and whether it is what was searched for. */
export interface TextSegment {
  readonly text: string;
  readonly hit: boolean;
}

/** A passage of a guide around the first thing found in it. */
export interface GuideSnippet {
  readonly field: GuideSnippetField;
  readonly segments: readonly TextSegment[];
}

/** How long the department may take. */
export interface TimeLimit {
  readonly days: number;
  readonly kind: DayKind;
}

/** A service: who may ask for it, with what, where, how long it takes. Null: the publisher does not say. */
export interface Guide {
  readonly code: string;
  readonly title: string;
  readonly department: string | null;
  readonly promisedLimit: TimeLimit | null;
  /** Visits in person that are needed at most. */
  readonly visits: number | null;
  /** The mini-app in which it can be used at once. */
  readonly miniAppId: string | null;
}

/** A guide in a list, with what was searched for marked in it. */
export interface GuideEdge {
  readonly cursor: string;
  readonly title: readonly TextSegment[];
  readonly snippet: GuideSnippet | null;
  readonly node: Guide;
}

/** Where a page of a list begins and ends (Relay cursor connections). */
export interface PageInfo {
  readonly hasNextPage: boolean;
  readonly endCursor: string | null;
}

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

/** A page of guides (Relay cursor connections), at most 100. */
export interface GuideConnection {
  /** Null for a list without search, or with no match. */
  readonly matching: GuideMatching | null;
  readonly edges: readonly GuideEdge[];
  readonly pageInfo: PageInfo;
  /** How the whole list spreads, not the page alone; counted only where it is asked for. */
  readonly counts: GuideCounts;
}

/** What `SearchGuides` answers. */
export interface Data {
  /** Service guides: those a query of at most 100 characters finds, best first; all of them without a query. */
  readonly guides: GuideConnection;
}

/** What `SearchGuides` takes. */
export interface Variables {
  query: string;
  filters?: GuideFilters | null;
  first?: number;
  after?: string | null;
}

export const operation: Operation<Variables, Data> = {
  name: "SearchGuides",
  kind: "query",
  documentId: "sha256:576a3ec1b8fa7cf715a76844c2f93ee8e6a6d86077c641bbf6afc8551c9617f3",
};
