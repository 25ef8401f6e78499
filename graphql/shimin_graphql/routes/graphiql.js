// Starts GraphiQL on this platform's endpoint; subscriptions come as server-sent events from a path of their own.
"use strict";

self.MonacoEnvironment = {
  getWorkerUrl(_module, label) {
    const kind = label === "json" || label === "graphql" ? label : "editor";
    return `/dev/graphiql/${kind}.worker.js`;
  },
};

// GraphiQL's own way takes the one endpoint for subscriptions, too.
async function send(request, { documentAST, headers } = {}) {
  const operation = documentAST?.definitions.find(
    (told) => told.kind === "OperationDefinition" && (!request.operationName || told.name?.value === request.operationName),
  );
  const asEvents = operation?.operation === "subscription";
  const stopped = new AbortController();
  const response = await fetch(asEvents ? "/graphql/stream" : "/graphql", {
    method: "POST",
    headers: {
      ...headers,
      "content-type": "application/json",
      // the older type answers every well-formed request with 200, so the console stays free of what the editor shows
      accept: asEvents ? "text/event-stream" : "application/json",
    },
    body: JSON.stringify(request),
    signal: stopped.signal,
  });
  return response.headers.get("content-type").startsWith("text/event-stream")
    ? events(response.body, stopped)
    : response.json();
}

// Yields each answer of GraphQL over server-sent events; whoever leaves early ends the request.
async function* events(body, stopped) {
  let rest = "";
  try {
    for await (const chunk of body.pipeThrough(new TextDecoderStream())) {
      const whole = (rest + chunk).split("\n\n");
      rest = whole.pop();
      for (const event of whole) {
        const lines = event.split("\n");
        const data = lines.find((line) => line.startsWith("data: "))?.slice("data: ".length);
        if (lines.includes("event: complete")) return;
        if (data) yield JSON.parse(data);
      }
    }
  } finally {
    stopped.abort();
  }
}

async function start() {
  const response = await fetch("/dev/graphiql/operations.json");
  const operations = await response.json();
  const list = document.querySelector("#operations");
  for (const operation of operations) list.append(new Option(`${operation.name} (${operation.kind})`, operation.name));
  list.addEventListener("change", () => {
    location.assign(`/dev/graphiql?operation=${encodeURIComponent(list.value)}`);
  });

  const address = new URL(location.href);
  const chosen = operations.find((operation) => operation.name === address.searchParams.get("operation"));
  address.searchParams.delete("operation");
  if (chosen) {
    address.searchParams.delete("query");
    list.value = chosen.name;
  }
  history.replaceState({}, "", address);

  YogaGraphiQL.renderYogaGraphiQL(document.querySelector("#graphiql"), {
    fetcher: send,
    title: "Shimin",
    logo: "",
    forcedTheme: "light",
    headers: '{\n  "accept-language": "zh-Hans"\n}',
    // a token is not left behind in the browser
    shouldPersistHeaders: false,
    ...(chosen ? { query: chosen.text, variables: JSON.stringify(chosen.variables, null, 2) } : {}),
  });
}

start();
