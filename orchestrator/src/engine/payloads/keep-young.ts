import type { Entry } from '@fermata/lambda-runtime/protocol'
import type { EngineDeps } from '../invocations/engine-deps.ts'

/**
 * The blobs that these entries name live as long as what names them. One that cannot be touched now keeps nothing from
 * being stamped: whatever deletes old blobs waits for longer than two such times.
 */
export async function keepYoung(
  { payloads, logger }: Pick<EngineDeps, 'payloads' | 'logger'>,
  subject: string,
  entries: readonly Entry[],
): Promise<void> {
  try {
    await payloads.touch(entries)
  } catch (error) {
    logger.warn({ subject, error }, 'Blobs could not be kept young')
  }
}
