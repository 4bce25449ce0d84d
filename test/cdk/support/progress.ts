import { setTimeout as sleep } from 'node:timers/promises'

/** A machine may be as slow as it likes; what stands still for so long will not move any more. */
const standstillMs = 120_000
const everyMs = 100

/**
 * Looks again and again until `isReached`, for as long as something changes.
 *
 * @throws Error that says what was seen last
 */
export async function until<T, S extends T>(
  what: string,
  look: () => T | Promise<T>,
  isReached: (seen: T) => seen is S,
): Promise<S>
export async function until<T>(
  what: string,
  look: () => T | Promise<T>,
  isReached: (seen: T) => boolean,
): Promise<T>
export async function until<T>(
  what: string,
  look: () => T | Promise<T>,
  isReached: (seen: T) => boolean,
): Promise<T> {
  let last = ''
  let movedAt = performance.now()
  for (;;) {
    const seen = await look()
    if (isReached(seen)) return seen
    const now = JSON.stringify(seen)
    if (now !== last) {
      last = now
      movedAt = performance.now()
    } else if (performance.now() - movedAt > standstillMs) {
      throw new Error(`Waited for ${what}, but nothing moves any more at ${last}`)
    }
    await sleep(everyMs)
  }
}
