import { durationToMs } from '../duration.ts'
import type { EntryOf, InvokeRequest } from '../protocol/index.ts'
import type { Context } from '../types/context.ts'
import type { RunCall } from '../types/interceptors.ts'
import type { Log } from '../types/log.ts'
import { Attempt, type HandlerEnd } from './attempt.ts'
import { Awaited } from './awaited.ts'
import { Bell } from './bell.ts'
import { Cancellation } from './cancellation.ts'
import { createContext } from './context.ts'
import type { DurableEnv } from './durable.ts'
import { HandOuts } from './hand-outs.ts'
import { Inactivity } from './inactivity.ts'
import { Issuer } from './issuer.ts'
import type { JournalView } from './journal-view.ts'
import { KeepAlive } from './keep-alive.ts'
import { keyedContext, type Served } from './keyed-context.ts'
import { OpTable } from './op-table.ts'
import { Outbox } from './outbox.ts'
import { OwnTimes } from './own-times.ts'
import type { AttemptPayloads, HandlerHost, HandlerJournal } from './ports.ts'
import { quietWhile } from './replay-log.ts'
import { StateReads } from './state-reads.ts'
import { Steps } from './steps.ts'
import { TailReader } from './tail-reader.ts'
import type { Tuning } from './tuning.ts'

export type AssemblyDeps = {
  readonly request: InvokeRequest
  readonly served: Served
  readonly created: EntryOf<'created'>
  readonly view: JournalView
  readonly writer: string
  readonly host: HandlerHost
  readonly journal: HandlerJournal
  readonly payloads: AttemptPayloads | undefined
  readonly log: Log
  readonly tuning: Tuning
  readonly aroundRun: (call: RunCall, next: () => Promise<unknown>) => Promise<unknown>
}

export type Assembly = {
  readonly ctx: Context
  readonly attempt: Attempt
  readonly outbox: Outbox
  readonly keepAlive: KeepAlive
  /** Tells the attempt how its handler ended. */
  readonly end: (end: HandlerEnd) => void
  /** Lets go of all that still goes on; answers the steps that were never started. */
  readonly close: () => readonly string[]
}

/** Puts the parts of one attempt together. Nothing outside holds them, so an abandoned attempt is garbage. */
export function assemble(deps: AssemblyDeps): Assembly {
  const { view, host } = deps
  let isOver = false
  let ended: HandlerEnd | undefined
  const bell = new Bell()
  const journal = journalSide(deps, bell)
  const code = codeSide(deps, { bell, outbox: journal.outbox, isOver: () => isOver })
  const { handOuts, table, steps } = code
  const isReplaying = (): boolean =>
    !handOuts.isCaughtUp || (view.wasSuspended && !handOuts.isLive && table.count <= view.ops)
  return {
    ctx: createContext({
      ...deps,
      ...code,
      log: quietWhile(isReplaying, deps.log),
      clock: () => host.now(),
      keyed: keyedContext({ ...deps, ...code }),
      kept: view.kept,
    }),
    attempt: new Attempt({ ...deps, ...code, ...journal, bell, ended: () => ended }),
    outbox: journal.outbox,
    keepAlive: journal.keepAlive,
    end: (end) => {
      ended ??= end
      bell.ring()
    },
    close: () => {
      isOver = true
      return steps.abandon()
    },
  }
}

/** What goes to the journal and comes from it. */
function journalSide(deps: AssemblyDeps, bell: Bell) {
  const { request, view, writer, host, journal, payloads, tuning } = deps
  const me = { epoch: request.epoch, writer }
  const { maxSegmentBytes, tailFirstMs, tailMaxMs, tailSeldomMs } = tuning
  return {
    outbox: new Outbox({ journal, payloads, host, view, me, bell, maxSegmentBytes }),
    tail: new TailReader({
      journal,
      view,
      host,
      firstMs: tailFirstMs,
      maxMs: tailMaxMs,
      seldomMs: tailSeldomMs,
      onRead: () => bell.ring(),
    }),
    keepAlive: new KeepAlive(tuning),
  }
}

type Surroundings = {
  readonly bell: Bell
  readonly outbox: Outbox
  readonly isOver: () => boolean
}

/** What user code does and gets. */
function codeSide(deps: AssemblyDeps, { bell, outbox, isOver }: Surroundings) {
  const { request, view, host, journal, tuning, log } = deps
  const clock = (): number => host.now()
  const awaited = new Awaited()
  const table = new OpTable(view)
  const reads = new StateReads(journal, bell)
  const steps = new Steps({
    host,
    bell,
    invocation: request.invocation,
    shortBackoffMs: tuning.shortBackoffMs,
    onRetry: (entry) => {
      const { name: step, tries, failure: err, retryAt } = entry
      log.warn({ step, tries, err, retryAt }, 'A step failed and will be tried again')
      outbox.add('note', entry)
    },
  })
  const handOuts = new HandOuts({ view, table, outbox, steps, reads, clock })
  const env: DurableEnv = {
    awaited: (promise) => {
      awaited.add(promise)
      bell.ring()
    },
    settled: (promise) => awaited.delete(promise),
    sleep: (after) => issuer.sleep(durationToMs(after)),
    isCancellation: (reason) => reason === handOuts.cancellation,
  }
  const issuer = new Issuer({ table, handOuts, outbox, steps, reads, env, bell, clock, isOver })
  return {
    ...{ awaited, table, handOuts, steps, reads, env, issuer },
    cancellation: new Cancellation({ view, awaited, steps, handOuts }),
    times: new OwnTimes({ view, awaited, steps, issuer }),
    inactivity: new Inactivity({ host, awaited, table, inactivityMs: request.inactivityMs }),
  }
}
