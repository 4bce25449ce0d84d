import { fileURLToPath } from 'node:url'
import { protocolVersion } from '../../lambda-runtime/src/protocol/index.ts'

/** A set per protocol version, kept for ever: each line of a file is one message as it is on the wire. */
export const goldenFolder: string = fileURLToPath(
  new URL(`goldens/v${protocolVersion}`, import.meta.url),
)

export const goldenText = (samples: readonly object[]): string =>
  samples.map((sample) => `${JSON.stringify(sample)}\n`).join('')
