import { setTimeout as delay } from 'node:timers/promises'

/** Time in which others do something. */
export async function rest(ms: number): Promise<void> {
  await delay(ms)
}
