import type { ReplyStatus } from '../protocol/index.ts'
import { voidValue } from '../protocol/index.ts'
import { type Awaited, waitingOn, waitingOnNothing } from './awaited.ts'
import type { Bell } from './bell.ts'
import type { Cancellation } from './cancellation.ts'
import type { HandOuts } from './hand-outs.ts'
import type { Inactivity } from './inactivity.ts'
import type { JournalView } from './journal-view.ts'
import type { KeepAlive } from './keep-alive.ts'
import type { OpTable } from './op-table.ts'
import type { Outbox } from './outbox.ts'
import type { OwnTimes } from './own-times.ts'
import type { HandlerHost } from './ports.ts'
import { unreachable } from './reply.ts'
import { Settling } from './settling.ts'
import type { StateReads } from './state-reads.ts'
import type { Steps } from './steps.ts'
import type { TailInterest, TailReader } from './tail-reader.ts'
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
  readonly reads: StateReads
  readonly cancellation: Cancellation
  readonly times: OwnTimes
  readonly inactivity: Inactivity
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
    const { view, outbox, table, reads, ended } = this.#parts
    if (view.isFenced) outbox.fence()
    if (outbox.state === 'fenced') return { kind: 'fenced' }
    if (table.difference !== undefined) return { kind: 'paused', failure: table.difference }
    if (outbox.state === 'unreachable') return unreachable(outbox.cause)
    if (reads.failure !== undefined) return { kind: 'retry', failure: reads.failure }
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
    if (typeof repeated === 'object') return { kind: 'paused', failure: repeated }
    if (repeated === 'loading') this.#caughtUpBy = host.now() + tuning.replayPatienceMs
    handOuts.idle()
    if (host.now() >= this.#caughtUpBy) {
      return { kind: 'paused', failure: table.stuck(tuning.replayPatienceMs) }
    }
    if (host.remainingMs() <= tuning.yieldMarginMs / 2) return this.#outOfTime()
    return this.#settling.hasTurns() ? 'again' : 'wait'
  }

  #live(): Move {
    const { steps, handOuts, cancellation } = this.#parts
    cancellation.tellSteps()
    if (this.#handOut()) {
      this.#settling.handsOut()
      this.#hasProgressed = true
      return 'again'
    }
    handOuts.idle()
    if (this.#mustYield()) return { kind: 'suspended', waitingOn: waitingOnNothing }
    this.#startSteps()
    if (this.#isBusy()) {
      this.#parts.inactivity.stir()
      return 'wait'
    }
    if (this.#settling.hasTurns()) return 'again'
    const trees = this.#parts.awaited.trees()
    if (trees.length === 0) return this.#idle()
    if (this.#settling.graceEndsAt !== undefined) return 'wait'
    return { kind: 'suspended', waitingOn: waitingOn(trees, steps.retryTimes) }
  }

  /** Whether something goes on that the attempt itself brings to its end. */
  #isBusy(): boolean {
    const { steps, reads, host } = this.#parts
    return reads.isLoading || steps.isBusy(host.now())
  }

  /** User code waits for something that is not durable. */
  #idle(): Move {
    const { inactivity, host } = this.#parts
    if ((inactivity.endsAt() ?? Number.POSITIVE_INFINITY) > host.now()) return 'wait'
    return { kind: 'retry', failure: inactivity.failure }
  }

  /**
   * One hand-out: news from outside, then finished steps and state, then a cancellation with what came after it,
   * then own sleeps; a step beats a timer of the same moment.
   */
  #handOut(): boolean {
    const { handOuts, steps, reads, cancellation, times, host } = this.#parts
    if (handOuts.handOutNews('cancel')) return true
    const finished = steps.nextFinished()
    if (finished !== undefined) {
      handOuts.handOutStep(finished)
      return true
    }
    const read = reads.next()
    if (read !== undefined) {
      handOuts.handOutRead(read)
      return true
    }
    if (cancellation.handOut()) return true
    if (cancellation.isPending && handOuts.handOutNews('end')) return true
    const due = times.sleepDue(host.now())
    if (due === undefined) return false
    handOuts.handOutSleep(due, { kind: 'value', value: voidValue })
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
    if (this.#parts.handOuts.isCaughtUp) this.#giveUpSilent(now)
  }

  /** Durable first, then handed out as any news: somebody may have completed it meanwhile. */
  #giveUpSilent(now: number): void {
    const { outbox, times, tail } = this.#parts
    const completion = times.giveUp(now, (time) => tail.knowsOf(time))
    if (completion === undefined) return
    outbox.add('command', completion)
    outbox.flush()
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
    const { tail, steps, times, inactivity } = this.#parts
    return [
      tail.nextReadAt(this.#tailInterest()),
      this.#settling.graceEndsAt,
      ...steps.retryTimes,
      ...times.at(tail.isReading),
      this.#isBusy() ? undefined : inactivity.endsAt(),
    ]
  }

  /** What is not waited for may still be the cancellation of what executes. */
  #tailInterest(): TailInterest {
    const { steps, times, cancellation, host } = this.#parts
    if (!steps.isBusy(host.now())) return 'none'
    if (times.waitsForOthers) return 'soon'
    return cancellation.isPending ? 'none' : 'seldom'
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
}
