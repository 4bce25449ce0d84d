import type {
  Entry,
  InvocationId,
  InvokeRequest,
  ManifestHandler,
} from '@fermata/lambda-runtime/protocol'
import { decodeRequest, parseInvocationId } from '@fermata/lambda-runtime/protocol'
import { during, waitsForOp0 } from './scenes.ts'
import { completed, createWorld, type Replica, type Script, scripted, type World } from './world.ts'

type Mode = ManifestHandler['mode']
export type ObjectHandlers = Readonly<Record<string, readonly [mode: Mode, script: Script]>>

const address = 'arn:aws:lambda:eu-west-1:000000000000:function:objects:1'

/** A world whose one deployment serves objects, and services with one handler (`process`). */
export function objectWorld(
  objects: Readonly<Record<string, ObjectHandlers>>,
  services: Readonly<Record<string, Script>> = {},
  seed = 1,
): World {
  const world = createWorld(seed)
  const byHandler: Script = (request, writer) => {
    const { service, handler } = request.target
    const script = objects[service]?.[handler]?.[1] ?? services[service]
    return script?.(request, writer) ?? { status: { kind: 'fenced' } }
  }
  const names = [...Object.keys(objects), ...Object.keys(services)]
  const code = scripted(Object.fromEntries(names.map((name) => [name, byHandler])))
  world.functions.set(address, async (event, context) => {
    const request = decodeRequest(event)
    if (request.kind === 'invoke') return code(event, context)
    return {
      protocol: 1,
      kind: 'manifest',
      sdk: 'scripted',
      services: [
        ...Object.entries(objects).map(([name, handlers]) => ({
          name,
          kind: 'run' in handlers ? 'workflow' : 'object',
          handlers: Object.entries(handlers).map(([handler, [mode]]) => ({ name: handler, mode })),
        })),
        ...Object.keys(services).map((name) => ({
          name,
          kind: 'service',
          handlers: [{ name: 'process', mode: 'stateless' }],
        })),
      ],
    }
  })
  return world
}

/** What a handler's `get` answers: the state that was sent, and its own sets on top. */
export function stateOf({ state, journal }: InvokeRequest, name: string): unknown {
  const entries = journal.flatMap((segment) => segment.entries)
  const own = entries.findLast((entry) => entry.kind === 'state-set' && entry.name === name)
  if (own?.kind === 'state-set') return 'json' in own.value ? own.value.json : undefined
  const cell = state?.cells.find((one) => one.name === name)
  return cell !== undefined && 'value' in cell && 'json' in cell.value ? cell.value.json : undefined
}

export function set(op: number, name: string, json: string | number | string[]): Entry {
  return { kind: 'state-set', op, name, value: { json } }
}

/** The list under `names`, one longer: what a handler does that was called with `json`. */
export const append: Script = (request) => {
  const list = (stateOf(request, 'list') as string[] | undefined) ?? []
  const next = [...list, String(inputOf(request))]
  return { entries: [set(0, 'list', next)], status: completed(next.length) }
}

/** Waits for its awakeable, then does what `append` does. */
export const gated: Script = (request, writer) =>
  request.journal.some(({ by }) => by === 'handler')
    ? append(request, writer)
    : { entries: [{ kind: 'awakeable', op: 0 }], status: waitsForOp0 }

export const list: Script = (request) => ({
  status: {
    kind: 'completed',
    value: { json: (stateOf(request, 'list') as string[] | undefined) ?? [] },
  },
})

/** The handlers of most carts. */
export const cart = {
  add: ['exclusive', append],
  gated: ['exclusive', gated],
  list: ['shared', list],
} as const

export function inputOf({ journal }: InvokeRequest): unknown {
  for (const { entries } of journal) {
    for (const entry of entries) {
      if (entry.kind === 'created') return 'json' in entry.input ? entry.input.json : undefined
    }
  }
  return undefined
}

export type Ask = {
  readonly handler: string
  readonly input?: string | number
  readonly service?: string
  readonly key?: string
  readonly idempotencyKey?: string
  readonly delayMs?: number
}

export function submissionOf(ask: Ask) {
  const { handler, input = 1, service = 'cart', key = 'a', idempotencyKey, delayMs } = ask
  const target = { service, handler, key }
  return { target, input: { json: input }, headers: {}, idempotencyKey, delayMs }
}

/** `undefined`: it was not acknowledged. */
export async function ask(
  world: World,
  { engine }: Replica,
  what: Ask,
  withinMs?: number,
): Promise<InvocationId | undefined> {
  const answer = await during(world, engine.ingress.submit(submissionOf(what)), withinMs)
  return answer === undefined ? undefined : parseInvocationId(answer.invocationId)
}

export async function asked(world: World, replica: Replica, what: Ask): Promise<InvocationId> {
  const id = await ask(world, replica, what)
  if (id === undefined) throw new Error('it was not accepted')
  return id
}

/** The output, once it is there. */
export async function resultOf(
  world: World,
  { engine }: Replica,
  id: InvocationId,
  withinMs = 60_000,
): Promise<unknown> {
  const outcome = await during(
    world,
    engine.ingress.attach(id, new AbortController().signal),
    withinMs,
  )
  if (outcome === undefined) return 'no output'
  if (outcome.kind === 'failure') return outcome.failure.code
  return 'json' in outcome.value ? outcome.value.json : outcome.value
}

export async function call(world: World, replica: Replica, what: Ask): Promise<unknown> {
  return resultOf(world, replica, await asked(world, replica, what))
}

export const keyA = { service: 'cart', key: 'a' }
