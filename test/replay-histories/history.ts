import {
  type Entry,
  type InvokeReply,
  type InvokeRequest,
  invocationIdFrom,
  type Outcome,
  type Segment,
  type Waiting,
} from '../../lambda-runtime/src/protocol/index.ts'
import { type KeyedProgram, keyedStage, Stage } from '../unit/replay/support/stage.ts'
import { programs } from './programs.ts'
import { type Scene, scenes } from './scenes.ts'

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
const original = invocationIdFrom('svc', new Uint8Array(17).fill(9))

/** Plays an attempt again, on its own journal and at its own time. */
export async function replayAttempt(
  program: string,
  recorded: Pick<RecordedAttempt, 'now' | 'request'>,
): Promise<RecordedAttempt> {
  const { now, request } = recorded
  const stage = stageOf(program)
  stage.with(request.journal)
  stage.world.skipTo(now)
  const reply = await stage.world.run(stage.invoke(request))
  const appended = stage.journal.segments.slice(request.journal.length)
  return { now, request, ...named({ appended, reply }, request.epoch) }
}

/** Plays a program from its beginning to its end: whatever it waits for comes, in order of op. */
export async function recordHistory(program: string): Promise<History> {
  const stage = stageOf(program)
  keep(stage, scenes[program]?.kept)
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
    if (scenes[program]?.cancelBefore === attempts.length) cancel(stage)
    else await bring(stage, end.waitingOn)
  }
  throw new Error(`"${program}" has no end`)
}

function stageOf(name: string): Stage {
  const scene = scenes[name]
  if (scene !== undefined) return staged(scene)
  const make = programs[name]
  if (make === undefined) throw new Error(`There is no program "${name}"`)
  const stage: Stage = new Stage(
    make(() => stage.world),
    { order: 'o-1' },
  )
  return stage
}

function staged({ setting, make, cells = [], stored = {} }: Scene): Stage {
  const program: KeyedProgram = make(() => stage.world)
  const stage: Stage = keyedStage(setting, program, ...cells)
  for (const [place, value] of Object.entries(stored)) stage.journal.stateValues.set(place, value)
  return stage
}

/** What is kept of another invocation stands before `created`. */
function keep(stage: Stage, kept: readonly Entry[] | undefined): void {
  const [created] = stage.journal.entries
  if (kept === undefined || created?.kind !== 'created') return
  stage.journal.segments.length = 0
  stage.journal.news(startMs, ...kept)
  const restartOf = { invocation: original, kept: { seed: original, at: 1_500_000_000_000 } }
  stage.journal.news(startMs, { ...created, restartOf })
}

function cancel(stage: Stage): void {
  stage.world.skipTo(stage.world.now + 1_000)
  stage.journal.news(stage.world.now, { kind: 'cancel' })
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
  stage.journal.news(stage.world.now, answerTo(entry, op))
}

function answerTo(entry: Entry, op: number): Entry {
  if (entry.kind !== 'signal-wait') return { kind: 'completion', op, result: outcomeOf(entry) }
  return { kind: 'signal', name: entry.name, value: { json: `signal for ${op}` } }
}

function outcomeOf(entry: Entry): Outcome {
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
