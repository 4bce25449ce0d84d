import { FermataError } from '../../domain/errors.ts'

/** What a failed commit means for the partitions it was about. */
export type CommitFailure =
  /** This member is out of the group, or the group has gone on without it: it holds nothing any more. */
  | 'lost'
  /** The group is being rebalanced: too late to commit, the partitions are about to be given away. */
  | 'rebalancing'
  /** It may succeed later. */
  | 'passing'

const byType: Readonly<Record<string, CommitFailure>> = {
  UNKNOWN_MEMBER_ID: 'lost',
  ILLEGAL_GENERATION: 'lost',
  FENCED_INSTANCE_ID: 'lost',
  REBALANCE_IN_PROGRESS: 'rebalancing',
}

export function classifyCommitFailure(error: unknown): CommitFailure {
  for (const one of chainOf(error)) {
    const known = typeof one['type'] === 'string' ? byType[one['type']] : undefined
    if (known !== undefined) return known
  }
  return 'passing'
}

/** Whether the broker said that there is no such topic. */
export function isUnknownTopic(error: unknown): boolean {
  return chainOf(error).some((one) => one['type'] === 'UNKNOWN_TOPIC_OR_PARTITION')
}

/** Any failure to talk to a cluster, with the codes that callers know. */
export function toFermataError(cluster: string, error: unknown): FermataError {
  if (error instanceof FermataError) return error
  const text = error instanceof Error ? error.message : String(error)
  return new FermataError('kafka-unreachable', `Cluster "${cluster}" does not answer: ${text}`, {
    cause: error,
  })
}

function chainOf(error: unknown): Record<string, unknown>[] {
  const chain: Record<string, unknown>[] = []
  for (let one = error; isObject(one) && !chain.includes(one); one = one['cause']) chain.push(one)
  return chain
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}
