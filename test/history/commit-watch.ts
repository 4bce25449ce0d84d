import { groupIdOf } from '@fermata/orchestrator/domain/subscriptions/subscription'
import { Kafka, logLevel } from 'kafkajs'
import type { Happening } from './events.ts'
import type { Recorder } from './recorder.ts'

export type CommitWatchOptions = {
  readonly brokers: readonly string[]
  readonly subscription: string
  readonly topic: string
}

/** Looks again and again how far a subscription has committed, and notes it in the history. */
export type CommitWatch = {
  /** Notes which records there are: each must have been accepted in the end. */
  noteEnds(): Promise<void>
  /** What it could not see is an error. */
  stop(): Promise<void>
}

const everyMs = 200

export async function watchCommits(
  recorder: Recorder,
  { brokers, subscription, topic }: CommitWatchOptions,
): Promise<CommitWatch> {
  const kafka = new Kafka({ brokers: [...brokers], logLevel: logLevel.NOTHING })
  const admin = kafka.admin()
  await admin.connect()
  const known = new Map<number, string>()
  const isOver = Promise.withResolvers<void>()
  let isStopped = false

  const look = async () => {
    const [found] = await admin.fetchOffsets({ groupId: groupIdOf(subscription), topics: [topic] })
    const moved = (found?.partitions ?? []).filter(
      ({ partition, offset }) => Number(offset) >= 0 && known.get(partition) !== offset,
    )
    for (const { partition, offset } of moved) known.set(partition, offset)
    const seen = moved.map(
      ({ partition, offset }): Happening => ({
        ...{ what: 'committed', subscription, topic, partition, offset },
      }),
    )
    await recorder.note('kafka', seen)
  }
  const watching = (async () => {
    while (!isStopped) {
      await look()
      const pause = Promise.withResolvers<void>()
      const timer = setTimeout(pause.resolve, everyMs)
      await Promise.race([pause.promise, isOver.promise])
      clearTimeout(timer)
    }
  })()
  // It is told when it is stopped.
  watching.catch(() => undefined)
  return {
    async noteEnds() {
      const ends = await admin.fetchTopicOffsets(topic)
      await recorder.note(
        'kafka',
        ends.map(({ partition, high }) => ({ what: 'records', topic, partition, end: high })),
      )
    },
    async stop() {
      isStopped = true
      isOver.resolve()
      await watching.finally(() => admin.disconnect())
    },
  }
}
