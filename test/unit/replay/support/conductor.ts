import {
  type Entry,
  isSatisfied,
  type Outcome,
} from '../../../../lambda-runtime/src/protocol/index.ts'
import { encodeValue } from '../../../../lambda-runtime/src/values.ts'
import type { AttemptOptions, Stage } from './stage.ts'

/** What the world outside answers to op `op`, and how long that takes. */
export type Outside = (op: number) => { readonly afterMs: number; readonly outcome: Outcome }

export type ConductOptions = AttemptOptions & {
  readonly lives?: readonly number[]
  /** The invocation is cancelled after that time, unless it has been. */
  readonly cancelAfterMs?: number | undefined
}

const maxAttempts = 200
const phases: ReadonlySet<string> = new Set(['attempt', 'suspended', 'attempt-failed'])

/**
 * Plays orchestrator and outside world until the handler has ended; answers its output. An attempt that the
 * journal shows as running has died; so do the first attempts, after `lives` ms each.
 */
export async function conduct(
  stage: Stage,
  outside: Outside,
  { lives = [], cancelAfterMs, ...options }: ConductOptions = {},
): Promise<Outcome> {
  const answers = answering(stage, outside)
  if (cancelAfterMs !== undefined) cancelAfter(stage, cancelAfterMs)
  if (stage.isRunning) stage.startEpoch()
  await untilRunnable(stage)
  for (let i = 0; i < maxAttempts; i += 1) {
    const life = lives[i]
    if (life !== undefined) {
      await abandon(stage, life, options)
      continue
    }
    const reply = await stage.attempt(options)
    if (reply.status.kind === 'paused') throw new Error(reply.status.failure.message)
    stage.store(reply)
    answers()
    const end = stage.journal.entries.find((entry) => entry.kind === 'output')
    if (end !== undefined) return end.result
    await untilRunnable(stage)
  }
  throw new Error(`No end after ${maxAttempts} attempts`)
}

/** An attempt that nobody hears of any more after `life` ms: what it still does is that of a zombie. */
async function abandon(stage: Stage, life: number, options: AttemptOptions): Promise<void> {
  void stage.begin(options)
  await stage.world.pass(life)
  stage.startEpoch()
}

/** Answers each call and awakeable once, some time after it has become durable. */
function answering(stage: Stage, outside: Outside): () => void {
  const known = new Set(completedOps(stage))
  const answer = (): void => {
    for (const entry of stage.journal.entries.filter(isAsked)) {
      const { op } = entry
      if (known.has(op)) continue
      known.add(op)
      const { afterMs, outcome } = outside(op)
      stage.world.timer(afterMs, () =>
        stage.journal.news(stage.world.now, answerOf(entry, outcome)),
      )
    }
  }
  stage.journal.hooks.afterAppend = answer
  answer()
  return answer
}

/** Lets time pass until the suspended handler can move, and completes the sleeps that are over. */
async function untilRunnable(stage: Stage): Promise<void> {
  const { journal, world } = stage
  const last = journal.entries.findLast(({ kind }) => phases.has(kind))
  if (last?.kind !== 'suspended') return
  const canMove = (): boolean =>
    isToCancel(stage) || isSatisfied(last.waitingOn, statusOf(stage), world.now)
  for (let i = 0; !canMove(); i += 1) {
    if (i > 1_000) throw new Error(`Nothing will ever satisfy ${JSON.stringify(last.waitingOn)}`)
    await world.pass(10)
  }
  const done = completedOps(stage)
  for (const { op, wakeAt } of journal.entries.filter((entry) => entry.kind === 'sleep')) {
    if (wakeAt <= world.now && !done.has(op)) stage.complete(op)
  }
}

function statusOf(stage: Stage): (op: number) => 'pending' | 'value' | 'failure' {
  const { entries } = stage.journal
  const signalled = signalledOps(stage)
  return (op) => {
    if (signalled.has(op)) return 'value'
    const completion = entries.find((entry) => entry.kind === 'completion' && entry.op === op)
    if (completion?.kind === 'completion') return completion.result.kind
    const sleep = entries.find((entry) => entry.kind === 'sleep' && entry.op === op)
    return sleep?.kind === 'sleep' && sleep.wakeAt <= stage.world.now ? 'value' : 'pending'
  }
}

function completedOps(stage: Stage): Set<number> {
  const completions = stage.journal.entries.filter((entry) => entry.kind === 'completion')
  return new Set([...completions.map(({ op }) => op), ...signalledOps(stage)])
}

/** The k-th wait has got the k-th signal: all have one name. */
function signalledOps(stage: Stage): ReadonlySet<number> {
  const { entries } = stage.journal
  const signals = entries.filter(({ kind }) => kind === 'signal').length
  const waits = entries.filter((entry) => entry.kind === 'signal-wait')
  return new Set(waits.slice(0, signals).map(({ op }) => op))
}

function cancelAfter({ journal, world }: Stage, ms: number): void {
  world.timer(ms, () => {
    const isOver = journal.entries.some(({ kind }) => kind === 'cancel' || kind === 'output')
    if (!isOver) journal.news(world.now, { kind: 'cancel' })
  })
}

function isToCancel({ journal }: Stage): boolean {
  const kinds = new Set(journal.entries.map(({ kind }) => kind))
  return kinds.has('cancel') && !kinds.has('cancelled')
}

type Asked = Extract<Entry, { kind: 'call' | 'awakeable' | 'signal-wait' }>

function isAsked(entry: Entry): entry is Asked {
  return entry.kind === 'call' || entry.kind === 'awakeable' || entry.kind === 'signal-wait'
}

function answerOf({ kind, op }: Asked, result: Outcome): Entry {
  if (kind !== 'signal-wait') return { kind: 'completion', op, result }
  return { kind: 'signal', name: 's', value: encodeValue(`signal after ${op}`) }
}

export function valueOutcome(value: unknown): Outcome {
  return { kind: 'value', value: encodeValue(value) }
}

/** Answers after up to two seconds, in an order of its own; every fifth is a failure. */
export const outsideOf =
  (seed: number): Outside =>
  (op) => {
    const mixed = Math.imul(op + 1, 2_654_435_761) ^ Math.imul(seed + 1, 40_503)
    const outcome: Outcome =
      Math.abs(mixed) % 5 === 0
        ? { kind: 'failure', failure: { code: 'declined', message: `declined ${op}` } }
        : valueOutcome(`answer to ${op}`)
    return { afterMs: Math.abs(mixed >> 3) % 2_000, outcome }
  }
