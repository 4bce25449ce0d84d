import type { World } from '../unit/engine/world.ts'

/** Segments that begin a journal go so long after they have expired, ms; the others later still. */
const firstSlackMs = 60_000
const otherSlackMs = 150_000
const everyMs = 5_000

/**
 * Takes away what has expired, as a table does: each item by its own stamp, some time after. Segment 0 alone says whether a
 * journal is there, so a journal must never lose another one before it (trace 17).
 */
export async function letExpire({ clock, table }: World): Promise<never> {
  for (;;) {
    await clock.sleep(everyMs)
    for (const items of table.journals.values()) {
      for (const [n, { expires }] of items) {
        const slackMs = n === 0 ? firstSlackMs : otherSlackMs
        if (expires + slackMs <= clock.now()) items.delete(n)
      }
    }
  }
}
