import { type Failure, failureSchema, type Json } from '@fermata/lambda-runtime/protocol'
import * as v from 'valibot'
import type { KafkaRecord } from './kafka-record.ts'

/** Larger keys and values are left out: the topic still has them, and an item has its limit. */
const maxKeptValueBytes = 192 * 1024
const maxKeptKeyBytes = 16 * 1024
const maxKeptHeaderBytes = 16 * 1024

/** A record that was put aside, as the registry keeps it. Bytes are base64. */
const schema = v.object({
  subscription: v.string(),
  topic: v.string(),
  partition: v.number(),
  offset: v.string(),
  timestamp: v.number(),
  failure: failureSchema,
  key: v.exactOptional(v.string()),
  keyBytes: v.nullable(v.number()),
  value: v.exactOptional(v.string()),
  valueBytes: v.nullable(v.number()),
  headers: v.array(v.tuple([v.string(), v.string()])),
  headerCount: v.number(),
})
export type DeadDocument = v.InferOutput<typeof schema>

/** How much of a record is kept: what it holds as well, or where it stands alone. */
export type Keeping = 'content' | 'position'

/** Sorts by subscription, topic, partition and offset. */
export function deadRecordName(
  subscription: string,
  record: Pick<KafkaRecord, 'topic' | 'partition' | 'offset'>,
): string {
  const partition = String(record.partition).padStart(10, '0')
  return `${subscription}#${record.topic}#${partition}#${record.offset.padStart(20, '0')}`
}

export function encodeDeadRecord(
  subscription: string,
  record: KafkaRecord,
  failure: Failure,
  keeping: Keeping = 'content',
): Json {
  const keeps = keeping === 'content'
  const { topic, partition, offset, timestamp, key, value } = record
  const document: DeadDocument = {
    subscription,
    topic,
    partition,
    offset,
    timestamp,
    failure,
    ...(keeps && fits(key, maxKeptKeyBytes) ? { key: base64(key) } : {}),
    keyBytes: key?.byteLength ?? null,
    ...(keeps && fits(value, maxKeptValueBytes) ? { value: base64(value) } : {}),
    valueBytes: value?.byteLength ?? null,
    headers: keeps ? keptHeaders(record.headers) : [],
    headerCount: record.headers.length,
  }
  return JSON.parse(JSON.stringify(document))
}

/** `undefined` for a document that cannot be read. */
export function decodeDeadRecord(body: Json): DeadDocument | undefined {
  const parsed = v.safeParse(schema, body)
  return parsed.success ? parsed.output : undefined
}

function fits(bytes: Uint8Array | null, limit: number): bytes is Uint8Array {
  return bytes !== null && bytes.byteLength <= limit
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64')
}

/** As many, from the first, as stay within the limit. */
function keptHeaders(headers: KafkaRecord['headers']): [string, string][] {
  const kept: [string, string][] = []
  let bytes = 0
  for (const [name, value] of headers) {
    bytes += Buffer.byteLength(name) + value.byteLength
    if (bytes > maxKeptHeaderBytes) break
    kept.push([name, base64(value)])
  }
  return kept
}
