import { type Failure, ProtocolError } from '@fermata/lambda-runtime/protocol'

const code = 'segment-too-large'

/** Why an item of the table cannot hold what was to be written, however often that is tried; `undefined`: it is not that. */
export function unstorable(error: unknown): Failure | undefined {
  if (error instanceof RangeError) return { code, message: 'A value is nested too deep' }
  const isTooLarge = error instanceof ProtocolError && error.code === code
  return isTooLarge ? { code, message: error.message } : undefined
}
