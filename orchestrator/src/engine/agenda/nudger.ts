import { backoffMs } from '../../domain/agenda/backoff.ts'
import { DueQueue } from '../../domain/agenda/due-queue.ts'
import type { AgendaEntry } from '../../ports/index.ts'
import type { AgendaContext, NudgeAnswer } from './agenda-deps.ts'
import type { Held } from './held.ts'

/** A wall clock may be set: so often it is read again, at least. */
const longestWaitMs = 10_000

export type NudgerEvents = {
  /** Looking at things makes sense only while what it leads to can be written. */
  readonly mayNudge: () => boolean
  readonly again: (held: Held, entry: AgendaEntry) => void
}

/** Looks at what is due, many at once, so that a slow or failing one delays no other (INV-11). */
export class Nudger {
  nudges = 0
  readonly #context: AgendaContext
  readonly #events: NudgerEvents
  readonly #due = new DueQueue<Held>()
  #running = 0
  #stopped = false
  #armedFor = Number.POSITIVE_INFINITY
  #cancel: (() => void) | undefined

  constructor(context: AgendaContext, events: NudgerEvents) {
    this.#context = context
    this.#events = events
  }

  /** More is due than can be looked at: it is no time to read more. */
  get saturated(): boolean {
    return this.#running >= this.#context.options.maxNudges
  }

  /** Has the entry looked at when it is due, or at `at` if that is given. */
  schedule(held: Held, at = held.entry.dueAt): void {
    const time = Math.max(at, held.notBefore)
    if (this.#stopped || held.nudging || held.retired || held.scheduledAt === time) return
    held.scheduledAt = time
    this.#due.push(time, held)
    this.#arm(time)
  }

  /** Looks at everything that is due, as far as there is room. */
  pump(): void {
    if (this.#stopped || !this.#events.mayNudge()) return
    const now = this.#context.clock.now()
    while (!this.saturated) {
      const next = this.#due.pop(now)
      if (next === undefined) break
      if (this.#isCurrent(next.value, next.at)) void this.#nudge(next.value)
    }
    if (!this.saturated && this.#due.next !== undefined) this.#arm(this.#due.next)
  }

  stop(): void {
    this.#stopped = true
    this.#cancel?.()
    this.#due.clear()
  }

  #arm(at: number): void {
    if (at >= this.#armedFor) return
    this.#cancel?.()
    this.#armedFor = at
    const { clock } = this.#context
    const wait = Math.min(longestWaitMs, Math.max(0, at - clock.now()))
    this.#cancel = clock.timer(wait, () => {
      this.#armedFor = Number.POSITIVE_INFINITY
      this.pump()
    })
  }

  /** Its place in the queue is not void, and its shard, if only that speaks for it, is still ours. */
  #isCurrent(held: Held, at: number): boolean {
    if (held.scheduledAt !== at) return false
    held.scheduledAt = undefined
    return !held.retired && (held.own || held.home?.home.gone === false)
  }

  async #nudge(held: Held): Promise<void> {
    const { clock, logger, nudge, options, random } = this.#context
    const leave = this.#enter()
    const cancel = clock.timer(options.nudgeSlotMs, () => {
      logger.warn({ subject: held.entry.subject }, 'A look at this takes long; others go ahead')
      leave()
    })
    held.nudging = true
    held.relied = false
    this.nudges++
    try {
      const answer = await nudge(held.entry, held)
      held.nudging = false
      held.tries = 0
      held.notBefore = 0
      this.#apply(held, answer)
    } catch (error) {
      const wait = backoffMs(++held.tries, options.nudgeBackoff, random.next())
      const { subject } = held.entry
      logger.warn({ error, subject, wait }, 'A look at this failed; it will be tried again')
      held.nudging = false
      held.notBefore = clock.now() + wait
      this.schedule(held)
    } finally {
      cancel()
      leave()
    }
  }

  #enter(): () => void {
    let inside = true
    this.#running++
    return () => {
      if (!inside) return
      inside = false
      this.#running--
      this.pump()
    }
  }

  #apply(held: Held, answer: NudgeAnswer): void {
    if (held.relied) {
      this.schedule(held, this.#context.clock.now())
      return
    }
    if (answer.kind === 'retire') {
      held.retired = true
      return
    }
    if (held.retired) return
    held.own = true
    const { subject } = held.entry
    this.#events.again(held, { subject, dueAt: answer.dueAt, kind: answer.agendaKind })
  }
}
