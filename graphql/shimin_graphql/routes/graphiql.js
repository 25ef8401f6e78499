// Starts GraphiQL on this platform's endpoint; subscriptions come as server-sent events from a path of their own.
"use strict";

self.MonacoEnvironment = {
  getWorkerUrl(_module, label) {
    const kind = label === "json" || label === "graphql" ? label : "editor";
    return `/dev/graphiql/${kind}.worker.js`;
  },
};

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
    endpoint: "/graphql",
    subscriptionsEndpoint: "/graphql/stream",
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
