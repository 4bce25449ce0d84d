import { toFailure } from '../failure.ts'
import type { EntryOf, Failure, Outcome, Value } from '../protocol/index.ts'
import type { Bell } from './bell.ts'
import type { HandlerJournal } from './ports.ts'

type Unmarked<E> = E extends unknown ? Omit<E, 'at' | 'after'> : never
/** What a read of state came to, and its entry: what is missing in that is the moment of the hand-out. */
export type StateRead = {
  readonly entry: Unmarked<EntryOf<'state-get' | 'state-keys'>>
  readonly outcome: Outcome
}

/** A value that was not sent along: which one, and what is made of it. */
export type LazyRead = {
  readonly op: number
  readonly name: string
  readonly slot: number
  /** What is to be handed out; `undefined` where the journal says so itself. */
  readonly made: ((value: Value) => StateRead) | undefined
}

/** Reads of state on their way to the handler: those that are there, and those that are being fetched. */
export class StateReads {
  readonly #journal: Pick<HandlerJournal, 'stateValue'>
  readonly #bell: Bell
  #ready: StateRead[] = []
  readonly #loading = new Set<number>()
  /** What was fetched, by name and slot. */
  readonly #values = new Map<string, Promise<Value | undefined>>()
  readonly #loaded = new Map<number, Value>()
  #failure: Failure | undefined

  constructor(journal: Pick<HandlerJournal, 'stateValue'>, bell: Bell) {
    this.#journal = journal
    this.#bell = bell
  }

  /** Why a value cannot be had: the attempt cannot go on. */
  get failure(): Failure | undefined {
    return this.#failure
  }

  get isLoading(): boolean {
    return this.#loading.size > 0
  }

  /** The ops whose reads are there, and have not been handed out. */
  get ready(): readonly number[] {
    return this.#ready.map(({ entry }) => entry.op)
  }

  offer(read: StateRead): void {
    this.#ready.push(read)
  }

  /** The next that can be handed out, in the order in which they came in. */
  next(): StateRead | undefined {
    return this.#ready.shift()
  }

  /** The value that the journal says `op` got from an item. */
  loadedOf(op: number): Outcome | undefined {
    const value = this.#loaded.get(op)
    return value === undefined ? undefined : { kind: 'value', value }
  }

  load(read: LazyRead): void {
    this.#loading.add(read.op)
    this.#fetch(read)
      .then((value) => this.#take(read, value))
      .catch((cause: unknown) => {
        if (this.#loading.has(read.op)) this.#failure ??= toFailure(cause, 'journal-unreachable')
      })
      .finally(() => {
        this.#loading.delete(read.op)
        this.#bell.ring()
      })
  }

  /** Nothing comes of it any more. */
  drop(op: number): void {
    this.#ready = this.#ready.filter(({ entry }) => entry.op !== op)
    this.#loading.delete(op)
  }

  #fetch({ name, slot }: LazyRead): Promise<Value | undefined> {
    const place = `${slot}:${name}`
    const known = this.#values.get(place)
    if (known !== undefined) return known
    const fetched = this.#journal.stateValue(name, slot)
    this.#values.set(place, fetched)
    return fetched
  }

  #take({ op, name, made }: LazyRead, value: Value | undefined): void {
    if (!this.#loading.has(op)) return
    if (value === undefined) {
      this.#failure ??= {
        code: 'state-moved',
        message: `"${name}" was replaced while the handler read it: it is tried again with the state as it is now`,
      }
    } else if (made === undefined) this.#loaded.set(op, value)
    else this.#ready.push(made(value))
  }
}
