import { setTimeout as delay } from 'node:timers/promises'
import { describeThrown, timedOut } from './function-error.ts'
import type { ResolvedFunction } from './function-spec.ts'
import { createContext, type Handler, loadHandler, runHandler } from './handler-module.ts'
import { applyToThisProcess } from './lambda-environment.ts'
import type { Outcome, Worker, WorkItem } from './worker.ts'

/**
 * Runs a handler in the emulator's own process, any number of requests at a time. It cannot be
 * killed or frozen, its environment is that of the process, and a handler that has timed out goes on.
 */
export class InlineWorker implements Worker {
  readonly pid = undefined
  readonly capacity = Number.POSITIVE_INFINITY
  readonly isUsable = true
  readonly started: Promise<Handler>
  readonly gone: Promise<void> = Promise.resolve()
  readonly #function: ResolvedFunction
  #load = 0

  constructor(fn: ResolvedFunction) {
    this.#function = fn
    applyToThisProcess(fn)
    this.started = delay(fn.coldStartMs).then(() => loadHandler(fn.entry, fn.exportName))
    // Told to each request; this only keeps it from being an unhandled rejection.
    this.started.catch(() => {})
  }

  get load(): number {
    return this.#load
  }

  async run(item: WorkItem): Promise<Outcome> {
    this.#load += 1
    try {
      return await this.#runWithin(item, await this.started)
    } catch (error) {
      return { kind: 'failed', error: describeThrown(error) }
    } finally {
      this.#load -= 1
    }
  }

  signal(): void {
    const { arn } = this.#function
    throw new Error(`${arn} runs inline: only functions with isolation 'process' can be signalled`)
  }

  async #runWithin(item: WorkItem, handler: Handler): Promise<Outcome> {
    const { requestId, payload, invokedArn, onHandlerStart } = item
    const { timeoutMs, name, version, memoryMb } = this.#function
    const context = createContext({
      requestId,
      functionName: name,
      version,
      memoryMb,
      arn: invokedArn,
      deadline: Date.now() + timeoutMs,
    })
    const deadline = Promise.withResolvers<Outcome>()
    const timer = setTimeout(
      () => deadline.resolve({ kind: 'timed-out', error: timedOut(requestId, timeoutMs) }),
      timeoutMs,
    )
    onHandlerStart()
    const result = runHandler(handler, JSON.parse(payload), context)
    const outcome = await Promise.race([result, deadline.promise])
    clearTimeout(timer)
    return outcome
  }
}
