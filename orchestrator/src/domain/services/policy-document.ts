import { policiesSchema } from '@fermata/lambda-runtime/protocol'
import * as v from 'valibot'
import type { PolicyLayer } from './policy.ts'

const layerSchema = policiesSchema satisfies v.GenericSchema<PolicyLayer>

/** The overrides of one service, as the registry keeps them. */
export const overridesSchema = v.object({
  service: layerSchema,
  handlers: v.record(v.string(), layerSchema),
})
export type Overrides = v.InferOutput<typeof overridesSchema>

export const noOverrides: Overrides = { service: {}, handlers: {} }
