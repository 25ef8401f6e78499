// PostGraphile 5.1 asks for node 22, of which it needs this one function; with it the newest version runs on node 20.
Promise.withResolvers ??= function () {
  let resolve, reject
  const promise = new this((...settle) => { [resolve, reject] = settle })
  return { promise, resolve, reject }
}
