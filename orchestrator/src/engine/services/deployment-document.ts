import { manifestSchema } from '@fermata/lambda-runtime/protocol'
import * as v from 'valibot'

/** A deployment as the registry keeps it: immutable, named by its id. */
export const deploymentDocumentSchema = v.object({
  address: v.string(),
  createdAt: v.number(),
  manifest: manifestSchema,
})
export type DeploymentDocument = v.InferOutput<typeof deploymentDocumentSchema>

export type Deployment = DeploymentDocument & { readonly id: string }
