import { FermataError } from '../../../domain/errors.ts'
import type { Clock, Logger, RecordSource } from '../../../ports/index.ts'
import type { MemoryLog } from './memory-log.ts'
import { type MemberTimes, MemoryMember } from './memory-member.ts'

export type MemorySourceDeps = {
  readonly clusters: Readonly<Record<string, MemoryLog>>
  readonly clock: Clock
  readonly logger: Logger
  readonly options?: Partial<MemberTimes>
}

/** One process that consumes memory logs. */
export interface MemorySource extends RecordSource {
  /** Cuts it off from its logs: the groups it is in will miss it. */
  disconnect(): void
  reconnect(): void
}

/** @example createMemorySource({ clusters: { main: new MemoryLog({ clock }) }, clock, logger }) */
export function createMemorySource(deps: MemorySourceDeps): MemorySource {
  const members = new Set<MemoryMember>()
  const times: MemberTimes = {
    window: deps.options?.window ?? 64,
    commitMs: deps.options?.commitMs ?? 200,
    settleMs: deps.options?.settleMs ?? 2_500,
    stopMs: deps.options?.stopMs ?? 10_000,
  }
  const stop = async (member: MemoryMember): Promise<void> => {
    await member.stop()
    members.delete(member)
  }
  return {
    async open(spec, sink) {
      const { clock, logger } = deps
      const member = new MemoryMember({
        log: logOf(deps, spec.cluster),
        spec,
        sink,
        clock,
        logger,
        times,
      })
      member.open()
      members.add(member)
      return { stop: () => stop(member) }
    },
    async positions({ cluster, topics, groupId }) {
      const log = logOf(deps, cluster)
      const group = log.group(groupId)
      return topics.flatMap((topic) =>
        Array.from({ length: log.partitionsOf(topic) }, (_, partition) => ({
          topic,
          partition,
          committed: group.committed({ topic, partition })?.toString(),
          end: log.range(topic, partition).high.toString(),
        })),
      )
    },
    async close() {
      await Promise.all([...members].map(stop))
    },
    disconnect() {
      for (const member of members) member.disconnect()
    },
    reconnect() {
      for (const member of members) member.reconnect()
    },
  }
}

function logOf({ clusters }: MemorySourceDeps, name: string): MemoryLog {
  const log = Object.hasOwn(clusters, name) ? clusters[name] : undefined
  if (log !== undefined) return log
  throw new FermataError('subscription-invalid', `No cluster "${name}" is configured`)
}
