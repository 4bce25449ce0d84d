import { ProtocolError } from '@fermata/lambda-runtime/protocol'
import { FermataError } from '../../domain/errors.ts'
import type { Clock, Logger } from '../../ports/index.ts'

/** Thrown inside background work when the replica stops: what it did is left to others. */
export class Stopped extends Error {
  override readonly name = 'Stopped'
}

type PersistDeps = {
  readonly clock: Clock
  readonly logger: Logger
  readonly stopping: AbortSignal
}

const firstDelayMs = 50
const maxDelayMs = 5_000

/**
 * Does `work` until it succeeds: an outage of the table is waited for, never a failure of the invocation.
 * What waiting cannot mend is thrown on: a FermataError other than `store-unreachable`, or an item that cannot be
 * written or read as it is.
 */
export async function persist<T>(
  { clock, logger, stopping }: PersistDeps,
  subject: string,
  work: () => Promise<T>,
): Promise<T> {
  for (let delayMs = firstDelayMs; ; delayMs = Math.min(delayMs * 2, maxDelayMs)) {
    if (stopping.aborted) throw new Stopped(`stopped before ${subject} was done`)
    try {
      return await work()
    } catch (error) {
      if (error instanceof Stopped || isFinal(error)) throw error
      logger.warn({ subject, error, delayMs }, 'The table did not take it; trying again')
      await clock.sleep(delayMs, stopping)
    }
  }
}

/**
 * Whether trying again is of no use: nothing was done, and nothing will be. What is nested too deep for JSON is a
 * RangeError.
 */
export function isFinal(error: unknown): boolean {
  if (error instanceof RangeError) return true
  if (error instanceof ProtocolError) return error.code !== 'append-contention'
  return error instanceof FermataError && error.code !== 'store-unreachable'
}
