/** How the shards stand, as one live replica sees it. */
export type ShardView = {
  readonly shards: number
  readonly me: string
  /** All live replicas, this one included. */
  readonly live: readonly string[]
  /** What this replica holds and is not about to release. */
  readonly held: readonly number[]
  /** Owner by shard; none where it is free, or its owner is gone. */
  readonly owners: ReadonlyMap<number, string>
}

export type ShardPlan = { readonly claim: readonly number[]; readonly release: readonly number[] }

/**
 * What this replica should take and give up, so that in the end nobody has more than one shard above anyone
 * else, and every shard has an owner. All replicas plan by the same rule on about the same view; that two want one
 * shard is settled by the conditional write.
 */
export function planShards(view: ShardView): ShardPlan {
  const shares = sharesOf(view)
  const held = new Set(view.held)
  const free: number[] = []
  for (let shard = 0; shard < view.shards; shard++) {
    const owner = view.owners.get(shard)
    if (!held.has(shard) && (owner === undefined || owner === view.me)) free.push(shard)
  }
  return { claim: claims(view, shares, free), release: releases(view, shares, free.length) }
}

type Shares = {
  readonly floor: number
  readonly ceil: number
  readonly counts: ReadonlyMap<string, number>
  /** How many shards the others lack to have the least share each. */
  readonly othersLack: number
}

function sharesOf(view: ShardView): Shares {
  const counts = new Map(view.live.map((replica) => [replica, 0]))
  for (const owner of view.owners.values()) {
    const count = counts.get(owner)
    if (count !== undefined) counts.set(owner, count + 1)
  }
  counts.set(view.me, view.held.length)
  const floor = Math.floor(view.shards / counts.size)
  let othersLack = 0
  for (const [replica, count] of counts) {
    if (replica !== view.me) othersLack += Math.max(0, floor - count)
  }
  return { floor, ceil: Math.ceil(view.shards / counts.size), counts, othersLack }
}

function claims(view: ShardView, shares: Shares, free: readonly number[]): readonly number[] {
  const mine = view.held.length
  const least = Math.max(0, shares.floor - mine)
  const spare = free.length - least - shares.othersLack
  const most = spare > 0 ? shares.ceil - mine : least
  // Replicas begin at different places, or they would all want the same shards first.
  const order = view.live.toSorted().indexOf(view.me)
  const start = free.length === 0 ? 0 : (order * shares.ceil) % free.length
  return [...free.slice(start), ...free.slice(0, start)].slice(0, Math.max(0, most))
}

function releases(view: ShardView, shares: Shares, free: number): readonly number[] {
  const surplus = view.held.length - shares.ceil
  if (surplus > 0) return view.held.slice(-surplus)
  if (view.held.length <= shares.floor || shares.othersLack <= free) return []
  // Somebody lacks a shard of the least share: those with one above it give one up, in order of their names.
  const above = [...shares.counts].filter(([, count]) => count > shares.floor)
  const order = above
    .map(([replica]) => replica)
    .toSorted()
    .indexOf(view.me)
  return order < shares.othersLack - free ? view.held.slice(-1) : []
}
