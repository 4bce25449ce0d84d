import type { Failure } from '../protocol/index.ts'
import type { Awaited } from './awaited.ts'
import type { OpTable } from './op-table.ts'
import type { HandlerHost } from './ports.ts'

export type InactivityDeps = {
  readonly host: HandlerHost
  readonly awaited: Awaited
  readonly table: OpTable
  readonly inactivityMs: number | undefined
}

/** Notices a handler that waits for something not durable for too long, with no step executing. */
export class Inactivity {
  readonly #deps: InactivityDeps
  #since: number
  #seen = -1

  constructor(deps: InactivityDeps) {
    this.#deps = deps
    this.#since = deps.host.now()
  }

  /** Something went on, and be it that a step was executing. */
  stir(): void {
    this.#since = this.#deps.host.now()
  }

  /** When the handler has been idle for too long (epoch ms). */
  endsAt(): number | undefined {
    const { inactivityMs, awaited, table } = this.#deps
    const seen = table.count + awaited.begun + awaited.ended
    if (seen !== this.#seen) this.stir()
    this.#seen = seen
    return inactivityMs === undefined ? undefined : this.#since + inactivityMs
  }

  get failure(): Failure {
    return {
      code: 'handler-inactive',
      message: `The handler did nothing durable for ${this.#deps.inactivityMs} ms, and waited for nothing durable: it is tried again`,
    }
  }
}
