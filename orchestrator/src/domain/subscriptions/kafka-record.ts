/** A record as it came from a topic: bytes, whose meaning is the subscription's business. */
export type KafkaRecord = {
  readonly topic: string
  readonly partition: number
  /** Decimal text. */
  readonly offset: string
  /** Epoch ms. */
  readonly timestamp: number
  readonly key: Uint8Array | null
  readonly value: Uint8Array | null
  readonly headers: readonly (readonly [name: string, value: Uint8Array])[]
}

/** `orders/3/1042`: how logs and messages name a record. */
export function positionOf(record: Pick<KafkaRecord, 'topic' | 'partition' | 'offset'>): string {
  return `${record.topic}/${record.partition}/${record.offset}`
}

/** What a record weighs: key, value and headers. */
export function bytesOf(record: KafkaRecord): number {
  const headers = record.headers.reduce(
    (sum, [name, value]) => sum + Buffer.byteLength(name) + value.byteLength,
    0,
  )
  return (record.key?.byteLength ?? 0) + (record.value?.byteLength ?? 0) + headers
}
