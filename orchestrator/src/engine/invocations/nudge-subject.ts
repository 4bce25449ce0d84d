import { parseInvocationId } from '@fermata/lambda-runtime/protocol'
import type { AgendaEntry } from '../../ports/index.ts'
import type { NudgeAnswer, Ticket } from '../agenda/agenda.ts'
import { collectorPrefix } from '../collect/collect-send.ts'
import { nudgeCollector } from '../collect/nudge-collector.ts'
import { keyPrefix } from '../objects/mailboxes.ts'
import { nudgeKey } from '../objects/nudge-key.ts'
import { nudgePromise, promisePrefix } from './complete-promise.ts'
import type { EngineDeps } from './engine-deps.ts'
import { nudge } from './nudge.ts'
import type { Work } from './work.ts'

/** Does what is due for whatever an agenda entry names. */
export function nudgeSubject(
  deps: EngineDeps,
  work: Work,
  entry: AgendaEntry,
  ticket: Ticket,
): Promise<NudgeAnswer> {
  const { subject } = entry
  if (subject.startsWith(keyPrefix)) return nudgeKey(deps, work, entry, ticket)
  if (subject.startsWith(collectorPrefix)) return nudgeCollector(deps, work, entry, ticket)
  if (subject.startsWith(promisePrefix)) return nudgePromise(deps, work, entry)
  return nudge(deps, work, { id: parseInvocationId(subject.slice(2)), entry, ticket })
}
