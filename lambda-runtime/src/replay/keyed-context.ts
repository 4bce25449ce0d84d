import type { HandlerMode, RuntimeDefinition } from '../definition.ts'
import { UsageError } from '../errors.ts'
import type { InvokeRequest } from '../protocol/index.ts'
import type { DurableEnv } from './durable.ts'
import { nameOf, promiseHandle } from './handles.ts'
import type { Issuer } from './issuer.ts'
import { ObjectState } from './object-state.ts'
import type { StateReads } from './state-reads.ts'

/** What is served: one handler of a definition. */
export type Served = { readonly kind: RuntimeDefinition['kind']; readonly mode: HandlerMode }

export type KeyedDeps = {
  readonly request: InvokeRequest
  readonly served: Served
  readonly issuer: Issuer
  readonly reads: StateReads
  readonly env: DurableEnv
}

/** What a context has beside the common part: nothing for services, state for keys, promises for workflows. */
export function keyedContext(deps: KeyedDeps): Readonly<Record<string, unknown>> {
  const { request, served, issuer } = deps
  const { kind, mode } = served
  const { service, key } = request.target
  if (kind === 'service') return { kind }
  if (key === undefined) {
    throw new UsageError('definition-invalid', `${service} has keys, and was invoked without one`)
  }
  const access = mode === 'shared' ? 'shared' : 'exclusive'
  const state = new ObjectState({ ...deps, access, cells: request.state?.cells ?? [] })
  return {
    kind,
    key,
    get: (name: unknown, orElse?: unknown) => state.get(name, orElse),
    keys: () => state.keys(),
    set: (name: unknown, value: unknown) => state.set(name, value),
    clear: (name: unknown) => state.clear(name),
    clearAll: () => state.clearAll(),
    ...(kind === 'workflow' && {
      promise: (name: unknown) =>
        promiseHandle(issuer, { workflow: service, key, name: nameOf('A promise', name) }),
    }),
  }
}
