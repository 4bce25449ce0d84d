import { createHash } from 'node:crypto'
import {
  decodeWith,
  outcomeSchema,
  type PromiseRef,
  ProtocolError,
  parseInvocationId,
} from '@fermata/lambda-runtime/protocol'
import {
  type Item,
  type ItemKey,
  itemBytes,
  maxItemBytes,
  textOf,
  withText,
} from '@fermata/lambda-runtime/table'
import { FermataError } from '../../domain/errors.ts'
import type { PromiseRecord, PromiseWaiter } from '../../ports/index.ts'
import { numberIn, textIn } from './attributes.ts'
import { itemKey } from './dynamo-table.ts'

const what = 'promise item'
/** No clock is so wrong that a promise vanishes before it has expired. */
const slackMs = 3_600_000
/** A sort key holds 1,024 bytes: longer names stand there as their hash. */
const longestName = 256

/** All promises of a workflow's key stand in one partition. A service's name has no `#`, so keys cannot be confused. */
export function promisePartition(workflow: string, key: string): string {
  return `P#${workflow}#${key}`
}

/** The sort keys of all outcomes of a partition begin with this. */
export const outcomePrefix = 'o#'

export function outcomeKey({ workflow, key, name }: PromiseRef): ItemKey {
  return itemKey(promisePartition(workflow, key), `${outcomePrefix}${shortName(name)}`)
}

/** The sort keys of a promise's waiters begin with this. */
export function waiterPrefix(name: string): string {
  return `w#${shortName(name)}#`
}

export function waiterKey(
  { workflow, key, name }: PromiseRef,
  { invocation, op }: PromiseWaiter,
): ItemKey {
  return itemKey(
    promisePartition(workflow, key),
    `${waiterPrefix(name)}${digest(invocation)}#${op}`,
  )
}

/** @throws FermataError `body-too-large` over DynamoDB's 400 KB */
export function encodeOutcome(
  promise: PromiseRef,
  { name, outcome, by }: PromiseRecord,
  expires: number,
): Item {
  const rest = { ...outcomeKey(promise), name: { S: name }, by: { S: by }, ...expiry(expires) }
  const item = withText(rest, 'outcome', JSON.stringify(outcome))
  const bytes = itemBytes(item)
  if (bytes <= maxItemBytes) return item
  throw new FermataError(
    'body-too-large',
    `The promise "${name}" takes ${bytes} bytes, an item of the table ${maxItemBytes} at most`,
  )
}

/** @throws ProtocolError */
export function decodeOutcome(item: Item): PromiseRecord {
  const outcome = decodeWith(what, outcomeSchema, parse(textOf(what, item['outcome'])))
  return { name: textIn(what, item, 'name'), outcome, by: textIn(what, item, 'by') }
}

export function encodeWaiter(promise: PromiseRef, waiter: PromiseWaiter, expires: number): Item {
  return {
    ...waiterKey(promise, waiter),
    invocation: { S: waiter.invocation },
    op: { N: String(waiter.op) },
    ...expiry(expires),
  }
}

/** @throws ProtocolError */
export function decodeWaiter(item: Item): PromiseWaiter {
  const invocation = textIn(what, item, 'invocation')
  return {
    invocation: parseInvocationId(invocation),
    op: numberIn(what, item, 'op'),
  }
}

export function expiresOf(item: Item): number {
  return numberIn(what, item, 'expires')
}

export function expiry(expires: number): { readonly expires: { N: string }; ttl: { N: string } } {
  return {
    expires: { N: String(expires) },
    ttl: { N: String(Math.ceil((expires + slackMs) / 1000)) },
  }
}

function shortName(name: string): string {
  const encoded = encodeURIComponent(name)
  return encoded.length <= longestName ? encoded : `~${digest(name)}`
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 40)
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new ProtocolError('item-json', `Not a valid ${what}: its outcome is not JSON`)
  }
}
