import { createHash } from 'node:crypto'
import { manifestSchema } from '@fermata/lambda-runtime/protocol'
import * as v from 'valibot'

/** A deployment as the registry keeps it, named by its id. */
export const deploymentDocumentSchema = v.object({
  address: v.string(),
  createdAt: v.number(),
  manifest: manifestSchema,
  /** Somebody, by this nonce, is about to remove it: nothing new starts on it. */
  going: v.exactOptional(v.string()),
})
export type DeploymentDocument = v.InferOutput<typeof deploymentDocumentSchema>

export type Deployment = DeploymentDocument & { readonly id: string }

/** Deployments are known by their address: registering one twice is registering it once. */
export function deploymentIdOf(address: string): string {
  return `dp_${createHash('sha256').update(address).digest('hex').slice(0, 16)}`
}

/** The function that an address runs on, whatever its version: what Lambda's concurrency is about. */
export function functionOf(address: string): string {
  const parts = address.split(':')
  return address.startsWith('arn:') && parts.length === 8 ? parts.slice(0, 7).join(':') : address
}
