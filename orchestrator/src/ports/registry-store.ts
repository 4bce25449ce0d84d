import type { Json } from '@fermata/lambda-runtime/protocol'

export type RegistryDocument = { readonly name: string; readonly rev: number; readonly body: Json }

/**
 * Small documents by collection (`deployments`, `subscriptions`, `dead`, …). Writes are conditional on the
 * `rev` that was read (`undefined`: must not exist); `false`: somebody was faster.
 */
export interface RegistryStore {
  get(collection: string, name: string): Promise<RegistryDocument | undefined>
  /** By name, after `after`, at most `limit`. */
  list(collection: string, after: string, limit: number): Promise<readonly RegistryDocument[]>
  put(
    collection: string,
    name: string,
    body: Json,
    expectedRev: number | undefined,
  ): Promise<boolean>
  remove(collection: string, name: string, expectedRev: number): Promise<boolean>
}
