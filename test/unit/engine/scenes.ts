import type { Entry, InvocationId, InvokeRequest } from '@fermata/lambda-runtime/protocol'
import type { HandlerPolicy } from '@fermata/orchestrator/domain/services/policy'
import {
  completed,
  createWorld,
  type Replica,
  type Script,
  scripted,
  until,
  type World,
} from './world.ts'

const address = 'arn:aws:lambda:eu-west-1:000000000000:function:f:1'

/** A world with one deployment that serves these services. */
export function worldOf(services: Readonly<Record<string, Script>>, seed = 1): World {
  const world = createWorld(seed)
  world.functions.set(address, scripted(services))
  return world
}

/** Runs `work` while simulated time goes on; what never answers, or rejects, is `undefined`. */
export async function during<T>(
  world: World,
  work: Promise<T>,
  withinMs = 5_000,
): Promise<T | undefined> {
  let answer: T | undefined
  let over = false
  work.then(
    (value) => {
      answer = value
      over = true
    },
    () => {
      over = true
    },
  )
  await until(world.clock, () => over, withinMs).catch(() => undefined)
  return answer
}

export type SubmitOptions = { readonly key?: string; readonly delayMs?: number }

export function submission(service: string, { key, delayMs }: SubmitOptions = {}) {
  return {
    target: { service, handler: 'process' },
    input: { json: 1 },
    headers: {},
    idempotencyKey: key,
    delayMs,
  }
}

export async function submit(
  world: World,
  { engine }: Replica,
  service: string,
  options: SubmitOptions = {},
): Promise<InvocationId> {
  const submitted = await during(world, engine.ingress.submit(submission(service, options)))
  if (submitted === undefined) throw new Error('it was not accepted')
  return submitted.invocationId
}

export async function flat(world: World, id: InvocationId): Promise<readonly Entry[]> {
  return (await world.journal(id)).flatMap(({ entries }) => entries)
}

export async function has(world: World, id: InvocationId, kind: Entry['kind']): Promise<boolean> {
  return (await flat(world, id)).some((entry) => entry.kind === kind)
}

/** Lets time pass until the journal has such an entry, and answers how long that took. */
export function comes(world: World, id: InvocationId, kind: Entry['kind'], withinMs?: number) {
  return until(world.clock, () => has(world, id, kind), withinMs)
}

/** Long enough that no entry of what is done is before any stored cursor: nothing is found by luck. */
export const forgotten = (world: World): Promise<void> => world.clock.advance(200_000)

export const never = new Promise<never>(() => undefined)

export const waitsForOp0 = { kind: 'suspended', waitingOn: { kind: 'op', op: 0 } } as const
export const yes = { kind: 'value', value: { json: true } } as const

/** Waits for its awakeable. */
export const approval: Script = ({ epoch }) =>
  epoch === 1
    ? { entries: [{ kind: 'awakeable', op: 0 }], status: waitsForOp0 }
    : { status: completed('approved') }

export const epochs = (requests: readonly InvokeRequest[]) => requests.map(({ epoch }) => epoch)

/** The policy of the simulated world, but for `changes`. */
export function policy(changes: Partial<HandlerPolicy>): HandlerPolicy {
  return {
    retry: {
      initialDelayMs: 100,
      factor: 2,
      maxDelayMs: 1_000,
      maxAttempts: 5,
      maxDurationMs: Number.POSITIVE_INFINITY,
      jitter: 0,
      onExhaustion: 'pause',
    },
    timeoutMs: 900_000,
    retentionMs: 7 * 86_400_000,
    private: false,
    ...changes,
  }
}

export function call(op: number, service: string, idempotencyKey?: string): Entry {
  const target = { service, handler: 'process' }
  const key = idempotencyKey === undefined ? {} : { idempotencyKey }
  return { kind: 'call', op, target, input: { json: op }, ...key }
}

/** Calls a service, and ends when that has answered. */
export const calling =
  (service: string, idempotencyKey?: string): Script =>
  ({ epoch }) =>
    epoch === 1
      ? { entries: [call(0, service, idempotencyKey)], status: waitsForOp0 }
      : { status: completed('called') }

export function send(op: number, service: string): Entry {
  return { kind: 'send', op, target: { service, handler: 'process' }, input: { json: op } }
}
