import {
  isName,
  maxStateNamesBytes,
  type StateCell,
  stateNameBytes,
  type Value,
} from '@fermata/lambda-runtime/protocol'
import type { StatePatch } from '../invocation/state.ts'
import type { PatchRecord } from './model.ts'

/** So much of a state, in bytes, stands in the head itself. */
export const inlineBytes = 4096

/** How a state is stored once slot `slot` has changed it. */
export type Layout = {
  readonly cells: readonly StateCell[]
  /** Values that get items of their own, with that slot in their names. */
  readonly stored: readonly { readonly name: string; readonly value: Value }[]
  /** Items that nothing points to any more. */
  readonly dropped: readonly { readonly name: string; readonly slot: number }[]
}

/** A function of its arguments alone, so that doing it again after a crash comes to the same (INV-7). */
export function layOut(cells: readonly StateCell[], patch: StatePatch, slot: number): Layout {
  const next = patchCells(cells, patch).map((cell) => ({ cell, bytes: bytesOf(cell) }))
  const stored: { name: string; value: Value }[] = []
  const moved = new Map<string, StateCell>()
  let total = next.reduce((sum, { cell, bytes }) => sum + ('value' in cell ? bytes : 0), 0)
  for (const { cell, bytes } of next.toSorted((a, b) => b.bytes - a.bytes)) {
    if (total <= inlineBytes) break
    if (!('value' in cell)) continue
    const { name, value } = cell
    stored.push({ name, value })
    moved.set(name, { name, slot, bytes })
    total -= bytes
  }
  const kept = new Set(next.flatMap(({ cell }) => ('slot' in cell ? [itemOf(cell)] : [])))
  return {
    cells: next.map(({ cell }) => moved.get(cell.name) ?? cell),
    stored,
    dropped: cells.flatMap((cell) =>
      'slot' in cell && !kept.has(itemOf(cell)) ? [{ name: cell.name, slot: cell.slot }] : [],
    ),
  }
}

/** The state after a change, by name, before anything is stored. */
export function patchCells(cells: readonly StateCell[], patch: StatePatch): readonly StateCell[] {
  const before = patch.cleared ? [] : cells.filter(({ name }) => !patch.values.has(name))
  const changed = [...patch.values].flatMap(([name, value]) =>
    value === undefined ? [] : [{ name, value }],
  )
  return [...before, ...changed].toSorted((a, b) => (a.name < b.name ? -1 : 1))
}

/**
 * What of a state is sent along with a request: all of it while that is no more than `budget` bytes, else only what
 * is short; the rest is read when it is asked for.
 */
export function lazyCells(cells: readonly StateCell[], budget: number): ReadonlySet<string> {
  let total = cells.reduce((sum, cell) => sum + bytesOf(cell), 0)
  const lazy = new Set<string>()
  for (const cell of cells.toSorted((a, b) => bytesOf(b) - bytesOf(a))) {
    if (total <= budget) break
    if (!('slot' in cell)) continue
    lazy.add(cell.name)
    total -= cell.bytes
  }
  return lazy
}

/**
 * Whether the head has room for the names of the state after a change; handlers refuse to set what has none. A change
 * that adds no name always fits: a head that was written can be written again.
 */
export function hasRoom(cells: readonly StateCell[], patch: StatePatch): boolean {
  const before = new Set(patch.cleared ? [] : cells.map(({ name }) => name))
  const after = patchCells(cells, patch).map(({ name }) => name)
  const added = after.filter((name) => !before.has(name))
  if (added.length === 0) return true
  const bytes = after.reduce((sum, name) => sum + stateNameBytes(name), 0)
  return added.every(isName) && bytes <= maxStateNamesBytes
}

export function isEmpty({ cleared, values }: StatePatch): boolean {
  return !cleared && values.size === 0
}

/** A change as it is stored. */
export function recordOf({ cleared, values }: StatePatch): PatchRecord {
  return { cleared, values: [...values].map(([name, value]) => [name, value ?? null]) }
}

export function patchOf({ cleared, values }: PatchRecord): StatePatch {
  return { cleared, values: new Map(values.map(([name, value]) => [name, value ?? undefined])) }
}

/** How long a value is, as it is stored. */
export function bytesOf(cell: StateCell): number {
  if ('slot' in cell) return cell.bytes
  return Buffer.byteLength(cell.name) + Buffer.byteLength(JSON.stringify(cell.value))
}

function itemOf({ name, slot }: { readonly name: string; readonly slot: number }): string {
  return `${slot}#${name}`
}
