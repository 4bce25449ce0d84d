import type { RuntimeDefinition } from '../definition.ts'
import { createNodeHost, startTimer } from '../node-host.ts'
import type { InvokeReply, InvokeRequest } from '../protocol/index.ts'
import type { HandlerJournal } from '../replay/ports.ts'
import type { AttemptDeps, runAttempt } from '../replay/run-attempt.ts'
import { yieldMargin } from '../replay/tuning.ts'
import type { Interceptors } from '../types/interceptors.ts'
import type { Log } from '../types/log.ts'
import { attemptMs } from './attempt-deadline.ts'
import { Refusal } from './problem.ts'

export interface AttemptsDeps {
  readonly runAttempt: typeof runAttempt
  readonly definitions: ReadonlyMap<string, RuntimeDefinition>
  readonly journal: (request: InvokeRequest) => HandlerJournal
  readonly payloads: NonNullable<AttemptDeps['payloads']>
  readonly logger: (request: InvokeRequest) => Log
  readonly around: Interceptors
  readonly maxConcurrent: number
}

/** Beyond its time an attempt gets this long to say so itself. */
const graceMs = 500
/** Where the request does not say how long an attempt may take. */
const defaultMarginMs = 1_000

type Running = { readonly giveUp: (why: Refusal) => void }

/**
 * The attempts under way in this process. No platform ends them: one that overruns its time is given up, and can
 * append nothing from then on.
 */
export class Attempts {
  readonly #deps: AttemptsDeps
  readonly #running = new Set<Running>()
  #isRetired = false

  constructor(deps: AttemptsDeps) {
    this.#deps = deps
  }

  get isRetired(): boolean {
    return this.#isRetired
  }

  /** @throws Refusal `not-ready`, `overloaded`: not begun; `function-timed-out`, `function-failed`: given up */
  async run(request: InvokeRequest): Promise<InvokeReply> {
    if (this.#isRetired) throw new Refusal('not-ready', 'This server stops: ask another one')
    const { maxConcurrent } = this.#deps
    if (this.#running.size >= maxConcurrent) {
      throw new Refusal('overloaded', `${maxConcurrent} attempts are under way here already`)
    }
    const ms = attemptMs(request)
    const over = new AbortController()
    const givenUp = rejectedBy(over.signal)
    const running: Running = { giveUp: (why) => over.abort(why) }
    const stopTimer =
      ms === Number.POSITIVE_INFINITY
        ? () => undefined
        : startTimer(ms + graceMs, () => running.giveUp(timedOut(ms)))
    this.#running.add(running)
    try {
      return await Promise.race([this.#attempt(request, ms, over.signal), givenUp])
    } finally {
      stopTimer()
      this.#running.delete(running)
    }
  }

  /** Begins no more; those under way end at their next op, so that others can go on with them. */
  retire(): void {
    this.#isRetired = true
  }

  /** Ends all that are still under way. */
  abandon(): void {
    const why = new Refusal(
      'function-failed',
      'The server was stopped while the attempt was under way',
    )
    for (const { giveUp } of this.#running) giveUp(why)
  }

  #attempt(request: InvokeRequest, ms: number, givenUp: AbortSignal): Promise<InvokeReply> {
    const { runAttempt, definitions, journal, payloads, logger, around } = this.#deps
    const startedAt = performance.now()
    const yieldMarginMs = ms === Number.POSITIVE_INFINITY ? defaultMarginMs : yieldMargin(ms)
    const remainingMs = (): number => {
      const left = ms - (performance.now() - startedAt)
      // Within the margin, where live code yields, but not so little that replay would be given up.
      return this.#isRetired ? Math.min(left, yieldMarginMs * 0.75) : left
    }
    const deps: AttemptDeps = {
      host: createNodeHost(remainingMs),
      journal: (of) => cuttable(journal(of), givenUp),
      payloads,
      logger: logger(request),
      around,
      tuning: { yieldMarginMs },
      givenUp,
    }
    return runAttempt(request, definitions, deps)
  }
}

/** What was answered to be over writes no more, not even that it is alive. */
function cuttable(journal: HandlerJournal, givenUp: AbortSignal): HandlerJournal {
  const guarded =
    <A extends readonly unknown[], R>(ask: (...args: A) => Promise<R>) =>
    async (...args: A): Promise<R> => {
      givenUp.throwIfAborted()
      return ask(...args)
    }
  return {
    append: guarded((segment) => journal.append(segment)),
    tail: guarded((from, before) => journal.tail(from, before)),
    stateValue: guarded((name, slot) => journal.stateValue(name, slot)),
  }
}

/** Its handler code may go on for ever: whoever asked is answered all the same. */
function rejectedBy(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason))
  })
}

function timedOut(ms: number): Refusal {
  return new Refusal('function-timed-out', `The attempt timed out after ${ms} ms`)
}
