import type { Collect, EntryOf } from '@fermata/lambda-runtime/protocol'
import { collectorOf } from '../../domain/collect/collector.ts'
import { retentionOf } from '../../domain/services/policy.ts'
import type { EngineDeps } from '../invocations/engine-deps.ts'
import type { JournalSession } from '../invocations/journal-session.ts'
import type { Work } from '../invocations/work.ts'
import { collectSend } from './collect-send.ts'
import type { Collected } from './lines.ts'

/** Takes what a handler sends. By the op, or by the idempotency key, it is known when it comes again (INV-5). */
export function collectFrom(
  deps: EngineDeps,
  work: Work,
  session: JournalSession,
  { op, target, input, headers = {}, idempotencyKey }: EntryOf<'send'>,
  collect: Collect,
): Promise<Collected> {
  return collectSend(deps, work, collectorOf(target, collect), {
    by: idempotencyKey === undefined ? `op ${session.id}.${op}` : `key ${idempotencyKey}`,
    input,
    headers,
    at: deps.clock.now(),
    collect,
    keepMs: retentionOf(deps.directory.policyOf(target), {
      hasKey: idempotencyKey !== undefined,
      atLeastMs: session.state?.created.retentionMs ?? 0,
    }),
  })
}
