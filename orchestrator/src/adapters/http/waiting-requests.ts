import type { FastifyReply } from 'fastify'
import { FermataError } from '../../domain/errors.ts'

/** Requests that wait for an invocation to end. */
export class WaitingRequests {
  readonly #waiting = new Set<AbortController>()

  /** Gives up waiting, and nothing else, when the client hangs up or `release` is called. */
  async wait<T>(reply: FastifyReply, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const abort = new AbortController()
    const hungUp = (): void => abort.abort(new FermataError('bad-request', 'The client hung up'))
    this.#waiting.add(abort)
    reply.raw.once('close', hungUp)
    // It may have hung up while its request was accepted.
    if (reply.raw.destroyed) hungUp()
    try {
      return await work(abort.signal)
    } finally {
      reply.raw.off('close', hungUp)
      this.#waiting.delete(abort)
    }
  }

  /** Sends everybody who still waits away; the invocations go on. */
  release(): void {
    const message =
      'This replica stops. The invocation goes on: attach to it with GET /invocations/{id}/attach'
    for (const abort of this.#waiting) abort.abort(new FermataError('not-ready', message))
  }
}
