import type { Random } from '@fermata/orchestrator/ports'
import { createSeededRandom } from '../support/sim-clock.ts'

/** Draws from one stream of chance. */
export class Chance {
  readonly #random: Random

  constructor(seed: number) {
    this.#random = createSeededRandom(seed)
  }

  next(): number {
    return this.#random.next()
  }

  below(count: number): number {
    return Math.floor(this.next() * count)
  }

  /** `from` to `to`, both included. */
  between(from: number, to: number): number {
    return from + this.below(to - from + 1)
  }

  happens(probability: number): boolean {
    return this.next() < probability
  }

  one<T>(of: readonly [T, ...T[]]): T {
    return of[this.below(of.length)] ?? of[0]
  }

  times<T>(count: number, make: (index: number) => T): T[] {
    return Array.from({ length: count }, (_, index) => make(index))
  }
}
