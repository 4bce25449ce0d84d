import type { Entry, EntryKind, EntryOf, Failure, Outcome, Value } from '../protocol/index.ts'

/** How long a value is kept: with the journals that name it, or with an object's state. */
export type Lasting = 'journal' | 'state'
export type Headers = Readonly<Record<string, string>>

/** What to make of each part of an entry that comes from users. */
export type Parts = {
  value(value: Value, lasting: Lasting): Promise<Value>
  failure(failure: Failure): Promise<Failure>
  headers(headers: Headers): Promise<Headers>
}

type Visit<K extends EntryKind> = (entry: EntryOf<K>, parts: Parts) => Promise<EntryOf<K>>

/** Entries that hold nothing of a user's. A kind that is neither here nor below does not compile. */
type Bare =
  | 'attempt'
  | 'run-started'
  | 'sleep'
  | 'awakeable'
  | 'state-keys'
  | 'state-clear'
  | 'state-clear-all'
  | 'signal-wait'
  | 'cancel-invocation'
  | 'attach'
  | 'promise-get'
  | 'promise-peek'
  | 'seen'
  | 'waiter'
  | 'heartbeat'
  | 'cancel'
  | 'cancelled'
  | 'killed'
  | 'alive'
  | 'suspended'

const visits: { readonly [K in Exclude<EntryKind, Bare>]: Visit<K> } = {
  created: async (entry, parts) => ({
    ...entry,
    input: await parts.value(entry.input, 'journal'),
    headers: { ...(await parts.headers(entry.headers)) },
  }),
  run: withResult,
  'run-failed': withFailure,
  call: withInput,
  send: withInput,
  'awakeable-complete': withResult,
  'state-get': async (entry, parts) =>
    entry.value === undefined
      ? entry
      : { ...entry, value: await parts.value(entry.value, 'journal') },
  'state-set': async (entry, parts) => ({
    ...entry,
    value: await parts.value(entry.value, 'state'),
  }),
  'signal-send': withValue,
  'promise-complete': withResult,
  completion: withResult,
  signal: withValue,
  'attempt-failed': withFailure,
  paused: async (entry, parts) => ({ ...entry, reason: await parts.failure(entry.reason) }),
  output: withResult,
}

/** Whether entries of this kind hold anything that comes from users. */
export function holdsParts(entry: Entry): boolean {
  return Object.hasOwn(visits, entry.kind)
}

/** The entry with its parts replaced. The very same one if it has none. */
export async function mapEntry(entry: Entry, parts: Parts): Promise<Entry> {
  if (!holdsParts(entry)) return entry
  const visit = Reflect.get(visits, entry.kind) as (entry: Entry, parts: Parts) => Promise<Entry>
  return visit(entry, parts)
}

async function mapOutcome(outcome: Outcome, parts: Parts): Promise<Outcome> {
  return outcome.kind === 'value'
    ? { kind: 'value', value: await parts.value(outcome.value, 'journal') }
    : { kind: 'failure', failure: await parts.failure(outcome.failure) }
}

async function withResult<E extends { readonly result: Outcome }>(
  entry: E,
  parts: Parts,
): Promise<E> {
  return { ...entry, result: await mapOutcome(entry.result, parts) }
}

async function withFailure<E extends { readonly failure: Failure }>(
  entry: E,
  parts: Parts,
): Promise<E> {
  return { ...entry, failure: await parts.failure(entry.failure) }
}

async function withValue<E extends { readonly value: Value }>(entry: E, parts: Parts): Promise<E> {
  return { ...entry, value: await parts.value(entry.value, 'journal') }
}

async function withInput<E extends { readonly input: Value; readonly headers?: Headers }>(
  entry: E,
  parts: Parts,
): Promise<E> {
  const { headers } = entry
  return {
    ...entry,
    input: await parts.value(entry.input, 'journal'),
    ...(headers !== undefined && { headers: { ...(await parts.headers(headers)) } }),
  }
}
