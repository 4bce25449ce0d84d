import type { Outcome, PromiseRef } from '@fermata/lambda-runtime/protocol'
import type { Clock, PromiseRecord, PromiseStore, PromiseWaiter } from '../../ports/index.ts'
import { compareKeys, type MemoryPromise, type MemoryTable, mapAt } from './memory-table.ts'

export class MemoryPromiseStore implements PromiseStore {
  readonly #table: MemoryTable
  readonly #clock: Pick<Clock, 'now'>

  constructor(table: MemoryTable, clock: Pick<Clock, 'now'>) {
    this.#table = table
    this.#clock = clock
  }

  async read({ workflow, key, name }: PromiseRef): Promise<PromiseRecord | undefined> {
    const kept = this.#outcomes(workflow, key).get(name)
    return kept === undefined || this.#isOver(kept) ? undefined : JSON.parse(kept.text)
  }

  async complete(
    { workflow, key, name }: PromiseRef,
    outcome: Outcome,
    by: string,
    expires: number,
  ): Promise<PromiseRecord> {
    const outcomes = this.#outcomes(workflow, key)
    const standing = outcomes.get(name)
    if (standing !== undefined && !this.#isOver(standing)) return JSON.parse(standing.text)
    const text = JSON.stringify({ name, outcome, by })
    outcomes.set(name, { text, expires })
    return JSON.parse(text)
  }

  async addWaiter(promise: PromiseRef, waiter: PromiseWaiter, expires: number): Promise<void> {
    const text = JSON.stringify({ invocation: waiter.invocation, op: waiter.op })
    this.#waiters(promise).set(nameOf(waiter), { text, expires })
  }

  async waiters(promise: PromiseRef): Promise<readonly PromiseWaiter[]> {
    const standing = [...this.#waiters(promise).values()].filter((kept) => !this.#isOver(kept))
    return standing.map(({ text }) => JSON.parse(text))
  }

  async removeWaiter(promise: PromiseRef, waiter: PromiseWaiter): Promise<void> {
    this.#waiters(promise).delete(nameOf(waiter))
  }

  async list(workflow: string, key: string): Promise<readonly PromiseRecord[]> {
    return [...this.#outcomes(workflow, key)]
      .filter(([, kept]) => !this.#isOver(kept))
      .sort(([a], [b]) => compareKeys(encodeURIComponent(a), encodeURIComponent(b)))
      .map(([, { text }]) => JSON.parse(text))
  }

  async restamp(workflow: string, key: string, expires: number): Promise<void> {
    const outcomes = this.#outcomes(workflow, key)
    for (const [name, kept] of outcomes) {
      if (this.#isOver(kept)) continue
      outcomes.set(name, { text: kept.text, expires: Math.max(kept.expires, expires) })
    }
  }

  async clear(workflow: string, key: string): Promise<void> {
    this.#outcomes(workflow, key).clear()
  }

  #outcomes(workflow: string, key: string): Map<string, MemoryPromise> {
    return mapAt(this.#table.promises, JSON.stringify([workflow, key]))
  }

  #waiters({ workflow, key, name }: PromiseRef): Map<string, MemoryPromise> {
    return mapAt(this.#table.promiseWaiters, JSON.stringify([workflow, key, name]))
  }

  #isOver({ expires }: MemoryPromise): boolean {
    return expires <= this.#clock.now()
  }
}

function nameOf({ invocation, op }: PromiseWaiter): string {
  return `${invocation}#${op}`
}
