import { TerminalError, UsageError } from '../errors.ts'
import {
  maxNameBytes,
  maxStateNamesBytes,
  type RequestState,
  type StateCell,
  stateNameBytes,
  type Value,
} from '../protocol/index.ts'
import { Durable, type DurableEnv, given, type Settlement } from './durable.ts'
import { settlementOf } from './hand-outs.ts'
import { nameOf } from './handles.ts'
import type { Issuer } from './issuer.ts'
import type { StateReads } from './state-reads.ts'
import { storable } from './storable.ts'

export type ObjectStateDeps = {
  readonly access: RequestState['access']
  readonly cells: readonly StateCell[]
  readonly issuer: Issuer
  readonly reads: StateReads
  readonly env: DurableEnv
}

/**
 * The state of the object's key, as `ctx.get` and its siblings see it. An exclusive handler starts from the same
 * values in all its attempts, and its own changes come on top, so what it reads needs no entry (INV-7). A shared
 * handler reads a snapshot that the next attempt may not have, and so does it all in the journal.
 */
export class ObjectState {
  readonly #deps: ObjectStateDeps
  readonly #cells: Map<string, StateCell>
  /** What the names take together. It follows from what the attempt starts from, so replay comes to the same. */
  #namesBytes: number

  constructor(deps: ObjectStateDeps) {
    this.#deps = deps
    this.#cells = new Map(deps.cells.map((cell) => [cell.name, cell]))
    this.#namesBytes = deps.cells.reduce((sum, { name }) => sum + stateNameBytes(name), 0)
  }

  get(name: unknown, orElse?: unknown): Durable<unknown> {
    const found = this.#get(stateName(name))
    return orElse === undefined
      ? found
      : found.map((value) => (value === undefined ? orElse : value))
  }

  keys(): Durable<unknown> {
    const names = [...this.#cells.keys()].sort()
    if (this.#deps.access === 'exclusive') return this.#at(given(names))
    return this.#deps.issuer.read({ kind: 'state-keys' }, (op) => ({
      entry: { kind: 'state-keys', op, names },
      outcome: { kind: 'value', value: { json: names } },
    }))
  }

  set(given: unknown, value: unknown): void {
    const name = stateName(given)
    const issuer = this.#writing('set')
    const added = this.#cells.has(name) ? 0 : stateNameBytes(name)
    if (added > 0 && this.#namesBytes + added > maxStateNamesBytes) throw noRoom(this.#cells.size)
    const entry = issuer.setState(name, storable(value))
    if (entry === undefined) return
    this.#cells.set(name, { name, value: entry.value })
    this.#namesBytes += added
  }

  clear(given: unknown): void {
    const name = stateName(given)
    this.#writing('clear').clearState(name)
    if (this.#cells.delete(name)) this.#namesBytes -= stateNameBytes(name)
  }

  clearAll(): void {
    this.#writing('clearAll').clearAllState()
    this.#cells.clear()
    this.#namesBytes = 0
  }

  #get(name: string): Durable<unknown> {
    const { access, issuer } = this.#deps
    const cell = this.#cells.get(name)
    const label = { kind: 'state-get', name } as const
    if (cell !== undefined && 'slot' in cell) {
      const { slot } = cell
      const lazy = access === 'exclusive' ? { lazy: { slot } } : undefined
      return issuer.readLazily({ name, slot }, (op, value) => ({
        entry: { ...label, op, ...(lazy ?? { value }) },
        outcome: { kind: 'value', value },
      }))
    }
    if (access === 'exclusive') return this.#at(settled(cell?.value))
    const value = cell?.value
    return issuer.read(label, (op) => ({
      entry: { ...label, op, ...(value !== undefined && { value }) },
      outcome: { kind: 'value', value: value ?? { void: true } },
    }))
  }

  #at(settlement: Settlement<unknown>): Durable<unknown> {
    const promise = new Durable<unknown>(this.#deps.env, { kind: 'none' })
    promise.settle(settlement)
    return promise
  }

  #writing(what: string): Issuer {
    if (this.#deps.access === 'exclusive') return this.#deps.issuer
    throw new UsageError(
      'state-read-only',
      `ctx.${what} is for exclusive handlers: a shared one runs beside them and only reads`,
    )
  }
}

function settled(value: Value | undefined): Settlement<unknown> {
  return value === undefined ? given(undefined) : settlementOf({ kind: 'value', value })
}

/** Names are often data: one that is too long would be so each time that the handler is tried again. */
function stateName(name: unknown): string {
  if (typeof name === 'string' && Buffer.byteLength(name) > maxNameBytes) {
    const beginning = name.slice(0, 32)
    throw tooLarge(
      `A name in the state has at most ${maxNameBytes} bytes: "${beginning}…" has more`,
    )
  }
  return nameOf('A value of the state', name)
}

function noRoom(names: number): TerminalError {
  return tooLarge(
    `There is no room for another name: the ${names} of this key take up the ${maxStateNamesBytes} bytes there are for them`,
  )
}

function tooLarge(message: string): TerminalError {
  return new TerminalError(message, { code: 'state-names-too-large', status: 413 })
}
