import { isTerminal, TerminalError } from './errors.ts'
import type { Context, Step } from './types/context.ts'
import type { DurablePromise } from './types/durable-promise.ts'
import type { RunOptions } from './types/options.ts'
import type { Saga, SagaStepOptions } from './types/saga.ts'

/** Something to undo, in the order in which the things were begun. */
interface Undo {
  readonly name: string
  readonly options: RunOptions | undefined
  /** Set once the thing is known to have taken place. */
  fn: ((step: Step) => unknown) | undefined
}

/**
 * Steps that are undone, the last first, when the whole fails for good or is cancelled. Each undoing is a durable
 * step of its own, tried again by its policy. An error that is not terminal undoes nothing: the attempt is tried
 * again, and goes on from its journal.
 *
 * @example
 * await saga(ctx, async (saga) => {
 *   const flight = await saga.run('flight', () => bookFlight(trip), { undo: (flight) => cancelFlight(flight.id) })
 *   const hotel = await saga.run('hotel', () => bookHotel(trip), { undo: (hotel) => cancelHotel(hotel.id) })
 *   return { flight, hotel }
 * })
 * @throws what `body` threw, after all is undone; TerminalError `compensation-failed` if something could not be
 */
export async function saga<T>(ctx: Context, body: (saga: Saga) => T | PromiseLike<T>): Promise<T> {
  const steps = new SagaSteps(ctx)
  try {
    return await body(steps)
  } catch (error) {
    if (isTerminal(error)) await steps.undoAll(error)
    throw error
  }
}

class SagaSteps implements Saga {
  readonly #ctx: Context
  readonly #undos: Undo[] = []
  readonly #underWay = new Set<DurablePromise<unknown>>()
  #isOver = false
  #isCancelled = false

  constructor(ctx: Context) {
    this.#ctx = ctx
  }

  run<T>(
    name: string,
    fn: (step: Step) => T | PromiseLike<T>,
    { undo, undoOptions, ...options }: SagaStepOptions<T> = {},
  ): DurablePromise<T> {
    // A branch that nobody waits for any more stays where it stands: an error would take the process down.
    if (this.#isOver) return this.#ctx.race([])
    const entry: Undo = { name, options: undoOptions, fn: undefined }
    this.#undos.push(entry)
    const done = this.#ctx.run(name, fn, options).map((result) => {
      if (undo !== undefined) entry.fn = (step) => undo(result, step)
      return result
    })
    this.#underWay.add(done)
    return done
  }

  undo(name: string, fn: (step: Step) => unknown, options?: RunOptions): void {
    this.#undos.push({ name, options, fn })
  }

  /**
   * Branches of the body may still be at work: what they have begun counts, and what they find to be undone until all is
   * undone; they begin nothing more.
   */
  async undoAll(cause: TerminalError): Promise<void> {
    this.#isOver = true
    await Promise.allSettled(this.#underWay)
    const failures: unknown[] = []
    for (let undo = this.#undos.pop(); undo !== undefined; undo = this.#undos.pop()) {
      const failure = await this.#undo(undo)
      if (failure !== undefined) failures.push(failure.reason)
    }
    if (failures.length > 0) throw incomplete(cause, failures)
  }

  /**
   * A cancellation that comes while things are undone reaches this step: it is asked for again. There is one such at most;
   * what says so a second time is an error of the undoing, such as that of a call that was cancelled.
   */
  async #undo({ name, options, fn }: Undo): Promise<{ readonly reason: unknown } | undefined> {
    if (fn === undefined) return undefined
    for (;;) {
      try {
        await this.#ctx.run(
          `undo ${name}`,
          async (step) => {
            await fn(step)
          },
          options,
        )
        return undefined
      } catch (reason) {
        if (!isTerminal(reason)) throw reason
        if (reason.code !== 'cancelled' || this.#isCancelled) return { reason }
        this.#isCancelled = true
      }
    }
  }
}

function incomplete(cause: TerminalError, failures: readonly unknown[]): TerminalError {
  const message = `${failures.length} of the steps could not be undone, after: ${cause.message}`
  return new TerminalError(message, {
    code: 'compensation-failed',
    cause: new AggregateError([...failures, cause], message),
  })
}
