import type { Clock } from '../../ports/index.ts'

/**
 * One life of this replica among the others: from its first heartbeat to the one that fails because somebody
 * removed its record. A process that was taken for dead goes on under a new one.
 */
export class Incarnation {
  readonly replica: string
  /** Somebody else has taken over: nothing that was owned is owned any more. */
  lost = false
  readonly #clock: Clock
  readonly #leaseMs: number
  #confirmedAt: number

  constructor(clock: Clock, leaseMs: number, replica: string, sentAt: number) {
    this.#clock = clock
    this.#leaseMs = leaseMs
    this.replica = replica
    this.#confirmedAt = sentAt
  }

  /** Nobody can have taken anything over yet: a taker waits for a lease from when it saw the last heartbeat. */
  holds(): boolean {
    return !this.lost && this.#clock.monotonic() - this.#confirmedAt < this.#leaseMs
  }

  /** A heartbeat that was sent at `sentAt` (monotonic) has arrived: whatever happened before it, counts. */
  confirm(sentAt: number): void {
    this.#confirmedAt = Math.max(this.#confirmedAt, sentAt)
  }
}
