import type { EachBatchPayload } from 'kafkajs'
import type { SourceRecord } from '../../ports/index.ts'

type Message = EachBatchPayload['batch']['messages'][number]

export function toSourceRecord(topic: string, partition: number, message: Message): SourceRecord {
  return {
    topic,
    partition,
    offset: message.offset,
    timestamp: Number(message.timestamp),
    key: message.key,
    value: message.value,
    headers: Object.entries(message.headers ?? {}).flatMap(([name, value]) =>
      [value]
        .flat()
        .flatMap((one) => (one === undefined ? [] : [[name, Buffer.from(one)] as const])),
    ),
  }
}
