import { TimeoutError } from '../errors.ts'
import { toFailure } from '../failure.ts'
import type { Failure, Outcome } from '../protocol/index.ts'
import type { Step } from '../types/context.ts'
import { encodeValue } from '../values.ts'
import type { HandlerHost } from './ports.ts'
import type { ResolvedRunOptions } from './step-policy.ts'

/** A step as user code asked for it. */
export type StepSpec = {
  readonly op: number
  readonly name: string
  readonly options: ResolvedRunOptions
  readonly contest: Contest
  /** The closure, with the interceptors around it. */
  readonly execute: (step: Step) => Promise<unknown>
}

/**
 * Whether the result of an earlier op could have come in before a step was asked for, and may do so in the next attempt.
 * `open`: easily, the step followed a wait that is not durable. `settled`: it followed at once from a hand-out;
 * but behind that as well there may be such a wait, that ended before. `none`: no earlier op is pending.
 */
export type Contest = 'none' | 'settled' | 'open'

/**
 * One execution of a step's closure. It is given up after the step's timeout: then its signal is aborted and its
 * outcome ignored. Aborted for another reason it goes on, and its outcome counts.
 */
export class StepTry {
  readonly #controller = new AbortController()
  readonly #host: HandlerHost
  readonly #spec: StepSpec
  #late: TimeoutError | undefined
  #stopTimer = (): void => undefined

  constructor(host: HandlerHost, spec: StepSpec) {
    this.#host = host
    this.#spec = spec
  }

  async run(attempt: number): Promise<unknown> {
    const { execute, options } = this.#spec
    const step: Step = { signal: this.#controller.signal, attempt }
    if (options.timeoutMs === undefined) return execute(step)
    try {
      return await Promise.race([this.#timeout(options.timeoutMs), execute(step)])
    } finally {
      this.#stopTimer()
    }
  }

  abort(reason: Error): void {
    this.#controller.abort(reason)
  }

  /** Nobody waits for it any more. */
  abandon(reason: Error): void {
    this.#stopTimer()
    this.abort(reason)
  }

  /** Whether `error` is not the closure's own: its time is up, or it only says that it was aborted. */
  isFromOutside(error: unknown): boolean {
    const { signal } = this.#controller
    return signal.aborted && (error === this.#late || error === signal.reason)
  }

  #timeout(ms: number): Promise<never> {
    return new Promise((_, reject) => {
      this.#stopTimer = this.#host.timer(ms, () => {
        this.#late = new TimeoutError(`Step "${this.#spec.name}" took longer than ${ms} ms`)
        this.#controller.abort(this.#late)
        reject(this.#late)
      })
    })
  }
}

export function valueOutcome(value: unknown): Outcome {
  try {
    return { kind: 'value', value: encodeValue(value) }
  } catch (error) {
    return failureOutcome(toFailure(error, 'value-unstorable'))
  }
}

export function failureOutcome(failure: Failure): Outcome {
  return { kind: 'failure', failure }
}

export function exhausted({ name }: StepSpec, tries: number, cause: Failure): Failure {
  const times = tries === 1 ? '1 try' : `${tries} tries`
  return {
    code: 'step-exhausted',
    message: `Step "${name}" gave up after ${times}: ${cause.message}`,
    name: 'TerminalError',
    cause,
  }
}

export function interrupted({ name }: StepSpec): Failure {
  return {
    code: 'step-interrupted',
    message: `Step "${name}" was started and its outcome is not known; it runs at most once`,
    name: 'TerminalError',
  }
}

/** It failed after it was told to stop. */
export function givenUp({ name }: StepSpec, cause: Failure): Failure {
  return {
    code: 'cancelled',
    message: `Step "${name}" was given up, because the invocation was cancelled`,
    name: 'CancelledError',
    cause,
  }
}
