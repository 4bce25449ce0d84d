import type { Json, Value } from '@fermata/lambda-runtime/protocol'
import { FermataError } from '../errors.ts'
import { depthOf, maxDepth } from '../json-depth.ts'
import { decodeText, rawInput } from '../raw-input.ts'
import { type KafkaRecord, positionOf } from './kafka-record.ts'

/**
 * The record's value as a handler's input. A tombstone is `null`; an empty value is none.
 *
 * @throws FermataError `record-undecodable`
 */
export function decodeValue(record: KafkaRecord): Value {
  if (record.value === null) return { json: null }
  if (record.value.byteLength === 0) throw undecodable(record, 'is empty')
  const text = decodeText(record.value)
  if (text === undefined) throw undecodable(record, 'is not UTF-8 text')
  if (depthOf(text) > maxDepth) throw undecodable(record, `is nested deeper than ${maxDepth}`)
  try {
    return { json: JSON.parse(text) as Json }
  } catch (error) {
    throw undecodable(record, `is not JSON (${String(error)})`)
  }
}

/**
 * The record's value as the input of a handler with a serde that reads `accepts`: its bytes, whatever they are.
 *
 * @throws FermataError `record-undecodable` of a tombstone: there is nothing that a serde could read
 */
export function rawValue(record: KafkaRecord, accepts: string): Value {
  if (record.value !== null) return rawInput(record.value, accepts)
  throw new FermataError(
    'record-undecodable',
    `The value of record ${positionOf(record)} is null, and its handler takes ${accepts}`,
  )
}

/**
 * A key as text: as it is when it is UTF-8, else `base64:…`. Two keys never have the same text, so a key
 * that looks like the second form is written in it.
 */
export function decodeKey(key: Uint8Array): string {
  const text = decodeText(key)
  return text === undefined || text.startsWith(binaryPrefix) ? binary(key) : text
}

/** Headers as text, each as a key would be; of several with one name the last counts, as in Kafka. */
export function decodeHeaders(headers: KafkaRecord['headers']): Record<string, string> {
  const taken = headers.filter(([name]) => name !== sealedHeaders)
  return Object.fromEntries(taken.map(([name, value]) => [name, decodeKey(value)]))
}

/** What stands for all headers where they are sealed: a sender cannot bring it. */
const sealedHeaders = 'fermata-sealed'

const binaryPrefix = 'base64:'

function binary(bytes: Uint8Array): string {
  return binaryPrefix + Buffer.from(bytes).toString('base64')
}

function undecodable(record: KafkaRecord, problem: string): FermataError {
  return new FermataError(
    'record-undecodable',
    `The value of record ${positionOf(record)} ${problem}: produce JSON in UTF-8`,
  )
}
