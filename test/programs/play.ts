import type { InvocationId, InvokeRequest, Segment } from '@fermata/lambda-runtime/protocol'
import { createMemoryStores } from '@fermata/orchestrator/adapters/memory/stores'
import { CrashPlan } from '../chaos/crash-plan.ts'
import { functionOf } from '../chaos/function-process.ts'
import { type Effect, Outside } from '../chaos/outside.ts'
import { Stage } from '../chaos/stage.ts'
import { createVirtualClock } from '../support/sim-clock.ts'
import { until } from '../unit/engine/world.ts'
import { cell, interpreter, type Play } from './interpreter.ts'
import type { Program } from './program.ts'

/** Simulated time that a program may take; those that only sleep take the longest. */
const longestMs = 600_000
const root = 'p'

export type Played = {
  readonly output: unknown
  readonly effects: ReadonlySet<string>
  /** Things done twice in different ways. */
  readonly mistakes: readonly string[]
  /** The journals of all invocations, with the first request of each. */
  readonly journals: readonly Recorded[]
}

export type Recorded = {
  readonly request: InvokeRequest
  readonly segments: readonly Segment[]
}

/** Plays a program on two orchestrators, and completes the awakeables that it tells of. */
export async function play(
  program: Program,
  plan: CrashPlan,
  isOver: (effects: ReadonlySet<string>) => boolean,
): Promise<Played> {
  const outside = new Outside(() => ({ json: null }))
  globalThis.fetch = outside.fetch as typeof fetch
  const stage = await Stage.open({ functions: { all: [interpreter, cell] }, outside, plan })
  try {
    const input: Play = { program, path: root }
    const id = await stage.submit({ service: 'interpreter', handler: 'play' }, input, 'once')
    const output = await finish(stage, outside, id, isOver)
    return {
      output,
      effects: keysOf(outside.effects),
      mistakes: outside.mistakes,
      journals: await record(stage),
    }
  } finally {
    await stage.close()
  }
}

async function finish(
  stage: Stage,
  outside: Outside,
  id: InvocationId,
  isOver: (effects: ReadonlySet<string>) => boolean,
): Promise<unknown> {
  const { clock } = stage.world
  const completed = new Set<string>()
  let output: unknown
  for (const end = clock.now() + longestMs; clock.now() < end; ) {
    for (const { key, body } of outside.effects) {
      if (completed.has(key) || !isAsked(body)) continue
      completed.add(key)
      await stage.complete(body.awakeable, { kind: 'value', value: { json: body.value } })
    }
    output ??= await stage.output(id)
    if (output !== undefined && isOver(keysOf(outside.effects))) return output
    await clock.advance(100)
  }
  return output
}

async function record(stage: Stage): Promise<readonly Recorded[]> {
  const first = new Map<InvocationId, InvokeRequest>()
  for (const request of stage.world.invoker.started) {
    if (!first.has(request.invocation)) first.set(request.invocation, request)
  }
  return Promise.all(
    [...first.values()].map(async (request) => ({
      request,
      segments: await stage.world.journal(request.invocation),
    })),
  )
}

/**
 * Another attempt on the first `length` segments of a journal: what would have come of it had everything died there.
 * The answer is how it ended.
 */
export async function replay({ request, segments }: Recorded, length: number) {
  const clock = createVirtualClock({ startMs: (segments.at(-1)?.at ?? 0) + 1 })
  const { journals } = createMemoryStores({ clock })
  const prefix = segments.slice(0, length)
  const epoch = Math.max(...prefix.map(epochIn)) + 1
  const born = prefix[0]?.born ?? ''
  const attempt: Segment = {
    protocol: 1,
    n: length,
    born,
    epoch,
    by: 'orchestrator',
    writer: 'replay',
    at: clock.now(),
    entries: [{ kind: 'attempt', epoch, deployment: 'again' }],
  }
  const journal = [...prefix, attempt]
  for (const segment of journal) await journals.append(request.invocation, segment, request.expires)
  const outside = new Outside(() => ({ json: null }))
  globalThis.fetch = outside.fetch as typeof fetch
  const plan = new CrashPlan()
  const code = functionOf([interpreter, cell], { clock, journals, plan, timeoutMs: 900_000 })
  const again = {
    ...request,
    epoch,
    journal: journal.map((one) => ({ ...one, entries: [...one.entries] })),
  }
  let reply: unknown
  void Promise.resolve(code(again, context)).then((answer) => {
    reply = answer
  })
  await until(clock, () => reply !== undefined, longestMs)
  return { reply, effects: keysOf(outside.effects) }
}

function epochIn({ entries }: Segment): number {
  return Math.max(0, ...entries.map((entry) => (entry.kind === 'attempt' ? entry.epoch : 0)))
}

/** Handlers see nothing of it here. */
const context = {
  awsRequestId: '1',
  functionName: 'all',
  functionVersion: '1',
  invokedFunctionArn: 'again',
  memoryLimitInMB: '128',
  logGroupName: '',
  logStreamName: '',
  callbackWaitsForEmptyEventLoop: true,
  getRemainingTimeInMillis: () => 900_000,
}

function keysOf(effects: readonly Effect[]): ReadonlySet<string> {
  return new Set(effects.map(({ key }) => key))
}

function isAsked(body: unknown): body is { readonly awakeable: string; readonly value: number } {
  return typeof body === 'object' && body !== null && 'awakeable' in body
}
