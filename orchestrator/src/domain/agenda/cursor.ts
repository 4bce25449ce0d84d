import { agendaBound, agendaTime } from './agenda-key.ts'

/** An item after the cursor: how many of its entries still need attention by way of it, and how many no longer do. */
export type ItemTally = {
  readonly key: string
  readonly open: number
  readonly closed: number
  /** Epoch ms at which it was written or read. */
  readonly since: number
}

export type CursorLimits = {
  readonly now: number
  /** Everything before this bound has been read. */
  readonly readTo: string
  /** The cursor runs at most so far ahead of the clock: entries keyed after it stay within the next read. */
  readonly watchMs: number
}

/** How many of the first `items` (by key) the cursor may pass: each of their entries was retired or named again. */
export function passable(items: readonly ItemTally[], limits: CursorLimits): number {
  const end = reach(limits)
  let count = 0
  for (const item of items) {
    if (item.open > 0 || item.key >= end) break
    count++
  }
  return count
}

export type HoldLimits = CursorLimits & {
  /** How far the cursor may stay behind the clock because of entries that are not done. */
  readonly holdMs: number
  /** Entries younger than this are likely to be done with soon. */
  readonly settleMs: number
  /** From how many closed entries on it pays to move a few open ones out of the way. */
  readonly minClosed: number
  /** How many closed entries pay for one that is moved. */
  readonly closedPerMove: number
}

/**
 * How many of the first `items` should have their open entries named again in a later item, because they
 * hold the cursor back: those that stand far in the past, or few that keep many closed ones from being passed (a taker
 * would look at each of those again).
 */
export function heldBack(items: readonly ItemTally[], limits: HoldLimits): number {
  const end = reach(limits)
  const old = limits.now - limits.holdMs
  const settled = limits.now - limits.settleMs
  const sum = { old: 0, count: 0, open: 0, closed: 0 }
  for (const item of items) {
    if (item.key >= end || item.since > settled) break
    sum.count++
    sum.open += item.open
    sum.closed += item.closed
    if (agendaTime(item.key) < old) sum.old = sum.count
  }
  const pays = sum.closed >= limits.minClosed && sum.closed >= sum.open * limits.closedPerMove
  return pays ? sum.count : sum.old
}

function reach(limits: CursorLimits): string {
  return agendaBound(Math.min(limits.now + limits.watchMs, agendaTime(limits.readTo)))
}

/** Puts an item where its key belongs. Most belong at the end. */
export function insertByKey<Item extends { readonly key: string }>(
  items: Item[],
  item: Item,
): void {
  let index = items.length
  while (index > 0 && (items[index - 1] as Item).key > item.key) index--
  items.splice(index, 0, item)
}
