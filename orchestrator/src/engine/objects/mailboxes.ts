import type { Clock, ObjectRef } from '../../ports/index.ts'
import type { Agenda } from '../agenda/agenda.ts'
import { Mailbox } from './mailbox.ts'

/** What this replica knows of the keys that it works on, or worked on lately. */
export interface Mailboxes {
  of(ref: ObjectRef): Mailbox
}

/** How many are remembered: what a replica knows to be delivered need not be delivered again. */
const remembered = 20_000

export function createMailboxes(agenda: Agenda, clock: Clock, watchMs: number): Mailboxes {
  const known = new Map<string, Mailbox>()

  const forgetOldest = () => {
    const [oldest] = known
    if (oldest === undefined) return
    const [subject, mailbox] = oldest
    known.delete(subject)
    if (!mailbox.isIdle) known.set(subject, mailbox)
  }
  return {
    of(ref) {
      const subject = keySubject(ref)
      const mailbox = known.get(subject) ?? new Mailbox({ agenda, clock, watchMs, ref, subject })
      known.delete(subject)
      known.set(subject, mailbox)
      if (known.size > remembered) forgetOldest()
      return mailbox
    },
  }
}

export const keyPrefix = 'k:'

/** No service has a `#` in its name. */
export function keySubject({ service, key }: ObjectRef): string {
  return `${keyPrefix}${service}#${key}`
}

export function readKeySubject(subject: string): ObjectRef {
  const end = subject.indexOf('#')
  return { service: subject.slice(keyPrefix.length, end), key: subject.slice(end + 1) }
}
