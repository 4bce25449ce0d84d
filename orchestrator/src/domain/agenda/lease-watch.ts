/** What a replica has seen of the others, on its own monotonic clock. Clocks are never compared between machines. */
export type LeaseSightings = {
  readonly replicas: ReadonlyMap<string, Sighting>
  /** Who owned something when it was looked before: their records existed before that. */
  readonly owners: ReadonlySet<string>
}

/** `rev` of a heartbeat, and since when (monotonic ms) it has not moved. */
export type Sighting = { readonly rev: number; readonly sinceMs: number }

/** What a look at the leases shows (structurally the port's `Leases`). */
export type LeaseView = {
  readonly replicas: readonly { readonly replica: string; readonly rev: number }[]
  readonly shards: readonly { readonly shard: number; readonly owner: string | undefined }[]
}

export const noSightings: LeaseSightings = { replicas: new Map(), owners: new Set() }

/**
 * Takes a look into account. `seenAtMs` is when the look was over: a heartbeat that it shows was sent before, so
 * its lease has run out once the sighting is older than the lease.
 */
export function sight(before: LeaseSightings, view: LeaseView, seenAtMs: number): LeaseSightings {
  const replicas = new Map<string, Sighting>()
  for (const { replica, rev } of view.replicas) {
    const known = before.replicas.get(replica)
    replicas.set(replica, known?.rev === rev ? known : { rev, sinceMs: seenAtMs })
  }
  const owners = new Set<string>()
  for (const { owner } of view.shards) if (owner !== undefined) owners.add(owner)
  return { replicas, owners }
}

/** Replicas whose heartbeat has stood still for longer than `patienceMs` (a lease and a margin). */
export function silentReplicas(
  sightings: LeaseSightings,
  nowMs: number,
  patienceMs: number,
): readonly { readonly replica: string; readonly rev: number }[] {
  const silent: { replica: string; rev: number }[] = []
  for (const [replica, { rev, sinceMs }] of sightings.replicas) {
    if (nowMs - sinceMs > patienceMs) silent.push({ replica, rev })
  }
  return silent
}

/**
 * Owners that are gone: they owned something in an *earlier* look and have no record in this one. Within one
 * look that proves nothing, for it is no snapshot: a replica may have joined and taken a shard while it was under way.
 */
export function goneOwners(before: LeaseSightings, view: LeaseView): ReadonlySet<string> {
  const present = new Set(view.replicas.map((record) => record.replica))
  return before.owners.difference(present)
}
