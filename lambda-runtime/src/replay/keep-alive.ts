import type { EntryOf } from '../protocol/index.ts'

export type KeepAliveRhythm = { readonly aliveAfterMs: number; readonly aliveEveryMs: number }

/** Tells those who watch the journal's tail that the attempt goes on. Each of its appends tells them as well. */
export class KeepAlive {
  readonly #rhythm: KeepAliveRhythm
  #spokeAt: number | undefined

  constructor(rhythm: KeepAliveRhythm) {
    this.#rhythm = rhythm
  }

  /** Once it has said `alive`, the attempt appends its last segment itself: a lost reply then costs nothing. */
  get hasSpoken(): boolean {
    return this.#spokeAt !== undefined
  }

  /** When to speak next (epoch ms). */
  dueAt(lastAppendAt: number): number {
    const { aliveAfterMs, aliveEveryMs } = this.#rhythm
    if (this.#spokeAt === undefined) return lastAppendAt + aliveAfterMs
    return Math.max(lastAppendAt, this.#spokeAt) + aliveEveryMs
  }

  speak(now: number): EntryOf<'alive'> {
    this.#spokeAt = now
    return { kind: 'alive' }
  }
}
