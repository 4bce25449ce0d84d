import { type RuntimeDefinition, type RuntimeHandler, runtimeOf } from './definition.ts'
import { protocolVersion } from './protocol/decode.ts'
import type { Manifest, ManifestHandler, ManifestService } from './protocol/index.ts'
import { mediaOf } from './serde.ts'
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
  return { name, kind, handlers: [...handlers.values()].map(manifestHandlerOf), ...options }
}

function manifestHandlerOf({ name, mode, options, serdes }: RuntimeHandler): ManifestHandler {
  const accepts = mediaOf(serdes.input)
  const answers = mediaOf(serdes.output)
  return {
    name,
    mode,
    ...options,
    ...(accepts !== undefined && { accepts }),
    ...(answers !== undefined && { answers }),
  }
}
