import type { ReplyStatus } from '../protocol/index.ts'
import { voidValue } from '../protocol/index.ts'
import { type Awaited, waitingOn, waitingOnNothing } from './awaited.ts'
import type { Bell } from './bell.ts'
import type { HandOuts } from './hand-outs.ts'
import type { Issuer } from './issuer.ts'
import type { JournalView } from './journal-view.ts'
import type { KeepAlive } from './keep-alive.ts'
import type { OpTable } from './op-table.ts'
import type { Outbox } from './outbox.ts'
import type { HandlerHost } from './ports.ts'
import { unreachable } from './reply.ts'
import { Settling } from './settling.ts'
import type { Steps } from './steps.ts'
import type { TailReader } from './tail-reader.ts'
import type { Tuning } from './tuning.ts'

/** The parts of one attempt; `assemble.ts` puts them together. */
export type AttemptParts = {
  readonly host: HandlerHost
  readonly tuning: Tuning
  readonly bell: Bell
  readonly view: JournalView
  readonly table: OpTable
  readonly outbox: Outbox
  readonly steps: Steps
  readonly handOuts: HandOuts
  readonly awaited: Awaited
  readonly issuer: Issuer
  readonly tail: TailReader
  readonly keepAlive: KeepAlive
  /** How the handler ended, once it has. */
  readonly ended: () => HandlerEnd | undefined
}

/** `again`: something changed, look again; `wait`: until the bell rings or something is due. */
type Move = 'again' | 'wait' | ReplyStatus

export type HandlerEnd = Extract<ReplyStatus, { kind: 'completed' | 'failed' | 'retry' }>

/**
 * The main loop of an attempt. User code runs between its turns, and each turn does one thing: repeat a
 * hand-out, make a new one, start steps, suspend, or wait.
 */
export class Attempt {
  readonly #parts: AttemptParts
  readonly #settling: Settling
  readonly #startedAt: number
  #caughtUpBy: number
  #hasProgressed = false

  constructor(parts: AttemptParts) {
    this.#parts = parts
    this.#startedAt = parts.host.now()
    this.#caughtUpBy = this.#startedAt + parts.tuning.replayPatienceMs
    this.#settling = new Settling(parts.host, parts.awaited, parts.tuning)
  }

  /** Runs until the attempt is over, one way or another. */
  async run(): Promise<ReplyStatus> {
    const { host, bell } = this.#parts
    for (;;) {
      await host.drained()
      if (bell.rang()) this.#settling.stir()
      const move = this.#next()
      if (move === 'wait') await this.#wait()
      else if (move !== 'again') return move
    }
  }

  #next(): Move {
    const over = this.#over()
    if (over !== undefined) return over
    this.#doChores()
    return this.#parts.handOuts.isCaughtUp ? this.#live() : this.#replay()
  }

  #over(): ReplyStatus | undefined {
    const { view, outbox, table, ended } = this.#parts
    if (view.isFenced) outbox.fence()
    if (outbox.state === 'fenced') return { kind: 'fenced' }
    if (table.difference !== undefined) return { kind: 'paused', failure: table.difference }
    if (outbox.state === 'unreachable') return unreachable(outbox.cause)
    const end = ended()
    const isEarly = end !== undefined && end.kind !== 'retry' && table.count < view.ops
    return isEarly ? { kind: 'paused', failure: table.endedEarly() } : end
  }

  /** Repeats what the journal shows, in its order (INV-4). */
  #replay(): Move {
    const { handOuts, host, table, tuning } = this.#parts
    const repeated = handOuts.repeat()
    if (repeated === 'repeated') {
      this.#settling.handsOut()
      this.#caughtUpBy = host.now() + tuning.replayPatienceMs
      return 'again'
    }
    if (repeated !== 'not-yet') return { kind: 'paused', failure: repeated }
    handOuts.idle()
    if (host.now() >= this.#caughtUpBy) {
      return { kind: 'paused', failure: table.stuck(tuning.replayPatienceMs) }
    }
    if (host.remainingMs() <= tuning.yieldMarginMs / 2) return this.#outOfTime()
    return this.#settling.hasTurns() ? 'again' : 'wait'
  }

  #live(): Move {
    const { host, steps, handOuts } = this.#parts
    if (this.#handOut()) {
      this.#settling.handsOut()
      this.#hasProgressed = true
      return 'again'
    }
    handOuts.idle()
    if (this.#mustYield()) return { kind: 'suspended', waitingOn: waitingOnNothing }
    this.#startSteps()
    if (steps.isBusy(host.now())) return 'wait'
    if (this.#settling.hasTurns()) return 'again'
    const trees = this.#parts.awaited.trees()
    if (trees.length === 0 || this.#settling.graceEndsAt !== undefined) return 'wait'
    return { kind: 'suspended', waitingOn: waitingOn(trees, steps.retryTimes) }
  }

  /** One hand-out: news from outside, then finished steps, then own sleeps; a step beats a timer of the same moment. */
  #handOut(): boolean {
    const { handOuts, steps } = this.#parts
    if (handOuts.handOutNews()) return true
    const finished = steps.nextFinished()
    if (finished !== undefined) {
      handOuts.handOutStep(finished)
      return true
    }
    const due = this.#sleeps().find(({ wakeAt }) => wakeAt <= this.#parts.host.now())
    if (due === undefined) return false
    handOuts.handOutSleep(due.op, { kind: 'value', value: voidValue })
    return true
  }

  /** INV-3: a step starts only when all that was handed out is durable. */
  #startSteps(): void {
    const { steps, outbox, host } = this.#parts
    if (steps.queueDue(host.now())) {
      outbox.add('gate', ...steps.announce(outbox.holdsGate))
      if (outbox.holdsGate) {
        outbox.flush()
        return
      }
      steps.start()
      this.#hasProgressed = true
    }
    if (steps.isExecuting && outbox.holdsCommand) outbox.flush()
  }

  /** What is due by the clock, whatever user code does. */
  #doChores(): void {
    const { outbox, keepAlive, tail, host } = this.#parts
    const now = host.now()
    if ((this.#speaksAt() ?? Number.POSITIVE_INFINITY) <= now) {
      outbox.add('note', keepAlive.speak(now))
      outbox.flush()
    }
    const lingerUntil = this.#lingerUntil()
    if (lingerUntil !== undefined && lingerUntil <= now) outbox.flush()
    tail.readIfDue()
  }

  async #wait(): Promise<void> {
    const { host, bell } = this.#parts
    const due = Math.min(...this.#dueTimes())
    const cancel =
      due === Number.POSITIVE_INFINITY
        ? () => undefined
        : host.timer(Math.max(0, due - host.now()), () => bell.ring())
    await bell.heard()
    cancel()
    this.#settling.stir()
  }

  #dueTimes(): readonly number[] {
    const { handOuts } = this.#parts
    const times = [this.#speaksAt(), this.#lingerUntil(), this.#givesUpAt()]
    const others = handOuts.isCaughtUp ? this.#liveTimes() : [this.#caughtUpBy]
    return [...times, ...others].filter((time) => time !== undefined)
  }

  #liveTimes(): readonly (number | undefined)[] {
    const { tail, steps, host } = this.#parts
    const isTailWanted = steps.isBusy(host.now()) && this.#waitsForOthers()
    return [
      tail.nextReadAt(isTailWanted),
      this.#settling.graceEndsAt,
      ...steps.retryTimes,
      ...this.#sleeps().map(({ wakeAt }) => wakeAt),
    ]
  }

  /** When to say `alive`. Not while an append is under way: it would not go along, and the append may do. */
  #speaksAt(): number | undefined {
    const { outbox, keepAlive } = this.#parts
    return outbox.isSending ? undefined : keepAlive.dueAt(outbox.lastAppendAt)
  }

  /** Until when a result may stay unappended; it need not be appended at all if the attempt ends first. */
  #lingerUntil(): number | undefined {
    const { outbox, steps, tuning } = this.#parts
    const since = steps.isExecuting ? outbox.oldestResultAt : undefined
    return since === undefined ? undefined : since + tuning.resultLingerMs
  }

  /** Replay may be slow or astray: who retries it will find out. */
  #outOfTime(): ReplyStatus {
    const { table, host } = this.#parts
    return { kind: 'retry', failure: table.stuck(Math.round(host.now() - this.#startedAt)) }
  }

  /** Close to the deadline, between ops, the attempt gives up; but only if the next one starts further on. */
  #mustYield(): boolean {
    const { host, steps, tuning } = this.#parts
    if (!this.#hasProgressed || steps.isExecuting) return false
    return host.remainingMs() <= tuning.yieldMarginMs
  }

  /** When the deadline comes too close (epoch ms). */
  #givesUpAt(): number | undefined {
    const { host, steps, handOuts, tuning } = this.#parts
    const end = host.now() + host.remainingMs()
    if (!handOuts.isCaughtUp) return end - tuning.yieldMarginMs / 2
    return this.#hasProgressed && !steps.isExecuting ? end - tuning.yieldMarginMs : undefined
  }

  /** The sleeps that user code waits for. */
  #sleeps(): readonly { readonly op: number; readonly wakeAt: number }[] {
    const { awaited, issuer } = this.#parts
    return [...awaited.ops()].flatMap((op) => {
      const wakeAt = issuer.wakeTimeOf(op)
      return wakeAt === undefined ? [] : [{ op, wakeAt }]
    })
  }

  /** Whether user code waits for something that only others can bring. */
  #waitsForOthers(): boolean {
    const { awaited, issuer, steps } = this.#parts
    return [...awaited.ops()].some((op) => issuer.wakeTimeOf(op) === undefined && !steps.has(op))
  }
}
