import type { Permit } from '../permits.ts'

/**
 * A permit for an attempt that began while this replica was still at work on the one before: whoever ends that
 * work goes on with it.
 */
export class NextPermit {
  #permit: Permit | undefined

  offer(permit: Permit | undefined): void {
    if (permit === undefined) return
    this.#permit?.release()
    this.#permit = permit
  }

  take(): Permit | undefined {
    const permit = this.#permit
    this.#permit = undefined
    return permit
  }
}
