/**
 * Keys of agenda items sort by time: 15 digits of epoch ms, `#`, a unique rest. A *bound* is a key without a
 * rest: it stands before every item of its time.
 */
const digits = 15
const latest = 10 ** digits - 1

/** The key of an item that stands at `timeMs`. `rest` is not empty and unique among all items. */
export function agendaKey(timeMs: number, rest: string): string {
  return `${agendaBound(timeMs)}${rest}`
}

/** Sorts after every item before `timeMs`, and before every item at `timeMs`. */
export function agendaBound(timeMs: number): string {
  const time = Math.min(latest, Math.max(0, Math.floor(timeMs)))
  return `${String(time).padStart(digits, '0')}#`
}

/** The time at which an item, a bound or a cursor stands, epoch ms. */
export function agendaTime(key: string): number {
  return Number(key.slice(0, digits))
}

/** Where a shard's cursor stands before anything was dealt with. */
export const agendaStart: string = agendaBound(0)

/**
 * The time at which an item goes: when the first of its entries is due, but after the cursor, or a taker would
 * never read it; and not before `keyFrom`, where something is moved out of the cursor's way.
 */
export function itemTime(
  entries: readonly { readonly dueAt: number }[],
  cursor: string,
  keyFrom: number,
): number {
  const earliest = entries.reduce((least, entry) => Math.min(least, entry.dueAt), latest)
  return Math.max(earliest, agendaTime(cursor) + 1, keyFrom)
}
