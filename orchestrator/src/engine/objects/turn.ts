import type { Target } from '@fermata/lambda-runtime/protocol'
import { FermataError } from '../../domain/errors.ts'
import type { Slot } from '../../ports/index.ts'
import type { EngineDeps } from '../invocations/engine-deps.ts'
import type { Work } from '../invocations/work.ts'
import type { Mailbox, Manner } from './mailbox.ts'

/** One look at a key: a slot, its invocation and that one's journal. */
export type Turn = {
  readonly deps: EngineDeps
  readonly work: Work
  readonly mailbox: Mailbox
  readonly slot: Slot
  readonly manner: Manner
}

/** Why an invocation cannot run. */
export function unserved({ service, handler }: Target) {
  const message = `No deployment serves ${service}/${handler}: register one, then resume this invocation`
  return new FermataError('handler-not-found', message).toFailure()
}
