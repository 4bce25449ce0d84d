import {
  decodeRequest,
  type InvocationId,
  type Manifest,
  type ManifestHandler,
  type ManifestService,
} from '@fermata/lambda-runtime/protocol'
import type { FunctionCode } from '@fermata/orchestrator/adapters/memory-invoker/memory-invoker'
import { during } from '../engine/scenes.ts'
import { type Replica, type Script, scripted, type World } from '../engine/world.ts'

type HandlerOptions = Omit<ManifestHandler, 'name' | 'mode'>
type ServiceOptions = Omit<ManifestService, 'name' | 'kind' | 'handlers'>

export const arnOf = (name: string, version: number) =>
  `arn:aws:lambda:eu-west-1:000000000000:function:${name}:${version}`

/** A manifest of one service. */
export function manifestOf(
  service: string,
  handlers: Readonly<Record<string, HandlerOptions>>,
  options: ServiceOptions = {},
): Manifest {
  const list = Object.entries(handlers).map(
    ([name, own]) => ({ name, mode: 'stateless', ...own }) as const,
  )
  return {
    protocol: 1,
    kind: 'manifest',
    sdk: 'scripted',
    services: [{ name: service, kind: 'service', handlers: list, ...options }],
  }
}

/** The same as an object, its handlers exclusive. */
export function objectOf(manifest: Manifest): Manifest {
  return {
    ...manifest,
    services: manifest.services.map((service) => ({
      ...service,
      kind: 'object',
      handlers: service.handlers.map((handler) => ({ ...handler, mode: 'exclusive' })),
    })),
  }
}

/** A function with this manifest; `script` answers for all handlers. */
export function serving(manifest: Manifest, script: Script): FunctionCode {
  const code = scripted(Object.fromEntries(manifest.services.map(({ name }) => [name, script])))
  return async (event, context) => {
    const isDiscovery = decodeRequest(event).kind === 'discover'
    return isDiscovery ? manifest : code(event, context)
  }
}

/** Like `during`, but what rejects does. */
export async function done<T>(world: World, work: Promise<T>, withinMs = 60_000): Promise<T> {
  const settled = work.then(
    (value) => ({ kind: 'value', value }) as const,
    (error: unknown) => ({ kind: 'error', error }) as const,
  )
  const answer = await during(world, settled, withinMs)
  if (answer === undefined) throw new Error(`no answer within ${withinMs} ms`)
  if (answer.kind === 'error') throw answer.error
  return answer.value
}

/** Submits to `service/handler`. */
export async function start(
  world: World,
  { engine }: Replica,
  name: string,
  { idempotencyKey, key }: { readonly idempotencyKey?: string; readonly key?: string } = {},
): Promise<InvocationId> {
  const [service = '', handler = ''] = name.split('/')
  const submitted = engine.ingress.submit({
    target: { service, handler, ...(key !== undefined && { key }) },
    input: { json: 1 },
    headers: {},
    idempotencyKey,
    delayMs: undefined,
  })
  return (await done(world, submitted)).invocationId
}
