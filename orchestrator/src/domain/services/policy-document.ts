import { retryPolicySchema } from '@fermata/lambda-runtime/protocol'
import * as v from 'valibot'
import type { PolicyLayer } from './policy.ts'

const layerSchema = v.object({
  retry: v.exactOptional(retryPolicySchema),
  timeoutMs: v.exactOptional(v.number()),
  retentionMs: v.exactOptional(v.number()),
  private: v.exactOptional(v.boolean()),
  inactivityMs: v.exactOptional(v.number()),
  idempotencyRetentionMs: v.exactOptional(v.number()),
  concurrency: v.exactOptional(v.number()),
  rate: v.exactOptional(
    v.object({ limit: v.number(), perMs: v.number(), burst: v.exactOptional(v.number()) }),
  ),
}) satisfies v.GenericSchema<PolicyLayer>

/** The overrides of one service, as the registry keeps them. */
export const overridesSchema = v.object({
  service: layerSchema,
  handlers: v.record(v.string(), layerSchema),
})
export type Overrides = v.InferOutput<typeof overridesSchema>

export const noOverrides: Overrides = { service: {}, handlers: {} }
