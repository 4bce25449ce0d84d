import {
  deriveInvocationId,
  type Failure,
  type InvocationId,
  keySchema,
  type Origin,
  type Target,
  type Value,
} from '@fermata/lambda-runtime/protocol'
import { is } from 'valibot'
import { FermataError } from '../errors.ts'
import { decodeText } from '../raw-input.ts'
import { decodeHeaders, decodeKey, decodeValue, rawValue } from './decode-record.ts'
import { bytesOf, type KafkaRecord, positionOf } from './kafka-record.ts'
import type { Subscription } from './subscription.ts'

/** What fits into one item of the table beside the rest of it. */
export const maxRecordBytes = 250 * 1024

/** The invocation that a record asks for. */
export type RecordInvocation = {
  readonly id: InvocationId
  readonly target: Target
  readonly input: Value
  readonly headers: Readonly<Record<string, string>>
  readonly origin: Extract<Origin, { kind: 'kafka' }>
}

export type RoutedRecord =
  | { readonly kind: 'invocation'; readonly invocation: RecordInvocation }
  | { readonly kind: 'dead'; readonly failure: Failure }

/** Which subscription a record belongs to. */
export type Route = {
  readonly subscription: Subscription
  readonly generation: number
  /** Larger ones can have no invocation; by default what fits an item of the table. */
  readonly maxBytes?: number | undefined
}

/** What of a handler matters to the records that it gets. */
export type Receiver = {
  /** It is an object's or workflow's. */
  readonly isKeyed: boolean
  /** The media type that its serde reads; `undefined`: it takes JSON. */
  readonly accepts?: string | undefined
}

/** What to do with a record: its invocation, or why it can have none. */
export function routeRecord(route: Route, record: KafkaRecord, receiver: Receiver): RoutedRecord {
  const bytes = bytesOf(record)
  const maxBytes = route.maxBytes ?? maxRecordBytes
  if (bytes > maxBytes) return { kind: 'dead', failure: tooLarge(record, bytes, maxBytes) }
  try {
    const target = targetOf(route, record, receiver.isKeyed)
    const { accepts } = receiver
    const input = accepts === undefined ? decodeValue(record) : rawValue(record, accepts)
    return { kind: 'invocation', invocation: toInvocation(route, record, { target, input }) }
  } catch (error) {
    if (error instanceof FermataError) return { kind: 'dead', failure: error.toFailure() }
    throw error
  }
}

/** Why a record has no handler. */
export function unroutable({ subscription }: Route, record: KafkaRecord): Failure {
  const { name, service, handler } = subscription
  return new FermataError(
    'record-unroutable',
    `Record ${positionOf(record)} of subscription "${name}" is for ${service}/${handler}, ` +
      'which no deployment serves: register one that does',
  ).toFailure()
}

/** The record's key is the object's. */
function targetOf(
  { subscription: { name, service, handler } }: Route,
  record: KafkaRecord,
  isKeyed: boolean,
): Target {
  if (!isKeyed) return { service, handler }
  const key = record.key === null ? undefined : decodeText(record.key)
  if (is(keySchema, key)) return { service, handler, key }
  throw new FermataError(
    'record-unroutable',
    `Record ${positionOf(record)} of subscription "${name}" is for ${service}/${handler}, ` +
      'which has a key: produce records with a key of 1 to 512 bytes of UTF-8',
  )
}

function toInvocation(
  route: Route,
  record: KafkaRecord,
  { target, input }: Pick<RecordInvocation, 'target' | 'input'>,
): RecordInvocation {
  const { name } = route.subscription
  const { topic, partition, offset, timestamp } = record
  const key = record.key === null ? {} : { key: decodeKey(record.key) }
  return {
    // The id follows from the position alone, so redelivery finds the invocation that is there (INV-9).
    id: deriveInvocationId(target, [
      'kafka',
      name,
      String(route.generation),
      topic,
      String(partition),
      offset,
    ]),
    target,
    input,
    headers: decodeHeaders(record.headers),
    origin: { kind: 'kafka', subscription: name, topic, partition, offset, timestamp, ...key },
  }
}

function tooLarge(record: KafkaRecord, bytes: number, maxBytes: number): Failure {
  return new FermataError(
    'record-too-large',
    `Record ${positionOf(record)} has ${bytes} bytes, more than ${maxBytes}: ` +
      'configure payloads.blobs, or put the payload elsewhere and send a reference to it',
  ).toFailure()
}
