import { type PartitionAssigner, PartitionAssigners } from 'kafkajs'

/** Timestamps that stand for the two ends of a partition. */
const latest = -1
const earliest = -2

export type ConsumerHooks = {
  /** Called before each join of the group; the join waits for it. Never rejects. */
  readonly beforeJoin: () => Promise<void>
  /** A fetch was answered that its offset is out of range. The consumer stops. */
  readonly onOutOfRange: () => void
}

/** Not retriable, as kafkajs understands it: it ends the consumer. */
class OutOfRangeError extends Error {
  override readonly name = 'OutOfRangeError'
  readonly retriable = false
}

/**
 * Two things that kafkajs has no switch for, at the one place where it hands its insides out: an assigner is
 * given the cluster that its consumer works with.
 *
 * - A join begins by looking for the coordinator, as soon as a rebalance is heard of. What waits here still
 *   happens as a member of the old generation: accepts under way may end and be committed.
 * - When an offset is out of range kafkajs asks for the default one and *commits* it in place of the real
 *   one. Nothing else here asks for it, so asking is refused.
 */
export function hookedAssigner(hooks: ConsumerHooks): PartitionAssigner {
  return (config) => {
    const { cluster } = config
    const find = cluster.findGroupCoordinator.bind(cluster)
    const fetchOffsets = cluster.fetchTopicsOffset.bind(cluster)

    cluster.findGroupCoordinator = async (group) => {
      await hooks.beforeJoin()
      return find(group)
    }
    // States the timestamp itself, so that it does not ask for the default.
    cluster.fetchTopicsOffset = (topics) =>
      fetchOffsets(
        topics.map(({ topic, partitions, fromBeginning, fromTimestamp }) => ({
          topic,
          partitions,
          fromTimestamp: fromTimestamp ?? (fromBeginning ? earliest : latest),
        })),
      )
    cluster.defaultOffset = () => {
      hooks.onOutOfRange()
      throw new OutOfRangeError('The offset to fetch is out of range')
    }
    return PartitionAssigners.roundRobin(config)
  }
}
