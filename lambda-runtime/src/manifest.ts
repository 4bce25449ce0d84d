import { type RuntimeDefinition, runtimeOf } from './definition.ts'
import { protocolVersion } from './protocol/decode.ts'
import type { Manifest, ManifestService } from './protocol/index.ts'
import type { Definition } from './types/definition.ts'
import { sdkVersion } from './version.ts'

/** What these definitions serve: the answer to `discover`. */
export function manifestOf(definitions: readonly Definition[]): Manifest {
  return {
    protocol: protocolVersion,
    kind: 'manifest',
    sdk: `@fermata/lambda-runtime/${sdkVersion}`,
    services: definitions.map(runtimeOf).map(manifestServiceOf),
  }
}

function manifestServiceOf({ name, kind, handlers, options }: RuntimeDefinition): ManifestService {
  return {
    name,
    kind,
    handlers: [...handlers.values()].map((handler) => ({
      name: handler.name,
      mode: handler.mode,
      ...handler.options,
    })),
    ...options,
  }
}
