import type { Awaited } from './awaited.ts'
import type { HandlerHost } from './ports.ts'
import type { Tuning } from './tuning.ts'

/**
 * Tells when a handler that does nothing has come to a stand. What it waits for may be something that is not
 * durable and nearly there, such as an `import()`: that gets a few turns of the event loop. If a wait has
 * ended and no other has begun, which is suspicious, it gets some time as well.
 */
export class Settling {
  readonly #host: HandlerHost
  readonly #awaited: Awaited
  readonly #tuning: Pick<Tuning, 'graceTurns' | 'graceMs'>
  #turns = 0
  /** When a wait last ended (epoch ms), and how many had begun and ended by then. */
  #last: { readonly at: number; readonly begun: number; readonly ended: number }

  constructor(host: HandlerHost, awaited: Awaited, tuning: Pick<Tuning, 'graceTurns' | 'graceMs'>) {
    this.#host = host
    this.#awaited = awaited
    this.#tuning = tuning
    this.#last = { at: host.now(), begun: 0, ended: 0 }
  }

  /** The handler did something, or something happened to it. */
  stir(): void {
    this.#turns = 0
  }

  /** A result is on its way to the handler, which has not gone on yet. */
  handsOut(): void {
    const { begun, ended } = this.#awaited
    if (ended !== this.#last.ended) this.#last = { at: this.#host.now(), begun, ended }
  }

  /** One more turn in which nothing happened: are there turns left for short waits? */
  hasTurns(): boolean {
    this.#turns += 1
    return this.#turns <= this.#tuning.graceTurns
  }

  /** Until when (epoch ms) a wait that is not durable gets time, if there may be one. */
  get graceEndsAt(): number | undefined {
    const endsAt = this.#last.at + this.#tuning.graceMs
    const isSuspicious = this.#awaited.begun === this.#last.begun
    return isSuspicious && this.#host.now() < endsAt ? endsAt : undefined
  }
}
