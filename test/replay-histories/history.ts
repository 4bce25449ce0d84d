import type {
  Entry,
  InvokeReply,
  InvokeRequest,
  Outcome,
  Segment,
  Waiting,
} from '../../lambda-runtime/src/protocol/index.ts'
import { Stage } from '../unit/replay/support/stage.ts'
import { programs } from './programs.ts'

/** What one attempt was asked, what it appended itself, and what it answered. */
export type RecordedAttempt = {
  readonly now: number
  readonly request: InvokeRequest
  readonly appended: readonly Segment[]
  readonly reply: InvokeReply
}

export type History = { readonly program: string; readonly attempts: readonly RecordedAttempt[] }

/** The time at which every history begins. */
const startMs = 1_800_000_000_000
const maxAttempts = 20

/** Plays an attempt again, on its own journal and at its own time. */
export async function replayAttempt(
  program: string,
  recorded: Pick<RecordedAttempt, 'now' | 'request'>,
): Promise<RecordedAttempt> {
  const { now, request } = recorded
  const stage: Stage = new Stage(programOf(program, () => stage))
  stage.with(request.journal)
  stage.world.skipTo(now)
  const reply = await stage.world.run(stage.invoke(request))
  const appended = stage.journal.segments.slice(request.journal.length)
  return { now, request, ...named({ appended, reply }, request.epoch) }
}

/** Plays a program from its beginning to its end: whatever it waits for comes, in order of op. */
export async function recordHistory(program: string): Promise<History> {
  const stage: Stage = new Stage(
    programOf(program, () => stage),
    { order: 'o-1' },
  )
  stage.with(stage.journal.segments.map((segment) => ({ ...segment, at: startMs })))
  const attempts: RecordedAttempt[] = []
  while (attempts.length < maxAttempts) {
    stage.startEpoch()
    const attempt = await replayAttempt(program, { now: stage.world.now, request: stage.request() })
    attempts.push(attempt)
    stage.with([...stage.journal.segments, ...attempt.appended])
    stage.store(attempt.reply)
    const end = stage.journal.entries.at(-1)
    if (end?.kind !== 'suspended') return { program, attempts }
    await bring(stage, end.waitingOn)
  }
  throw new Error(`"${program}" has no end`)
}

function programOf(name: string, stage: () => Stage) {
  const make = programs[name]
  if (make === undefined) throw new Error(`There is no program "${name}"`)
  return make(() => stage().world)
}

/** Brings everything that a suspended handler waits for. */
async function bring(stage: Stage, waiting: Waiting): Promise<void> {
  if (waiting.kind === 'timer') stage.world.skipTo(waiting.at)
  else if (waiting.kind === 'op') bringOp(stage, waiting.op)
  else for (const node of waiting.of) await bring(stage, node)
}

function bringOp(stage: Stage, op: number): void {
  const entry = stage.journal.entries.find((one) => 'op' in one && one.op === op)
  if (entry === undefined || entry.kind === 'run-failed') return
  if (entry.kind === 'sleep') stage.world.skipTo(entry.wakeAt)
  else stage.world.skipTo(stage.world.now + 1_000)
  stage.journal.news(stage.world.now, { kind: 'completion', op, result: answerTo(entry) })
}

function answerTo(entry: Entry): Outcome {
  if (entry.kind === 'sleep') return { kind: 'value', value: { void: true } }
  if (entry.kind === 'call' && JSON.stringify(entry.input).includes('gone')) {
    return { kind: 'failure', failure: { code: 'sold-out', message: 'sold out', status: 409 } }
  }
  return { kind: 'value', value: { json: `answer to ${entry.kind}` } }
}

/** Nonces differ from run to run, stacks from machine to machine: histories have neither. */
function named<T>(value: T, epoch: number): T {
  const text = JSON.stringify(value, (key, inner) => {
    if (key === 'writer' && /^w\d+$/.test(String(inner))) return `writer-${epoch}`
    return key === 'stack' ? undefined : inner
  })
  return JSON.parse(text)
}
