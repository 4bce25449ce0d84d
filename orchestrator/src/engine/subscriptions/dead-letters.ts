import type { Failure, Json } from '@fermata/lambda-runtime/protocol'
import {
  type DeadDocument,
  deadRecordName,
  decodeDeadRecord,
  encodeDeadRecord,
} from '../../domain/subscriptions/dead-record.ts'
import type { DeadRecord, Payloads, RegistryStore, SourceRecord } from '../../ports/index.ts'

/** Records that can have no invocation, kept until somebody looks. */
export interface DeadLetters {
  /** Durable when it resolves. Keeping one again changes nothing. */
  keep(subscription: string, record: SourceRecord, failure: Failure): Promise<void>
  /** By subscription and position, after the record that is called `after` (see `deadRecordName`). */
  list(
    subscription: string | undefined,
    after: string,
    limit: number,
  ): Promise<readonly DeadRecord[]>
}

const collection = 'dead'

/** Where values are sealed, a dead record is known by its position alone: the topic has the rest. */
export function createDeadLetters(registry: RegistryStore, payloads: Payloads): DeadLetters {
  return {
    async keep(subscription, record, failure) {
      const keeping = payloads.seals ? 'position' : 'content'
      const sealed = await payloads.packFailure(failure)
      const body = encodeDeadRecord(subscription, record, sealed, keeping)
      await keep(registry, deadRecordName(subscription, record), record, body)
    },
    async list(subscription, after, limit) {
      const prefix = subscription === undefined ? '' : `${subscription}#`
      const documents = await registry.list(
        collection,
        after.startsWith(prefix) ? after : prefix,
        limit,
      )
      return documents
        .filter(({ name }) => name.startsWith(prefix))
        .flatMap(({ body }) => decodeDeadRecord(body) ?? [])
        .map(toView)
    },
  }
}

async function keep(
  registry: RegistryStore,
  name: string,
  record: SourceRecord,
  body: Json,
): Promise<void> {
  if (await registry.put(collection, name, body, undefined)) return
  const existing = await registry.get(collection, name)
  if (existing === undefined) return keep(registry, name, record, body)
  // The same position with another time is a record of a topic that was made anew: the newer one counts.
  if (decodeDeadRecord(existing.body)?.timestamp === record.timestamp) return
  await registry.put(collection, name, body, existing.rev)
}

function toView(document: DeadDocument): DeadRecord {
  const { subscription, topic, partition, offset, timestamp, failure, key, value } = document
  return { subscription, topic, partition, offset, timestamp, failure, key, value }
}
