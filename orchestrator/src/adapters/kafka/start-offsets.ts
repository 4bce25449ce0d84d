import { FermataError } from '../../domain/errors.ts'
import type { SourceSpec } from '../../ports/index.ts'
import type { ClusterAdmin } from './cluster-admin.ts'
import { partitionKey, type TopicPartition } from './topic-partition.ts'

/** Where a partition is consumed from. */
export type StartOffset = TopicPartition & {
  readonly offset: bigint
  /** Whether the group has committed it; else it follows from `startFrom`. */
  readonly committed: boolean
}

/**
 * Where the given partitions go on.
 *
 * @throws FermataError `offset-out-of-range` when the topic no longer, or not yet, has a committed position
 */
export async function findStartOffsets(
  admin: ClusterAdmin,
  spec: SourceSpec,
  partitions: readonly TopicPartition[],
): Promise<readonly StartOffset[]> {
  const committed = await admin.committed(spec.groupId, spec.topics)
  // Asked for after the commits: the ends only grow, so no commit can seem to lie beyond them.
  const ranges = await admin.ranges(spec.topics)
  const outside: string[] = []
  const starts = partitions.map((partition): StartOffset => {
    const key = partitionKey(partition)
    const { low, high } = ranges.get(key) ?? { low: 0n, high: 0n }
    const offset = committed.get(key)
    if (offset === undefined) {
      return { ...partition, offset: spec.startFrom === 'latest' ? high : low, committed: false }
    }
    if (offset < low || offset > high) outside.push(`${key}: ${offset} is not in ${low}..${high}`)
    return { ...partition, offset, committed: true }
  })
  if (outside.length > 0) throw outOfRange(spec, outside.join('; '))
  return starts
}

export function outOfRange(spec: SourceSpec, detail: string): FermataError {
  return new FermataError(
    'offset-out-of-range',
    `Group "${spec.groupId}" cannot go on where it stopped (${detail}): records were deleted before they ` +
      'were consumed, or the topic was made anew. Move the offsets of the group, then subscribe again',
  )
}
