import { isTerminal } from '../errors.ts'
import { toFailure } from '../failure.ts'
import type { EntryOf, Failure, Outcome } from '../protocol/index.ts'
import type { Bell } from './bell.ts'
import type { StepRecord } from './journal-view.ts'
import type { HandlerHost } from './ports.ts'
import { chanceOf } from './random.ts'
import { nextTryAt } from './step-policy.ts'
import {
  exhausted,
  failureOutcome,
  givenUp,
  interrupted,
  type StepSpec,
  StepTry,
  valueOutcome,
} from './step-try.ts'

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
  | { readonly kind: 'executing'; readonly attempt: StepTry }
  | { readonly kind: 'backing-off'; readonly until: number }
  /** It failed after it was told to stop, and is not tried again. */
  | { readonly kind: 'stopped' }

type Live = {
  readonly spec: StepSpec
  /** Whether its start has to be in the journal before it takes place; `if-free`: if that costs no append. */
  announces: 'no' | 'if-free' | 'yes'
  phase: Phase
  /** It may have begun in an attempt that was cut off: what became of it must be known, even when all is cancelled. */
  readonly isOwed: boolean
  /** Tries that failed. */
  tries: number
  since: number | undefined
}

/** The steps of an attempt that have no result yet: queued, executing, or waiting for their next try. */
export class Steps {
  readonly #deps: StepDeps
  readonly #live = new Map<number, Live>()
  #finished: FinishedStep[] = []
  #isOver = false
  /** Why no step starts now; those that were executing then have been told so. */
  #held: Error | undefined
  readonly #told = new Set<StepTry>()

  constructor(deps: StepDeps) {
    this.#deps = deps
  }

  /** Takes a step without a result in; it is not started before `start`. */
  add(spec: StepSpec, record: StepRecord | undefined, mayHaveBegun: boolean): void {
    if (record?.started) {
      this.#finished.push({ ...spec, outcome: failureOutcome(interrupted(spec)) })
      return
    }
    const failed = record?.failed
    this.#live.set(spec.op, {
      spec,
      announces: announcementOf(spec, record),
      isOwed: mayHaveBegun && !spec.options.atMostOnce,
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
    return (isBound && this.#held === undefined) || this.#in('executing').length > 0
  }

  /** The steps that have begun, or may have, and have not come to an end. */
  get begun(): ReadonlySet<number> {
    const steps = [...this.#in('executing'), ...this.#owed(this.#deps.host.now())]
    return new Set(steps.map(({ spec }) => spec.op))
  }

  /** All others without a result. */
  get idle(): ReadonlySet<number> {
    const { begun } = this
    return new Set([...this.#live.keys()].filter((op) => !begun.has(op)))
  }

  /** Whether something goes on that is worth waiting for in process. */
  isBusy(now: number): boolean {
    if (this.#held !== undefined) return this.isExecuting || this.#owed(now).length > 0
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
    if (this.#held !== undefined) return []
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
    return this.#startable().length > 0
  }

  /**
   * What must be durable before some of the queued steps start. For an at-most-once step a second start is then
   * impossible; a contested one keeps its place among the ops, whatever has come in by the next attempt (INV-3).
   * `isFree`: an append is to be waited for anyway.
   */
  announce(isFree: boolean): readonly EntryOf<'run-started'>[] {
    return this.#startable()
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
    for (const { spec } of this.#startable()) {
      const step = this.#live.get(spec.op)
      if (step !== undefined) this.#try(step)
    }
  }

  /**
   * From now on no step starts but for those that may have begun before, and what executes is told to stop; its outcome
   * still counts.
   */
  hold(reason: Error): void {
    if (this.#held !== undefined) return
    this.#held = reason
    for (const { phase } of this.#in('executing')) {
      this.#told.add(phase.attempt)
      phase.attempt.abort(reason)
    }
  }

  release(): void {
    this.#held = undefined
  }

  /** Nothing comes of the step any more. */
  drop(op: number): void {
    this.#live.delete(op)
    this.#finished = this.#finished.filter((step) => step.op !== op)
  }

  /** The attempt is over: aborts what executes, and answers what was never started. */
  abandon(): readonly string[] {
    this.#isOver = true
    const reason = new Error('The attempt has ended, nobody waits for this step any more')
    for (const { phase } of this.#in('executing')) phase.attempt.abandon(reason)
    const unstarted = this.#in('queued').map(({ spec }) => spec.name)
    this.#live.clear()
    return unstarted
  }

  #try(step: Live): void {
    const { host, bell } = this.#deps
    const attempt = new StepTry(host, step.spec)
    step.since ??= host.now()
    step.phase = { kind: 'executing', attempt }
    attempt
      .run(step.tries + 1)
      .then(
        (value) => valueOutcome(value),
        (error: unknown) => this.#failed(step, error, attempt),
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
  #failed(step: Live, error: unknown, attempt: StepTry): Outcome | undefined {
    if (this.#isOver) return undefined
    const { spec } = step
    const failure = toFailure(error, 'step-failed')
    if (isTerminal(error) && !attempt.isFromOutside(error)) return failureOutcome(failure)
    if (this.#told.has(attempt)) return this.#stopped(step, failure)
    step.tries += 1
    const now = this.#deps.host.now()
    const since = step.since ?? now
    const chance = chanceOf(this.#deps.invocation, spec.op, step.tries)
    const retryAt = spec.options.atMostOnce
      ? undefined
      : nextTryAt(spec.options.retry, { tries: step.tries, since, now, chance })
    if (retryAt === undefined) return failureOutcome(exhausted(spec, step.tries, failure))
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

  /** While the handler does not know of the cancellation yet, that is what it will get of the step. */
  #stopped(step: Live, failure: Failure): Outcome | undefined {
    if (this.#held === undefined) return failureOutcome(givenUp(step.spec, failure))
    step.phase = { kind: 'stopped' }
    return undefined
  }

  #startable() {
    return this.#in('queued').filter(({ isOwed }) => this.#held === undefined || isOwed)
  }

  /** Those that may have begun before, and have not begun again. */
  #owed(now: number): readonly Live[] {
    return [...this.#live.values()].filter(({ isOwed, phase }) => {
      const isDue = phase.kind === 'backing-off' && phase.until <= now
      return isOwed && (phase.kind === 'queued' || isDue)
    })
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
