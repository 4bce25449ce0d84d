import type {
  Clock,
  Invoker,
  JournalStore,
  RecordSource,
  RegistryStore,
  RunningSource,
} from '../../ports/index.ts'
import type { Measurements } from './measurements.ts'

/** Attempts under way, and those that Lambda had no room for. */
export function measuredInvoker(invoker: Invoker, measurements: Measurements): Invoker {
  return {
    async invoke(address, request, signal) {
      const end = measurements.begin()
      try {
        const outcome = await invoker.invoke(address, request, signal)
        if (outcome.kind === 'throttled') measurements.count('Throttles')
        return outcome
      } finally {
        end()
      }
    },
    discover: (address) => invoker.discover(address),
    close: () => invoker.close(),
  }
}

const counted = {
  output: 'Completed',
  'attempt-failed': 'Failures',
  paused: 'Paused',
} as const

/** What became of invocations, as it is written down. */
export function measuredJournals(journals: JournalStore, measurements: Measurements): JournalStore {
  return {
    load: (id) => journals.load(id),
    tail: (id, born, from) => journals.tail(id, born, from),
    async append(id, segment, expires) {
      const answer = await journals.append(id, segment, expires)
      if (answer.kind === 'appended') {
        for (const { kind } of segment.entries) {
          if (kind in counted) measurements.count(counted[kind as keyof typeof counted])
        }
      }
      return answer
    },
    restamp: (id, born, count, expires) => journals.restamp(id, born, count, expires),
    remove: (id, born, count) => journals.remove(id, born, count),
  }
}

/** Records that were put aside. */
export function measuredRegistry(
  registry: RegistryStore,
  measurements: Measurements,
): RegistryStore {
  return {
    get: (collection, name) => registry.get(collection, name),
    list: (collection, after, limit) => registry.list(collection, after, limit),
    async put(collection, name, body, expectedRev) {
      const done = await registry.put(collection, name, body, expectedRev)
      if (done && collection === 'dead') measurements.count('DeadLetters')
      return done
    },
    remove: (collection, name, expectedRev) => registry.remove(collection, name, expectedRev),
  }
}

/** How old records are when they are accepted, or are not. */
export function measuredSource(
  source: RecordSource,
  measurements: Measurements,
  clock: Pick<Clock, 'now'>,
): RecordSource {
  return {
    async open(spec, sink): Promise<RunningSource> {
      const lag = measurements.lagOf(spec)
      // Where it cannot be opened it is tried again, so it stays on the list.
      const running = await source.open(spec, {
        async accept(record, signal) {
          const accepted = lag.offer(record.timestamp, clock.now())
          try {
            await sink.accept(record, signal)
          } finally {
            accepted()
          }
        },
        assigned: (partitions) => sink.assigned?.(partitions),
        failed: (error) => sink.failed(error),
      })
      return {
        async stop() {
          await running.stop()
          measurements.forget(spec)
        },
      }
    },
    positions: (spec) => source.positions(spec),
    close: () => source.close(),
  }
}
