/** An operation that the platform trusts, called by the hash of its document. */
export interface Operation<Variables, Data> {
  readonly name: string;
  readonly kind: "query" | "mutation" | "subscription";
  readonly documentId: `sha256:${string}`;
  /** Only for the type checker: what goes in and what comes out. It is never there. */
  readonly __types?: (variables: Variables) => Data;
}

/** One error of an answer: words for the person, and a stable code to decide by. */
export interface AnswerError {
  readonly message: string;
  readonly path?: readonly (string | number)[];
  readonly extensions?: {
    readonly code?: string;
    readonly params?: Readonly<Record<string, unknown>>;
    /** The same request may succeed later, without change. */
    readonly retryable?: boolean;
  };
}

/** What comes back: data, errors, or both where only a part failed. */
export interface Answer<Data> {
  readonly data?: Data | null;
  readonly errors?: readonly AnswerError[];
}

export interface SendOptions {
  /** The access token of whoever asks. */
  readonly accessToken?: string;
  /** The language of texts, as `zh-Hans` or `en`. */
  readonly language?: string;
  readonly signal?: AbortSignal;
}

/** Sends a query or mutation to `/graphql` and returns its answer; a network failure rejects, as `fetch` does. */
export async function send<Variables, Data>(
  endpoint: string,
  operation: Operation<Variables, Data>,
  variables: Variables,
  options: SendOptions = {},
): Promise<Answer<Data>> {
  const headers: Record<string, string> = {
    accept: "application/graphql-response+json",
    "content-type": "application/json",
  };
  if (options.accessToken !== undefined) headers["authorization"] = `Bearer ${options.accessToken}`;
  if (options.language !== undefined) headers["accept-language"] = options.language;
  const response = await fetch(endpoint, {
    method: "POST",
    headers,
    body: JSON.stringify({ documentId: operation.documentId, variables }),
    ...(options.signal ? { signal: options.signal } : {}),
  });
  return (await response.json()) as Answer<Data>;
}
