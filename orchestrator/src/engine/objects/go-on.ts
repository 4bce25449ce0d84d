import type { ObjectRef } from '../../ports/index.ts'
import type { EngineDeps } from '../invocations/engine-deps.ts'
import { persist } from '../invocations/persist.ts'
import type { Work } from '../invocations/work.ts'

/**
 * Slot `n` is over and all that it asked for is delivered: the next one begins. Whoever appends a slot while this reads
 * sees that `n` is over, or is seen here. The key stands on the agenda before the caller lets go of his entry.
 */
export async function goOn(deps: EngineDeps, work: Work, ref: ObjectRef, n: number): Promise<void> {
  const mailbox = deps.mailboxes.of(ref)
  mailbox.delivered = Math.max(mailbox.delivered, n)
  const { stirs } = mailbox
  const [next] = await persist(deps, mailbox.subject, () => deps.objects.slots(ref, n + 1, 1))
  if (next === undefined) return mailbox.release(stirs)
  await persist(deps, mailbox.subject, () => mailbox.ensure())
  work.advance(ref, 'turn')
}
