import { startMinistack } from '../../support/real-parts/ministack.ts'

/** Something that answers as AWS does. */
export type Emulator = {
  readonly endpoint: string
  /** Where its functions find this machine. */
  readonly host: string
  stop(): Promise<void>
}

// biome-ignore lint/style/noProcessEnv: set by whoever has an emulator running
const environment = process.env

/** Of an emulator that is running already. */
export const givenEndpoint: string | undefined = environment['FERMATA_TEST_AWS_ENDPOINT']

/** The emulator that is running already, which is left as it is found, or one of our own. */
export async function startEmulator(): Promise<Emulator> {
  const host = environment['FERMATA_TEST_HOST'] ?? '127.0.0.1'
  if (givenEndpoint === undefined) return { ...(await startMinistack()), host }
  return { endpoint: givenEndpoint.replace(/\/$/, ''), host, stop: async () => undefined }
}
