import type { Backoff } from '../../domain/agenda/backoff.ts'

export type AgendaOptions = {
  /** How many shards there are: the same for all replicas, for ever. */
  readonly shards: number
  /** Ownership counts for so long after the last successful heartbeat was sent. */
  readonly leaseMs: number
  readonly heartbeatMs: number
  /** How much longer than a lease a taker waits: differing clock rates. */
  readonly marginMs: number
  /** How often a replica looks at the leases of the others. */
  readonly lookMs: number
  /** How long a request to a store may take before something else is tried. */
  readonly requestMs: number
  /** What is due within this time is looked at when a shard is taken over. */
  readonly watchMs: number
  /** How far ahead of now a shard's items are held in memory. At least two `watchMs`. */
  readonly horizonMs: number
  /** The least time between two flushes of one delay class. */
  readonly flushMs: number
  readonly maxFlushesInFlight: number
  readonly maxItemEntries: number
  readonly maxItemBytes: number
  /** How long items are kept beyond their last due time: longer than any outage. */
  readonly keepMs: number
  readonly maxNudges: number
  /** A nudge that takes longer gives its place to others. It goes on. */
  readonly nudgeSlotMs: number
  readonly nudgeBackoff: Backoff
  readonly storeBackoff: Backoff
  readonly tidyMs: number
  /** A cursor that passed many entries is stored after so long; any other after `cursorIdleMs`. */
  readonly cursorMs: number
  readonly cursorIdleMs: number
  readonly cursorEntries: number
  /** How far open entries may hold the cursor back before they are named again in a later item. */
  readonly holdMs: number
  /** How long `stop` and a hand-over wait for what is under way. */
  readonly stopMs: number
}

const defaults: AgendaOptions = {
  shards: 32,
  leaseMs: 2_500,
  heartbeatMs: 500,
  marginMs: 500,
  lookMs: 250,
  requestMs: 800,
  watchMs: 30_000,
  horizonMs: 600_000,
  flushMs: 10,
  maxFlushesInFlight: 4,
  maxItemEntries: 1_000,
  maxItemBytes: 200_000,
  keepMs: 30 * 24 * 3_600_000,
  maxNudges: 256,
  nudgeSlotMs: 30_000,
  nudgeBackoff: { baseMs: 500, maxMs: 30_000 },
  storeBackoff: { baseMs: 50, maxMs: 2_000 },
  tidyMs: 1_000,
  cursorMs: 5_000,
  cursorIdleMs: 60_000,
  cursorEntries: 100,
  holdMs: 120_000,
  stopMs: 5_000,
}

export function resolveAgendaOptions(options: Partial<AgendaOptions> = {}): AgendaOptions {
  const resolved = { ...defaults, ...options }
  return { ...resolved, horizonMs: Math.max(resolved.horizonMs, 2 * resolved.watchMs) }
}
