import * as v from 'valibot'
import { type PolicyPatch, patchLayer } from '../../domain/services/policy.ts'
import {
  noOverrides,
  type Overrides,
  overridesSchema,
} from '../../domain/services/policy-document.ts'
import type { Logger, RegistryStore } from '../../ports/index.ts'
import { listAll } from './registry-list.ts'

type PoliciesDeps = { readonly registry: RegistryStore; readonly logger: Logger }

const collection = 'policies'

/** What operators have set, by service. */
export async function listOverrides({
  registry,
  logger,
}: PoliciesDeps): Promise<ReadonlyMap<string, Overrides>> {
  const found = new Map<string, Overrides>()
  for (const { name, body } of await listAll(registry, collection)) {
    const parsed = v.safeParse(overridesSchema, body)
    if (parsed.success) found.set(name, parsed.output)
    else
      logger.warn(
        { service: name },
        'The policies set for a service cannot be read; they are ignored',
      )
  }
  return found
}

/** Changes what is set for a service, or for one handler of it. `null` takes all of it away. */
export async function patchOverrides(
  { registry }: PoliciesDeps,
  { service, handler }: { readonly service: string; readonly handler: string | undefined },
  patch: PolicyPatch | null,
): Promise<void> {
  for (;;) {
    const known = await registry.get(collection, service)
    const before = v.safeParse(overridesSchema, known?.body)
    // What cannot be read holds for nobody: it gives way.
    const after = patched(before.success ? before.output : noOverrides, handler, patch)
    if (await registry.put(collection, service, after, known?.rev)) return
  }
}

function patched(
  overrides: Overrides,
  handler: string | undefined,
  patch: PolicyPatch | null,
): Overrides {
  const before = handler === undefined ? overrides.service : (overrides.handlers[handler] ?? {})
  const layer = patch === null ? {} : patchLayer(before, patch)
  if (handler === undefined) return { ...overrides, service: layer }
  return { ...overrides, handlers: { ...overrides.handlers, [handler]: layer } }
}
