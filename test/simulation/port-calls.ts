export type Call = (...args: unknown[]) => Promise<unknown>

/** The names of all that can be asked of a port. */
export function methodsOf(port: object): readonly string[] {
  const names = new Set(Object.getOwnPropertyNames(port))
  for (const name of Object.getOwnPropertyNames(Object.getPrototypeOf(port))) names.add(name)
  names.delete('constructor')
  return [...names].filter((name) => typeof Reflect.get(port, name) === 'function')
}

/** What a call is about, in a word: an id, a key, a name. */
export function describeArgs([first, second]: readonly unknown[]): string {
  if (typeof first === 'string') return typeof second === 'string' ? `${first} ${second}` : first
  if (typeof first === 'number') return String(first)
  if (typeof first !== 'object' || first === null) return ''
  return Object.entries(first)
    .filter(([name, value]) => nouns.has(name) && typeof value !== 'object')
    .map(([, value]) => String(value))
    .join('#')
}

const nouns: ReadonlySet<string> = new Set([
  ...['service', 'handler', 'how', 'workflow', 'key', 'name'],
  ...['replica', 'shard', 'invocation', 'partition', 'offset'],
])
