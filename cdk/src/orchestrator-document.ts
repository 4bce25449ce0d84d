import type { ClusterBinding } from './kafka/cluster-binding.ts'

export type DocumentInput = {
  readonly table: string
  readonly ingressPort: number
  readonly adminPort: number
  readonly shutdownMs: number
  readonly logLevel: string
  readonly kafka: Readonly<Record<string, ClusterBinding>>
  readonly blobs: { readonly bucket: string; readonly prefix: string } | undefined
  /** Anything else that the configuration knows; wins. */
  readonly settings: Readonly<Record<string, unknown>>
}

/** The orchestrator's configuration, as it stands in the environment of its task. Secrets are not in it. */
export function orchestratorDocument(input: DocumentInput): Readonly<Record<string, unknown>> {
  const clusters = Object.entries(input.kafka).map(([name, { document }]) => [name, document])
  return {
    table: input.table,
    ingress: { port: input.ingressPort },
    admin: { port: input.adminPort },
    kafka: Object.fromEntries(clusters),
    shutdownMs: input.shutdownMs,
    log: { level: input.logLevel },
    metrics: { emf: true },
    ...(input.blobs === undefined ? {} : { payloads: { blobs: { kind: 's3', ...input.blobs } } }),
    ...input.settings,
  }
}

/** `FERMATA_KAFKA_<NAME>_<SETTING>`: overrides one setting of a cluster of the document. */
export function clusterVariable(cluster: string, setting: string): string {
  const upper = cluster
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replaceAll('-', '_')
    .toUpperCase()
  return `FERMATA_KAFKA_${upper}_${setting}`
}
