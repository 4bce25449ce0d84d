import { isTerminal, TimeoutError } from '../errors.ts'
import { toFailure } from '../failure.ts'
import type { EntryOf, Failure, Outcome } from '../protocol/index.ts'
import type { Step } from '../types/context.ts'
import { encodeValue } from '../values.ts'
import type { Bell } from './bell.ts'
import type { StepRecord } from './journal-view.ts'
import type { HandlerHost } from './ports.ts'
import { chanceOf } from './random.ts'
import { nextTryAt, type ResolvedRunOptions } from './step-policy.ts'

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

export type FinishedStep = { readonly op: number; readonly name: string; readonly outcome: Outcome }

export type StepDeps = {
  readonly host: HandlerHost
  readonly bell: Bell
  readonly invocation: string
  readonly shortBackoffMs: number
  /** A try failed, and there will be another. */
  readonly onRetry: (entry: EntryOf<'run-failed'>) => void
}

type Phase =
  | { readonly kind: 'queued'; readonly announced: boolean }
  | { readonly kind: 'executing'; readonly controller: AbortController }
  | { readonly kind: 'backing-off'; readonly until: number }

type Live = {
  readonly spec: StepSpec
  /** Whether its start has to be in the journal before it takes place; `if-free`: if that costs no append. */
  announces: 'no' | 'if-free' | 'yes'
  phase: Phase
  /** Tries that failed. */
  tries: number
  since: number | undefined
}

/** The steps of an attempt that have no result yet: queued, executing, or waiting for their next try. */
export class Steps {
  readonly #deps: StepDeps
  readonly #live = new Map<number, Live>()
  readonly #finished: FinishedStep[] = []
  #isOver = false

  constructor(deps: StepDeps) {
    this.#deps = deps
  }

  /** Takes a step without a result in; it is not started before `start`. */
  add(spec: StepSpec, record: StepRecord | undefined): void {
    if (record?.started) {
      this.#finished.push({ ...spec, outcome: failureOutcome(interrupted(spec)) })
      return
    }
    const failed = record?.failed
    this.#live.set(spec.op, {
      spec,
      announces: announcementOf(spec, record),
      phase: failed
        ? { kind: 'backing-off', until: failed.retryAt }
        : { kind: 'queued', announced: false },
      tries: failed?.tries ?? 0,
      since: failed?.since,
    })
  }

  /** Whether a step executes, or is announced for the only time: then it must start, or it would count as interrupted. */
  get isExecuting(): boolean {
    const isBound = this.#in('queued').some(
      ({ spec, phase }) => spec.options.atMostOnce && phase.announced,
    )
    return isBound || this.#in('executing').length > 0
  }

  /** Whether something goes on that is worth waiting for in process. */
  isBusy(now: number): boolean {
    const soon = now + this.#deps.shortBackoffMs
    return [...this.#live.values()].some(
      ({ phase }) => phase.kind !== 'backing-off' || phase.until <= soon,
    )
  }

  has(op: number): boolean {
    return this.#live.has(op)
  }

  /** When steps that failed are to be tried again, epoch ms. */
  get retryTimes(): readonly number[] {
    return this.#in('backing-off').map(({ phase }) => phase.until)
  }

  /** The next finished step, in the order in which they finished. */
  nextFinished(): FinishedStep | undefined {
    return this.#finished.shift()
  }

  /** Queues the steps whose backoff is over; answers whether any step waits to be started. */
  queueDue(now: number): boolean {
    for (const step of this.#in('backing-off')) {
      if (step.phase.until <= now) this.#set(step.spec.op, { kind: 'queued', announced: false })
    }
    return this.#in('queued').length > 0
  }

  /**
   * What must be durable before some of the queued steps start. For an at-most-once step a second start is then
   * impossible; a contested one keeps its place among the ops, whatever has come in by the next attempt (INV-3).
   * `isFree`: an append is to be waited for anyway.
   */
  announce(isFree: boolean): readonly EntryOf<'run-started'>[] {
    return this.#in('queued')
      .filter(({ announces }) => announces === 'yes' || (isFree && announces === 'if-free'))
      .map((step) => {
        const { op, name, options } = step.spec
        step.announces = 'no'
        this.#set(op, { kind: 'queued', announced: true })
        return { kind: 'run-started', op, name, ...(options.atMostOnce ? {} : { again: true }) }
      })
  }

  /** Starts the queued steps. The caller keeps INV-3: all that was handed out is durable. */
  start(): void {
    for (const { spec } of this.#in('queued')) {
      const step = this.#live.get(spec.op)
      if (step !== undefined) this.#try(step)
    }
  }

  /** The attempt is over: aborts what executes, and answers what was never started. */
  abandon(): readonly string[] {
    this.#isOver = true
    const reason = new Error('The attempt has ended, nobody waits for this step any more')
    for (const { phase } of this.#in('executing')) phase.controller.abort(reason)
    const unstarted = this.#in('queued').map(({ spec }) => spec.name)
    this.#live.clear()
    return unstarted
  }

  #try(step: Live): void {
    const { host, bell } = this.#deps
    const controller = new AbortController()
    step.since ??= host.now()
    step.phase = { kind: 'executing', controller }
    const tried = withTimeout(host, controller, step.spec, () =>
      step.spec.execute({ signal: controller.signal, attempt: step.tries + 1 }),
    )
    tried
      .then(
        (value) => valueOutcome(value),
        (error: unknown) => this.#failed(step, error, controller),
      )
      .then((outcome) => {
        if (this.#isOver) return
        if (outcome !== undefined) this.#finish(step, outcome)
        bell.ring()
      })
      .catch(() => undefined)
  }

  #finish({ spec }: Live, outcome: Outcome): void {
    this.#live.delete(spec.op)
    this.#finished.push({ op: spec.op, name: spec.name, outcome })
  }

  /** The outcome if that was the last try. */
  #failed(step: Live, error: unknown, controller: AbortController): Outcome | undefined {
    if (this.#isOver) return undefined
    const { spec } = step
    const timedOut = controller.signal.aborted && error === controller.signal.reason
    const failure = toFailure(error, 'step-failed')
    if (isTerminal(error) && !timedOut) return failureOutcome(failure)
    step.tries += 1
    const now = this.#deps.host.now()
    const since = step.since ?? now
    const chance = chanceOf(this.#deps.invocation, spec.op, step.tries)
    const retryAt = spec.options.atMostOnce
      ? undefined
      : nextTryAt(spec.options.retry, { tries: step.tries, since, now, chance })
    if (retryAt === undefined) return failureOutcome(exhausted(step, failure))
    step.phase = { kind: 'backing-off', until: retryAt }
    const { op, name } = spec
    this.#deps.onRetry({
      kind: 'run-failed',
      op,
      name,
      tries: step.tries,
      since,
      failure,
      retryAt,
    })
    return undefined
  }

  #set(op: number, phase: Phase): void {
    const step = this.#live.get(op)
    if (step !== undefined) step.phase = phase
  }

  #in<K extends Phase['kind']>(kind: K) {
    type InPhase = Live & { phase: Extract<Phase, { kind: K }> }
    return [...this.#live.values()].filter((step): step is InPhase => step.phase.kind === kind)
  }
}

function announcementOf({ options, contest }: StepSpec, record: StepRecord | undefined) {
  if (options.atMostOnce) return 'yes'
  if (record !== undefined || contest === 'none') return 'no'
  return contest === 'open' ? 'yes' : 'if-free'
}

/** One try, given up after the step's timeout: then its signal is aborted and its outcome ignored. */
async function withTimeout(
  host: HandlerHost,
  controller: AbortController,
  { name, options }: StepSpec,
  execute: () => Promise<unknown>,
): Promise<unknown> {
  const { timeoutMs } = options
  if (timeoutMs === undefined) return execute()
  let cancel = (): void => undefined
  const late = new Promise<never>((_, reject) => {
    cancel = host.timer(timeoutMs, () => {
      const error = new TimeoutError(`Step "${name}" took longer than ${timeoutMs} ms`)
      controller.abort(error)
      reject(error)
    })
    controller.signal.addEventListener('abort', cancel)
  })
  try {
    return await Promise.race([execute(), late])
  } finally {
    cancel()
  }
}

function valueOutcome(value: unknown): Outcome {
  try {
    return { kind: 'value', value: encodeValue(value) }
  } catch (error) {
    return failureOutcome(toFailure(error, 'value-unstorable'))
  }
}

function failureOutcome(failure: Failure): Outcome {
  return { kind: 'failure', failure }
}

function exhausted({ spec, tries }: Live, cause: Failure): Failure {
  const times = tries === 1 ? '1 try' : `${tries} tries`
  return {
    code: 'step-exhausted',
    message: `Step "${spec.name}" gave up after ${times}: ${cause.message}`,
    name: 'TerminalError',
    cause,
  }
}

function interrupted({ name }: StepSpec): Failure {
  return {
    code: 'step-interrupted',
    message: `Step "${name}" was started and its outcome is not known; it runs at most once`,
    name: 'TerminalError',
  }
}
